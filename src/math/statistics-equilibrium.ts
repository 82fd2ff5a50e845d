// Equilibrium value of a recorded quantity: the mean of its last records, with an honest error.
import { batchMeans, correlatedMean } from "./autocorrelation.ts";
import { InputError } from "./errors.ts";

/** One record of a quantity: at which step, and its value (null when it came out non-finite). */
export interface SeriesPoint {
  readonly step: number;
  readonly value: number | null;
}

/** Options of `equilibrium`. */
export interface EquilibriumOptions {
  /** Records at the end of the series to average. Default 20, as in the stochastic sharpness gap paper. */
  readonly last?: number;
}

/** Mean of the last records; null where it takes more finite records than there are. */
export interface Equilibrium {
  /** Finite records averaged. */
  readonly n: number;
  readonly mean: number | null;
  /** Sample standard deviation of the records. */
  readonly sd: number | null;
  /** Standard error of the mean, correlation between records included. */
  readonly stderr: number | null;
  /** Standard error of the mean from batch means, as a cross-check. */
  readonly batchStderr: number | null;
  /** Integrated autocorrelation time, in records. */
  readonly tau: number | null;
  readonly nEffective: number;
  /** Steps of the first and the last record averaged. */
  readonly firstStep: number | null;
  readonly lastStep: number | null;
  /** Records of the window that were not finite. */
  readonly excluded: number;
  /** What to doubt about the numbers; null when nothing. */
  readonly warning: string | null;
}

/**
 * Mean of the last `last` records (oldest first) with a standard error that knows consecutive records are correlated.
 * Records that are not finite are counted in `excluded`, not replaced by older ones.
 *
 * @throws InputError when `last` is not a whole number ≥ 1
 */
export function equilibrium(
  records: readonly SeriesPoint[],
  { last = 20 }: EquilibriumOptions = {},
): Equilibrium {
  if (!Number.isInteger(last) || last < 1) {
    throw new InputError("number of equilibrium records out of range", {
      field: "last",
      received: String(last),
      allowed: "a whole number ≥ 1",
    });
  }
  const window = records.slice(-last);
  const finite = window.filter(isFinitePoint);
  const values = finite.map((point) => point.value);
  const { n, mean, sd, stderr, tau, nEffective, warning } = correlatedMean(values);
  const excluded = window.length - n;
  const doubts = [
    records.length < last ? `only ${records.length} of ${last} records exist` : null,
    excluded > 0
      ? `${excluded} of the last ${window.length} records ${excluded > 1 ? "are" : "is"} not finite`
      : null,
    warning,
  ].filter((doubt) => doubt !== null);
  return {
    n,
    mean,
    sd,
    stderr,
    batchStderr: n >= 4 ? batchMeans(values).stderr : null,
    tau,
    nEffective,
    firstStep: finite.at(0)?.step ?? null,
    lastStep: finite.at(-1)?.step ?? null,
    excluded,
    warning: doubts.length === 0 ? null : doubts.join("; "),
  };
}

/** Whether a record holds a finite value. */
export function isFinitePoint(point: SeriesPoint): point is SeriesPoint & { readonly value: number } {
  return point.value !== null && Number.isFinite(point.value);
}
