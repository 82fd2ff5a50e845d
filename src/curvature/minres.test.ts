// MINRES against dense solutions: definite, indefinite, singular; and what it says when there is no solution.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { norm, randomStream, symmetricEigen, type Vector } from "../math/index.ts";
import { minres } from "./minres.ts";
import type { LinearOperator } from "./operator.ts";

function dense(matrix: readonly (readonly number[])[]): LinearOperator {
  return {
    size: matrix.length,
    dtype: "float64",
    apply: async (v, out) => {
      matrix.forEach((row, i) => {
        out[i] = row.reduce((sum, entry, j) => sum + entry * v[j]!, 0);
      });
    },
  };
}

/** QᵀΛQ for random orthogonal Q. */
function withSpectrum(values: readonly number[], seed: number): number[][] {
  const random = randomStream(seed, "spectrum");
  const size = values.length;
  const noise = Array.from({ length: size }, () => Array.from({ length: size }, () => random.normal()));
  const { vectors } = symmetricEigen(noise);
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_unused, j) =>
      values.reduce((sum, value, k) => sum + value * vectors[k]![i]! * vectors[k]![j]!, 0),
    ),
  );
}

async function residualOf(operator: LinearOperator, x: Vector, b: Vector): Promise<number> {
  const image = new Float64Array(b.length);
  await operator.apply(x, image);
  return norm(image.map((value, i) => value - b[i]!)) / norm(b);
}

describe("minres", () => {
  test("solves indefinite systems, and reports the true residual", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 1000 }),
        async (magnitudes, seed) => {
          const values = magnitudes.map((value, k) => (k % 3 === 1 ? -value : value));
          const operator = dense(withSpectrum(values, seed));
          const random = randomStream(seed, "right-hand side");
          const b = Float64Array.from(values, () => random.normal());
          const { x, residual, products, outcome } = await minres(operator, b, { tol: 1e-10 });
          expect(outcome).toBe("converged");
          expect(await residualOf(operator, x, b)).toBeLessThan(1e-8);
          expect(residual).toBeLessThanOrEqual(1e-10);
          expect(products).toBeLessThan(8 * values.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("singular and consistent: the shortest solution", async () => {
    const operator = dense(withSpectrum([3, -2, 1, 0, 0], 7));
    const target = new Float64Array(5);
    await operator.apply(Float64Array.of(1, 2, 3, 4, 5), target);
    const { x, outcome } = await minres(operator, target, { tol: 1e-12 });
    expect(outcome).toBe("converged");
    expect(await residualOf(operator, x, target)).toBeLessThan(1e-11);
    // In the range: A maps something onto x, so x is orthogonal to the kernel.
    const { x: preimage } = await minres(operator, x, { tol: 1e-12 });
    expect(await residualOf(operator, preimage, x)).toBeLessThan(1e-10);
  });

  test("singular and inconsistent: the least residual, and it says so", async () => {
    const operator = dense([
      [2, 0, 0],
      [0, -1, 0],
      [0, 0, 0],
    ]);
    const { x, outcome, residual } = await minres(operator, Float64Array.of(2, 3, 6));
    expect(outcome).toBe("singular");
    expect(residual).toBeCloseTo(6 / 7, 10);
    expect(x[0]).toBeCloseTo(1, 10);
    expect(x[1]).toBeCloseTo(-3, 10);
  });

  test("a kernel met only little by little: found out before the solution runs away", async () => {
    // Half of b lies in the kernel; the other eigenvalues reach down to a thousandth.
    const values = Array.from({ length: 400 }, (_, i) => (i < 200 ? 10 ** ((-3 * i) / 199) : 0));
    const diagonal: LinearOperator = {
      size: values.length,
      dtype: "float64",
      apply: async (v, out) => values.forEach((value, i) => (out[i] = value * v[i]!)),
    };
    const b = Float64Array.from(values, () => 1);
    const { x, outcome, residual, products } = await minres(diagonal, b, { maxProducts: 5000 });
    expect(outcome).toBe("singular");
    expect(products).toBeLessThan(1000);
    expect(residual).toBeGreaterThanOrEqual(Math.SQRT1_2 - 1e-9);
    expect(residual).toBeLessThan(0.75);
    expect(norm(x)).toBeLessThan(1e11);
    expect(await residualOf(diagonal, x, b)).toBeCloseTo(residual, 4);
  });

  test("b = 0, a budget, and operators that return NaN", async () => {
    const operator = dense(withSpectrum([5, 4, 3, 2, 1], 1));
    const zero = await minres(operator, new Float64Array(5));
    expect(zero).toMatchObject({ products: 0, residual: 0, outcome: "converged" });
    const cut = await minres(operator, Float64Array.of(1, 1, 1, 1, 1), { maxProducts: 2, tol: 1e-12 });
    expect(cut).toMatchObject({ products: 2, outcome: "budget" });
    expect(await residualOf(operator, cut.x, Float64Array.of(1, 1, 1, 1, 1))).toBeCloseTo(cut.residual, 10);
    const broken = await minres(dense([[Number.NaN]]), Float64Array.of(1));
    expect(broken.outcome).toBe("not-finite");
    await expect(minres(operator, Float64Array.of(1))).rejects.toThrow(/wrong length/);
  });
});
