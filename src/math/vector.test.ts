// The loops everything shares, against their definitions, in both precisions.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allFinite, axpy, dot, dtypeOf, norm, scale, vectorFrom, zeros, type DType } from "./index.ts";

const numbers = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { maxLength: 40 });
const dtypes = ["float32", "float64"] as const satisfies readonly DType[];

describe.each(dtypes)("%s", (dtype) => {
  const epsilon = dtype === "float32" ? 2 ** -23 : 2 ** -52;

  test("makes, copies and recognises vectors", () => {
    expect(zeros(dtype, 3)).toEqual(vectorFrom(dtype, [0, 0, 0]));
    expect(zeros(dtype, 0).length).toBe(0);
    expect(dtypeOf(zeros(dtype, 2))).toBe(dtype);
    const source = vectorFrom(dtype, [0.1, 2]);
    const copy = vectorFrom(dtype, source);
    copy[0] = 7;
    expect(source).toEqual(vectorFrom(dtype, [0.1, 2]));
    expect(source[0]).toBe(dtype === "float32" ? Math.fround(0.1) : 0.1);
  });

  test("dot is the sum of products, symmetric, the same on every call and on views", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const a = vectorFrom(dtype, values);
        const b = vectorFrom(
          dtype,
          values.map((x, k) => Math.sin(k) - x / 3),
        );
        const plain = Array.from(a).reduce((total, x, k) => total + x * b[k]!, 0);
        const size = Array.from(a).reduce((total, x, k) => total + Math.abs(x * b[k]!), 0);
        expect(Math.abs(dot(a, b) - plain)).toBeLessThanOrEqual(100 * 2 ** -53 * size);
        expect(dot(b, a)).toBe(dot(a, b));
        const shifted = vectorFrom(dtype, [9, ...values, 9]).subarray(1, 1 + values.length);
        expect(dot(shifted, b)).toBe(dot(a, b));
        expect(norm(a)).toBe(Math.sqrt(dot(a, a)));
      }),
      { seed: 1 },
    );
  });

  test("dot accumulates in double precision whatever the vectors are", () => {
    const ones = vectorFrom(dtype, new Array<number>(100_000).fill(0.1));
    const value = ones[0]! ** 2 * 100_000;
    expect(Math.abs(dot(ones, ones) - value) / value).toBeLessThan(1e-12);
  });

  test("axpy and scale change y and x in place, entry by entry", () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: -3, max: 3, noNaN: true }), (values, alpha) => {
        const x = vectorFrom(dtype, values);
        const y = vectorFrom(
          dtype,
          values.map((_, k) => Math.cos(k)),
        );
        const before = y.slice();
        axpy(alpha, x, y);
        y.forEach((value, k) => {
          const exact = before[k]! + alpha * x[k]!;
          expect(Math.abs(value - exact)).toBeLessThanOrEqual(epsilon * Math.abs(exact));
        });
        const scaled = x.slice();
        scale(alpha, scaled);
        scaled.forEach((value, k) =>
          expect(Math.abs(value - alpha * x[k]!)).toBeLessThanOrEqual(
            epsilon * Math.abs(alpha * x[k]!) + 2 ** -149,
          ),
        );
        expect(x).toEqual(vectorFrom(dtype, values));
      }),
      { seed: 2 },
    );
  });

  test("finds infinities and NaN anywhere", () => {
    expect(allFinite(zeros(dtype, 0))).toBe(true);
    expect(allFinite(vectorFrom(dtype, [1, -2, 0]))).toBe(true);
    for (const bad of [Infinity, -Infinity, Number.NaN]) {
      for (let k = 0; k < 5; k++)
        expect(allFinite(vectorFrom(dtype, [1, 2, 3, 4, 5].with(k, bad)))).toBe(false);
    }
  });
});
