// Eigenvalues of general matrices: companion matrices of known roots, rotations, symmetric and defective cases.
import * as fc from "fast-check";
import { determinant, Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { type Complex, hessenbergEigenvalues } from "./index.ts";

/** Companion matrix (upper Hessenberg) of the monic polynomial with the given real roots. */
function companion(roots: readonly number[]): number[][] {
  let coefficients = [1];
  for (const root of roots) {
    const longer = [...coefficients, 0];
    coefficients.forEach((value, k) => (longer[k + 1]! -= root * value));
    coefficients = longer;
  }
  return roots.map((_, i) =>
    roots.map((_unused, j) => (i === 0 ? -coefficients[j + 1]! : Number(j === i - 1))),
  );
}

const moduli = (values: readonly Complex[]): number[] => values.map(({ re, im }) => Math.hypot(re, im));

describe("hessenbergEigenvalues", () => {
  test("roots of polynomials by companion matrices, real ones exactly real", () => {
    const values = hessenbergEigenvalues(companion([1, -2, 3, 0.5]));
    expect(values.map(({ im }) => im)).toEqual([0, 0, 0, 0]);
    [3, -2, 1, 0.5].forEach((root, k) => expect(values[k]!.re).toBeCloseTo(root, 12));
  });

  test("rotations: e^{±iφ}; a cycle: the roots of unity, where plain shifts stand still", () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const pair = hessenbergEigenvalues([
      [c, -s],
      [s, c],
    ]);
    expect(pair[0]!.im).toBeCloseTo(s, 14);
    expect(pair[1]!.im).toBe(-pair[0]!.im);
    expect(pair[0]!.re).toBeCloseTo(c, 14);
    const cycle = [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => Number(i === (j + 1) % 5)));
    const roots = hessenbergEigenvalues(cycle);
    for (const modulus of moduli(roots)) expect(modulus).toBeCloseTo(1, 12);
    expect(roots.reduce((sum, { re }) => sum + re, 0)).toBeCloseTo(0, 12);
  });

  test("a Jordan block, triangular and empty matrices", () => {
    const values = hessenbergEigenvalues([
      [2, 1, 0],
      [0, 2, 1],
      [0, 0, 2],
    ]);
    for (const { re, im } of values) expect([re, im]).toEqual([2, 0]);
    expect(hessenbergEigenvalues([])).toEqual([]);
    expect(hessenbergEigenvalues([[-4]])).toEqual([{ re: -4, im: 0 }]);
  });

  test("multiply to the characteristic polynomial, by an independent library", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 9 }),
        fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
        (size, stream) => {
          const matrix = Array.from({ length: size }, (_, i) =>
            Array.from({ length: size }, (_unused, j) => (j < i - 1 ? 0 : (stream.next().value as number))),
          );
          const ours = hessenbergEigenvalues(matrix);
          // The characteristic polynomial is well conditioned where single eigenvalues are not, and its value by
          // elimination always comes, which an unbounded QR iteration of another library does not promise.
          for (const at of [-1.7, 0.3, 2.2]) {
            const product = (values: readonly Complex[]): number =>
              values.reduce(
                ({ re, im }, value) => ({
                  re: re * (at - value.re) + im * value.im,
                  im: im * (at - value.re) - re * value.im,
                }),
                { re: 1, im: 0 },
              ).re;
            const shifted = matrix.map((row, k) => row.map((value, l) => (k === l ? at : 0) - value));
            const expected = determinant(new Matrix(shifted));
            expect(Math.abs(product(ours) - expected)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected)));
          }
          expect(ours.length).toBe(size);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("non-finite entries are refused", () => {
    expect(() => hessenbergEigenvalues([[Number.NaN]])).toThrow(/non-finite/);
  });
});
