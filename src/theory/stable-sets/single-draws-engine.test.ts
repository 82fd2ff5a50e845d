// The drift by matrix products against the plain one: every mixture of small and large moves, on ONNX Runtime.
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { onnxRuntimeBackend } from "../../runtime/index.ts";
import { unitInputs } from "./inputs.ts";
import { LinearDrift } from "./linear-drift.ts";
import { LinearModel } from "./linear-model.ts";
import { EngineSingleDraws } from "./single-draws-engine.ts";

const n = 60;
const classes = 4;
const stream = randomStream(2, "engine-draws");
const labels = Array.from({ length: n }, (_, i) => i % classes);
const x = labels.flatMap((label) =>
  Array.from({ length: 12 }, (_, c) => stream.normal() + (c === label ? 4 : 0)),
);
const inputs = unitInputs(x, labels, classes);
const backend = onnxRuntimeBackend(ort, { device: "cpu", threads: 1 });

test.each([
  ["second order only", 1, 1e-7, 1e-10],
  ["third order", 1, 1e-3, 1e-10],
  ["some moves too large for it", 20, 0.02, 1e-10],
  ["fitted examples", 200, 1, 1e-10],
  ["a looser tolerance", 3, 0.05, 1e-6],
  ["none small", 1, 100, 1e-10],
])("%s", async (_, size, lr, tolerance) => {
  const model = new LinearModel(inputs);
  for (let k = 0; k < classes; k++) model.weights[k * 12 + k] = size;
  model.setWeights(model.weights.map((w) => w + 0.1 * stream.normal()));
  const engine = (await EngineSingleDraws.create(model, backend))!;
  const fast = await engine.drift(model, lr, tolerance);
  const plain = new LinearDrift(model).measure({ lr, batch: 1, sampling: "with", tolerance: 1e-14 });
  expect(fast.exact).toBe(true);
  expect(Math.abs(fast.value / plain.value - 1)).toBeLessThan(20 * tolerance);
  expect(fast.increaseProbability).toBeCloseTo(plain.increaseProbability, 1);
  const loose = new LinearDrift(model).measure({ lr, batch: 1, sampling: "with", tolerance });
  expect(Math.abs(loose.value / plain.value - 1)).toBeLessThan(20 * tolerance);
  await engine.dispose();
});

test("beyond the size of a Gram matrix there is none", async () => {
  const many = unitInputs(
    new Float64Array(8002).fill(1),
    Array.from({ length: 4001 }, (_, i) => i % 2),
  );
  expect(await EngineSingleDraws.create(new LinearModel(many), backend)).toBeNull();
});
