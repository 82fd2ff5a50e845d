// erf and erfc against 19-digit values from arbitrary-precision arithmetic.
import { describe, expect, test } from "vitest";
import { erf, erfc } from "./index.ts";

/** x, erf(x), erfc(x); computed to 30 digits. */
const KNOWN = [
  [0.0009765625, 0.0011019324300718147, 0.9988980675699282],
  [0.125, 0.1403162048013338, 0.8596837951986662],
  [0.25, 0.27632639016823696, 0.7236736098317631],
  [0.46875, 0.49261347321793797, 0.507386526782062],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [0.75, 0.7111556336535151, 0.28884436634648486],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.25, 0.9229001282564583, 0.07709987174354177],
  [1.5, 0.9661051464753108, 0.033894853524689274],
  [2, 0.9953222650189527, 0.004677734981047266],
  [2.5, 0.999593047982555, 0.0004069520174449589],
  [3, 0.9999779095030014, 2.209049699858544e-5],
  [3.5, 0.9999992569016276, 7.430983723414128e-7],
  [4, 0.9999999845827421, 1.541725790028002e-8],
  [4.5, 0.9999999998033839, 1.9661604415428876e-10],
  [5, 0.9999999999984626, 1.537459794428035e-12],
  [5.75, 0.9999999999999996, 4.232136617425738e-16],
  [6, 1.0, 2.1519736712498913e-17],
  [8, 1, 1.1224297172982926e-29],
  [10, 1, 2.088487583762545e-45],
  [12.5, 1, 6.231942781979911e-70],
  [16, 1, 2.3284857515715308e-113],
  [20.25, 1, 2.272956417880784e-180],
  [25.5, 1, 8.80166269072795e-285],
  [-0.3125, -0.341468633501595, 1.341468633501595],
  [-1, -0.8427007929497149, 1.8427007929497148],
  [-2.25, -0.9985372834133188, 1.9985372834133188],
  [-5, -0.9999999999984626, 1.9999999999984626],
] as const;

/** Arguments whose squares do not fit a double, where exp(−x²) is easily wrong in its last four digits. */
const AWKWARD = [
  [0.7, 0.32219880616258156],
  [1.1, 0.11979493042591827],
  [3.3, 3.0577097964381654e-6],
  [4.1, 6.700027654084918e-9],
  [6.7, 2.661714576376588e-21],
  [9.3, 1.653244184030135e-39],
  [13.7, 1.2613158337408749e-83],
  [17.9, 2.21616449634844e-141],
  [21.3, 2.440645213496405e-199],
  [24.7, 2.509877040383667e-267],
  [26.1, 3.081217493314593e-298],
] as const;

const relativeError = (got: number, expected: number): number =>
  Math.abs(got - expected) / Math.abs(expected);

describe("the error function", () => {
  test.each(KNOWN)("at %d", (x, value, complement) => {
    expect(relativeError(erf(x), value)).toBeLessThan(1e-15);
    expect(relativeError(erfc(x), complement)).toBeLessThan(1e-14);
  });

  test.each(AWKWARD)("keeps its complement's digits at %d", (x, complement) => {
    expect(relativeError(erfc(x), complement)).toBeLessThan(1e-14);
  });

  test("is odd, and its complement mirrors about 1", () => {
    for (let x = 0; x < 7; x += 0.03125) {
      expect(erf(-x)).toBe(-erf(x));
      expect(Math.abs(erf(x) + erfc(x) - 1)).toBeLessThan(3e-16);
      expect(Math.abs(erfc(x) + erfc(-x) - 2)).toBeLessThan(5e-16);
    }
  });

  test("increases, across the seams of its approximations too", () => {
    for (const seam of [0.46875, 4]) {
      for (let k = -50; k < 50; k++) {
        expect(erf(seam + (k + 1) * 1e-6)).toBeGreaterThanOrEqual(erf(seam + k * 1e-6));
        expect(erfc(seam + (k + 1) * 1e-6)).toBeLessThan(erfc(seam + k * 1e-6));
      }
    }
  });

  test("has its limits, keeps the sign of zero, and passes NaN on", () => {
    expect(erf(Infinity)).toBe(1);
    expect(erf(-Infinity)).toBe(-1);
    expect(erfc(Infinity)).toBe(0);
    expect(erfc(-Infinity)).toBe(2);
    expect(erf(-0)).toBe(-0);
    expect(erfc(0)).toBe(1);
    expect(erfc(30)).toBe(0);
    expect(erf(Number.NaN)).toBeNaN();
    expect(erfc(Number.NaN)).toBeNaN();
  });
});
