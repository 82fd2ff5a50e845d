// A replay has the bits of the run, from its start and from any checkpoint, measured or not.
import { expect, test } from "vitest";
import type { Vector } from "../math/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import { replay } from "./replay.ts";
import type { Checkpoint } from "./run-types.ts";
import { runExperiment } from "./runner.ts";

const objective = productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2, 1], dtype: "float64" });
const theta0 = Float64Array.of(2, 0.6);

async function checkpoints(config: ExperimentConfig): Promise<Map<number, Checkpoint>> {
  const found = new Map<number, Checkpoint>();
  for await (const item of runExperiment({
    config,
    objective,
    solveSharpness: lanczosSharpness,
    theta0,
    hasTest: false,
    clock: () => 0,
  })) {
    if (item.type === "checkpoint") found.set(item.checkpoint.step, structuredClone(item.checkpoint));
  }
  return found;
}

async function replayed(
  config: ExperimentConfig,
  from: Checkpoint | Vector,
  first: number,
  last: number,
): Promise<[number, number[]][]> {
  const out: [number, number[]][] = [];
  for await (const { step, theta } of replay({ config, objective, from }, first, last)) {
    out.push([step, Array.from(theta)]);
  }
  return out;
}

test.each([
  ["gd", "{name: gd, lr: 0.15}"],
  ["sgd", "{name: sgd, lr: 0.1, batch: 2, sampling: shuffle}"],
  ["sgd with replacement", "{name: sgd, lr: 0.1, batch: 2, sampling: with}"],
])("%s", async (_, optimizer) => {
  const { config } = parseExperiment(
    `{precision: float64, optimizer: ${optimizer}, steps: 30, measure: {every: 4, point: both}, checkpoint: {every: 1}}`,
  );
  const run = await checkpoints(config);
  const expected = [11, 12, 13].map((step) => [step, Array.from(run.get(step)!.theta)]);
  expect(await replayed(config, theta0, 11, 13)).toEqual(expected);
  expect(await replayed(config, run.get(7)!, 11, 13)).toEqual(expected);
  expect(await replayed(config, run.get(11)!, 11, 13)).toEqual(expected);
  // Beyond the end of the run the training loop simply goes on.
  const beyond = await replayed(config, run.get(30)!, 30, 31);
  expect(beyond.map(([step]) => step)).toEqual([30, 31]);
});

test("a run that blows up on the way is said to", async () => {
  const { config } = parseExperiment("{precision: float64, optimizer: {name: gd, lr: 50}, steps: 30}");
  await expect(replayed(config, theta0, 20, 21)).rejects.toThrow(/diverged before that step/);
});
