// Smoothing of recorded curves: running median with quartiles, and the de-biased exponential moving average.
import { InputError } from "./errors.ts";
import { quantileSorted } from "./statistics.ts";

/** Running median and quartiles, one entry per value; NaN where a window holds no finite value. */
export interface RunningMedian {
  readonly median: Float64Array;
  /** 25 % quantile. */
  readonly lower: Float64Array;
  /** 75 % quantile. */
  readonly upper: Float64Array;
}

/**
 * Median and interquartile range in a centred window, cut short at the ends; non-finite values are skipped.
 * O(n·window), by keeping the window sorted.
 *
 * @param window odd number of values
 * @throws InputError when the window is not an odd whole number
 */
export function runningMedian(values: ArrayLike<number>, window: number): RunningMedian {
  checkWindow(window);
  const n = values.length;
  const half = (window - 1) / 2;
  const result = { median: new Float64Array(n), lower: new Float64Array(n), upper: new Float64Array(n) };
  const sorted: number[] = [];
  const enter = (index: number): void => {
    const value = values[index]!;
    if (index < n && Number.isFinite(value)) sorted.splice(lowerBound(sorted, value), 0, value);
  };
  for (let index = 0; index < Math.min(half, n); index++) enter(index);
  for (let center = 0; center < n; center++) {
    if (center + half < n) enter(center + half);
    const left = center - half - 1;
    if (left >= 0 && Number.isFinite(values[left]!)) sorted.splice(lowerBound(sorted, values[left]!), 1);
    result.median[center] = quantileSorted(sorted, 0.5);
    result.lower[center] = quantileSorted(sorted, 0.25);
    result.upper[center] = quantileSorted(sorted, 0.75);
  }
  return result;
}

/** Index of the first entry not below `value`. O(log n). */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Throws InputError unless `window` is an odd whole number ≥ 1. */
export function checkWindow(window: number): void {
  if (!Number.isInteger(window) || window < 1 || window % 2 === 0) {
    throw new InputError("a smoothing window has a middle", {
      field: "window",
      received: String(window),
      allowed: "an odd whole number ≥ 1",
    });
  }
}

/**
 * Exponential moving average without start-up bias: the average of all values so far with weights
 * weight^(distance), so constants stay constant and the first output is the first value (the correction of Adam,
 * Kingma & Ba 2015, §3, in its incremental form). Non-finite values are skipped and come out as NaN.
 *
 * @param weight of the past, 0 ≤ weight < 1; 0 returns the values
 * @param positions distance along the axis (steps, say), ascending; by default every value counts 1 further
 * @throws InputError for a weight out of range or as many positions as not values
 */
export function movingAverage(
  values: ArrayLike<number>,
  weight: number,
  positions?: ArrayLike<number>,
): Float64Array {
  if (!(weight >= 0 && weight < 1)) {
    throw new InputError("smoothing weight out of range", {
      field: "weight",
      received: String(weight),
      allowed: "0 ≤ weight < 1",
    });
  }
  if (positions !== undefined && positions.length !== values.length) {
    throw new InputError("positions and values have different lengths", {
      field: "positions",
      received: `${positions.length} values`,
      allowed: `${values.length}, as many as values`,
    });
  }
  const result = new Float64Array(values.length).fill(Number.NaN);
  let average = 0;
  let total = 0;
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    const position = positions === undefined ? i : positions[i]!;
    // total = Σ weight^(distance): the past fades by the distance moved, the new value enters with 1.
    total = total * weight ** (position - last) + 1;
    last = position;
    average += (value - average) / total;
    result[i] = average;
  }
  return result;
}
