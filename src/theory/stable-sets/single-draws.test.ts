// Drift and curvature of single draws against moving the weights: every mixture of small and large moves, threads, history; products by the engine.
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { onnxRuntimeBackend } from "../../runtime/index.ts";
import { unitInputs } from "./inputs.ts";
import { LinearDrift } from "./linear-drift.ts";
import { gramByEngine, LinearEngine } from "./linear-engine.ts";
import { LinearModel } from "./linear-model.ts";
import { curvatureMoments } from "./second-order-drift.ts";
import { Predictions } from "./predictions.ts";
import { SingleDraws, type SingleDrawsSetup } from "./single-draws.ts";
import { type DriftThreads, shareOf, ThreadedSingleDraws } from "./single-draws-threads.ts";

const D = 12;
const stream = randomStream(2, "engine-draws");
const backend = onnxRuntimeBackend(ort, { device: "cpu", threads: 1 });

/** Gaussians about a mean for each class, and weights of a given size along the means. */
function modelOf(labels: readonly number[], classes: number, size: number): LinearModel {
  const x = labels.flatMap((label) =>
    Array.from({ length: D }, (_, c) => stream.normal() + (c === label ? 4 : 0)),
  );
  const model = new LinearModel(unitInputs(x, labels, classes));
  for (let k = 0; k < classes; k++) model.weights[k * D + k] = size;
  model.setWeights(model.weights.map((w) => w + 0.1 * stream.normal()));
  return model;
}

const even = Array.from({ length: 60 }, (_, i) => i % 4);
/** One class of 200, which takes two chunks, one of 9, one example alone, and a class nobody has. */
const uneven = [...new Array<number>(200).fill(0), ...new Array<number>(9).fill(1), 3];

/** The drift by moving the weights, step for step, and what its changes add up to without their signs. */
function plainDrift(model: LinearModel, lr: number): { value: number; increases: number; absolute: number } {
  const drift = new LinearDrift(model);
  const { n } = model.inputs;
  const changes = Array.from({ length: n }, (_, i) => drift.changeAfter([i], lr));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / n;
  const increases = changes.filter((change) => change > 0).length / n;
  return { value: sum(changes), increases, absolute: sum(changes.map(Math.abs)) };
}

describe.each([1e-14, 1e-10, 1e-6])("tolerance %s", (tolerance) => {
  test.each([
    ["moves that first order serves", even, 1, 1e-7],
    ["a few orders", even, 1, 1e-3],
    ["a mixture", even, 20, 0.02],
    ["high orders", even, 3, 3],
    ["exponentials", even, 1, 20],
    ["losses that explode and vanish", even, -40, 60],
    ["moves beyond exponentials", even, 1, 400],
    ["fitted examples", even, 200, 1],
    ["potentials that single precision does not know", even, 800, 1e5],
    ["classes of uneven size", uneven, 2, 0.5],
    ["classes of uneven size, far moves", uneven, 5, 30],
  ])("%s", async (_, labels, size, lr) => {
    const model = modelOf(labels, 4, size);
    const singles = ThreadedSingleDraws.create(model, tolerance)!;
    // Twice, because the second call finds memory that the first has filled.
    for (const step of [0.7 * lr, lr]) {
      const found = await singles.drift(model, step);
      const plain = plainDrift(model, step);
      expect(found.exact).toBe(true);
      expect(Math.abs(found.value - plain.value)).toBeLessThan((tolerance + 1e-12) * plain.absolute);
      expect(found.increaseProbability).toBeCloseTo(plain.increases, 1);
    }
    await singles.dispose();
  });

  test.each([
    ["at the start", even, 0],
    ["fitted", even, 60],
    ["fitted beyond single precision", even, 800],
    ["classes of uneven size", uneven, 2],
  ])("second order: %s", async (_, labels, size) => {
    const model = modelOf(labels, 4, size);
    const singles = ThreadedSingleDraws.create(model, tolerance)!;
    const plain = curvatureMoments(model)!;
    const error = Math.abs((await singles.meanCurvature(model)) / plain.single - 1);
    expect(error).toBeLessThan(tolerance + 1e-13);
    await singles.dispose();
  });
});

/** What another thread would do, on this one. */
const threads: DriftThreads = {
  count: 3,
  open: (setup) => {
    const predictions = new Predictions(setup.inputs);
    const singles = new SingleDraws(setup);
    return {
      sums: (logits, question) => {
        predictions.setLogits(logits);
        return Promise.resolve(singles.sums(predictions, question));
      },
      dispose: () => Promise.resolve(),
    };
  },
};

/** Enough for three threads beside this one. */
const many = Array.from({ length: 830 }, (_, i) => (i % 7 === 0 ? 2 : i % 2));

test.each([
  ["tiny moves", 1, 1e-6],
  ["a mixture", 8, 0.2],
  ["exponentials", 1, 30],
])("shares of several threads add up: %s", async (_, size, lr) => {
  const model = modelOf(many, 4, size);
  const together = ThreadedSingleDraws.create(model, 1e-6, threads)!;
  const alone = ThreadedSingleDraws.create(model, 1e-6)!;
  const [found, expected] = [await together.drift(model, lr), await alone.drift(model, lr)];
  expect(Math.abs(found.value / expected.value - 1)).toBeLessThan(1e-5);
  expect(found.increaseProbability).toBeCloseTo(expected.increaseProbability, 2);
  const [own, all] = [await alone.meanCurvature(model), await together.meanCurvature(model)];
  expect(Math.abs(all / own - 1)).toBeLessThan(1e-6);
  expect(await together.driftAndCurvature(model, lr)).toEqual({ drift: found, single: all });
  await Promise.all([together.dispose(), alone.dispose()]);
});

test("every step is in one share, and shares are alike", () => {
  const opened: SingleDrawsSetup[] = [];
  const model = modelOf(many, 4, 1);
  const counting: DriftThreads = {
    count: 9,
    open: (setup) => {
      opened.push(setup);
      return threads.open(setup);
    },
  };
  ThreadedSingleDraws.create(model, 1e-6, counting);
  const shares = [0, 1, 2, 3].map((at) => shareOf(model.inputs, at, 4));
  expect(opened.map(({ examples }) => examples)).toEqual(shares.slice(1));
  expect(shares.flatMap((share) => [...share]).sort((a, b) => a - b)).toEqual(many.map((_, i) => i));
  const counts = shares.map((share) => [0, 1, 2].map((k) => share.filter((i) => many[i] === k).length));
  // Eleven to ten, in every class.
  for (const [k, own] of counts[0]!.entries()) {
    for (const other of counts.slice(1)) expect(Math.abs(own / other[k]! - 11 / 10)).toBeLessThan(0.1);
  }
  opened.length = 0;
  ThreadedSingleDraws.create(modelOf(even, 4, 1), 1e-6, counting);
  expect(opened).toEqual([]);
});

test("a drift is the same to the bit whatever was asked before: a resumed run has not seen what an uninterrupted one has", async () => {
  const model = modelOf(many, 4, 2);
  const [fresh, used] = [0, 1].map(() => ThreadedSingleDraws.create(model, 1e-6)!);
  const twin = new LinearModel(model.inputs);
  const random = randomStream(9, "history");
  for (let past = 0; past < 4; past++) {
    twin.setWeights(model.weights.map((w) => w + random.normal()));
    await used!.drift(twin, 10 ** (2 * random.uniform() - 1));
    await used!.meanCurvature(twin);
  }
  for (const lr of [0.01, 0.3, 3]) {
    expect(await used!.drift(model, lr)).toEqual(await fresh!.drift(model, lr));
    expect(await used!.meanCurvature(model)).toBe(await fresh!.meanCurvature(model));
  }
  await Promise.all([fresh!.dispose(), used!.dispose()]);
});

test("where every example is fitted nothing moves", async () => {
  const model = modelOf(even, 4, 1e6);
  const singles = ThreadedSingleDraws.create(model)!;
  expect((await singles.drift(model, 1)).value).toBe(
    new LinearDrift(model).measure({ lr: 1, batch: 1, sampling: "with" }).value,
  );
  expect(await singles.meanCurvature(model)).toBe(0);
  await singles.dispose();
});

test.each([
  ["by the inputs", false, even],
  ["by their inner products", true, even.slice(0, 24)],
  ["by the inputs, of which there are too many", true, even],
])("norm and curvature of the mean gradient: %s", async (_, byGram, labels) => {
  for (const size of [0, 2, 60]) {
    const model = modelOf(labels, 4, size);
    const products = await LinearEngine.create(model, backend, byGram);
    const plain = curvatureMoments(model)!;
    expect(Math.abs((await products.gradientNorm(model)) / model.gradientNorm - 1)).toBeLessThan(1e-11);
    const mean = await products.meanMoments(model);
    expect(Math.abs(mean.gradient / plain.gradient - 1)).toBeLessThan(1e-11);
    expect(Math.abs(mean.full / plain.full - 1)).toBeLessThan(1e-11);
    await products.dispose();
  }
});

test("inner products by the engine are those of the plain loops", async () => {
  const model = modelOf(uneven, 4, 1);
  const plain = new LinearModel(model.inputs).gram!;
  expect(model.hasGram).toBe(false);
  const gram = (await gramByEngine(model, backend))!;
  expect(Math.max(...gram.map((value, at) => Math.abs(value - plain[at]!)))).toBeLessThan(1e-14);
  const { n } = model.inputs;
  expect(gram.every((value, at) => value === gram[(at % n) * n + Math.floor(at / n)])).toBe(true);
  expect(await gramByEngine(model, backend)).toBe(gram);
  expect(model.gram).toBe(gram);
});

test("moving to weights gives the same logits", async () => {
  const model = modelOf(even, 4, 3);
  const twin = new LinearModel(model.inputs);
  const products = await LinearEngine.create(model, backend);
  await products.setWeights(twin, model.weights);
  expect(Math.max(...twin.logits.map((z, at) => Math.abs(z - model.logits[at]!)))).toBeLessThan(1e-13);
  expect(twin.point.loss).toBeCloseTo(model.point.loss, 13);
  await products.dispose();
});

test("beyond the size of a Gram matrix there is none", () => {
  const many = unitInputs(
    new Float64Array(8002).fill(1),
    Array.from({ length: 4001 }, (_, i) => i % 2),
  );
  expect(ThreadedSingleDraws.create(new LinearModel(many))).toBeNull();
});
