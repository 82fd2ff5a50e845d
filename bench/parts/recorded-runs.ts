// Made-up run folders of any number and length, for benchmarks and tests of what reads them: no training, known numbers.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { MarkEvent, MeasurementEvent, Provenance, RunEvent, RunSummary } from "brink/record";

/** A run to make up. */
export interface MadeUp {
  /** Name of its folder. */
  readonly id: string;
  readonly seed?: number;
  readonly lr?: number;
  /** `full`: gradient descent. */
  readonly batch?: number | "full";
  /** Step events. */
  readonly steps: number;
  /** Steps between measurements. */
  readonly every?: number;
  readonly status?: RunSummary["status"];
  /** Settings to add to or replace in the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly createdAt?: string;
}

/** Sharpness rises to the threshold, alternates there about `level` of it, and the loss falls as it does. */
export function madeUpSharpness(step: number, threshold: number, level: number): number {
  const rising = threshold * (1 - Math.exp(-step / 300));
  return Math.min(rising, level * threshold) + (Math.floor(step / 2) % 2 === 0 ? 0.01 : -0.01) * threshold;
}

/** Loss before step `step`, of a run whose seed is `seed`. */
export function madeUpLoss(step: number, seed: number): number {
  return Math.exp(-step / 500) + 0.01 + 0.002 * Math.sin(step * 0.7 + seed) * (step % 2 === 0 ? 1 : -1);
}

/** Events of the run up to `steps`, header first. */
export function* madeUpEvents(made: MadeUp): Generator<RunEvent> {
  const { steps, every = 50, seed = 0, lr = 0.01, batch = 50, status = "finished" } = made;
  const threshold = 2 / lr;
  const level = batch === "full" ? 1 : 1 - 2 / (batch + 10);
  let crossed = false;
  yield { type: "header", version: 1 };
  for (let step = 0; step <= steps; step++) {
    if (step > 0) yield { type: "step", step, loss: madeUpLoss(step - 1, seed) };
    if (step % every !== 0) continue;
    const sharpness = madeUpSharpness(step, threshold, level);
    if (!crossed && sharpness >= threshold) {
      crossed = true;
      yield mark(step, "onset", "the sharpness reached 2/η");
    }
    yield {
      type: "measurement",
      step,
      point: "iterate",
      loss: madeUpLoss(step, seed),
      sharpness,
      eigenvalues: [sharpness, 0.7 * sharpness],
      residuals: [1e-3, 1e-3],
      hvps: 8,
      converged: true,
    } satisfies MeasurementEvent;
  }
  if (status === "finished") yield mark(steps, "finished", `took ${steps} steps`);
  if (status === "diverged") yield mark(steps, "diverged", "the loss is not finite");
}

function mark(step: number, kind: MarkEvent["kind"], message: string): MarkEvent {
  return { type: "mark", step, kind, message };
}

/** Writes the folder of a run under `root`; returns its path. A run with status `running` looks like a killed one. */
export function writeMadeUpRun(root: string, made: MadeUp): string {
  const { id, seed = 0, lr = 0.01, batch = 50, steps, every = 50, status = "finished" } = made;
  const folder = path.join(root, id);
  mkdirSync(path.join(folder, "checkpoints"), { recursive: true });
  const config = {
    name: id,
    data: { name: "cifar10", n: 5000 },
    net: { name: "mlp", widths: [200, 200], activation: "tanh" },
    loss: "mse",
    optimizer: batch === "full" ? { name: "gd", lr } : { name: "sgd", lr, batch, sampling: "shuffle" },
    steps,
    seed,
    measure: { every },
    ...made.config,
  };
  const createdAt = made.createdAt ?? new Date(Date.UTC(2026, 0, 1) + seed * 1000).toISOString();
  const provenance: Provenance = {
    version: 1,
    brink: "0.0.0",
    git: null,
    command: ["brink", "run", "made-up.yaml"],
    platform: "none",
    cpu: "none",
    node: "none",
    onnxruntime: null,
    device: "cpu",
    threads: 1,
    seed,
    data: { name: "made up", checksum: "00", notes: [] },
    createdAt,
    sessions: [],
  };
  const lines: string[] = [];
  for (const event of madeUpEvents(made)) lines.push(`${JSON.stringify(event)}\n`);
  const sharpness = madeUpSharpness(steps, 2 / lr, 1);
  const summary: RunSummary = {
    version: 1,
    status,
    step: steps,
    steps,
    loss: madeUpLoss(steps, seed),
    sharpness,
    threshold: 2 / lr,
    equilibriumSharpness: sharpness,
    equilibriumSd: 0.01,
    equilibriumRecords: 20,
    seconds: 1,
  };
  // JSON is YAML.
  writeFileSync(path.join(folder, "config.yaml"), JSON.stringify(config));
  writeFileSync(path.join(folder, "provenance.json"), JSON.stringify(provenance));
  writeFileSync(path.join(folder, "events.jsonl"), lines.join(""));
  writeFileSync(path.join(folder, "summary.json"), JSON.stringify(summary));
  return folder;
}
