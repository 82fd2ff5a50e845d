// Lanczos against known spectra: largest algebraic eigenvalues, warm starts, repeats, restarts, hostile operators.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dot, norm, randomStream, symmetricEigen, zeros, type DType, type Vector } from "../math/index.ts";
import { lanczos } from "./lanczos.ts";
import type { LinearOperator } from "./operator.ts";
import { orthogonalise } from "./orthogonalise.ts";

function diagonal(values: readonly number[], dtype: DType = "float64"): LinearOperator {
  return {
    size: values.length,
    dtype,
    apply(v: Vector, out: Vector): Promise<void> {
      for (let i = 0; i < values.length; i++) out[i] = values[i]! * v[i]!;
      return Promise.resolve();
    },
  };
}

function dense(matrix: readonly (readonly number[])[]): LinearOperator {
  return {
    size: matrix.length,
    dtype: "float64",
    apply(v: Vector, out: Vector): Promise<void> {
      matrix.forEach((row, i) => {
        out[i] = row.reduce((total, entry, j) => total + entry * v[j]!, 0);
      });
      return Promise.resolve();
    },
  };
}

const spread = Array.from({ length: 400 }, (_, i) => Math.sin(12.9898 * (i + 1)) * 3);

describe("lanczos", () => {
  it("finds the largest algebraic eigenvalue although the smallest is larger in magnitude", async () => {
    const result = await lanczos(diagonal([...spread, 7, -50]), { tol: 1e-10 });
    expect(result.eigenvalues[0]).toBeCloseTo(7, 9);
    expect(result.converged).toBe(true);
    expect(Math.abs(result.eigenvectors[0]![400]!)).toBeCloseTo(1, 8);
  });

  it("reports true residuals", async () => {
    const operator = diagonal([...spread, 5, 5.5]);
    for (const tol of [1e-2, 1e-6]) {
      const { eigenvalues, eigenvectors, residuals } = await lanczos(operator, { k: 2, tol });
      for (let k = 0; k < 2; k++) {
        const image = zeros("float64", operator.size);
        await operator.apply(eigenvectors[k]!, image);
        const residual = norm(image.map((x, i) => x - eigenvalues[k]! * eigenvectors[k]![i]!));
        expect(residuals[k]).toBeLessThanOrEqual(tol * eigenvalues[k]!);
        expect(Math.abs(residual - residuals[k]!)).toBeLessThan(1e-9 + 1e-3 * residual);
      }
    }
  });

  it("of small operators finds every copy of a repeated top eigenvalue, cold and warm", async () => {
    const values = [...spread.slice(0, 60), 5, 7, 7];
    for (const [k, expected] of [
      [2, [7, 7]],
      [3, [7, 7, 5]],
    ] as const) {
      const cold = await lanczos(diagonal(values), { k, tol: 1e-8 });
      expect(cold.converged).toBe(true);
      for (const [j, value] of cold.eigenvalues.entries()) expect(value).toBeCloseTo(expected[j]!, 6);
      expect(Math.abs(dot(cold.eigenvectors[0]!, cold.eigenvectors[1]!))).toBeLessThan(1e-8);
      const moved = diagonal(values.map((value) => 1.1 * value));
      const warm = await lanczos(moved, { k, tol: 1e-8, start: cold.eigenvectors });
      for (const [j, value] of warm.eigenvalues.entries()) expect(value).toBeCloseTo(1.1 * expected[j]!, 6);
      for (const [j, vector] of warm.eigenvectors.entries()) {
        const image = zeros("float64", values.length);
        await moved.apply(vector, image);
        const residual = norm(image.map((x, i) => x - warm.eigenvalues[j]! * vector[i]!));
        expect(residual).toBeLessThan(1e-7);
        expect(Math.abs(residual - warm.residuals[j]!)).toBeLessThan(1e-9 + 1e-2 * residual);
      }
    }
  });

  it("takes a tolerance for each pair, the last one for the rest: a rough λ₂ costs fewer products", async () => {
    const operator = diagonal([...spread, 5, 5.5]);
    const solve = async (tol: number | readonly number[], k = 2): ReturnType<typeof lanczos> =>
      lanczos(operator, { k, tol });
    const tight = await solve(1e-9);
    const rough = await solve([1e-9, 0.02]);
    expect(rough.converged).toBe(true);
    expect(rough.residuals[0]).toBeLessThanOrEqual(1e-9 * 5.5);
    expect(rough.residuals[1]).toBeLessThanOrEqual(0.02 * 5);
    expect(rough.residuals[1]).toBeGreaterThan(1e-9 * 5);
    expect(rough.hvps).toBeLessThan(tight.hvps);
    expect(rough.eigenvalues[0]).toBeCloseTo(5.5, 12);
    // Quadratic in the residual: 0.1²/gap is a few thousandths.
    expect(Math.abs(rough.eigenvalues[1]! - 5)).toBeLessThan(0.01);
    // The order is that of the pairs: the other way round it is λ₁ that may be rough.
    expect((await solve([0.02, 1e-9])).residuals[1]).toBeLessThanOrEqual(1e-9 * 5);
    expect(await solve([1e-6, 1e-3], 4)).toEqual(await solve([1e-6, 1e-3, 1e-3, 1e-3], 4));
    expect(await solve([1e-6], 2)).toEqual(await solve(1e-6, 2));
    expect(await solve([], 2)).toEqual(await solve(1e-4, 2));
  });

  it("agrees with the dense solver on random matrices, also through restarts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer(),
        async (size, k, seed) => {
          const stream = randomStream(seed, "matrix");
          const rows = Array.from({ length: size }, () =>
            Array.from({ length: size }, () => stream.normal()),
          );
          const matrix = rows.map((row, i) => row.map((entry, j) => entry + rows[j]![i]!));
          const wanted = Math.min(k, size);
          const result = await lanczos(dense(matrix), {
            k: wanted,
            tol: 1e-9,
            seed,
            maxBasis: 12,
            maxProducts: 5000,
          });
          const { values } = symmetricEigen(matrix);
          expect(result.converged).toBe(true);
          result.eigenvalues.forEach((value, j) => expect(value).toBeCloseTo(values[j]!, 6));
          for (let i = 0; i < wanted; i++)
            for (let j = 0; j < wanted; j++) {
              expect(dot(result.eigenvectors[i]!, result.eigenvectors[j]!)).toBeCloseTo(i === j ? 1 : 0, 9);
            }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("finds all copies of a repeated eigenvalue", async () => {
    const result = await lanczos(diagonal([3, 1, 3, 3, 2]), { k: 4, tol: 1e-10 });
    expect(result.eigenvalues.map((x) => Math.round(x * 1e9) / 1e9)).toEqual([3, 3, 3, 2]);
  });

  it("stops earlier when only the eigenvalue need be accurate, and it is", async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const operator = diagonal([...spread, 4, 4.3]);
      const plain = await lanczos(operator, { tol: 1e-4, seed });
      const quick = await lanczos(operator, { tol: 1e-4, accuracy: 1e-4, seed });
      expect(quick.converged).toBe(true);
      expect(quick.hvps).toBeLessThan(plain.hvps);
      expect(Math.abs(quick.eigenvalues[0]! / 4.3 - 1)).toBeLessThan(1e-4);
    }
  });

  it("needs far fewer products when started from the previous eigenvector, and keeps its sign", async () => {
    const cold = await lanczos(diagonal([...spread, 4]), { tol: 1e-6 });
    const moved = diagonal([...spread.map((x) => x * 1.001), 4.01]);
    const start = [cold.eigenvectors[0]!.map((x) => -x)];
    const warm = await lanczos(moved, { tol: 1e-6, start });
    expect(warm.eigenvalues[0]).toBeCloseTo(4.01, 9);
    expect(warm.hvps).toBeLessThan(cold.hvps);
    expect(dot(warm.eigenvectors[0]!, start[0]!)).toBeGreaterThan(0.99);
  });

  it("notices an eigenvalue that overtook from an orthogonal direction", async () => {
    const start = [zeros("float64", 402)];
    start[0]![400] = 1;
    const { eigenvalues } = await lanczos(diagonal([...spread, 4, 4.4]), { tol: 1e-8, start });
    expect(eigenvalues[0]).toBeCloseTo(4.4, 7);
  });

  it("handles zero, negative definite and one-dimensional operators", async () => {
    expect((await lanczos(diagonal(new Array<number>(9).fill(0)))).eigenvalues[0]).toBeCloseTo(0, 12);
    expect((await lanczos(diagonal([-3, -1, -2]), { tol: 1e-9 })).eigenvalues[0]).toBeCloseTo(-1, 12);
    expect((await lanczos(diagonal([42]))).eigenvalues).toEqual([42]);
  });

  it("stops at the product limit and says so", async () => {
    const result = await lanczos(diagonal(spread), { k: 3, tol: 1e-12, maxProducts: 5 });
    expect(result.hvps).toBe(5);
    expect(result.converged).toBe(false);
  });

  it("reaches float32 accuracy in float32", async () => {
    const result = await lanczos(diagonal([...spread, 6], "float32"), { tol: 1e-5 });
    expect(result.converged).toBe(true);
    expect(Math.abs(result.eigenvalues[0]! / 6 - 1)).toBeLessThan(1e-5);
  });

  it("repeats itself to the bit", async () => {
    const run = (): ReturnType<typeof lanczos> => lanczos(diagonal(spread), { k: 2, seed: 5 });
    expect(await run()).toEqual(await run());
  });

  it("reports non-finite operators as not converged, without hanging", async () => {
    const result = await lanczos(diagonal([1, Number.NaN, 2]));
    expect(result.converged).toBe(false);
    expect(result.eigenvalues).toEqual([Number.NaN]);
    expect(result.hvps).toBe(1);
  });

  it("refuses impossible requests", async () => {
    await expect(lanczos(diagonal([1, 2]), { k: 3 })).rejects.toThrow(/1 … 2/);
    await expect(lanczos(diagonal([1, 2]), { start: [zeros("float64", 3)] })).rejects.toThrow(/length/);
  });
});

describe("orthogonalise", () => {
  it("returns the components and leaves nothing along any basis vector, even from a nearly dependent one", () => {
    const size = 97;
    const stream = randomStream(2, "basis");
    const basis: Vector[] = [];
    for (let k = 0; k < 11; k++) {
      const v = Float64Array.from({ length: size }, () => stream.normal());
      orthogonalise(v, basis);
      const length = norm(v);
      basis.push(v.map((x) => x / length));
    }
    const rest = Float64Array.from({ length: size }, () => 1e-9 * stream.normal());
    orthogonalise(rest, basis);
    const w = Float64Array.from(rest);
    basis.forEach((b, k) => b.forEach((x, i) => (w[i]! += (k + 1) * x)));
    const components = orthogonalise(w, basis);
    components.forEach((component, k) => expect(component).toBeCloseTo(k + 1, 12));
    for (const b of basis) expect(Math.abs(dot(w, b))).toBeLessThan(1e-14 * norm(w));
    expect(norm(w) / norm(rest)).toBeCloseTo(1, 5);
  });
});
