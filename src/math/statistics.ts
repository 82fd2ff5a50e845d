// Sample statistics: means, spreads, quantiles, a running accumulator, and mean ± sd by group.

/** Arithmetic mean, compensated by a second pass so that a large common offset costs no digits. NaN when empty. */
export function mean(values: ArrayLike<number>): number {
  const n = values.length;
  let total = 0;
  for (let i = 0; i < n; i++) total += values[i]!;
  const first = total / n;
  if (!Number.isFinite(first)) return first;
  let remainder = 0;
  for (let i = 0; i < n; i++) remainder += values[i]! - first;
  return first + remainder / n;
}

/** Sample variance Σ(x − x̄)²/(n − 1), by two passes. NaN for fewer than two values. */
export function sampleVariance(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 2) return Number.NaN;
  const center = mean(values);
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - center) ** 2;
  return squares / (n - 1);
}

/** Sample standard deviation (n − 1 in the denominator). NaN for fewer than two values. */
export function sampleSd(values: ArrayLike<number>): number {
  return Math.sqrt(sampleVariance(values));
}

/** Standard error of the mean of independent values, sd/√n; for a time series see `correlatedMean`. */
export function standardError(values: ArrayLike<number>): number {
  return sampleSd(values) / Math.sqrt(values.length);
}

/**
 * Quantile by linear interpolation between order statistics (type 7 of Hyndman & Fan 1996; NumPy's default).
 *
 * @param p between 0 and 1; NaN outside, for no values, and when any value is NaN
 */
export function quantile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort();
  // Typed arrays sort NaN last.
  return Number.isNaN(sorted.at(-1)) ? Number.NaN : quantileSorted(sorted, p);
}

/** `quantile` of values already in ascending order. O(1). */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  if (!(p >= 0 && p <= 1) || sorted.length === 0) return Number.NaN;
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const fraction = position - below;
  return fraction === 0 ? low : low + fraction * (sorted[below + 1]! - low);
}

/** The median; the mean of the middle two for an even count. NaN when empty. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/** Count, mean and spread of a sample; null where it takes more values than there are. */
export interface Summary {
  readonly n: number;
  readonly mean: number | null;
  /** Sample standard deviation, n − 1 in the denominator. */
  readonly sd: number | null;
  /** sd/√n, for independent values. */
  readonly stderr: number | null;
}

/** Count, mean, sample sd and standard error. */
export function summarize(values: ArrayLike<number>): Summary {
  const n = values.length;
  return {
    n,
    mean: n > 0 ? mean(values) : null,
    sd: n > 1 ? sampleSd(values) : null,
    stderr: n > 1 ? standardError(values) : null,
  };
}

/**
 * Mean and variance of a stream in O(1) memory (Welford 1962); `merge` joins two streams (Chan et al. 1983).
 * Mutable: every `add` and `merge` updates it.
 */
export class Welford {
  #n = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#n += 1;
    const delta = value - this.#mean;
    this.#mean += delta / this.#n;
    this.#squares += delta * (value - this.#mean);
  }

  /** Absorbs everything the other accumulator has seen; the other is unchanged. */
  merge(other: Welford): void {
    const n = this.#n + other.#n;
    if (n === 0) return;
    const delta = other.#mean - this.#mean;
    this.#squares += other.#squares + (delta * delta * this.#n * other.#n) / n;
    this.#mean += (delta * other.#n) / n;
    this.#n = n;
  }

  get n(): number {
    return this.#n;
  }

  /** NaN before the first value. */
  get mean(): number {
    return this.#n > 0 ? this.#mean : Number.NaN;
  }

  /** Sample variance; NaN before the second value. */
  get variance(): number {
    return this.#n > 1 ? this.#squares / (this.#n - 1) : Number.NaN;
  }

  get sd(): number {
    return Math.sqrt(this.variance);
  }

  /** sd/√n, for independent values. */
  get stderr(): number {
    return this.sd / Math.sqrt(this.#n);
  }
}

/** One group of rows: the spread of their finite values, and how many had none. */
export interface GroupSummary<Row, Key> extends Summary {
  readonly key: Key;
  /** The rows the statistics are of, in their order. */
  readonly rows: readonly Row[];
  /** Rows of the group whose value was missing or not finite: shown, not averaged. */
  readonly excluded: readonly Row[];
}

/**
 * Mean ± sd of a value by group (over seeds, say), groups in order of first appearance.
 * A group all of whose values are missing is still returned, with n = 0.
 *
 * @param key what to group by; compared as `Map` keys are, so join several fields into a string
 * @param value the number of a row; null, undefined, NaN and infinities are excluded and listed
 */
export function groupStatistics<Row, Key>(
  rows: Iterable<Row>,
  key: (row: Row) => Key,
  value: (row: Row) => number | null | undefined,
): GroupSummary<Row, Key>[] {
  const groups = new Map<Key, { rows: Row[]; values: number[]; excluded: Row[] }>();
  for (const row of rows) {
    const name = key(row);
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = { rows: [], values: [], excluded: [] }));
    const number = value(row);
    if (typeof number === "number" && Number.isFinite(number)) {
      group.rows.push(row);
      group.values.push(number);
    } else group.excluded.push(row);
  }
  return Array.from(groups, ([name, group]) => ({
    key: name,
    ...summarize(group.values),
    rows: group.rows,
    excluded: group.excluded,
  }));
}
