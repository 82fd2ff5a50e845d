// Lanczos with full reorthogonalisation and thick restarts: the largest algebraic eigenvalues of an operator.
import {
  axpy,
  dot,
  InputError,
  norm,
  randomStream,
  type RandomStream,
  scale,
  symmetricEigen,
  zeros,
  type Vector,
} from "../math/index.ts";
import type { EigenResult, LanczosOptions } from "./lanczos-types.ts";
import { SMALL_OPERATOR, withRepeated } from "./lanczos-repeated.ts";
import type { LinearOperator } from "./operator.ts";
import { orthogonalise } from "./orthogonalise.ts";

/**
 * One start vector sees one copy of a repeated eigenvalue. When its subspace closes, so many more products are
 * spent from random directions before k > 1 eigenvalues are believed to be the largest.
 */
const SEARCH_AFTER_BREAKDOWN = 10;

/** Share of random direction mixed into a warm start, so that an eigenvalue overtaking from an orthogonal direction is found. */
const WARM_NOISE = 1e-3;

/**
 * The k largest algebraic eigenvalues of a symmetric operator. Deterministic in its arguments.
 *
 * Of k > 1 pairs of an operator of at most `SMALL_OPERATOR` dimensions, repeated eigenvalues are counted as often as
 * they occur; of larger ones a copy can be missed.
 *
 * Each product costs one `apply`, plus O(basis·size) for orthogonalisation. Memory: `maxBasis` + k vectors.
 *
 * @throws InputError when k is not in 1…size or a start vector has the wrong length
 */
export async function lanczos(operator: LinearOperator, options: LanczosOptions = {}): Promise<EigenResult> {
  const found = await solve(operator, options);
  const { eigenvalues, eigenvectors } = found;
  const complete = eigenvectors.length === 0 || eigenvalues.length === operator.size;
  if (complete || eigenvalues.length === 1 || operator.size > SMALL_OPERATOR) return found;
  const whole = await withRepeated(operator, found, options, solve);
  whole.eigenvectors.forEach((vector, j) => alignSign(vector, options.start?.[j]));
  return whole;
}

/** Lanczos from one start vector. */
async function solve(operator: LinearOperator, options: LanczosOptions): Promise<EigenResult> {
  const {
    k = 1,
    tol = 1e-4,
    accuracy = 0,
    maxProducts = 300,
    start = [],
    startNoise = WARM_NOISE,
    seed = 0,
  } = options;
  const { size, dtype } = operator;
  if (!Number.isInteger(k) || k < 1 || k > size) {
    throw new InputError("number of eigenvalues out of range", {
      field: "k",
      received: String(k),
      allowed: `1 … ${size}`,
    });
  }
  const tols = Array.from({ length: k }, (_, j) =>
    typeof tol === "number" ? tol : (tol[j] ?? tol.at(-1) ?? 1e-4),
  );
  const maxBasis = Math.min(size, Math.max(options.maxBasis ?? Math.max(40, 4 * k), k + 2));
  const rounding = dtype === "float32" ? 1e-7 : 1e-14;
  const random = randomStream(seed, "lanczos");
  const basis: Vector[] = [];
  // Projection of the operator on the basis, lower triangle; arrowhead after a restart, tridiagonal otherwise.
  let projected: number[][] = [];
  let candidate = startVector(start, startNoise, size, dtype, random);
  let hvps = 0;
  let ritz = { values: [] as readonly number[], vectors: [] as readonly Float64Array[] };
  let residuals: number[] = [];
  let converged = false;
  // Products at which the search was last restarted from a random direction; see SEARCH_AFTER_BREAKDOWN.
  let brokeDownAt = -Infinity;

  for (;;) {
    basis.push(candidate);
    const last = basis.length - 1;
    const image = zeros(dtype, size);
    await operator.apply(candidate, image);
    hvps++;
    const before = norm(image);
    if (!Number.isFinite(before)) return undefinedResult(k, hvps);
    const row = orthogonalise(image, basis);
    projected[last] = row.slice(0, last + 1);
    // What of the image lies outside the basis: the next off-diagonal, and what residuals are made of.
    let outside = norm(image);
    const valuesBefore = ritz.values;
    ritz = symmetricEigen(projected);
    const wanted = Math.min(k, basis.length);
    residuals = Array.from({ length: wanted }, (_, j) => Math.abs(outside * ritz.vectors[j]![last]!));
    converged =
      basis.length >= k &&
      (settled(ritz.values, residuals, tols) || accurate(ritz.values, valuesBefore, residuals, accuracy));
    const exhausted = basis.length === size;
    const invariant = outside <= rounding * before;
    if (invariant && k > 1 && brokeDownAt < 0) brokeDownAt = hvps;
    const searched = hvps >= brokeDownAt + SEARCH_AFTER_BREAKDOWN || brokeDownAt < 0;
    if ((converged && searched) || exhausted || hvps >= maxProducts) break;
    if (invariant) {
      // The basis is an invariant subspace: go on in a fresh direction, or eigenvalues outside it stay unseen.
      randomDirection(image, random);
      orthogonalise(image, basis);
      outside = norm(image);
      if (!(outside > 0)) break;
    }
    scale(1 / outside, image);
    candidate = image;
    if (basis.length === maxBasis) {
      const keep = Math.min(maxBasis - 2, Math.max(k + 5, 2 * k));
      projected = restart(basis, ritz, keep);
    }
  }

  const eigenvectors = ritzVectors(basis, ritz.vectors.slice(0, k), dtype);
  eigenvectors.forEach((vector, j) => alignSign(vector, start[j]));
  return {
    eigenvalues: ritz.values.slice(0, k),
    eigenvectors,
    residuals,
    hvps,
    converged,
  };
}

/** Whether every residual meets its tolerance. */
function settled(values: readonly number[], residuals: readonly number[], tols: readonly number[]): boolean {
  return residuals.every((residual, j) => residual <= tols[j]! * Math.abs(values[j]!));
}

/**
 * Whether every eigenvalue is as accurate as wanted: by residual²/gap, and because the last product hardly moved
 * it. A small basis overestimates the gap, so the bound alone would believe too early.
 */
function accurate(
  values: readonly number[],
  before: readonly number[],
  residuals: readonly number[],
  accuracy: number,
): boolean {
  return residuals.every((residual, j) => {
    const allowed = accuracy * Math.abs(values[j]!);
    const gap = values[j]! - (values[j + 1] ?? values[j]!);
    const change = Math.abs(values[j]! - (before[j] ?? Infinity));
    return gap > residual && residual ** 2 <= allowed * gap && change <= allowed;
  });
}

/** The answer when the operator returned NaN or infinity: nothing is known. */
function undefinedResult(k: number, hvps: number): EigenResult {
  const unknown = new Array<number>(k).fill(Number.NaN);
  return { eigenvalues: unknown, eigenvectors: [], residuals: unknown, hvps, converged: false };
}

/** Independent uniform entries in [−1, 1): as good a direction as normal ones at a tenth of the time. */
function randomDirection(out: Vector, random: RandomStream): void {
  for (let i = 0; i < out.length; i++) out[i] = random.signed();
}

/** Sum of the given eigenvectors plus a little noise, or a random direction; unit length. */
function startVector(
  start: readonly Vector[],
  noise: number,
  size: number,
  dtype: LinearOperator["dtype"],
  random: RandomStream,
): Vector {
  const vector = zeros(dtype, size);
  if (noise > 0 || start.length === 0) randomDirection(vector, random);
  if (start.length > 0) {
    if (noise > 0) scale(noise / norm(vector), vector);
    for (const direction of start) {
      if (direction.length !== size) {
        throw new InputError("start vector has the wrong length", {
          received: String(direction.length),
          allowed: String(size),
        });
      }
      const length = norm(direction);
      if (length > 0 && Number.isFinite(length)) axpy(1 / length, direction, vector);
    }
  }
  scale(1 / norm(vector), vector);
  return vector;
}

/**
 * Thick restart: replaces the basis by its `keep` leading Ritz vectors and returns the projected operator on them.
 * The coupling to the next basis vector reappears by itself when that vector's image is orthogonalised.
 */
function restart(
  basis: Vector[],
  ritz: { values: readonly number[]; vectors: readonly Float64Array[] },
  keep: number,
): number[][] {
  const dtype = basis[0] instanceof Float32Array ? "float32" : "float64";
  const kept = ritzVectors(basis, ritz.vectors.slice(0, keep), dtype);
  basis.length = 0;
  basis.push(...kept);
  return kept.map((_, i) => Array.from({ length: i + 1 }, (_unused, j) => (i === j ? ritz.values[i]! : 0)));
}

function ritzVectors(
  basis: readonly Vector[],
  coefficients: readonly Float64Array[],
  dtype: LinearOperator["dtype"],
): Vector[] {
  return coefficients.map((weights) => {
    const vector = zeros(dtype, basis[0]!.length);
    basis.forEach((direction, j) => axpy(weights[j]!, direction, vector));
    scale(1 / norm(vector), vector);
    return vector;
  });
}

/** Makes ⟨v, reference⟩ > 0, or without a reference the entry of largest magnitude positive. */
function alignSign(vector: Vector, reference: Vector | undefined): void {
  let lead: number;
  if (reference) lead = dot(vector, reference);
  else {
    lead = 0;
    for (const entry of vector) if (Math.abs(entry) > Math.abs(lead)) lead = entry;
  }
  if (lead < 0) scale(-1, vector);
}
