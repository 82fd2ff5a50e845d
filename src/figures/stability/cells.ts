// Series over many decades of steps, boiled down to cells of equal width on a logarithmic axis.
import type { LogSeries } from "./types.ts";

/** What happened in a cell: extremes and mean of the logarithms of all runs in it. */
export interface LogCell {
  /** Geometric mean of the cell's steps that were seen. */
  readonly step: number;
  readonly low: number;
  readonly mean: number;
  readonly high: number;
}

/** Cells a decade: finer than a pixel column of a panel, coarse enough for one line a cell. */
export const CELLS_PER_DECADE = 40;

/**
 * One cell for every fortieth of a decade that holds a finite value, ascending. Step 0 has no place on the axis and is left
 * out. O(total values).
 */
export function logCells(runs: readonly LogSeries[], perDecade: number = CELLS_PER_DECADE): LogCell[] {
  const cells = new Map<number, { logStep: number; low: number; sum: number; high: number; count: number }>();
  for (const { steps, logs } of runs) {
    for (let k = 0; k < steps.length; k++) {
      const step = steps[k]!;
      const log = logs[k]!;
      if (step <= 0 || !Number.isFinite(log)) continue;
      const index = Math.floor(Math.log10(step) * perDecade + 1e-9);
      const cell = cells.get(index);
      if (cell === undefined)
        cells.set(index, { logStep: Math.log(step), low: log, sum: log, high: log, count: 1 });
      else {
        cell.logStep += Math.log(step);
        cell.low = Math.min(cell.low, log);
        cell.high = Math.max(cell.high, log);
        cell.sum += log;
        cell.count++;
      }
    }
  }
  return [...cells]
    .sort(([a], [b]) => a - b)
    .map(([, { logStep, low, sum, high, count }]) => ({
      step: Math.exp(logStep / count),
      low,
      mean: sum / count,
      high,
    }));
}

/** exp, kept off the ends of the range of numbers that axes can show. */
export function expWithin(log: number): number {
  return Math.exp(Math.min(680, Math.max(-680, log)));
}
