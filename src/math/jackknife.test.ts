// The jackknife against the closed form for means, and where it has no answer.
import { expect, test } from "vitest";
import { jackknife } from "./jackknife.ts";
import { mean, standardError } from "./statistics.ts";

const values = [3, 1, 4, 1, 5, 9, 2.5];

test("the error of a mean is the usual one", () => {
  const found = jackknife(values, mean)!;
  expect(found.value).toBe(mean(values));
  expect(found.stderr).toBeCloseTo(standardError(values), 12);
});

test("a ratio of means has the error of the delta method, to first order", () => {
  const pairs = Array.from({ length: 400 }, (_, i) => [2 + Math.sin(i), 5 + Math.cos(1.7 * i)] as const);
  const ratio = (kept: readonly (readonly [number, number])[]): number =>
    mean(kept.map(([x]) => x)) / mean(kept.map(([, y]) => y));
  const r = ratio(pairs);
  const residuals = pairs.map(([x, y]) => (x - r * y) / mean(pairs.map((pair) => pair[1])));
  expect(jackknife(pairs, ratio)!.stderr! / standardError(residuals)).toBeCloseTo(1, 2);
});

test("says nothing where the statistic has no value", () => {
  const positive = (kept: readonly number[]): number | null => (mean(kept) > 0 ? 1 / mean(kept) : null);
  expect(jackknife([-1, -2], positive)).toBeNull();
  expect(jackknife([3, -2], positive)).toEqual({ value: 2, stderr: null });
  expect(jackknife([4], positive)).toEqual({ value: 0.25, stderr: null });
});
