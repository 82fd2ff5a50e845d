// Gauss–Legendre rules and compensated sums against closed forms.
import { describe, expect, test } from "vitest";
import { CompensatedSum, gaussLegendre } from "./index.ts";

describe("gaussLegendre", () => {
  test.each([1, 2, 3, 7, 20, 40])("%i nodes integrate x^p exactly up to degree 2n − 1", (n) => {
    const { nodes, weights } = gaussLegendre(n);
    const integral = (p: number): number => nodes.reduce((sum, x, k) => sum + weights[k]! * x ** p, 0);
    for (let p = 0; p <= 2 * n - 1; p++) expect(integral(p)).toBeCloseTo(1 / (p + 1), 14);
    expect(Math.abs(integral(2 * n) - 1 / (2 * n + 1))).toBeGreaterThan(n > 7 ? -1 : 1e-12);
    expect(nodes).toEqual(nodes.toSorted((a, b) => a - b));
    for (const x of nodes) expect(x > 0 && x < 1).toBe(true);
  });

  test("the two-point rule in closed form, and convergence on an analytic function", () => {
    const { nodes, weights } = gaussLegendre(2);
    expect(nodes[0]).toBeCloseTo(0.5 - 0.5 / Math.sqrt(3), 15);
    for (const weight of weights) expect(weight).toBeCloseTo(0.5, 15);
    const rule = gaussLegendre(12);
    const value = rule.nodes.reduce((sum, x, k) => sum + rule.weights[k]! * Math.exp(3 * x), 0);
    expect(value).toBeCloseTo((Math.exp(3) - 1) / 3, 13);
  });

  test("refuses anything but a positive whole number of nodes", () => {
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => gaussLegendre(n)).toThrow(/quadrature nodes/);
  });
});

describe("CompensatedSum", () => {
  test("keeps terms that plain addition loses", () => {
    const sum = new CompensatedSum();
    for (const term of [1, 1e100, 1, -1e100]) sum.add(term);
    expect(sum.value).toBe(2);
  });

  test("a million tenths", () => {
    const sum = new CompensatedSum();
    for (let k = 0; k < 1e6; k++) sum.add(0.1);
    expect(sum.value).toBe(1e5);
  });
});
