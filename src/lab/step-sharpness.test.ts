// The curvature along the live batch's gradient: of the very batch whose step is taken, without touching the training.
import { expect, it } from "vitest";
import { dot, zeros } from "../math/index.ts";
import type { RunEvent } from "../record/index.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import type { RunOptions } from "./run-types.ts";
import { runExperiment } from "./runner.ts";

function options(text: string): RunOptions {
  const { config } = parseExperiment(`{precision: float64, ${text}}`);
  return {
    config,
    objective: productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2, 1, 1.3], dtype: "float64" }),
    solveSharpness: lanczosSharpness,
    theta0: new Float64Array([7.2, 0.15]),
    hasTest: false,
    clock: () => 0,
  };
}

async function events(options: RunOptions): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const item of runExperiment(options)) if (item.type !== "checkpoint") all.push(item);
  return all;
}

it.each(["shuffle", "without", "with"])("is that of the batch the next step uses (%s)", async (sampling) => {
  const run = options(
    `optimizer: {name: sgd, lr: 0.02, batch: 3, sampling: ${sampling}}, steps: 14, measure: {every: 3, stepSharpness: true}`,
  );
  const { objective } = run;
  const used: { theta: Float64Array<ArrayBuffer>; batch: Uint32Array }[] = [];
  const spied: RunOptions["objective"] = {
    ...objective,
    descend: (theta, batch, rate, out) => {
      used.push({ theta: Float64Array.from(theta), batch: batch!.slice() });
      return objective.descend(theta, batch, rate, out);
    },
  };
  const found = (await events({ ...run, objective: spied })).filter((event) => event.type === "measurement");
  expect(found.map(({ step }) => step)).toEqual([0, 3, 6, 9, 12, 14]);
  for (const { step, stepSharpness } of found.slice(0, -1)) {
    const { theta, batch } = used[step]!;
    const [gradient, image] = [zeros("float64", 2), zeros("float64", 2)];
    await objective.batchLossAndGradient(theta, batch, gradient);
    await objective.batchHessianProduct(theta, batch, gradient, image);
    expect(stepSharpness).toBe(dot(gradient, image) / dot(gradient, gradient));
  }
  expect(found.at(-1)!.stepSharpness).toBeTypeOf("number");
});

it("changes neither the batches nor any other number of the run", async () => {
  const text = (on: boolean): string =>
    `optimizer: {name: sgd, lr: 0.02, batch: 2}, steps: 25, measure: {every: 4, landscape: true, batchSharpness: true, stepSharpness: ${on}}`;
  const plain = await events(options(text(false)));
  const more = await events(options(text(true)));
  const without = more.map((event) => {
    if (event.type !== "measurement") return event;
    const { stepSharpness, ...rest } = event;
    expect(stepSharpness).toBeTypeOf("number");
    return rest;
  });
  expect(without).toEqual(plain);
});

it("of gradient descent is the curvature along the full gradient, to the bit", async () => {
  for (const optimizer of ["{name: gd, lr: 0.02}", "{name: sgd, lr: 0.02, batch: full}"]) {
    const measure = "{every: 3, sharpness: false, batchSharpness: true, stepSharpness: true}";
    const found = await events(options(`optimizer: ${optimizer}, steps: 9, measure: ${measure}`));
    const measured = found.filter((event) => event.type === "measurement");
    expect(measured).toHaveLength(4);
    for (const { stepSharpness, directionalSharpness } of measured) {
      expect(stepSharpness).toBeTypeOf("number");
      expect(stepSharpness).toBe(directionalSharpness);
    }
  }
});

it("is measured at iterates only, with the other probes, and null where the batch's gradient vanishes", async () => {
  const both = await events(
    options(
      "optimizer: {name: sgd, lr: 0.01, batch: 2}, steps: 13, measure: {every: 3, point: both, probeEvery: 3, stepSharpness: true}",
    ),
  );
  const where = both
    .filter((event) => event.type === "measurement")
    .map((event) => `${event.point} ${event.step}${"stepSharpness" in event ? " with" : ""}`);
  expect(where).toEqual([
    "iterate 0 with",
    "iterate 3",
    "iterate 6",
    "iterate 9 with",
    "midpoint 9",
    "iterate 12",
    "iterate 13 with",
  ]);
  const flat = {
    ...options("optimizer: {name: sgd, batch: 2}, steps: 2, measure: {every: 1, stepSharpness: true}"),
  };
  const still = await events({ ...flat, theta0: new Float64Array([0, 0]) });
  for (const event of still) if (event.type === "measurement") expect(event.stepSharpness).toBeNull();
  expect(() => parseExperiment("{measure: {point: midpoint, stepSharpness: true}}")).toThrow(
    /measure\.stepSharpness: .*false with point: midpoint/,
  );
});
