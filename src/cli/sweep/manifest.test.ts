// The manifest: keys of configurations, what survives damage, one sweep at a time.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ExperimentConfig, resolveConfig } from "../../lab/index.ts";
import { RunError } from "../../math/index.ts";
import { configKey, Manifest, MANIFEST_FILE, readManifest, sweepFolder } from "./manifest.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "brink-manifest-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const config = (settings: object): ExperimentConfig => resolveConfig(settings, "test");
const silent = (): void => {};

it("a key depends on every setting that can change a run, not on the order they are written in", () => {
  const key = configKey(config({ name: "a", seed: 1, steps: 5 }));
  expect(key).toMatch(/^[0-9a-f]{16}$/);
  const turned = Object.fromEntries(Object.entries(config({ steps: 5, name: "a", seed: 1 })).toReversed());
  expect(configKey(turned as unknown as ExperimentConfig)).toBe(key);
  expect(configKey(config({ name: "a", seed: 1, steps: 5, report: true }))).toBe(key);
  for (const other of [
    { seed: 2 },
    { steps: 6 },
    { threads: 3 },
    { name: "b" },
    { net: { name: "fc-relu" } },
  ]) {
    expect(configKey(config({ name: "a", seed: 1, steps: 5, ...other }))).not.toBe(key);
  }
});

it("what is assigned is there the next time, also when assigned all at once", async () => {
  const manifest = await Manifest.open(root, "my gap", silent);
  const keys = Array.from({ length: 20 }, (_, i) => `key${i}`);
  await Promise.all(keys.map((key, i) => manifest.assign([[key, { name: `v${i}`, run: `run-${i}` }]])));
  await manifest.close();
  expect(readdirSync(sweepFolder(root, "my gap"))).toEqual([MANIFEST_FILE]);
  expect(sweepFolder(root, "my gap")).toBe(path.join(root, "sweeps", "my-gap"));
  const again = await Manifest.open(root, "my gap", silent);
  expect(keys.map((key) => again.runOf(key))).toEqual(keys.map((_, i) => `run-${i}`));
  expect(again.runOf("other")).toBeUndefined();
  await again.close();
});

it("only one process at a time is at work on a sweep", async () => {
  const manifest = await Manifest.open(root, "gap", silent);
  await expect(Manifest.open(root, "gap", silent)).rejects.toThrow(
    "another process is at work on this sweep",
  );
  await manifest.close();
  await (await Manifest.open(root, "gap", silent)).close();
});

it("damage is told and costs only the shortcut; entries that lead elsewhere are damage", async () => {
  const folder = sweepFolder(root, "gap");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, MANIFEST_FILE);
  const good = { name: "v", run: "gap-1a2b" };
  writeFileSync(file, JSON.stringify({ version: 1, runs: { a: good, b: { name: "v", run: "../x" }, c: 3 } }));
  const told: string[] = [];
  const manifest = await Manifest.open(root, "gap", (what) => told.push(what));
  expect([manifest.runOf("a"), manifest.runOf("b")]).toEqual(["gap-1a2b", undefined]);
  expect(told).toEqual([`${file}: 2 bad entries`]);
  await manifest.assign([]);
  await manifest.close();
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ version: 1, runs: { a: good } });
  writeFileSync(file, JSON.stringify({ version: 2, runs: { a: good } }));
  expect((await readManifest(folder)).damaged).toContain("another version");
});

it("reading never fails on what is in the file", async () => {
  const folder = sweepFolder(root, "gap");
  mkdirSync(folder, { recursive: true });
  const contents = fc.oneof(
    fc.json(),
    fc.string(),
    fc.json().map((runs) => `{"version":1,"runs":${runs}}`),
  );
  await fc.assert(
    fc.asyncProperty(contents, async (text) => {
      writeFileSync(path.join(folder, MANIFEST_FILE), text);
      const { entries } = await readManifest(folder);
      for (const { run } of entries.values()) expect(path.basename(run)).toBe(run);
    }),
    { numRuns: 100 },
  );
});

it("a folder that cannot be written, or goes away, is a sentence", async () => {
  writeFileSync(path.join(root, "file"), "");
  await expect(Manifest.open(path.join(root, "file"), "gap", silent)).rejects.toThrow(RunError);
  const manifest = await Manifest.open(root, "gap", silent);
  rmSync(sweepFolder(root, "gap"), { recursive: true });
  await expect(manifest.assign([["a", { name: "v", run: "r" }]])).rejects.toThrow(/cannot write/);
  await manifest.close();
});
