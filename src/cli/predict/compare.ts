// Predicted and measured gap of the runs of one batch size and learning rate.
import { type GapGroup, predictGap, type RunPrediction, type Statistic } from "../../lab/index.ts";
import { summarize, type Summary } from "../../math/index.ts";
import type { MeasuredRun } from "./run-session.ts";

/** One row group of the table. */
export interface ComparedGroup {
  readonly lr: number;
  readonly batch: number;
  readonly sampling: string;
  readonly runs: readonly string[];
  /** S_GD − S_eq over runs of equal seed, and 2/η − S_eq, from the runs' own records. */
  readonly measured: {
    readonly againstDescent: Statistic;
    readonly againstEdge: Statistic;
    /** 2/η − S at midpoints of the runs' equilibrium windows: without what the oscillation adds to S. */
    readonly againstEdgeAtMidpoints: Summary;
  };
  /** From the windows of all these runs together. */
  readonly predicted: RunPrediction;
}

/** Compares; pure. */
export function compareGroup(
  group: GapGroup & { readonly batch: number },
  measured: readonly MeasuredRun[],
): ComparedGroup {
  const { lr, batch, sampling, threshold } = group;
  const midpoints = measured.flatMap(({ run }) =>
    run.window.midpoint.flatMap(({ sharpness }) => (sharpness == null ? [] : [threshold - sharpness])),
  );
  const { n } = measured[0]!;
  return {
    lr,
    batch,
    sampling,
    runs: measured.map(({ run }) => run.id),
    measured: {
      againstDescent: group.gapPaired,
      againstEdge: group.gapToEdge,
      againstEdgeAtMidpoints: summarize(midpoints),
    },
    predicted: predictGap({
      lr,
      n,
      batch,
      sampling,
      segments: measured.flatMap(({ segments }) => segments),
    }),
  };
}
