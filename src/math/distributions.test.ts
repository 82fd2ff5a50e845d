// Probabilities and quantiles against published tables, closed forms and each other.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  logBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  regularizedBeta,
  studentCdf,
  studentDensity,
  studentQuantile,
  studentTwoSidedP,
} from "./index.ts";

function relative(value: number, expected: number): number {
  return Math.abs(value - expected) / Math.abs(expected);
}

describe("gamma and beta", () => {
  test("ln Γ of whole and half numbers", () => {
    let factorial = 1;
    for (let n = 1; n < 20; n++) {
      expect(Math.abs(logGamma(n) - Math.log(factorial))).toBeLessThan(1e-13);
      factorial *= n;
    }
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 14);
    expect(logGamma(-1)).toBeNaN();
  });

  test("ln B keeps its digits for large arguments", () => {
    // ln B(10⁷, 11) by 40-digit arithmetic; differences of ln Γ lose seven digits here.
    expect(relative(logBeta(1e7, 11), -162.194_645_087_464)).toBeLessThan(1e-15);
    expect(logBeta(11, 1e7)).toBe(logBeta(1e7, 11));
    expect(logBeta(3, 4)).toBeCloseTo(-Math.log(60), 14);
    expect(relative(logBeta(20, 30), logGamma(20) + logGamma(30) - logGamma(50))).toBeLessThan(1e-14);
    expect(logBeta(0, 1)).toBeNaN();
  });

  test("I_x(a, 1) = x^a, I_x(1, b) = 1 − (1 − x)^b, I_x(a, b) = 1 − I_(1−x)(b, a)", () => {
    const shape = fc.double({ min: 0.05, max: 300, noNaN: true });
    const share = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });
    fc.assert(
      fc.property(share, shape, shape, (x, a, b) => {
        expect(Math.abs(regularizedBeta(x, a, 1) - x ** a)).toBeLessThan(1e-12);
        expect(Math.abs(regularizedBeta(x, 1, b) + Math.expm1(b * Math.log1p(-x)))).toBeLessThan(1e-12);
        const sum = regularizedBeta(x, a, b) + regularizedBeta(1 - x, b, a, x);
        expect(Math.abs(sum - 1)).toBeLessThan(1e-11);
      }),
      { seed: 1 },
    );
    expect(regularizedBeta(0, 2, 3)).toBe(0);
    expect(regularizedBeta(1, 2, 3)).toBe(1);
    expect(regularizedBeta(1.1, 2, 3)).toBeNaN();
    expect(regularizedBeta(0.5, -2, 3)).toBeNaN();
  });
});

describe("Student's t", () => {
  // Upper critical values as statistics tables print them.
  test.each([
    [0.975, 1, 12.706],
    [0.975, 2, 4.303],
    [0.975, 3, 3.182],
    [0.975, 4, 2.776],
    [0.975, 5, 2.571],
    [0.975, 10, 2.228],
    [0.975, 30, 2.042],
    [0.975, 120, 1.98],
    [0.95, 4, 2.132],
    [0.995, 9, 3.25],
    [0.9995, 3, 12.924],
    [0.975, Infinity, 1.96],
  ])("table: the %d quantile with %d degrees of freedom is %d", (p, dof, expected) => {
    expect(Math.abs(studentQuantile(p, dof) - expected)).toBeLessThanOrEqual(5e-4);
    expect(studentQuantile(1 - p, dof)).toBeCloseTo(-studentQuantile(p, dof), 9);
  });

  // SciPy 1.17, stats.t.ppf and 2·stats.t.sf.
  test.each([
    [0.975, 10, 2.228_138_851_986_274],
    [0.3, 6.5, -0.551_075_840_588_589_3],
    [1e-8, 12, -12.984_098_090_861_07],
    [0.95, 4, 2.131_846_786_326_649_5],
  ])("quantile %d with %d degrees of freedom to 13 digits", (p, dof, expected) => {
    expect(relative(studentQuantile(p, dof), expected)).toBeLessThan(1e-13);
  });

  test.each([
    [2, 3, 0.139_325_968_558_843_05],
    [-1.3, 17, 0.210_951_813_887_526_96],
    [12.5, 9, 5.434_313_181_780_654e-7],
    [40, 25, 3.469_980_277_759_158e-24],
  ])("two-sided p of t = %d with %d degrees of freedom to 12 digits", (t, dof, expected) => {
    expect(relative(studentTwoSidedP(t, dof), expected)).toBeLessThan(1e-12);
  });

  test("one degree of freedom is Cauchy, two have a closed form", () => {
    for (const p of [1e-9, 0.01, 0.2, 0.45, 0.49, 0.7, 0.999]) {
      expect(relative(studentQuantile(p, 1), -1 / Math.tan(Math.PI * p))).toBeLessThan(1e-9);
      expect(relative(studentQuantile(p, 2), (2 * p - 1) / Math.sqrt(2 * p * (1 - p)))).toBeLessThan(1e-12);
    }
    expect(studentDensity(0, 1)).toBeCloseTo(1 / Math.PI, 14);
  });

  test("distribution and quantile are inverse, symmetric and increasing", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }),
        fc.double({ min: 0.2, max: 1e5, noNaN: true }),
        (p, dof) => {
          const t = studentQuantile(p, dof);
          expect(Math.abs(studentCdf(t, dof) - p)).toBeLessThan(1e-10 * Math.min(1, p * 100));
          expect(Math.abs(studentCdf(-t, dof) + studentCdf(t, dof) - 1)).toBeLessThan(1e-14);
          expect(studentQuantile(Math.min(1, p + 0.001), dof)).toBeGreaterThan(t);
        },
      ),
      { seed: 2 },
    );
  });

  test("the density is the derivative of the distribution", () => {
    const h = 1e-4;
    for (const dof of [1, 3.5, 40, Infinity]) {
      for (const t of [-2, 0.3, 1.7]) {
        const slope = (studentCdf(t + h, dof) - studentCdf(t - h, dof)) / (2 * h);
        expect(slope).toBeCloseTo(studentDensity(t, dof), 8);
      }
    }
  });

  test("goes over to the normal law without a step", () => {
    for (const t of [0.1, 1, 2.5, 5]) {
      const below = studentTwoSidedP(t, 9_999_999);
      expect(relative(below, studentTwoSidedP(t, 10_000_001))).toBeLessThan(2e-9);
      // First-order correction φ(t)(t³ + t)/(2ν) at ν = 1e9.
      const correction = (Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)) * ((t ** 3 + t) / 2e9);
      const excess = studentTwoSidedP(t, 1e9) - studentTwoSidedP(t, Infinity);
      expect(relative(excess, correction)).toBeLessThan(1e-4);
      expect(studentCdf(t, 1e9)).toBeCloseTo(normalCdf(t), 8);
    }
  });

  test("limits and nonsense", () => {
    expect(studentQuantile(0, 3)).toBe(-Infinity);
    expect(studentQuantile(1, 3)).toBe(Infinity);
    expect(studentQuantile(0.5, 3)).toBe(0);
    expect(studentQuantile(1.2, 3)).toBeNaN();
    expect(studentQuantile(0.2, 0)).toBeNaN();
    expect(studentTwoSidedP(Infinity, 4)).toBe(0);
    expect(studentTwoSidedP(Number.NaN, 4)).toBeNaN();
    expect(studentTwoSidedP(0, 4)).toBe(1);
    expect(studentCdf(Infinity, 4)).toBe(1);
    expect(studentCdf(-Infinity, 4)).toBe(0);
    expect(studentCdf(1, -1)).toBeNaN();
  });
});

describe("normal", () => {
  test.each([
    [0.025, -1.959_963_984_540_054],
    [0.99, 2.326_347_874_040_841],
    [1e-10, -6.361_340_902_404_056],
    [1e-300, -37.047_096_299_361_2],
  ])("the %d quantile is %d", (p, expected) => {
    expect(relative(normalQuantile(p), expected)).toBeLessThan(1e-13);
    expect(relative(normalCdf(expected), p)).toBeLessThan(1e-11);
  });
});
