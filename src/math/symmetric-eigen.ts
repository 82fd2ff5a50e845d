// Eigenvalues and eigenvectors of small dense symmetric matrices: Householder tridiagonalisation, then implicit QL.
import { RunError } from "./errors.ts";

/** Eigenpairs in descending order; `vectors[k]` is the unit eigenvector of `values[k]`. */
export interface SymmetricEigen {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/**
 * All eigenpairs of a symmetric matrix given as rows (only the lower triangle is read). O(m³).
 * Method: Golub & Van Loan, "Matrix Computations", §8.3 (tridiagonalisation, implicit shifts).
 *
 * @throws RunError when the matrix holds non-finite numbers
 */
export function symmetricEigen(matrix: readonly ArrayLike<number>[]): SymmetricEigen {
  const size = matrix.length;
  // columns[j] will hold eigenvector j; starts as the matrix, becomes the accumulated transformation.
  const work = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_unused, j) => (j <= i ? matrix[i]![j]! : matrix[j]![i]!)),
  );
  if (work.some((row) => row.some((value) => !Number.isFinite(value)))) {
    throw new RunError("eigenvalues of a matrix with non-finite entries");
  }
  const unit = scaleToUnit(work);
  const diagonal = new Float64Array(size);
  const off = new Float64Array(size);
  const basis = tridiagonalise(work, diagonal, off);
  implicitQl(diagonal, off, basis);
  return descending(diagonal, basis, unit);
}

/** Eigenpairs of the tridiagonal matrix with the given diagonal and off-diagonal (length one less). O(m³). */
export function tridiagonalEigen(
  diagonal: ArrayLike<number>,
  offDiagonal: ArrayLike<number>,
): SymmetricEigen {
  const size = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = new Float64Array(size);
  for (let k = 0; k + 1 < size; k++) e[k] = offDiagonal[k]!;
  const unit = scaleToUnit([d, e]);
  const basis = identity(size);
  implicitQl(d, e, basis);
  return descending(d, basis, unit);
}

/**
 * Brings the largest entry near 1, so that no square under- or overflows, and returns what was divided by: a power of two,
 * which changes no bit of the eigenvectors.
 */
function scaleToUnit(rows: readonly Float64Array[]): number {
  let largest = 0;
  for (const row of rows) for (const value of row) largest = Math.max(largest, Math.abs(value));
  if (largest === 0 || !Number.isFinite(largest)) return 1;
  const exponent = Math.min(1000, Math.max(-1000, Math.floor(Math.log2(largest))));
  const inverse = 2 ** -exponent;
  for (const row of rows) for (let i = 0; i < row.length; i++) row[i] = row[i]! * inverse;
  return 2 ** exponent;
}

function descending(values: Float64Array, basis: readonly Float64Array[], unit: number): SymmetricEigen {
  const order = Array.from(values, (_, k) => k).sort((a, b) => values[b]! - values[a]!);
  return {
    values: order.map((k) => unit * values[k]!),
    vectors: order.map((k) => Float64Array.from(basis, (row) => row[k]!)),
  };
}

function identity(size: number): Float64Array[] {
  return Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size);
    row[i] = 1;
    return row;
  });
}

/** Reduces `a` to tridiagonal form QᵀAQ by Householder reflections; returns Q (rows) and fills the two diagonals. */
function tridiagonalise(a: Float64Array[], diagonal: Float64Array, off: Float64Array): Float64Array[] {
  const size = a.length;
  const q = identity(size);
  for (let k = 0; k + 2 < size; k++) {
    let tail = 0;
    for (let i = k + 2; i < size; i++) tail += a[i]![k]! ** 2;
    if (tail === 0) continue;
    const head = a[k + 1]![k]!;
    const length = Math.sqrt(head * head + tail) * (head > 0 ? -1 : 1);
    // v = x − length·e₁ over rows k+1…; the reflection is I − 2vvᵀ/vᵀv.
    const v = new Float64Array(size);
    v[k + 1] = head - length;
    for (let i = k + 2; i < size; i++) v[i] = a[i]![k]!;
    const squared = v[k + 1]! ** 2 + tail;
    reflectBothSides(a, v, 2 / squared, k);
    for (const row of q) {
      let projection = 0;
      for (let j = k + 1; j < size; j++) projection += row[j]! * v[j]!;
      projection *= 2 / squared;
      for (let j = k + 1; j < size; j++) row[j]! -= projection * v[j]!;
    }
  }
  for (let i = 0; i < size; i++) {
    diagonal[i] = a[i]![i]!;
    off[i] = i + 1 < size ? a[i + 1]![i]! : 0;
  }
  return q;
}

/** A ← HAH for H = I − factor·vvᵀ, v zero up to index k. */
function reflectBothSides(a: Float64Array[], v: Float64Array, factor: number, k: number): void {
  const size = a.length;
  const p = new Float64Array(size);
  for (let i = k; i < size; i++) {
    let total = 0;
    for (let j = k + 1; j < size; j++) total += a[i]![j]! * v[j]!;
    p[i] = factor * total;
  }
  let vp = 0;
  for (let i = k + 1; i < size; i++) vp += v[i]! * p[i]!;
  const half = (factor * vp) / 2;
  for (let i = k; i < size; i++) p[i]! -= half * v[i]!;
  for (let i = k; i < size; i++) {
    for (let j = k; j < size; j++) a[i]![j]! -= v[i]! * p[j]! + p[i]! * v[j]!;
  }
}

/** QL iterations with implicit shifts on a tridiagonal matrix, rotating the rows of `basis` along. */
function implicitQl(d: Float64Array, e: Float64Array, basis: readonly Float64Array[]): void {
  const size = d.length;
  for (let start = 0; start < size; start++) {
    for (let iteration = 0; ; iteration++) {
      let end = start;
      while (
        end + 1 < size &&
        Math.abs(e[end]!) > Number.EPSILON * (Math.abs(d[end]!) + Math.abs(d[end + 1]!))
      )
        end++;
      if (end === start) break;
      if (iteration > 200) throw new RunError("the small eigenproblem did not converge");
      qlSweep(d, e, basis, start, end);
    }
  }
}

function qlSweep(
  d: Float64Array,
  e: Float64Array,
  basis: readonly Float64Array[],
  start: number,
  end: number,
): void {
  const ratio = (d[start + 1]! - d[start]!) / (2 * e[start]!);
  const root = Math.hypot(ratio, 1);
  let g = d[end]! - d[start]! + e[start]! / (ratio + (ratio >= 0 ? root : -root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = end - 1; i >= start; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[end] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    const t = (d[i]! - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    for (const row of basis) {
      const right = row[i + 1]!;
      row[i + 1] = s * row[i]! + c * right;
      row[i] = c * row[i]! - s * right;
    }
  }
  d[start]! -= p;
  e[start] = g;
  e[end] = 0;
}
