// Sample statistics against hand-computed numbers, NumPy's conventions and invariances.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  groupStatistics,
  mean,
  median,
  quantile,
  quantileSorted,
  randomStream,
  sampleSd,
  sampleVariance,
  standardError,
  studentQuantile,
  summarize,
  Welford,
} from "./index.ts";

const digits = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9];
const samples = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 50 });

describe("mean and spread", () => {
  test("of known numbers", () => {
    expect(mean(digits)).toBeCloseTo(77 / 15, 14);
    expect(sampleVariance(digits)).toBeCloseTo(7.980_952_380_952_38, 13);
    expect(sampleSd([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 14);
    expect(standardError([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3) / 2, 14);
  });

  test("survive an offset a million million times their spread", () => {
    const offset = 2 ** 40;
    const shifted = digits.map((x) => x + offset);
    expect(mean(shifted) - offset).toBeCloseTo(77 / 15, 3);
    expect(sampleVariance(shifted)).toBeCloseTo(7.980_952_380_952_38, 6);
    const running = new Welford();
    for (const x of shifted) running.add(x);
    expect(running.variance).toBeCloseTo(7.980_952_380_952_38, 3);
  });

  test("are not defined for too few values", () => {
    expect(mean([])).toBeNaN();
    expect(sampleSd([1])).toBeNaN();
    expect(summarize([])).toEqual({ n: 0, mean: null, sd: null, stderr: null });
    expect(summarize([7])).toEqual({ n: 1, mean: 7, sd: null, stderr: null });
    expect(summarize([1, 3])).toEqual({ n: 2, mean: 2, sd: Math.SQRT2, stderr: 1 });
    expect(mean([1, Infinity])).toBe(Infinity);
  });

  test("of a stream, whole or in two merged parts, are those of the array", () => {
    fc.assert(
      fc.property(samples, fc.nat(50), (values, cut) => {
        const parts = [values.slice(0, cut), values.slice(cut)].map((part) => {
          const running = new Welford();
          for (const x of part) running.add(x);
          return running;
        });
        parts[0]!.merge(parts[1]!);
        const merged = parts[0]!;
        expect(merged.n).toBe(values.length);
        expect(merged.mean).toBeCloseTo(mean(values), 9);
        expect(merged.variance).toBeCloseTo(sampleVariance(values), 6);
        expect(merged.stderr).toBeCloseTo(standardError(values), 6);
      }),
      { seed: 3 },
    );
    const empty = new Welford();
    empty.merge(new Welford());
    expect([empty.n, empty.mean, empty.sd]).toEqual([0, Number.NaN, Number.NaN]);
  });
});

describe("quantiles", () => {
  test("interpolate as NumPy does", () => {
    expect([0.1, 0.25, 0.5, 0.9].map((p) => quantile(digits, p))).toEqual([expect.closeTo(1.4, 14), 3, 5, 9]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([5], 0.3)).toBe(5);
    expect(digits[0]).toBe(3);
  });

  test("are NaN without values, with a NaN, or outside [0, 1]", () => {
    expect(median([])).toBeNaN();
    expect(median([1, Number.NaN, 2])).toBeNaN();
    expect(quantile([1, 2], 1.5)).toBeNaN();
    expect(quantileSorted([1, 2], -0.1)).toBeNaN();
  });

  test("move with the data and with order-reversing changes", () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (values, p) => {
        const q = quantile(values, p);
        expect(
          quantile(
            values.map((x) => 3 * x + 1),
            p,
          ),
        ).toBeCloseTo(3 * q + 1, 8);
        expect(
          quantile(
            values.map((x) => -x),
            1 - p,
          ),
        ).toBeCloseTo(-q, 8);
        expect(q).toBeGreaterThanOrEqual(Math.min(...values));
        expect(q).toBeLessThanOrEqual(Math.max(...values));
      }),
      { seed: 4 },
    );
  });
});

test("groups keep their order, average over seeds, and show what they leave out", () => {
  const runs = [
    { batch: 500, seed: 0, gap: 1 },
    { batch: 50, seed: 0, gap: 16 },
    { batch: 500, seed: 1, gap: 3 },
    { batch: 50, seed: 1, gap: null },
    { batch: 1000, seed: 0, gap: Number.NaN },
  ];
  const groups = groupStatistics(
    runs,
    (run) => run.batch,
    (run) => run.gap,
  );
  expect(groups).toEqual([
    { key: 500, n: 2, mean: 2, sd: Math.SQRT2, stderr: 1, rows: [runs[0], runs[2]], excluded: [] },
    { key: 50, n: 1, mean: 16, sd: null, stderr: null, rows: [runs[1]], excluded: [runs[3]] },
    { key: 1000, n: 0, mean: null, sd: null, stderr: null, rows: [], excluded: [runs[4]] },
  ]);
});

test("mean ± t·stderr of five normal values covers the truth as often as it says", () => {
  const stream = randomStream(5, "coverage");
  const t = studentQuantile(0.975, 4);
  let covered = 0;
  for (let k = 0; k < 4000; k++) {
    const { mean, stderr } = summarize(Array.from({ length: 5 }, () => 3 + 2 * stream.normal()));
    if (Math.abs(mean! - 3) <= t * stderr!) covered += 1;
  }
  // Three standard errors of a proportion of 0.95 over 4000 repetitions.
  expect(Math.abs(covered / 4000 - 0.95)).toBeLessThan(0.0104);
});
