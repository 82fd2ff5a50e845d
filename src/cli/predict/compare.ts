// Predicted and measured gap of the runs of one batch size and learning rate.
import { type GapGroup, predictGap, type RunPrediction, type Statistic } from "../../lab/index.ts";
import { summarize, type Summary } from "../../math/index.ts";
import type { MeasuredRun } from "./run-session.ts";

/** One row group of the table. */
export interface ComparedGroup {
  readonly lr: number;
  /** `full` for gradient descent: the reference, with a predicted gap of zero. */
  readonly batch: number | "full";
  readonly sampling: string;
  readonly runs: readonly string[];
  /** S_GD − S_eq over runs of equal seed, and 2/η − S_eq, from the runs' own records. */
  readonly measured: {
    readonly againstDescent: Statistic;
    readonly againstEdge: Statistic;
    /** 2/η − S at midpoints of the runs' equilibrium windows: without what the oscillation adds to S. */
    readonly againstEdgeAtMidpoints: Summary;
    /** S of gradient descent minus S, both at time averages over windows; null without windows of gradient descent. */
    readonly againstDescentAtAverages: { readonly value: number; readonly stderr: number | null } | null;
  };
  /** From the windows of all these runs together. */
  readonly predicted: RunPrediction;
}

/**
 * Compares; pure.
 *
 * @param measured windows of the group's runs
 * @param descent those of gradient descent with the same learning rate
 */
export function compareGroup(
  group: GapGroup,
  measured: readonly MeasuredRun[],
  descent: readonly MeasuredRun[],
): ComparedGroup {
  const { lr, batch, sampling, threshold } = group;
  const midpoints = measured.flatMap(({ run }) =>
    run.window.midpoint.flatMap(({ sharpness }) => (sharpness == null ? [] : [threshold - sharpness])),
  );
  const { n } = measured[0]!;
  const full = batch === "full";
  return {
    lr,
    batch,
    sampling,
    runs: measured.map(({ run }) => run.id),
    measured: {
      againstDescent: group.gapPaired,
      againstEdge: group.gapToEdge,
      againstEdgeAtMidpoints: summarize(midpoints),
      againstDescentAtAverages: full ? null : differenceAtAverages(descent, measured),
    },
    predicted: predictGap({
      lr,
      n,
      batch: full ? n : batch,
      // A step over all examples has no noise, whatever the sampling of the others.
      sampling: full ? "without" : sampling,
      segments: measured.flatMap(({ segments }) => segments),
    }),
  };
}

function differenceAtAverages(
  from: readonly MeasuredRun[],
  to: readonly MeasuredRun[],
): { readonly value: number; readonly stderr: number | null } | null {
  const [a, b] = [from, to].map((runs) =>
    summarize(
      runs.flatMap(({ segments }) =>
        segments.flatMap(({ places }) => places.find(({ place }) => place === "average")?.sharpness ?? []),
      ),
    ),
  ) as [Summary, Summary];
  if (a.mean === null || b.mean === null) return null;
  const known = a.stderr !== null && b.stderr !== null;
  return { value: a.mean - b.mean, stderr: known ? Math.hypot(a.stderr, b.stderr) : null };
}
