// Runs grouped by learning rate and batch size: equilibrium sharpness and its gaps, mean ± sd over seeds.
import type { SamplingName } from "../../record/index.ts";
import type { GapRun } from "./gap-run.ts";
import { groupBy, overRuns, type Statistic } from "./statistic.ts";

/** Runs that differ in their seed only. */
export interface GapGroup {
  readonly lr: number;
  /** Examples a step; `full` for gradient descent. */
  readonly batch: number | "full";
  readonly sampling: SamplingName;
  readonly threshold: number;
  /** Runs that settled; all means are over these. */
  readonly runs: readonly GapRun[];
  /** Runs that did not settle, and why. */
  readonly unsettled: readonly { readonly run: string; readonly reason: string }[];
  /** S_eq. */
  readonly sharpness: Statistic;
  /** S_eq of gradient descent minus that of the run of the same seed; not defined for gradient descent. */
  readonly gapPaired: Statistic;
  /** Difference of the means over all seeds; its sd adds both spreads in quadrature. */
  readonly gapPooled: Statistic;
  /** 2/η − S_eq. */
  readonly gapToEdge: Statistic;
}

/** Groups by learning rate (ascending), then batch size (ascending, gradient descent last). */
export function groupRuns(runs: readonly GapRun[]): GapGroup[] {
  const groups = groupBy(runs, ({ lr, batch }) => JSON.stringify([lr, batch]));
  const settled = runs.filter(({ unsettled }) => unsettled === null);
  const descent = settled.filter(({ batch }) => batch === "full");
  return [...groups.values()].map((members) => describe(members, descent)).sort(byRateThenBatch);
}

function describe(members: readonly GapRun[], descent: readonly GapRun[]): GapGroup {
  const { lr, batch, sampling, threshold } = members[0]!;
  const runs = members.filter(({ unsettled }) => unsettled === null);
  const references = batch === "full" ? [] : descent.filter((run) => run.lr === lr);
  const sharpness = overRuns(runs, equilibriumSharpness);
  return {
    lr,
    batch,
    sampling,
    threshold,
    runs,
    unsettled: members.flatMap(({ id, unsettled }) =>
      unsettled === null ? [] : [{ run: id, reason: unsettled }],
    ),
    sharpness,
    gapPaired: overRuns(runs, (run) => pairedGap(run, references)),
    gapPooled: difference(overRuns(references, equilibriumSharpness), sharpness),
    gapToEdge: overRuns(runs, (run) => {
      const value = equilibriumSharpness(run);
      return value === null ? null : run.threshold - value;
    }),
  };
}

/** S_eq of a run. */
export function equilibriumSharpness({ edge }: GapRun): number | null {
  return edge.final.mean;
}

/** S_eq of gradient descent with the same learning rate and seed minus that of the run; null without one. */
export function pairedGap(run: GapRun, references: readonly GapRun[]): number | null {
  const reference = references.find(
    ({ seed, lr, batch }) => batch === "full" && seed === run.seed && lr === run.lr,
  );
  const [from, value] = [reference?.edge.final.mean ?? null, run.edge.final.mean];
  return from === null || value === null ? null : from - value;
}

/** a − b; empty where either is, with a spread only where both have one. */
function difference(a: Statistic, b: Statistic): Statistic {
  const runs = [...a.runs, ...b.runs];
  if (a.mean === null || b.mean === null) return overRuns([], () => null);
  const quadrature = (x: number | null, y: number | null): number | null =>
    x === null || y === null ? null : Math.hypot(x, y);
  return {
    n: Math.min(a.n, b.n),
    mean: a.mean - b.mean,
    sd: quadrature(a.sd, b.sd),
    stderr: quadrature(a.stderr, b.stderr),
    runs,
    values: [],
  };
}

function byRateThenBatch(a: GapGroup, b: GapGroup): number {
  return a.lr - b.lr || sizeOf(a) - sizeOf(b);
}

function sizeOf({ batch }: GapGroup): number {
  return batch === "full" ? Infinity : batch;
}
