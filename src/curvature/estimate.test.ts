// Means and ratios against their definitions, and standard errors against repeated sampling.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomStream } from "../math/index.ts";
import { isSettled, PairMoments, stopBounds } from "./estimate.ts";

const pair = fc.tuple(
  fc.integer({ min: -100, max: 100 }).map((x) => x / 7),
  fc.integer({ min: 1, max: 100 }).map((x) => x / 9),
);

it("gives the textbook mean, ratio and standard errors", () => {
  fc.assert(
    fc.property(fc.array(pair, { minLength: 2, maxLength: 20 }), (samples) => {
      const moments = new PairMoments();
      for (const [a, b] of samples) moments.add(a, b);
      const m = samples.length;
      const meanA = samples.reduce((sum, [a]) => sum + a, 0) / m;
      const meanB = samples.reduce((sum, [, b]) => sum + b, 0) / m;
      const ratio = meanA / meanB;
      const errorOf = (residual: (a: number, b: number) => number): number =>
        Math.sqrt(samples.reduce((sum, [a, b]) => sum + residual(a, b) ** 2, 0) / (m - 1) / m);
      expect(moments.count).toBe(m);
      expect(moments.mean().mean).toBeCloseTo(meanA, 11);
      expect(moments.mean().stderr).toBeCloseTo(
        errorOf((a) => a - meanA),
        10,
      );
      expect(moments.ratio()!.mean).toBeCloseTo(ratio, 9);
      // Rounding of a spread that cancels shows as its square root.
      expect(moments.ratio()!.stderr).toBeCloseTo(errorOf((a, b) => a - ratio * b) / meanB, 5);
    }),
    { seed: 1 },
  );
});

it("weights count like repetitions", () => {
  const weighted = new PairMoments();
  const repeated = new PairMoments();
  for (const [a, b, times] of [
    [1, 2, 3],
    [-4, 1, 1],
    [0.5, 7, 2],
  ] as const) {
    weighted.add(a, b, times);
    for (let k = 0; k < times; k++) repeated.add(a, b);
  }
  expect(weighted.mean().mean).toBeCloseTo(repeated.mean().mean, 14);
  expect(weighted.ratio()!.mean).toBeCloseTo(repeated.ratio()!.mean, 14);
});

it("knows nothing after one sample, has no ratio over zero, keeps NaN, and is exact on equal samples", () => {
  const moments = new PairMoments();
  moments.add(3, 0);
  expect(moments.mean()).toEqual({ mean: 3, stderr: Infinity });
  expect(moments.ratio()).toBeNull();
  const equal = new PairMoments();
  for (let k = 0; k < 5; k++) equal.add(0.1, 0.3);
  expect(equal.mean()).toEqual({ mean: 0.1, stderr: 0 });
  expect(equal.ratio()!.stderr).toBe(0);
  equal.add(Number.NaN);
  expect(equal.mean()).toEqual({ mean: Number.NaN, stderr: Number.NaN });
  expect(isSettled(equal.mean(), 0.5)).toBe(false);
});

it("the standard error of a ratio is what repeating the measurement shows", () => {
  const random = randomStream(2, "test");
  const [repeats, m] = [2000, 40];
  let chi = 0;
  for (let k = 0; k < repeats; k++) {
    const moments = new PairMoments();
    for (let j = 0; j < m; j++) {
      const b = 2 + random.normal() / 3;
      moments.add(5 * b + random.normal(), b);
    }
    const { mean, stderr } = moments.ratio()!;
    chi += ((mean - 5) / stderr) ** 2;
  }
  // Student's t with 39 degrees of freedom has variance 39/37.
  expect(Math.abs(chi / repeats - 39 / 37)).toBeLessThan(0.13);
});

describe("stop rules", () => {
  it("have these bounds", () => {
    expect(stopBounds({ samples: 30 })).toEqual({ relative: 0, min: 30, max: 30 });
    expect(stopBounds({ relative: 0.01 })).toEqual({ relative: 0.01, min: 10, max: 1000 });
    expect(stopBounds({ relative: 0.01, min: 2000 })).toEqual({ relative: 0.01, min: 2000, max: 2000 });
  });

  it.each([
    { samples: 1 },
    { samples: 2.5 },
    { relative: 0.1, min: 1 },
    { relative: 0.1, min: 20, max: 10 },
    { relative: 0 },
    { relative: Number.NaN },
  ])("%j is refused", (rule) => {
    expect(() => stopBounds(rule)).toThrow(/allowed/);
  });
});
