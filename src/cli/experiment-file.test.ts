// Reading experiment files: precedence and every way the file can be wrong.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { loadExperiment } from "./experiment-file.ts";
import type { Io } from "./output.ts";

let cwd: string;
let io: Io;

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "brink-file-"));
  const sink = { write: (): void => {} };
  io = { stdout: sink, stderr: sink, env: { BRINK_DEVICE: "reference", BRINK_SEED: "5" }, cwd, now: () => 0 };
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): void =>
  writeFileSync(path.join(cwd, name), content);

describe("loadExperiment", () => {
  it("lets --device and --threads win over --set, environment and file", () => {
    write("a.yaml", "device: webgpu\nthreads: 3\nseed: 1\n");
    const flags = { set: ["device=cuda", "threads=8"], device: "cpu", threads: 2 };
    expect(loadExperiment(io, "a.yaml", flags).config).toMatchObject({ device: "cpu", threads: 2, seed: 5 });
    expect(loadExperiment(io, "a.yaml", {}).config).toMatchObject({ device: "reference", threads: 3 });
  });

  it("names the file and what is wrong with it", () => {
    mkdirSync(path.join(cwd, "folder.yaml"));
    write("binary.yaml", new Uint8Array([0xff, 0xfe, 0x00]));
    write("huge.yaml", new Uint8Array(5 * 1024 * 1024));
    write("headline.yaml", "");
    const cases = [
      ["absent.yaml", "absent.yaml: no such file"],
      ["headlin.yaml", 'Did you mean "headline.yaml"?'],
      ["folder.yaml", "is a folder"],
      ["binary.yaml", "invalid UTF-8"],
      ["huge.yaml", "too large"],
    ] as const;
    for (const [file, message] of cases) {
      expect(() => loadExperiment(io, file, {}), file).toThrow(InputError);
      expect(() => loadExperiment(io, file, {}), file).toThrow(message);
    }
  });
});
