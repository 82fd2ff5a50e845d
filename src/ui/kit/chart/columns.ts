// Arithmetic on columns for drawing: searching, smoothing, splitting, thinning. Nothing here knows of pixels' colours.
import { minMaxBuckets } from "../../../figures/buckets.ts";
import { movingAverage } from "../../../math/smoothing.ts";
import type { Range } from "./types.ts";

/** Index of the first entry not below `value` in an ascending column. O(log n). */
export function lowerBound(xs: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (xs[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the entry nearest to `value` in an ascending column; −1 when it is empty. O(log n). */
export function nearestIndex(xs: ArrayLike<number>, value: number): number {
  const above = lowerBound(xs, value);
  if (above === 0) return xs.length === 0 ? -1 : 0;
  if (above === xs.length) return above - 1;
  return value - xs[above - 1]! <= xs[above]! - value ? above - 1 : above;
}

const smoothed = new WeakMap<Float64Array, { readonly weight: number; readonly result: Float64Array }>();

/** De-biased moving average of a column: constants stay constant, gaps stay gaps. Remembered per column. */
export function smooth(ys: Float64Array, weight: number): Float64Array {
  const known = smoothed.get(ys);
  if (known?.weight === weight) return known.result;
  const result = movingAverage(ys, weight);
  smoothed.set(ys, { weight, result });
  return result;
}

/** About how many records a moving average of this weight looks back over: (1 + w)/(1 − w), as a flat window would. */
export function smoothingWindow(weight: number): number {
  return Math.round((1 + weight) / (1 - weight));
}

/** The points at steps of one parity (0 even, 1 odd); without steps, of their numbers. */
export function ofParity(
  { xs, ys, steps }: { readonly xs: Float64Array; readonly ys: Float64Array; readonly steps?: Float64Array },
  parity: 0 | 1,
): { readonly xs: Float64Array; readonly ys: Float64Array; readonly steps: Float64Array } {
  const kept: number[] = [];
  for (let i = 0; i < xs.length; i++) if ((steps?.[i] ?? i) % 2 === parity) kept.push(i);
  const pick = (column: Float64Array): Float64Array => Float64Array.from(kept, (i) => column[i]!);
  return { xs: pick(xs), ys: pick(ys), steps: Float64Array.from(kept, (i) => steps?.[i] ?? i) };
}

const logarithms = new WeakMap<Float64Array, Float64Array>();

/** log₁₀ of a column, remembered per column. */
export function logOf(xs: Float64Array): Float64Array {
  let result = logarithms.get(xs);
  if (result === undefined) logarithms.set(xs, (result = xs.map(Math.log10)));
  return result;
}

/** Which points to draw of a curve. */
export interface Thinning {
  readonly range: Range;
  /** Pixels the range is wide. */
  readonly pixels: number;
  readonly logX: boolean;
}

/**
 * Indices of the points to draw: those inside the range and one beyond it on either side, and of those per pixel
 * the extremes (see `minMaxBuckets`), the pixels being of the axis as it is drawn.
 */
export function visible(xs: Float64Array, ys: Float64Array, { range, pixels, logX }: Thinning): Uint32Array {
  const positive = logX ? lowerBound(xs, Number.MIN_VALUE) : 0;
  const from = Math.max(positive, lowerBound(xs, range[0]) - 1);
  const to = Math.min(xs.length, lowerBound(xs, range[1]) + 2);
  if (to <= from) return new Uint32Array(0);
  const axis = (logX ? logOf(xs) : xs).subarray(from, to);
  const indices = minMaxBuckets(axis, ys.subarray(from, to), Math.max(1, pixels));
  if (from > 0) for (let i = 0; i < indices.length; i++) indices[i]! += from;
  return indices;
}

/** Finite least and greatest value at the indices (positive ones only for a logarithmic axis), or null. */
export function extent(ys: Float64Array, indices: Uint32Array, log: boolean): Range | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const i of indices) {
    const value = ys[i]!;
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}
