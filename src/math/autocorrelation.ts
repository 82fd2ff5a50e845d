// The standard error of a mean of correlated values: integrated autocorrelation time, and batch means as a check.
import { InputError } from "./errors.ts";
import { mean, sampleSd, standardError } from "./statistics.ts";

/**
 * Autocovariances Γ(0)…Γ(maxLag) about the sample mean, Γ(k) = Σᵢ (xᵢ − x̄)(xᵢ₊ₖ − x̄)/(n − k).
 * O(n·maxLag). Lags of n and more have no pairs and are not returned.
 */
export function autocovariance(values: ArrayLike<number>, maxLag: number): Float64Array {
  const center = mean(values);
  const deviations = Float64Array.from(values, (x) => x - center);
  const lags = Math.min(maxLag, values.length - 1) + 1;
  return Float64Array.from({ length: lags }, (_, k) => lagCovariance(deviations, k));
}

function lagCovariance(deviations: Float64Array, lag: number): number {
  const pairs = deviations.length - lag;
  let total = 0;
  for (let i = 0; i < pairs; i++) total += deviations[i]! * deviations[i + lag]!;
  return total / pairs;
}

/** Mean of a correlated series and how well it is known. */
export interface CorrelatedMean {
  readonly n: number;
  /** null for no values. */
  readonly mean: number | null;
  /** Sample standard deviation of single values; null for fewer than two. */
  readonly sd: number | null;
  /** Standard error of the mean with correlation taken into account; never below sd/√n. null for fewer than two. */
  readonly stderr: number | null;
  /**
   * Integrated autocorrelation time 1 + 2Σρ(k), in records: 1 for independent values, below 1 for alternating ones.
   * null when there are fewer than four values.
   */
  readonly tau: number | null;
  /** Effective number of independent values, n/max(1, tau). */
  readonly nEffective: number;
  /** Lags summed. */
  readonly window: number;
  /** Why the error is less sure than it looks; null when there is nothing to say. */
  readonly warning: string | null;
}

/** Options of `correlatedMean`. */
export interface CorrelatedMeanOptions {
  /** Sokal's constant c: sum lags up to the first W ≥ c·τ/2. Default 5. */
  readonly windowFactor?: number;
}

/**
 * Mean of a stationary, correlated series with its standard error.
 *
 * The integrated autocorrelation time is summed up to Sokal's automatic window ("Monte Carlo methods in statistical
 * mechanics", 1996, §3), corrected for the bias of subtracting the sample mean as in U. Wolff, Comput. Phys. Commun.
 * 156 (2004) 143, eq. 49, in the form that gives exactly sd/√n for window 0. Negative correlation is reported in
 * `tau` but does not shrink the error: over a few tens of records its estimate is mostly noise.
 *
 * @throws InputError when a value is not finite
 */
export function correlatedMean(
  values: ArrayLike<number>,
  { windowFactor = 5 }: CorrelatedMeanOptions = {},
): CorrelatedMean {
  const n = values.length;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(values[i]!)) {
      throw new InputError("mean of a series with a value that is not finite", {
        field: `values[${i}]`,
        received: String(values[i]),
      });
    }
  }
  const plain = {
    n,
    mean: n > 0 ? mean(values) : null,
    sd: n > 1 ? sampleSd(values) : null,
    stderr: n > 1 ? standardError(values) : null,
  };
  if (plain.mean === null || plain.sd === null || n < 4) {
    const warning = `${n} record${n === 1 ? "" : "s"}: too few to see whether they are correlated`;
    return { ...plain, tau: null, nEffective: n, window: 0, warning };
  }
  // A constant series up to rounding: its "correlations" would be those of the rounding errors.
  if (plain.sd <= 4 * Number.EPSILON * Math.abs(plain.mean)) {
    return { ...plain, tau: 1, nEffective: n, window: 0, warning: null };
  }
  const { tau, window, complete } = integratedTime(
    Float64Array.from(values, (x) => x - plain.mean!),
    windowFactor,
  );
  const inflation = Math.max(1, tau);
  const spans = n / inflation;
  const warning =
    complete && spans >= 10
      ? null
      : `the ${n} records span only about ${spans.toPrecision(2)} correlation times: the standard error may be too small`;
  return {
    ...plain,
    stderr: plain.sd * Math.sqrt(inflation / n),
    tau: Math.max(0, tau),
    nEffective: spans,
    window,
    warning,
  };
}

/** τ with its window; `complete` is false when the series ended before the window closed. */
function integratedTime(
  deviations: Float64Array,
  windowFactor: number,
): { readonly tau: number; readonly window: number; readonly complete: boolean } {
  const n = deviations.length;
  const variance = lagCovariance(deviations, 0) * (n / (n - 1));
  const limit = Math.floor(n / 4);
  let sum = lagCovariance(deviations, 0);
  let tau = 1;
  let window = 0;
  // Every Γ is too small by Var(x̄) on average, hence the sum of 2W + 1 of them by (2W + 1)·Var(x̄).
  while (window < limit && window < (windowFactor * Math.max(1, tau)) / 2) {
    window += 1;
    sum += 2 * lagCovariance(deviations, window);
    tau = sum / (1 - (2 * window + 1) / n) / variance;
  }
  return { tau, window, complete: window >= (windowFactor * Math.max(1, tau)) / 2 };
}

/** Standard error of a mean from the spread of the means of consecutive batches. */
export interface BatchMeans {
  /** null when there are fewer than two batches. */
  readonly stderr: number | null;
  readonly batches: number;
  /** Values in each batch; n − batches·size of the oldest are left out. */
  readonly size: number;
}

/**
 * Batch-means standard error of the mean of a correlated series, the estimate that assumes least: right once batches
 * are much longer than the correlation time. Compare with `correlatedMean`.
 *
 * @param batches number of batches; ⌊√n⌋ by default
 * @throws InputError when `batches` is not a whole number of at least 2
 */
export function batchMeans(
  values: ArrayLike<number>,
  batches: number = Math.max(2, Math.floor(Math.sqrt(values.length))),
): BatchMeans {
  if (!Number.isInteger(batches) || batches < 2) {
    throw new InputError("batch means need at least two batches", {
      field: "batches",
      received: String(batches),
      allowed: "a whole number ≥ 2",
    });
  }
  const size = Math.floor(values.length / batches);
  if (size === 0) return { stderr: null, batches: 0, size: 0 };
  const all = Float64Array.from(values);
  const skipped = all.length - batches * size;
  const means = Array.from({ length: batches }, (_, k) =>
    mean(all.subarray(skipped + k * size, skipped + (k + 1) * size)),
  );
  return { stderr: standardError(means), batches, size };
}
