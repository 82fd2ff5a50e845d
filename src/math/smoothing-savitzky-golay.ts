// Savitzky–Golay smoothing: a polynomial fitted to each window by least squares, evaluated in its middle.
import { InputError } from "./errors.ts";
import { checkWindow } from "./smoothing.ts";

/** Options of `savitzkyGolay`. */
export interface SavitzkyGolayOptions {
  /** Values per window, odd. */
  readonly window: number;
  /** Degree of the polynomial, below `window`. */
  readonly order: number;
}

/**
 * Savitzky–Golay smoothing of equally spaced values (Anal. Chem. 36, 1964, 1627). Within half a window of an end,
 * the polynomial of the first or last full window is evaluated there; polynomials up to `order` pass unchanged.
 *
 * A non-finite value leaves its windows' fits and comes out as NaN. A series shorter than the window is one window,
 * and too few points for the degree lower it. O(n·window·order).
 *
 * @throws InputError when the window is not odd or the order is not a whole number in 0…window − 1
 */
export function savitzkyGolay(
  values: ArrayLike<number>,
  { window, order }: SavitzkyGolayOptions,
): Float64Array {
  checkWindow(window);
  if (!Number.isInteger(order) || order < 0 || order >= window) {
    throw new InputError("order of a Savitzky–Golay filter out of range", {
      field: "order",
      received: String(order),
      allowed: `a whole number from 0 to ${window - 1}, below the window`,
    });
  }
  const n = values.length;
  const half = (window - 1) / 2;
  const width = Math.min(window, n);
  const wholeWindow = width === window ? middleWeights(window, order) : null;
  return Float64Array.from({ length: n }, (_, i) => {
    if (!Number.isFinite(values[i]!)) return Number.NaN;
    const start = Math.max(0, Math.min(i - half, n - width));
    if (wholeWindow !== null && start + half === i) {
      let total = 0;
      for (let k = 0; k < window; k++) total += wholeWindow[k]! * values[start + k]!;
      // A non-finite value in the window makes the sum non-finite; then the window is fitted without it.
      if (Number.isFinite(total)) return total;
    }
    return fitWindow(values, start, width, order, i);
  });
}

/** Weights that evaluate the fit of a whole window in its middle. */
function middleWeights(window: number, order: number): Float64Array {
  const positions = Float64Array.from({ length: window }, (_, k) => k);
  return evaluationWeights(positions, order, (window - 1) / 2);
}

/** Value at `at` of the polynomial fitted to the finite values of one window. */
function fitWindow(
  values: ArrayLike<number>,
  start: number,
  width: number,
  order: number,
  at: number,
): number {
  const finite: number[] = [];
  for (let i = start; i < start + width; i++) if (Number.isFinite(values[i]!)) finite.push(i);
  const weights = evaluationWeights(
    Float64Array.from(finite, (i) => i - start),
    order,
    at - start,
  );
  return finite.reduce((total, i, k) => total + weights[k]! * values[i]!, 0);
}

/**
 * The weights w with Σ w_k·y_k = p(at), for p the least-squares polynomial of the points (positions_k, y_k):
 * w_k = Σ_d P_d(x_k)·P_d(at) over polynomials orthonormal on the positions, built by the three-term recurrence
 * (Forsythe, J. SIAM 5, 1957), which stays accurate at degrees where the normal equations do not.
 */
function evaluationWeights(positions: Float64Array, order: number, at: number): Float64Array {
  const count = positions.length;
  const degree = Math.min(order, count - 1);
  const weights = new Float64Array(count).fill(1 / count);
  let previous = new Float64Array(count);
  let current = new Float64Array(count).fill(1 / Math.sqrt(count));
  let previousAt = 0;
  let currentAt = 1 / Math.sqrt(count);
  let coupling = 0;
  for (let d = 1; d <= degree; d++) {
    let center = 0;
    for (let k = 0; k < count; k++) center += positions[k]! * current[k]! ** 2;
    const next = Float64Array.from(
      current,
      (value, k) => (positions[k]! - center) * value - coupling * previous[k]!,
    );
    let squares = 0;
    for (const value of next) squares += value * value;
    const size = Math.sqrt(squares);
    const nextAt = ((at - center) * currentAt - coupling * previousAt) / size;
    for (let k = 0; k < count; k++) {
      next[k]! /= size;
      weights[k]! += next[k]! * nextAt;
    }
    [previous, current, previousAt, currentAt, coupling] = [current, next, currentAt, nextAt, size];
  }
  return weights;
}
