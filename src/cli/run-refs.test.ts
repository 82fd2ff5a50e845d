// Finding runs by id, path, pattern and beginning.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentIo } from "../../test/silent-io.ts";
import { InputError } from "../math/index.ts";
import type { Io } from "./output.ts";
import { findRun, findRuns, runIds } from "./run-refs.ts";

let cwd: string;
let io: Io;

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "brink-refs-"));
  for (const id of ["gap-b50-1a2b", "gap-b100-3c4d", "gd-5e6f"]) {
    const folder = path.join(cwd, "runs", id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "config.yaml"), "");
    writeFileSync(path.join(folder, "provenance.json"), "");
  }
  mkdirSync(path.join(cwd, "runs", "notes"));
  io = silentIo(cwd);
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const ids = (refs: string[]): string[] => findRuns(io, "runs", refs).map((folder) => path.basename(folder));

describe("findRuns", () => {
  it("takes ids, relative and absolute paths, patterns, beginnings", () => {
    expect(ids(["gd-5e6f"])).toEqual(["gd-5e6f"]);
    expect(ids(["runs/gd-5e6f", path.join(cwd, "runs", "gap-b50-1a2b")])).toEqual([
      "gd-5e6f",
      "gap-b50-1a2b",
    ]);
    expect(ids(["gap-*"])).toEqual(["gap-b100-3c4d", "gap-b50-1a2b"]);
    expect(ids(["runs/gap-b?0-*"])).toEqual(["gap-b50-1a2b"]);
    expect(ids(["gd"])).toEqual(["gd-5e6f"]);
  });

  it("passes over the folder of sweeps that a shell's runs/* includes, but not alone", () => {
    mkdirSync(path.join(cwd, "runs", "sweeps"), { recursive: true });
    expect(ids(["runs/gd-5e6f", "runs/sweeps"])).toEqual(["gd-5e6f"]);
    expect(() => ids(["runs/sweeps"])).toThrow(InputError);
  });

  it("gives each run once, in the order named", () => {
    expect(ids(["gd-5e6f", "g*"])).toEqual(["gd-5e6f", "gap-b100-3c4d", "gap-b50-1a2b"]);
  });

  it("does not take a pattern's dots and brackets for more than they are", () => {
    expect(() => ids(["gd.5e6f"])).toThrow(InputError);
    expect(() => ids(["g[*"])).toThrow(InputError);
  });

  it("suggests the nearest id and lists nothing that is not a run", () => {
    expect(() => ids(["gd-5e6g"])).toThrow('Did you mean "gd-5e6f"?');
    expect(runIds(path.join(cwd, "runs"))).not.toContain("notes");
    expect(() => ids(["notes"])).toThrow(InputError);
    expect(() => findRuns(io, "elsewhere", ["x"])).toThrow("there are none yet");
  });

  it("refuses to guess between several", () => {
    expect(() => findRun(io, "runs", "gap")).toThrow("gap-b100-3c4d | gap-b50-1a2b");
    expect(path.basename(findRun(io, "runs", "gap-b5"))).toBe("gap-b50-1a2b");
  });
});
