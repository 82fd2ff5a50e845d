// Arnoldi on operators with known eigenvalues, closed subspaces and broken operators.
import { describe, expect, test } from "vitest";
import { randomStream, type Vector } from "../math/index.ts";
import { arnoldi, type GeneralOperator } from "./arnoldi.ts";

/** x ↦ diagonal·x + strictly upper bidiagonal coupling: eigenvalues are the diagonal, eigenvectors are not orthogonal. */
function bidiagonal(diagonal: readonly number[], coupling: number): GeneralOperator {
  return {
    size: diagonal.length,
    dtype: "float64",
    apply: async (v, out) => {
      diagonal.forEach((value, i) => {
        out[i] = value * v[i]! + coupling * (v[i + 1] ?? 0);
      });
    },
  };
}

const randomVector = (size: number, seed: number): Vector => {
  const random = randomStream(seed, "start");
  return Float64Array.from({ length: size }, () => random.normal());
};

describe("arnoldi", () => {
  test("the outer eigenvalues of a large operator, both signs", async () => {
    const diagonal = Array.from({ length: 400 }, (_, k) => 0.9 * Math.sin(k));
    diagonal[17] = -1.8;
    diagonal[200] = 1.5;
    const found = await arnoldi(bidiagonal(diagonal, 0.1), randomVector(400, 1), { k: 2, tol: 1e-10 });
    expect(found.converged).toBe(true);
    expect(found.values[0]!.re).toBeCloseTo(-1.8, 8);
    expect(found.values[1]!.re).toBeCloseTo(1.5, 8);
    expect(found.products).toBeLessThan(60);
  });

  test("a start vector that is an eigenvector does not hide the others", async () => {
    const found = await arnoldi(bidiagonal([0.5, -2, 1], 0), Float64Array.of(1, 0, 0));
    expect(found.values.map(({ re }) => Number(re.toFixed(12)))).toEqual([-2, 1, 0.5]);
    expect(found.rayleigh).toBe(0.5);
    expect(found.converged).toBe(true);
  });

  test("a budget that is too small is said to be", async () => {
    const diagonal = Array.from({ length: 100 }, (_, k) => 1 + k / 1000);
    const found = await arnoldi(bidiagonal(diagonal, 0), randomVector(100, 2), {
      tol: 1e-14,
      maxProducts: 7,
    });
    expect(found).toMatchObject({ converged: false, products: 7 });
  });

  test("bad input", async () => {
    const operator = bidiagonal([1, 2], 0);
    await expect(arnoldi(operator, new Float64Array(2))).rejects.toThrow(/not a start vector/);
    await expect(arnoldi(operator, Float64Array.of(1))).rejects.toThrow(/not a start vector/);
    await expect(arnoldi(bidiagonal([Number.NaN], 0), Float64Array.of(1))).rejects.toThrow(/not finite/);
  });
});
