// Arnoldi's method: the outer eigenvalues of an operator that need not be symmetric, from products alone.
import {
  type Complex,
  type DType,
  hessenbergEigenvalues,
  InputError,
  norm,
  randomStream,
  RunError,
  scale,
  type Vector,
  zeros,
} from "../math/index.ts";
import { orthogonalise } from "./orthogonalise.ts";

/** A linear map, symmetric or not. */
export interface GeneralOperator {
  readonly size: number;
  readonly dtype: DType;
  /** out ← A·v, not aliased. */
  apply(v: Vector, out: Vector): Promise<void>;
}

export interface ArnoldiOptions {
  /** Eigenvalues of largest modulus that must settle. Default 1. */
  readonly k?: number;
  /** Settled: moved by no more than tol·max(1, |μ|) in the last five products. Default 1e-6. */
  readonly tol?: number;
  /** Products allowed, and vectors kept. Default 60. */
  readonly maxProducts?: number;
  /** Seed of the direction to go on with when the subspace closes. Default 0. */
  readonly seed?: number;
}

export interface ArnoldiResult {
  /** Ritz values, all of them, in descending modulus; the outer ones are eigenvalues first. */
  readonly values: readonly Complex[];
  /** ⟨v, Av⟩/‖v‖² of the start vector. */
  readonly rayleigh: number;
  readonly products: number;
  /** Whether the k of largest modulus settled, or the whole space was searched. */
  readonly converged: boolean;
}

/** Products spent in random directions after the start vector's subspace closed; see `lanczos`. */
const SEARCH_AFTER_BREAKDOWN = 10;
const CHECK_EVERY = 5;

/**
 * Ritz values on the Krylov space of `start`, with full orthogonalisation and no restart.
 *
 * @throws InputError for a start vector of length zero or the wrong size
 * @throws RunError when the operator returns numbers that are not finite
 */
export async function arnoldi(
  operator: GeneralOperator,
  start: Vector,
  { k = 1, tol = 1e-6, maxProducts = 60, seed = 0 }: ArnoldiOptions = {},
): Promise<ArnoldiResult> {
  const { size, dtype } = operator;
  const length = norm(start);
  if (start.length !== size || !(length > 0)) {
    throw new InputError("not a start vector", {
      received: `${start.length} entries of length ${length}`,
      allowed: `${size} entries, not all zero`,
    });
  }
  const random = randomStream(seed, "arnoldi");
  const rounding = dtype === "float32" ? 1e-6 : 1e-13;
  const first = start.slice();
  scale(1 / length, first);
  const basis: Vector[] = [first];
  /** Columns of the projected operator, one entry below the diagonal each. */
  const columns: number[][] = [];
  let settledAt: readonly Complex[] = [];
  let brokeDown: number | null = null;
  let converged = false;
  for (;;) {
    const image = zeros(dtype, size);
    await operator.apply(basis.at(-1)!, image);
    const before = norm(image);
    if (!Number.isFinite(before)) throw new RunError("an operator returned numbers that are not finite");
    const column = orthogonalise(image, basis);
    let outside = norm(image);
    const products = columns.length + 1;
    const closed = outside <= rounding * Math.max(before, 1e-300);
    column.push(closed ? 0 : outside);
    columns.push(column);
    if (products === size) {
      converged = true;
      break;
    }
    if (closed) brokeDown ??= products;
    const searched = brokeDown === null || products >= brokeDown + SEARCH_AFTER_BREAKDOWN;
    if (products % CHECK_EVERY === 0 && searched) {
      const values = ritzValues(columns);
      converged = settled(values, settledAt, k, tol);
      if (converged) break;
      settledAt = values;
    }
    if (products >= maxProducts) break;
    if (closed) {
      for (let i = 0; i < size; i++) image[i] = random.signed();
      orthogonalise(image, basis);
      outside = norm(image);
      if (!(outside > 0)) break;
    }
    scale(1 / outside, image);
    basis.push(image);
  }
  return { values: ritzValues(columns), rayleigh: columns[0]![0]!, products: columns.length, converged };
}

function ritzValues(columns: readonly (readonly number[])[]): Complex[] {
  return hessenbergEigenvalues(columns.map((_, i) => columns.map((column) => column[i] ?? 0)));
}

function settled(now: readonly Complex[], before: readonly Complex[], k: number, tol: number): boolean {
  return (
    before.length >= k &&
    now.slice(0, k).every(({ re, im }, j) => {
      const moved = Math.hypot(re - before[j]!.re, im - before[j]!.im);
      return moved <= tol * Math.max(1, Math.hypot(re, im));
    })
  );
}
