// Power laws: SciPy's numbers, exact laws, the finite-population slopes, and gaps that have no logarithm.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { powerLawBand, powerLawFit, randomStream } from "./index.ts";
import type { PowerLawFound } from "./index.ts";

function found(fit: ReturnType<typeof powerLawFit>): PowerLawFound {
  if (fit.reason !== null) throw new Error(fit.reason);
  return fit;
}

test("agrees with SciPy's linregress on logarithms", () => {
  const fit = found(powerLawFit([50, 100, 200, 500, 1000], [17, 7.6, 2.9, 1.1, 0.41]));
  expect(fit.exponent.value).toBeCloseTo(-1.232_493_522_380_520_5, 12);
  expect(fit.exponent.stderr).toBeCloseTo(0.030_752_800_912_201_526, 12);
  expect(fit.exponent.low).toBeCloseTo(-1.330_362_660_020_681_7, 11);
  expect(fit.exponent.high).toBeCloseTo(-1.134_624_384_740_359_2, 11);
  expect(fit.prefactor.value / 2134.756_578_015_015).toBeCloseTo(1, 11);
  expect(fit.prefactor.low / 1246.894_583_253_299_7).toBeCloseTo(1, 10);
  expect(fit.prefactor.high / 3654.828_329_984_499_3).toBeCloseTo(1, 10);
  expect(fit.r2!).toBeCloseTo(0.998_135_720_965_669_8, 12);
  expect(fit.p).toBeCloseTo(3.418_206_580_217_774e-5, 13);
});

test("the sampling factor alone steepens a 1/b law: the slopes of the finite-population explanation", () => {
  const factor = (b: number): number => (5000 - b) / (b * 4999);
  const batches = [50, 100, 200, 500, 1000];
  const five = found(powerLawFit(batches, batches.map(factor)));
  expect([five.exponent.value, five.r2]).toEqual([expect.closeTo(-1.068, 3), expect.closeTo(0.9993, 4)]);
  const more = [...batches, 2500];
  const six = found(powerLawFit(more, more.map(factor)));
  expect([six.exponent.value, six.r2]).toEqual([expect.closeTo(-1.152, 3), expect.closeTo(0.993, 3)]);
});

test("recovers exact laws, and changes of units change only the prefactor", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -4, max: 4, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      (exponent, prefactor) => {
        const x = [0.5, 1, 3, 10, 40];
        const y = x.map((value) => prefactor * value ** exponent);
        const fit = found(powerLawFit(x, y));
        expect(fit.exponent.value).toBeCloseTo(exponent, 10);
        expect(Math.abs(fit.prefactor.value / prefactor - 1)).toBeLessThan(1e-9);
        const other = found(
          powerLawFit(
            x.map((value) => 8 * value),
            y,
          ),
        );
        expect(other.exponent.value).toBeCloseTo(exponent, 10);
        const [band] = powerLawBand(fit, [7]);
        expect(Math.abs(band!.y / (prefactor * 7 ** exponent) - 1)).toBeLessThan(1e-9);
      },
    ),
    { seed: 10 },
  );
});

test("gaps that are not positive are flagged with their values, and the rest is fitted", () => {
  const x = [50, 100, 200, 500, 1000, 2500, 0];
  const y = [16, 8, 4, 1.6, 0, -0.1, 3];
  const fit = found(powerLawFit(x, y));
  expect(fit.excluded).toEqual([
    { index: 4, x: 1000, y: 0, reason: "y ≤ 0 has no logarithm" },
    { index: 5, x: 2500, y: -0.1, reason: "y ≤ 0 has no logarithm" },
    { index: 6, x: 0, y: 3, reason: "x ≤ 0 has no logarithm" },
  ]);
  expect(fit.n).toBe(4);
  expect(fit.exponent.value).toBeCloseTo(-1, 12);
  expect(fit.line.points.map((point) => point.index)).toEqual([0, 1, 2, 3]);
});

test("too few positive points: nulls, and the reason says what became of the others", () => {
  const fit = powerLawFit([1, 2, 3, 4], [1, 2, -1, Number.NaN]);
  expect(fit).toMatchObject({ n: 2, exponent: null, prefactor: null, r2: null, p: null, line: null });
  expect(fit.reason).toBe(
    "a fit needs 3 points, 2 usable (2 excluded: y ≤ 0 has no logarithm, y is not finite)",
  );
  expect(powerLawFit([3, 3, 3], [1, 2, 3]).reason).toBe("all points have the same x");
});

test("exponent, prefactor and bands cover as often as they say under log-normal noise", () => {
  const stream = randomStream(11, "coverage");
  const batches = [50, 100, 200, 500, 1000];
  const repeats = 10_000;
  const hits = { exponent: 0, prefactor: 0, confidence: 0, prediction: 0 };
  for (let k = 0; k < repeats; k++) {
    const y = batches.map((b) => (800 / b) * Math.exp(0.2 * stream.normal()));
    const fit = found(powerLawFit(batches, y));
    const [band] = powerLawBand(fit, [2500]);
    const next = 0.32 * Math.exp(0.2 * stream.normal());
    if (fit.exponent.low <= -1 && -1 <= fit.exponent.high) hits.exponent += 1;
    if (fit.prefactor.low <= 800 && 800 <= fit.prefactor.high) hits.prefactor += 1;
    if (band!.confidence[0] <= 0.32 && 0.32 <= band!.confidence[1]) hits.confidence += 1;
    if (band!.prediction[0] <= next && next <= band!.prediction[1]) hits.prediction += 1;
  }
  // Three standard errors of a proportion of 0.95 over 10,000 repetitions: 0.0065.
  for (const [name, count] of Object.entries(hits)) {
    expect(Math.abs(count / repeats - 0.95), name).toBeLessThan(0.0066);
  }
});
