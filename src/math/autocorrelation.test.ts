// Errors of correlated means: closed forms, calibration on autoregressive series, and what short series get.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  autocovariance,
  batchMeans,
  correlatedMean,
  InputError,
  randomStream,
  standardError,
  studentQuantile,
} from "./index.ts";

/** x' = φx + noise, stationary from the first value; variance 1/(1 − φ²), correlation time (1 + φ)/(1 − φ). */
function autoregressive(seed: number, n: number, phi: number): number[] {
  const stream = randomStream(seed, `ar ${phi}`);
  let x = stream.normal() / Math.sqrt(1 - phi * phi);
  return Array.from({ length: n }, () => {
    const value = x;
    x = phi * x + stream.normal();
    return value;
  });
}

test("autocovariances by hand, and no lag without pairs", () => {
  // Deviations −1.5, −0.5, 0.5, 1.5.
  expect(Array.from(autocovariance([1, 2, 3, 4], 9))).toEqual([1.25, 1.25 / 3, -0.75, -2.25]);
  expect(autocovariance([], 3)).toHaveLength(0);
});

describe("correlatedMean", () => {
  test.each([0, 0.5, 0.8])("finds the correlation time and error of a long AR(1) series, φ = %d", (phi) => {
    const n = 20_000;
    const { tau, stderr, nEffective, warning, sd } = correlatedMean(autoregressive(1, n, phi));
    const expected = (1 + phi) / (1 - phi);
    expect(Math.abs(tau! / expected - 1)).toBeLessThan(0.1);
    // Var(x̄) = variance·τ/n up to terms in 1/n².
    const exact = Math.sqrt(expected / (1 - phi * phi) / n);
    expect(Math.abs(stderr! / exact - 1)).toBeLessThan(0.06);
    expect(stderr!).toBeCloseTo(sd! / Math.sqrt(nEffective), 12);
    expect(warning).toBeNull();
  });

  test.each([
    [0, 0.025],
    [0.5, 0.025],
    [0.8, 0.03],
  ])("its interval covers the truth for 300 records as often as it says, φ = %d", (phi, tolerance) => {
    const repeats = 600;
    let covered = 0;
    for (let seed = 0; seed < repeats; seed++) {
      const { mean, stderr, nEffective } = correlatedMean(autoregressive(seed, 300, phi));
      if (Math.abs(mean!) <= studentQuantile(0.975, nEffective - 1) * stderr!) covered += 1;
    }
    expect(Math.abs(covered / repeats - 0.95)).toBeLessThan(tolerance);
  });

  test("is not far too sure with the 20 records of an equilibrium, where sd/√n is", () => {
    let squared = 0;
    let naive = 0;
    let truth = 0;
    for (let seed = 0; seed < 600; seed++) {
      const values = autoregressive(seed, 20, 0.6);
      const { mean, stderr } = correlatedMean(values);
      squared += stderr! ** 2;
      naive += standardError(values) ** 2;
      truth += mean! ** 2;
    }
    expect(naive / truth).toBeLessThan(0.35);
    expect(squared / truth).toBeGreaterThan(0.75);
    expect(squared / truth).toBeLessThan(1.3);
  });

  test("reports alternation but does not let it shrink the error", () => {
    const values = autoregressive(2, 4000, -0.5);
    const { tau, stderr, nEffective } = correlatedMean(values);
    expect(tau!).toBeLessThan(0.5);
    expect(stderr!).toBeCloseTo(standardError(values), 14);
    expect(nEffective).toBe(4000);
    const flips = correlatedMean(Array.from({ length: 40 }, (_, i) => 200 + 5 * (-1) ** i));
    expect(flips.tau!).toBeGreaterThanOrEqual(0);
    expect(flips.tau!).toBeLessThan(0.5);
  });

  test("does not depend on offset, sign or units", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: -8, max: 8 }), fc.boolean(), (seed, power, flip) => {
        const values = autoregressive(seed, 60, 0.7);
        const factor = (flip ? -1 : 1) * 2 ** power;
        const plain = correlatedMean(values);
        const moved = correlatedMean(values.map((x) => factor * (x + 16)));
        expect(moved.tau!).toBeCloseTo(plain.tau!, 8);
        expect(moved.window).toBe(plain.window);
        expect(moved.stderr! / Math.abs(factor)).toBeCloseTo(plain.stderr!, 8);
      }),
      { seed: 6, numRuns: 40 },
    );
  });

  test("says when the series is too short for its correlation time", () => {
    const ramp = correlatedMean(Array.from({ length: 20 }, (_, i) => i));
    expect(ramp.warning).toMatch(/^the 20 records span only about .* correlation times/);
    expect(ramp.stderr!).toBeGreaterThan(2 * standardError(Array.from({ length: 20 }, (_, i) => i)));
  });

  test("constants, and fewer values than it takes", () => {
    expect(correlatedMean(new Array<number>(20).fill(0.1))).toEqual({
      n: 20,
      mean: 0.1,
      sd: expect.closeTo(0, 15) as number,
      stderr: expect.closeTo(0, 15) as number,
      tau: 1,
      nEffective: 20,
      window: 0,
      warning: null,
    });
    expect(correlatedMean([])).toMatchObject({ n: 0, mean: null, sd: null, stderr: null, tau: null });
    expect(correlatedMean([4])).toMatchObject({ n: 1, mean: 4, sd: null, stderr: null, tau: null });
    const three = correlatedMean([1, 2, 3]);
    expect(three).toMatchObject({ n: 3, mean: 2, sd: 1, tau: null });
    expect(three.warning).toMatch(/^3 records: too few/);
  });

  test("refuses NaN by position", () => {
    expect(() => correlatedMean([1, Number.NaN, 2])).toThrow(InputError);
    expect(() => correlatedMean([1, Number.NaN, 2])).toThrow("values[1]");
  });
});

describe("batchMeans", () => {
  test("is the spread of the batch means, the oldest remainder left out", () => {
    // Batches 1 3 | 4 8 of the last four: means 2 and 6, so sd/√2 = 2.
    expect(batchMeans([99, 1, 3, 4, 8], 2)).toEqual({
      stderr: expect.closeTo(2, 14) as number,
      batches: 2,
      size: 2,
    });
    expect(batchMeans([1], 2)).toEqual({ stderr: null, batches: 0, size: 0 });
    expect(() => batchMeans([1, 2, 3], 1)).toThrow("at least two batches");
  });

  test("agrees with the autocorrelation time on a long series", () => {
    const values = autoregressive(7, 40_000, 0.8);
    const ratio = batchMeans(values).stderr! / correlatedMean(values).stderr!;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
  });
});
