// The small eigensolver against ml-matrix, closed forms and its own defining equations.
import * as fc from "fast-check";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { randomStream } from "./random.ts";
import { symmetricEigen, tridiagonalEigen } from "./symmetric-eigen.ts";

function randomSymmetric(size: number, seed: number): number[][] {
  const stream = randomStream(seed, "matrix");
  const a = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) a[i]![j] = a[j]![i] = stream.normal();
  return a;
}

describe("symmetricEigen", () => {
  it("agrees with ml-matrix and satisfies A·v = λ·v on random matrices", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.integer(), (size, seed) => {
        const a = randomSymmetric(size, seed);
        const { values, vectors } = symmetricEigen(a);
        const peer = new EigenvalueDecomposition(new Matrix(a), { assumeSymmetric: true }).realEigenvalues;
        const expected = [...peer].sort((x, y) => y - x);
        values.forEach((value, k) => {
          expect(value).toBeCloseTo(expected[k]!, 10);
          for (let i = 0; i < size; i++) {
            const product = a[i]!.reduce((total, entry, j) => total + entry * vectors[k]![j]!, 0);
            expect(product).toBeCloseTo(value * vectors[k]![i]!, 10);
          }
        });
      }),
      { numRuns: 60 },
    );
  });

  it("is the same to the bit at any scale, where squares of entries vanish or overflow too", () => {
    for (const exponent of [-900, -500, 300, 900]) {
      const plain = symmetricEigen(randomSymmetric(12, 5));
      const scaled = symmetricEigen(randomSymmetric(12, 5).map((row) => row.map((x) => x * 2 ** exponent)));
      expect(scaled.vectors).toEqual(plain.vectors);
      expect(scaled.values).toEqual(plain.values.map((value) => value * 2 ** exponent));
      const ends = tridiagonalEigen([3 * 2 ** exponent, 2 ** exponent], [2 ** exponent]);
      expect(ends.values[0]! / 2 ** exponent).toBeCloseTo(2 + Math.SQRT2, 12);
    }
    const tiny = symmetricEigen([
      [5e-324, 0],
      [0, 0],
    ]);
    expect(tiny.values).toEqual([5e-324, 0]);
  });

  it("keeps eigenvectors orthonormal even when eigenvalues repeat", () => {
    const a = [
      [2, 0, 0, 0],
      [0, 2, 0, 0],
      [0, 0, 2, 1],
      [0, 0, 1, 2],
    ];
    const { values, vectors } = symmetricEigen(a);
    expect(values.map((x) => Math.round(x * 1e12) / 1e12)).toEqual([3, 2, 2, 1]);
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++) {
        const product = vectors[i]!.reduce((total, x, k) => total + x * vectors[j]![k]!, 0);
        expect(product).toBeCloseTo(i === j ? 1 : 0, 12);
      }
  });

  it("knows the spectrum of the second-difference matrix", () => {
    const size = 50;
    const diagonal = new Array<number>(size).fill(2);
    const { values } = tridiagonalEigen(diagonal, new Array<number>(size - 1).fill(-1));
    values.forEach((value, k) => {
      expect(value).toBeCloseTo(2 + 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)), 12);
    });
  });

  it("refuses matrices that are not finite", () => {
    expect(() => symmetricEigen([[Number.NaN]])).toThrow(/non-finite/);
  });
});
