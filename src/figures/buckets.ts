// Thinning a curve for drawing without changing what it looks like: per bucket of x, keep the extremes.

/**
 * Indices of the points to draw, ascending. The x range is cut into `buckets` equal parts; of each part the
 * first minimum and the first maximum of y are kept, and one non-finite y if there is any, so that a gap in
 * the line stays a gap; the first and last point are always kept. At the edge of stability the iterate flips
 * sign every step, so keeping every k-th point instead would turn the oscillation into a flat line.
 *
 * Exact (every index returned) when there are at most 2·buckets points. O(n); at most 3·buckets + 2 indices.
 *
 * @param x ascending, finite; in axis space (pass logarithms for a logarithmic axis)
 * @param y same length; NaN marks a missing value
 * @param buckets positive integer, usually the width in pixels
 */
export function minMaxBuckets(x: ArrayLike<number>, y: ArrayLike<number>, buckets: number): Uint32Array {
  const n = Math.min(x.length, y.length);
  if (n <= 2 * buckets) return Uint32Array.from({ length: n }, (_, i) => i);
  const kept = new Uint32Array(3 * buckets + 2);
  let size = 0;
  const keep = (index: number): void => {
    if (size === 0 || kept[size - 1]! < index) kept[size++] = index;
  };
  const start = x[0]!;
  const perX = buckets / (x[n - 1]! - start || 1);
  keep(0);
  for (let i = 0; i < n;) {
    const bucket = Math.min(buckets - 1, Math.floor((x[i]! - start) * perX));
    let low = -1;
    let high = -1;
    let gap = -1;
    for (; i < n && Math.min(buckets - 1, Math.floor((x[i]! - start) * perX)) === bucket; i++) {
      const value = y[i]!;
      if (!Number.isFinite(value)) {
        if (gap < 0) gap = i;
      } else {
        if (low < 0 || value < y[low]!) low = i;
        if (high < 0 || value > y[high]!) high = i;
      }
    }
    for (const index of [low, high, gap].sort((a, b) => a - b)) if (index >= 0) keep(index);
  }
  keep(n - 1);
  return kept.slice(0, size);
}

/** A band reduced to one row per bucket that covers it: position, least lower and greatest upper edge. */
export interface BandPoint {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Thins the band between `low` and `high` (NaN where undefined) to at most `buckets` + 1 rows, each covering
 * every point of its bucket. Exact when there are at most `buckets` points. O(n).
 */
export function bandBuckets(
  x: ArrayLike<number>,
  low: ArrayLike<number>,
  high: ArrayLike<number>,
  buckets: number,
): BandPoint[] {
  const n = x.length;
  const points: BandPoint[] = [];
  if (n <= buckets) {
    for (let i = 0; i < n; i++) points.push({ x: x[i]!, low: low[i]!, high: high[i]! });
    return points;
  }
  const perBucket = Math.ceil(n / buckets);
  for (let from = 0; from < n; from += perBucket) {
    const to = Math.min(n, from + perBucket);
    let least = Number.NaN;
    let greatest = Number.NaN;
    for (let i = from; i < to; i++) {
      if (!(least <= low[i]!) && Number.isFinite(low[i]!)) least = low[i]!;
      if (!(greatest >= high[i]!) && Number.isFinite(high[i]!)) greatest = high[i]!;
    }
    points.push({ x: x[from]!, low: least, high: greatest });
    // The band must reach the last x; the bucket before it already covers its height.
    if (to === n && to - from > 1) points.push({ x: x[n - 1]!, low: least, high: greatest });
  }
  return points;
}
