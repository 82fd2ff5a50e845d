// A small complete run for tests of the store: two parameters, 30 steps of SGD, every kind of event.
import * as nodeFs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Checkpoint,
  decodeCheckpoint,
  type ExperimentConfig,
  lanczosSharpness,
  parseExperiment,
  productObjective,
  recordRun,
} from "../src/lab/index.ts";
import { collectProvenance } from "../src/node/provenance.ts";
import { createRun, type RunFolder } from "../src/node/run-store.ts";
import type { Provenance, RunEvent, RunSummary, TensorFile } from "../src/record/index.ts";

export const config: ExperimentConfig = parseExperiment(
  "{name: toy, steps: 30, optimizer: {name: sgd, lr: 0.02, batch: 2}, measure: {every: 4, point: both}, checkpoint: {every: 10}}",
).config;

export const layout = [{ name: "w", shape: [2], offset: 0 }];

export const provenance: Provenance = await collectProvenance({
  command: ["brink", "run", "x.yaml"],
  device: "cpu",
  threads: 2,
  seed: 0,
  data: { name: "toy", provenance: { files: [], checksum: "00", notes: ["a note"] } },
  now: new Date("2026-01-02T03:04:05Z"),
});

export function decode(file: TensorFile, path: string): Checkpoint {
  return decodeCheckpoint(file, layout, config, path);
}

/** A fresh folder, to be removed by the test. */
export async function temporaryFolder(): Promise<string> {
  return nodeFs.mkdtemp(join(tmpdir(), "brink-store-"));
}

/** Trains into a folder, from `resume` if given, until the end or until `until` says stop. */
export async function train(
  store: RunFolder,
  resume: Checkpoint | null = null,
  until: (event: RunEvent) => boolean = () => false,
): Promise<RunSummary | null> {
  const run = recordRun({
    config,
    objective: productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2], dtype: "float32" }),
    solveSharpness: lanczosSharpness,
    theta0: new Float32Array([7.2, 0.15]),
    hasTest: false,
    clock: () => 0,
    store,
    layout,
    resume: resume ?? undefined,
  });
  for (;;) {
    const { value, done } = await run.next();
    if (done === true) return value;
    if (until(value)) {
      await run.return(undefined as never);
      return null;
    }
  }
}

export async function eventsOf(dir: string): Promise<string> {
  return nodeFs.readFile(join(dir, "events.jsonl"), "utf8");
}

export async function finalParameters(dir: string): Promise<Buffer> {
  return nodeFs.readFile(join(dir, "checkpoints", "step-00000030.safetensors"));
}

/** A finished run to compare with. */
export async function reference(root: string): Promise<{ dir: string; events: string; parameters: Buffer }> {
  const store = await createRun({ root: join(root, "reference"), config, provenance });
  await train(store);
  await store.close();
  return {
    dir: store.dir,
    events: await eventsOf(store.dir),
    parameters: await finalParameters(store.dir),
  };
}
