// The two products everything linear is made of, X·Vᵀ and AᵀX, four classes at a time so that inputs are read once.
import type { LabelledInputs } from "./types.ts";

type Inputs = Pick<LabelledInputs, "n" | "d" | "classes" | "x">;

/** out ← out + factor·X·Vᵀ; V is K×d, out n×K. Of the listed rows alone where `rows` is given. O(ndK). */
export function addProducts(
  { n, d, classes, x }: Inputs,
  factor: number,
  v: Float64Array,
  out: Float64Array,
  rows?: ArrayLike<number>,
): void {
  const count = rows?.length ?? n;
  for (let q = 0; q < count; q++) {
    const i = rows === undefined ? q : rows[q]!;
    const row = i * d;
    let k = 0;
    for (; k + 3 < classes; k += 4) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let c = 0, w = k * d; c < d; c++, w++) {
        const value = x[row + c]!;
        s0 += value * v[w]!;
        s1 += value * v[w + d]!;
        s2 += value * v[w + 2 * d]!;
        s3 += value * v[w + 3 * d]!;
      }
      const to = i * classes + k;
      out[to]! += factor * s0;
      out[to + 1]! += factor * s1;
      out[to + 2]! += factor * s2;
      out[to + 3]! += factor * s3;
    }
    for (; k < classes; k++) {
      let sum = 0;
      for (let c = 0, w = k * d; c < d; c++, w++) sum += x[row + c]! * v[w]!;
      out[i * classes + k]! += factor * sum;
    }
  }
}

/** out ← out + AᵀX; A is n×K, out K×d. Zero entries of A cost nothing. O(ndK). */
export function addOuterProducts({ n, d, classes, x }: Inputs, a: Float64Array, out: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * d;
    for (let k = 0; k < classes; k++) {
      const factor = a[i * classes + k]!;
      if (factor === 0) continue;
      for (let c = 0, w = k * d; c < d; c++, w++) out[w]! += factor * x[row + c]!;
    }
  }
}

/** ‖values‖₂, also where the squares underflow or overflow. */
export function euclideanNorm(values: Float64Array): number {
  let largest = 0;
  for (let c = 0; c < values.length; c++) largest = Math.max(largest, Math.abs(values[c]!));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let c = 0; c < values.length; c++) sum += (values[c]! / largest) ** 2;
  return largest * Math.sqrt(sum);
}
