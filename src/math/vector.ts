// Flat vectors (parameters, gradients, eigenvectors) and the handful of loops everything shares.

/** Precision of a program and of its vectors. */
export type DType = "float32" | "float64";

/** A flat vector of parameters or of the same shape as them. */
export type Vector = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** A zero vector of `length` in the given precision. */
export function zeros(dtype: DType, length: number): Vector {
  return dtype === "float32" ? new Float32Array(length) : new Float64Array(length);
}

/** Copy of `values` in the given precision. */
export function vectorFrom(dtype: DType, values: ArrayLike<number>): Vector {
  return dtype === "float32" ? new Float32Array(values) : new Float64Array(values);
}

/** Precision of a vector. */
export function dtypeOf(vector: Vector): DType {
  return vector instanceof Float32Array ? "float32" : "float64";
}

/** ⟨a, b⟩, accumulated in float64 with four partial sums (same result on every call). */
export function dot(a: Vector, b: Vector): number {
  const n = a.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < n; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** ‖a‖₂. */
export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

/** y ← y + alpha·x. */
export function axpy(alpha: number, x: Vector, y: Vector): void {
  for (let i = 0; i < y.length; i++) y[i] = y[i]! + alpha * x[i]!;
}

/** x ← alpha·x. */
export function scale(alpha: number, x: Vector): void {
  for (let i = 0; i < x.length; i++) x[i] = alpha * x[i]!;
}

/** Whether every entry is finite. */
export function allFinite(x: Vector): boolean {
  for (let i = 0; i < x.length; i++) if (!Number.isFinite(x[i]!)) return false;
  return true;
}
