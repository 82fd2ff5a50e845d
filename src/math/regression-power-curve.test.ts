// Power laws fitted to y itself: SciPy's numbers, exact laws, values below zero, coverage of the intervals.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { powerCurveFit, type PowerCurveFound, powerLawFit, randomStream } from "./index.ts";

const batches = [50, 100, 200, 500, 1000, 2000, 2500];
const gaps = [17.49, 10.09, 5.968, 2.223, 1.091, 0.01, 0.475];

function found(fit: ReturnType<typeof powerCurveFit>): PowerCurveFound {
  if (fit.reason !== null) throw new Error(fit.reason);
  return fit;
}

test("agrees with SciPy's curve_fit", () => {
  const { exponent, prefactor } = found(powerCurveFit(batches, gaps));
  expect(exponent.value).toBeCloseTo(-0.847_222_943_046_622_4, 8);
  expect(exponent.stderr).toBeCloseTo(0.042_110_703_601_322_304, 7);
  expect(exponent.low).toBeCloseTo(-0.955_471_952_810_046, 7);
  expect(exponent.high).toBeCloseTo(-0.738_973_933_283_198_3, 7);
  expect(prefactor.value / 486.413_225_942_740_2).toBeCloseTo(1, 7);
  expect(prefactor.stderr / prefactor.value).toBeCloseTo(0.178_635_265_111_907_14, 6);
});

test("agrees with SciPy's curve_fit where a value is negative, with and without weights", () => {
  const below = [...gaps.slice(0, -1), -0.475];
  const plain = found(powerCurveFit(batches, below));
  expect(plain.n).toBe(7);
  expect(plain.exponent.value).toBeCloseTo(-0.862_512_101_577_304_5, 8);
  expect(plain.exponent.stderr).toBeCloseTo(0.061_259_791_069_532_54, 7);
  const weighted = found(powerCurveFit(batches, below, { weights: [3, 3, 3, 3, 3, 3, 1] }));
  expect(weighted.exponent.value).toBeCloseTo(-0.850_666_670_397_029, 8);
  expect(weighted.exponent.stderr).toBeCloseTo(0.049_571_194_224_016_46, 7);
  expect(weighted.prefactor.value / 493.363_319_392_131).toBeCloseTo(1, 7);
});

test("recovers exact laws at any exponent and in any units", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -4, max: 4, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      (exponent, prefactor, unit) => {
        const x = [0.5, 1, 3, 10, 40].map((value) => unit * value);
        const fit = found(
          powerCurveFit(
            x,
            x.map((value) => prefactor * (value / unit) ** exponent),
          ),
        );
        expect(fit.exponent.value).toBeCloseTo(exponent, 7);
        const law = fit.prefactor.value * unit ** fit.exponent.value;
        expect(Math.abs(law / prefactor - 1)).toBeLessThan(1e-5);
      },
    ),
    { seed: 11 },
  );
});

test("a value lost in its error has the first say in logarithms, and hardly any here", () => {
  const lost = gaps.map((gap, at) => (batches[at] === 2000 ? gap / 1000 : gap));
  const move = (fit: (x: number[], y: number[]) => { exponent: { value: number } | null }): number =>
    Math.abs(fit(batches, lost).exponent!.value - fit(batches, gaps).exponent!.value);
  expect(move(powerLawFit)).toBeGreaterThan(0.5);
  expect(move(powerCurveFit)).toBeLessThan(1e-3);
});

test("intervals cover the exponent as often as they say, values below zero included", () => {
  const random = randomStream(4, "power-curves");
  const trials = 2000;
  let covered = 0;
  let negative = 0;
  for (let trial = 0; trial < trials; trial++) {
    const y = batches.map((b) => 17 * (b / 50) ** -1 + 0.3 * random.normal());
    if (y.some((value) => value <= 0)) negative++;
    const { exponent } = found(powerCurveFit(batches, y));
    if (exponent.low <= -1 && -1 <= exponent.high) covered++;
  }
  expect(negative).toBeGreaterThan(trials / 20);
  // Binomial standard deviation: 0.5 %.
  expect(covered / trials).toBeGreaterThan(0.93);
  expect(covered / trials).toBeLessThan(0.97);
});

test("too few points, one x, values below zero throughout, bad coordinates", () => {
  expect(powerCurveFit([1, 2], [1, 2]).reason).toContain("3 points, 2 usable");
  expect(powerCurveFit([2, 2, 2], [1, 2, 3]).reason).toContain("same x");
  expect(powerCurveFit([1, 2, 3], [-1, -2, -3]).reason).toContain("not positive on the whole");
  expect(powerCurveFit([1, 2, 3], [0, 0, 0]).reason).toContain("not positive on the whole");
  expect(powerCurveFit([1, 2, 3], [1, 0, 0]).reason).toContain("±12");
  const { excluded, n } = powerCurveFit([1, 0, 2, 4, 8], [8, 1, Number.NaN, 2, 1], {
    weights: [1, 1, 1, 1, 0],
  });
  expect(n).toBe(2);
  expect(excluded.map(({ index, reason }) => [index, reason])).toEqual([
    [1, "x is not positive and finite"],
    [2, "y is not finite"],
    [4, "its weight is zero"],
  ]);
  expect(() => powerCurveFit([1, 2, 3], [1, 2])).toThrow();
});
