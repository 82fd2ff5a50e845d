// Batch sharpness of a group of runs at equilibrium: median and quartiles over measurements and seeds.
import { median, quantile } from "../../math/index.ts";
import type { GapRun } from "./gap-run.ts";
import type { GapGroup } from "./groups.ts";
import { isFiniteNumber, overRuns, type Statistic } from "./statistic.ts";

/** At the group's own batch size, within the windows S_eq is taken of. */
export interface BatchSharpnessLevel {
  readonly median: number;
  /** Quartiles. */
  readonly lower: number;
  readonly upper: number;
  /** Measurements, all seeds together. */
  readonly records: number;
  /** Medians of single runs, over seeds. */
  readonly overSeeds: Statistic;
  /** Medians of the other definition, the ratio of means. */
  readonly ratioOfMeans: Statistic;
}

/** Null when it was not measured. */
export function batchSharpnessLevel({ runs, batch }: GapGroup): BatchSharpnessLevel | null {
  const key = String(batch);
  const values = (run: GapRun, pick: "mean" | "ratioOfMeans"): number[] =>
    run.window.iterate
      .map(({ batchSharpness }) => {
        const record = batchSharpness?.[key];
        return pick === "mean" ? record?.mean : record?.ratioOfMeans?.mean;
      })
      .filter(isFiniteNumber);
  const all = runs.flatMap((run) => values(run, "mean"));
  if (all.length === 0) return null;
  const medianOf = (pick: "mean" | "ratioOfMeans"): Statistic =>
    overRuns(runs, (run) => median(values(run, pick)));
  return {
    median: median(all),
    lower: quantile(all, 0.25),
    upper: quantile(all, 0.75),
    records: all.length,
    overSeeds: medianOf("mean"),
    ratioOfMeans: medianOf("ratioOfMeans"),
  };
}
