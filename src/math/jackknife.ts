// The jackknife: the standard error of any statistic of a few records, by leaving out one of them at a time.

/** A statistic of all records, and its jackknife standard error; null for fewer than two records. */
export interface JackknifeEstimate {
  readonly value: number;
  readonly stderr: number | null;
}

/**
 * √((m − 1)/m · Σ(θ_(i) − θ̄)²) over the m leave-one-out values θ_(i) (Quenouille 1949, Tukey 1958). For a mean it is the
 * usual standard error. m + 1 evaluations. Null when the statistic of all records is; the error is null when any of the
 * leave-one-out values is.
 *
 * @param statistic null where it is undefined
 */
export function jackknife<Item>(
  items: readonly Item[],
  statistic: (kept: readonly Item[]) => number | null,
): JackknifeEstimate | null {
  const value = statistic(items);
  if (value === null) return null;
  const count = items.length;
  if (count < 2) return { value, stderr: null };
  const without = items.map((_, left) => statistic(items.filter((_item, i) => i !== left)));
  let total = 0;
  for (const each of without) {
    if (each === null) return { value, stderr: null };
    total += each;
  }
  let squares = 0;
  for (const each of without) squares += (each! - total / count) ** 2;
  return { value, stderr: Math.sqrt(((count - 1) / count) * squares) };
}
