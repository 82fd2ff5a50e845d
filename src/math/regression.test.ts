// Line fits against Anscombe's data (SciPy's numbers), exact lines, invariances and seeded coverage.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError, lineBand, lineFit, randomStream, slopeP } from "./index.ts";
import type { FitOptions, LineFitFound } from "./index.ts";

// F. J. Anscombe, "Graphs in statistical analysis", American Statistician 27 (1973).
const X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
const quartet: [number[], number[]][] = [
  [X, [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]],
  [X, [9.14, 8.14, 8.74, 8.77, 9.26, 8.1, 6.13, 3.1, 9.13, 7.26, 4.74]],
  [X, [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73]],
  [
    [8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8],
    [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.5, 5.56, 7.91, 6.89],
  ],
];

function fitted(x: readonly number[], y: readonly number[], options: FitOptions = {}): LineFitFound {
  const fit = lineFit(x, y, options);
  if (fit.reason !== null) throw new Error(fit.reason);
  return fit;
}

describe("Anscombe's quartet", () => {
  test.each(quartet)("has the published line and R²", (x, y) => {
    const fit = fitted(x, y);
    expect(fit.slope.value).toBeCloseTo(0.5, 2);
    expect(fit.intercept.value).toBeCloseTo(3, 1);
    expect(fit.r2!).toBeCloseTo(0.67, 2);
    expect(fit.slope.stderr).toBeCloseTo(0.118, 3);
  });

  test("the first set agrees with SciPy to 12 digits", () => {
    const fit = fitted(...quartet[0]!);
    expect(fit.slope.value).toBeCloseTo(0.500_090_909_090_909_1, 13);
    expect(fit.slope.stderr).toBeCloseTo(0.117_905_500_595_634_08, 13);
    expect(fit.slope.low).toBeCloseTo(0.233_370_136_385_187_5, 12);
    expect(fit.slope.high).toBeCloseTo(0.766_811_681_796_630_8, 12);
    expect(fit.intercept.value).toBeCloseTo(3.000_090_909_090_91, 12);
    expect(fit.intercept.stderr).toBeCloseTo(1.124_746_790_808_643_7, 12);
    expect(fit.intercept.low).toBeCloseTo(0.455_736_899_928_842_9, 12);
    expect(fit.intercept.high).toBeCloseTo(5.544_444_918_252_978, 12);
    expect(fit.r2!).toBeCloseTo(0.666_542_459_508_775, 13);
    expect(fit.p).toBeCloseTo(0.002_169_628_873_078_790_5, 14);
    expect(fit.dof).toBe(9);
  });

  // Columns: x, line, confidence band, prediction band (textbook formulas in NumPy).
  test.each([
    [
      2, 4.000_272_727_272_728, 1.951_551_598_135_944_6, 6.048_993_856_409_512, 0.532_902_682_098_347_1,
      7.467_642_772_447_109,
    ],
    [
      9, 7.500_909_090_909_093, 6.657_463_949_878_942, 8.344_354_231_939_244, 4.579_129_415_586_454,
      10.422_688_766_231_731,
    ],
    [
      20, 13.001_909_090_909_095, 9.949_150_314_384_397, 16.054_667_867_433_793, 8.861_289_220_304_009,
      17.142_528_961_514_18,
    ],
  ])("bands at x = %d", (x, line, confidenceLow, confidenceHigh, predictionLow, predictionHigh) => {
    const [point] = lineBand(fitted(...quartet[0]!), [x]);
    expect(point!.y).toBeCloseTo(line, 12);
    expect(point!.confidence[0]).toBeCloseTo(confidenceLow, 11);
    expect(point!.confidence[1]).toBeCloseTo(confidenceHigh, 11);
    expect(point!.prediction[0]).toBeCloseTo(predictionLow, 11);
    expect(point!.prediction[1]).toBeCloseTo(predictionHigh, 11);
  });

  test("weights 1…11 agree with the normal equations", () => {
    const fit = fitted(...quartet[0]!, { weights: X.map((_, k) => k + 1) });
    expect(fit.intercept.value).toBeCloseTo(2.431_592_922_147_683_7, 11);
    expect(fit.slope.value).toBeCloseTo(0.573_756_612_684_192_1, 12);
    expect(fit.intercept.stderr).toBeCloseTo(1.023_567_820_920_330_5, 11);
    expect(fit.slope.stderr).toBeCloseTo(0.114_427_525_931_020_7, 12);
    expect(fit.p).toBeCloseTo(0.000_724_845_062_649_489_3, 13);
    expect(fit.r2!).toBeCloseTo(0.736_392_628_749_782_6, 12);
  });
});

describe("properties", () => {
  const seeds = fc.nat();
  function noisy(seed: number, n = 12): { x: number[]; y: number[] } {
    const stream = randomStream(seed, "line");
    const x = Array.from({ length: n }, () => 10 * stream.uniform());
    return { x, y: x.map((value) => 2 - 0.7 * value + stream.normal()) };
  }

  test("the fit moves with the axes, and p and R² do not", () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0.1, max: 10, noNaN: true }), (seed, factor) => {
        const { x, y } = noisy(seed);
        const plain = fitted(x, y);
        const moved = fitted(
          x.map((value) => factor * value - 3),
          y.map((value) => -2 * value + 5),
        );
        expect(moved.slope.value).toBeCloseTo((-2 / factor) * plain.slope.value, 8);
        expect(moved.slope.stderr).toBeCloseTo((2 / factor) * plain.slope.stderr, 8);
        expect(moved.p).toBeCloseTo(plain.p, 8);
        expect(moved.r2!).toBeCloseTo(plain.r2!, 8);
      }),
      { seed: 7 },
    );
  });

  test("residuals sum to zero, weighted too, and are orthogonal to x", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { x, y } = noisy(seed);
        const weights = x.map((_, k) => 1 + (k % 4));
        const { points } = fitted(x, y, { weights });
        const sum = (f: (k: number) => number): number =>
          points.reduce((s, _, k) => s + weights[k]! * f(k), 0);
        expect(sum((k) => points[k]!.residual)).toBeCloseTo(0, 9);
        expect(sum((k) => points[k]!.residual * x[k]!)).toBeCloseTo(0, 8);
        points.forEach((point, k) => expect(point).toMatchObject({ index: k, x: x[k], y: y[k] }));
      }),
      { seed: 8, numRuns: 30 },
    );
  });

  test("only ratios of weights matter, and weight zero is leaving out", () => {
    const { x, y } = noisy(3);
    const weights = x.map((_, k) => (k === 4 ? 0 : 1 + k));
    const fit = fitted(x, y, { weights });
    const scaled = fitted(x, y, { weights: weights.map((weight) => 1000 * weight) });
    expect(scaled.slope.stderr).toBeCloseTo(fit.slope.stderr, 12);
    expect(scaled.residualSd).toBeCloseTo(fit.residualSd, 12);
    expect(fit.excluded).toEqual([{ index: 4, x: x[4], y: y[4], reason: "its weight is zero" }]);
    const without = fitted(x.toSpliced(4, 1), y.toSpliced(4, 1), { weights: weights.toSpliced(4, 1) });
    expect(without.slope).toEqual(fit.slope);
    expect(without.dof).toBe(fit.dof);
  });

  test("survives JSON, bands included", () => {
    const { x, y } = noisy(4);
    const fit = fitted(x, y, { level: 0.9 });
    const read = JSON.parse(JSON.stringify(fit)) as LineFitFound;
    expect(lineBand(read, [1, 5])).toEqual(lineBand(fit, [1, 5]));
  });
});

test("intervals and bands cover as often as they say", () => {
  const stream = randomStream(9, "coverage");
  const x = [0, 1, 2, 3, 4, 5];
  const repeats = 3000;
  const hits = { slope: 0, intercept: 0, line: 0, prediction: 0, significant: 0 };
  for (let k = 0; k < repeats; k++) {
    const fit = fitted(
      x,
      x.map((value) => 1 + 2 * value + stream.normal()),
      { level: 0.9 },
    );
    const [band] = lineBand(fit, [7]);
    const next = 15 + stream.normal();
    if (fit.slope.low <= 2 && 2 <= fit.slope.high) hits.slope += 1;
    if (fit.intercept.low <= 1 && 1 <= fit.intercept.high) hits.intercept += 1;
    if (band!.confidence[0] <= 15 && 15 <= band!.confidence[1]) hits.line += 1;
    if (band!.prediction[0] <= next && next <= band!.prediction[1]) hits.prediction += 1;
    if (slopeP(fit, 2) < 0.1) hits.significant += 1;
  }
  // Three standard errors of a proportion of 0.9 over 3000 repetitions: 0.0164.
  for (const [name, count] of Object.entries(hits)) {
    expect(Math.abs(count / repeats - (name === "significant" ? 0.1 : 0.9)), name).toBeLessThan(0.0165);
  }
});

describe("edges", () => {
  test("points exactly on a line", () => {
    const fit = fitted([0, 1, 2, 4], [1, 3, 5, 9]);
    expect(fit).toMatchObject({ slope: { value: 2, stderr: 0 }, intercept: { value: 1 }, r2: 1, p: 0 });
    expect(slopeP(fit, 2)).toBe(1);
    expect(slopeP(fit, -1)).toBe(0);
    const flat = fitted([0, 1, 2], [5, 5, 5]);
    expect(flat).toMatchObject({ slope: { value: 0 }, r2: null, p: 1 });
  });

  test.each([
    [[], [], "a fit needs 3 points, 0 usable"],
    [[1, 2], [1, 2], "a fit needs 3 points, 2 usable"],
    [[1, 2, 3], [1, Number.NaN, 2], "a fit needs 3 points, 2 usable"],
    [[2, 2, 2, 2], [1, 2, 3, 4], "all points have the same x"],
  ])("x = %j, y = %j has no line", (x, y, reason) => {
    expect(lineFit(x, y)).toMatchObject({ reason, slope: null, intercept: null, r2: null, p: null });
  });

  test("non-finite points are listed", () => {
    const fit = lineFit([1, 2, Infinity, 4, 5], [1, Number.NaN, 3, 4, 5.5]);
    expect(fit.excluded).toEqual([
      { index: 1, x: 2, y: Number.NaN, reason: "y is not finite" },
      { index: 2, x: Infinity, y: 3, reason: "x is not finite" },
    ]);
    expect(fit.n).toBe(3);
  });

  test.each<[string, number[], number[], FitOptions]>([
    ["y", [1, 2, 3], [1, 2], {}],
    ["weights", [1, 2, 3], [1, 2, 3], { weights: [1, 1] }],
    ["weights[1]", [1, 2, 3], [1, 2, 3], { weights: [1, -1, 1] }],
    ["weights[2]", [1, 2, 3], [1, 2, 3], { weights: [1, 1, Infinity] }],
    ["level", [1, 2, 3], [1, 2, 3], { level: 95 }],
  ])("bad %s is refused by name", (field, x, y, options) => {
    expect(() => lineFit(x, y, options)).toThrow(InputError);
    expect(() => lineFit(x, y, options)).toThrow(`${field}: `);
  });
});
