// Mean and spread of a quantity over seeds, column by column.
import { mean, sampleSd } from "../../math/statistics.ts";
import type { Series } from "../../record/series.ts";

/** A mean with its band of ± 1 sample standard deviation; `band` is absent for a single column. */
export interface MeanColumns {
  readonly steps: Float64Array;
  readonly ys: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * Mean over the columns at the steps where all have finite values (positive ones for `log`, where the mean is
 * geometric). O(total points), all ascending in step.
 */
export function meanColumns(columns: readonly Series[], log: boolean): MeanColumns {
  const [first, ...others] = columns;
  const steps: number[] = [];
  const rows: { readonly mean: number; readonly sd: number }[] = [];
  const at = others.map(() => 0);
  for (const [i, step] of (first?.steps ?? []).entries()) {
    const values = [first!.values[i]!];
    for (const [k, { steps: theirs, values: other }] of others.entries()) {
      while (at[k]! < theirs.length && theirs[at[k]!]! < step) at[k]!++;
      values.push(theirs[at[k]!] === step ? other[at[k]!]! : Number.NaN);
    }
    const used = log ? values.map(Math.log) : values;
    if (!used.every(Number.isFinite)) continue;
    steps.push(step);
    rows.push({ mean: mean(used), sd: sampleSd(used) });
  }
  const back = log ? Math.exp : (value: number): number => value;
  return {
    steps: Float64Array.from(steps),
    ys: Float64Array.from(rows, (row) => back(row.mean)),
    low: Float64Array.from(rows, (row) => back(row.mean - row.sd)),
    high: Float64Array.from(rows, (row) => back(row.mean + row.sd)),
  };
}
