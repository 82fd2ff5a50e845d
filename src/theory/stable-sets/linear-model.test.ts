// The linear classifier and its drift: the independent oracle, brute force, extreme logits, bad inputs.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { batchCount, possibleBatches } from "./batches.ts";
import { unitInputs } from "./inputs.ts";
import { LinearDrift } from "./linear-drift.ts";
import { linearSharpness } from "./linear-hessian.ts";
import { LinearModel } from "./linear-model.ts";
import { curvatureMoments, secondOrderDrift } from "./second-order-drift.ts";
import { lossPoint } from "./loss-point.ts";

interface DriftRecord {
  readonly count: number;
  readonly drift: number;
  readonly prob_increase: number;
}
interface Oracle {
  readonly X: number[][];
  readonly y: number[];
  readonly K: number;
  readonly W: number[][];
  readonly loss: number;
  readonly per_sample_loss: number[];
  readonly G: number;
  readonly grad: number[][];
  readonly grad_norm: number;
  readonly lambda_max: number;
  readonly E_norm2_b1: number;
  readonly conditional_drift: readonly {
    eta: number;
    b: number;
    without: DriftRecord;
    with?: DriftRecord;
  }[];
}
const path = new URL("../../../test/oracles/linear_ce.json", import.meta.url);
const oracle = JSON.parse(readFileSync(path, "utf8")) as Oracle;

/** [d, K] as stored there to K×d as stored here. */
const transposed = (w: readonly number[][]): number[] => w[0]!.flatMap((_, k) => w.map((row) => row[k]!));

function oracleModel(): LinearModel {
  const x = Float64Array.from(oracle.X.flat());
  const labels = Int32Array.from(oracle.y);
  const model = new LinearModel({ n: labels.length, d: oracle.X[0]!.length, classes: oracle.K, x, labels });
  model.setWeights(transposed(oracle.W));
  return model;
}

/** A random problem with logits of size about `size`. */
function randomModel(seed: number, n: number, d: number, classes: number, size: number): LinearModel {
  const stream = randomStream(seed, "linear-model-test");
  const x = Array.from({ length: n * d }, () => stream.normal());
  const labels = Array.from({ length: n }, (_, i) => (i < classes ? i : stream.integer(classes)));
  const model = new LinearModel(unitInputs(x, labels, classes));
  model.setWeights(Array.from({ length: classes * d }, () => size * stream.normal()));
  return model;
}

describe("the oracle's point", () => {
  const model = oracleModel();

  test("loss, potential, gradient, second moment, sharpness", async () => {
    const { loss, potential, logLoss } = model.point;
    expect(loss).toBeCloseTo(oracle.loss, 12);
    expect(logLoss).toBeCloseTo(Math.log(oracle.loss), 12);
    expect(potential).toBeCloseTo(oracle.G, 12);
    model.losses.losses.forEach((own, i) => expect(own).toBeCloseTo(oracle.per_sample_loss[i]!, 12));
    const gradient = new Float64Array(model.weights.length);
    model.gradient(gradient);
    transposed(oracle.grad).forEach((g, c) => expect(gradient[c]).toBeCloseTo(g, 12));
    expect(model.gradientNorm).toBeCloseTo(oracle.grad_norm, 12);
    expect(model.meanSquareGradient).toBeCloseTo(oracle.E_norm2_b1, 12);
    expect(await linearSharpness(model, 1e-9)).toBeCloseTo(oracle.lambda_max, 11);
  });

  test("exact drift and the chance of an increase, for every step, batch and sampling listed", () => {
    const drift = new LinearDrift(model);
    for (const { eta, b, ...kinds } of oracle.conditional_drift) {
      for (const sampling of ["without", "with"] as const) {
        const expected = kinds[sampling];
        if (expected === undefined) continue;
        const found = drift.measure({ lr: eta, batch: b, sampling });
        expect(found.exact).toBe(true);
        expect(found.stderr).toBe(0);
        expect(Math.abs(found.value / expected.drift - 1)).toBeLessThan(1e-9);
        expect(found.increaseProbability).toBeCloseTo(expected.prob_increase, 10);
        expect(found.relative).toBeCloseTo(found.value / oracle.loss, 10);
      }
    }
  });

  test("the second-order drift is what remains of the exact one for small steps", () => {
    const drift = new LinearDrift(model);
    const moments = curvatureMoments(model)!;
    for (const [batch, sampling] of [
      [1, "with"],
      [2, "without"],
      [2, "with"],
      [9, "without"],
    ] as const) {
      const error = (lr: number): number => {
        const exact = drift.measure({ lr, batch, sampling }).value;
        return (exact - secondOrderDrift(moments, model.inputs.n, { lr, batch, sampling })) / lr ** 3;
      };
      // The third-order coefficient: finite and the same for two small steps.
      expect(error(1e-2) / error(5e-3)).toBeCloseTo(1, 1);
    }
  });
});

describe("drift at batch size 1", () => {
  test.each([
    ["small moves only", 0.3, 1e-3],
    ["polynomial moves", 1, 5],
    ["moves beyond the polynomial", 1, 200],
    ["losses that explode and vanish", 40, 3000],
    ["fitted: potentials down to 1e-30", 60, 1e-2],
  ])("%s: as by moving the weights", (_, size, lr) => {
    const model = randomModel(7, 40, 6, 4, size);
    const exact = new LinearDrift(model).measure({ lr, batch: 1, sampling: "with" });
    const before = new Float64Array(model.weights);
    const moved = new LinearModel(model.inputs);
    const gradient = new Float64Array(before.length);
    let brute = 0;
    let absolute = 0;
    for (let i = 0; i < 40; i++) {
      model.gradient(gradient, [i]);
      moved.setWeights(before.map((w, c) => w - lr * gradient[c]!));
      for (let j = 0; j < 40; j++) {
        const change = moved.losses.losses[j]! - model.losses.losses[j]!;
        brute += change / 1600;
        absolute += Math.abs(change) / 1600;
      }
    }
    expect(Math.abs(exact.value - brute)).toBeLessThan(1e-9 * absolute + 1e-15 * model.point.loss);
  });

  test("agrees with enumeration of the same batches at relative 1e-10 of the moves, also far below rounding", () => {
    for (const size of [1, 30, 300]) {
      const model = randomModel(3, 30, 5, 3, size);
      const drift = new LinearDrift(model);
      const single = drift.measure({ lr: 0.1, batch: 1, sampling: "without" });
      const outcomes = Array.from({ length: 30 }, (_, i) => drift.changeAfter([i], 0.1));
      const sum = outcomes.reduce((total, change) => total + change, 0) / 30;
      const absolute = outcomes.reduce((total, change) => total + Math.abs(change), 0) / 30;
      expect(Math.abs(single.value - sum)).toBeLessThanOrEqual(1e-10 * absolute);
      expect(single.increaseProbability).toBe(outcomes.filter((change) => change > 0).length / 30);
    }
  });
});

test("sampled drift lies within five standard errors of the exact one, and goes on along its stream", () => {
  const model = randomModel(11, 12, 4, 3, 2);
  const drift = new LinearDrift(model);
  // 12 choose 6 = 924 batches can be enumerated; 60 examples cannot.
  const exact = drift.measure({ lr: 5, batch: 6, sampling: "without" });
  expect(exact.batches).toBe(924);
  const large = randomModel(11, 60, 4, 3, 2);
  const sampled = new LinearDrift(large);
  const random = randomStream(1, "drift");
  const first = sampled.measure({ lr: 5, batch: 6, sampling: "with", samples: 400, random });
  const second = sampled.measure({ lr: 5, batch: 6, sampling: "with", samples: 400, random });
  expect(first.exact).toBe(false);
  expect(second.value).not.toBe(first.value);
  expect(Math.abs(first.value - second.value)).toBeLessThan(5 * Math.hypot(first.stderr, second.stderr));
  expect(() => sampled.measure({ lr: 5, batch: 6, sampling: "with" })).toThrow(/random/);
});

test("possible batches: as many as counted, probabilities that sum to 1, every one different", () => {
  const small = fc.record({ n: fc.integer({ min: 1, max: 7 }), b: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(small, fc.constantFrom("with", "without", "shuffle"), ({ n, b }, sampling) => {
      if (b > n) return;
      const seen = new Set<string>();
      let total = 0;
      for (const { indices, probability } of possibleBatches(n, b, sampling)) {
        seen.add(indices.join(","));
        total += probability;
      }
      expect(seen.size).toBe(batchCount(n, b, sampling));
      expect(total).toBeCloseTo(1, 12);
    }),
    { numRuns: 60 },
  );
  expect(batchCount(1000, 500, "without")).toBe(Infinity);
});

test("steps by inner products and by whole inputs lead to the same logits", () => {
  const model = randomModel(5, 30, 8, 4, 1);
  const other = randomModel(5, 30, 8, 4, 1);
  for (let t = 0; t < 50; t++) {
    model.step([t % 30, (7 * t) % 30], 3);
    other.step([t % 30, (7 * t) % 30], 3);
    other.setWeights(other.weights.slice());
  }
  model.logits.forEach((z, c) => expect(z).toBeCloseTo(other.logits[c]!, 9));
});

describe("log space", () => {
  test("losses far below the smallest number keep their logarithm", () => {
    const { loss, logLoss, logPotential } = lossPoint([0, -2000, -2001], [0], 3);
    expect(loss).toBe(0);
    expect(logLoss).toBeCloseTo(-2000 + Math.log1p(Math.exp(-1)), 10);
    expect(logPotential).toBe(logLoss);
  });

  test("means of losses over 600 orders of magnitude", () => {
    const { logLoss, loss } = lossPoint([0, -1500, 0, -50, 0, -700], [0, 0, 0], 2);
    expect(logLoss).toBeCloseTo(-50 - Math.log(3), 12);
    expect(loss).toBeCloseTo(Math.exp(-50) / 3, 30);
  });

  test("1 − p_y of a fitted example and loss of a hopeless one", () => {
    const fitted = lossPoint([0, -60], [0], 2);
    expect(fitted.potential / Math.exp(-60)).toBeCloseTo(1, 12);
    expect(lossPoint([0, 5000], [0], 2)).toMatchObject({ loss: 5000, potential: 1, accuracy: 0 });
  });
});

test("steps beyond double precision end with a sentence, not with NaN", () => {
  const model = randomModel(1, 10, 3, 3, 1);
  const drift = new LinearDrift(model);
  expect(drift.measure({ lr: 1e300, batch: 1, sampling: "with" }).value).toBeGreaterThan(1e298);
  expect(() => drift.measure({ lr: 1e308, batch: 1, sampling: "with" })).toThrow(
    /beyond the range of double precision.*smaller step/,
  );
  for (let t = 0; t < 20; t++) model.step([t % 10], 1e308);
  expect(model.point.loss).toBeLessThan(Infinity);
  model.setWeights(model.weights.map((w) => 1.5e308 * Math.sign(w)));
  expect(() => model.step([0], 1)).toThrow(/example \d+: .*range of double precision.*smaller step/);
});

describe("inputs", () => {
  test("longer than 1: divided by the longest, and the trained function is the same with η·scale²", () => {
    const raw = [3, 4, 1, 0, 0, -2];
    const labels = [0, 1, 1];
    const inputs = unitInputs(raw, labels);
    expect(inputs.scale).toBe(5);
    const scaled = new LinearModel(inputs);
    const given = new LinearModel({ ...inputs, x: Float64Array.from(raw) });
    for (let t = 0; t < 20; t++) {
      given.step([t % 3], 0.1);
      scaled.step([t % 3], 0.1 * 25);
    }
    given.logits.forEach((z, c) => expect(scaled.logits[c]).toBeCloseTo(z, 10));
  });

  test("zero inputs are listed, bad ones refused", () => {
    expect(unitInputs([0, 0, 1, 0], [0, 1]).zeros).toEqual([0]);
    expect(() => unitInputs([1, 2, 3], [0, 1])).toThrow(/do not fit/);
    expect(() => unitInputs([1, 2], [0, 0])).toThrow(/same class/);
    expect(() => unitInputs([1, Number.NaN], [0, 1])).toThrow(/x\[1\].*not finite/);
    expect(() => unitInputs([1, 2], [0, 3], 2)).toThrow(/labels\[1\].*received 3.*0 to 1/);
  });
});
