// Several runs of large steps: grouped by learning rate and batch size over seeds, with the theorem's envelope above them.
import { InputError } from "../../math/index.ts";
import { bestIterateBound, geometricGrid, type StabilitySetting } from "../../theory/index.ts";
import { groupBy, overRuns, type Statistic } from "../gap/statistic.ts";
import type { StabilityRunAnalysis } from "./run-analysis.ts";

/** One place of an envelope: the bound and what it bounds, the best seed mean so far, as logarithms. */
export interface EnvelopePoint {
  readonly step: number;
  /** Null while the bound says nothing. */
  readonly logBound: number | null;
  readonly logBest: number;
}

/** Runs that differ in their seed only. */
export interface StabilityGroup {
  readonly lr: number;
  readonly batch: number | "full";
  readonly runs: readonly StabilityRunAnalysis[];
  /** Runs that enter no mean, and why. */
  readonly excluded: readonly { readonly run: string; readonly reason: string }[];
  /** First step inside and exits, of the theorem's set and of the empirical one. */
  readonly theoremEntrance: Statistic;
  readonly theoremExits: Statistic;
  readonly empiricalEntrance: Statistic;
  readonly empiricalExits: Statistic;
  readonly empiricalOccupancy: Statistic;
  readonly sharpnessOccupancy: Statistic;
  /** Median over a run of the relative error of the drift to second order in the learning rate. */
  readonly secondOrderError: Statistic;
  /** Share of evaluations that raise the loss, in the first and last tenth of the run. */
  readonly earlyIncreases: Statistic;
  readonly lateIncreases: Statistic;
  /** r in L_best ∝ t^−r over the last nine tenths in log time. */
  readonly tailExponent: Statistic;
  /** Mean of ln(L/L_best) over the tail, and of the largest in each interval of a geometric grid. */
  readonly oscillation: Statistic;
  readonly spikes: Statistic;
  /** log₁₀ of the last and of the best loss. */
  readonly finalLoss: Statistic;
  readonly bestLoss: Statistic;
  readonly testAccuracy: Statistic;
  /** Theorem 2.2 beside min_{k<t} of the mean over seeds; empty where the theorem does not speak. */
  readonly envelope: readonly EnvelopePoint[];
  /** Smallest ratio of bound to loss on the envelope: at least 1 where the theorem holds. Null without an envelope. */
  readonly envelopeMargin: number | null;
}

/** Everything `brink stability` reports. */
export interface StabilityAnalysis {
  readonly runs: readonly StabilityRunAnalysis[];
  readonly groups: readonly StabilityGroup[];
}

/** Groups runs. @throws InputError when there are none */
export function stabilityAnalysis(runs: readonly StabilityRunAnalysis[]): StabilityAnalysis {
  if (runs.length === 0) {
    throw new InputError("no run measured stable sets", {
      hint: "Train with measure.stability: true, or with brink stability",
    });
  }
  const byKey = groupBy(runs, ({ lr, batch }) => JSON.stringify([lr, batch]));
  const groups = [...byKey.values()].map(describe).sort(byRateThenBatch);
  return { runs, groups };
}

function describe(members: readonly StabilityRunAnalysis[]): StabilityGroup {
  const runs = members.filter(({ status }) => status === "finished");
  const envelope = envelopeOf(runs);
  const over = (value: (run: StabilityRunAnalysis) => number | null | undefined): Statistic =>
    overRuns(runs, value);
  const ratios = envelope.flatMap(({ logBound, logBest }) => (logBound === null ? [] : [logBound - logBest]));
  return {
    lr: members[0]!.lr,
    batch: members[0]!.batch,
    runs,
    excluded: members
      .filter((run) => !runs.includes(run))
      .map(({ id, status }) => ({ run: id, reason: status })),
    theoremEntrance: over(({ sets }) => sets.theorem?.entrance),
    theoremExits: over(({ sets }) => sets.theorem?.exits),
    empiricalEntrance: over(({ sets }) => sets.empirical?.entrance),
    empiricalExits: over(({ sets }) => sets.empirical?.exits),
    empiricalOccupancy: over(({ sets }) => sets.empirical?.occupancy),
    sharpnessOccupancy: over(({ sets }) => sets.sharpness?.occupancy),
    secondOrderError: over((run) => run.secondOrderError),
    earlyIncreases: over(({ monotonicity }) => monotonicity?.early),
    lateIncreases: over(({ monotonicity }) => monotonicity?.late),
    tailExponent: over(({ rate }) => rate?.exponent?.value),
    oscillation: over(({ rate }) => rate?.oscillation.mean),
    spikes: over(({ rate }) => rate?.oscillation.spikes),
    finalLoss: over(({ finalLogLoss }) => decades(finalLogLoss)),
    bestLoss: over(({ bestLogLoss }) => decades(bestLogLoss)),
    testAccuracy: over(({ testAccuracy }) => testAccuracy),
    envelope,
    envelopeMargin: ratios.length === 0 ? null : Math.exp(ratios.reduce((a, b) => Math.min(a, b))),
  };
}

function decades(logLoss: number | null): number | null {
  return logLoss === null ? null : logLoss / Math.LN10;
}

const ENVELOPE_POINTS = 60;

/** min_{k<t} of the mean over seeds of L(W_k), at evaluated steps, and the bound at t. */
function envelopeOf(runs: readonly StabilityRunAnalysis[]): EnvelopePoint[] {
  const [first] = runs;
  const setting: StabilitySetting | null = first?.theory.setting ?? null;
  if (first === undefined || setting === null) return [];
  const shortest = runs.reduce((least, { series }) => Math.min(least, series.steps.length), Infinity);
  const best: number[] = [];
  let lowest = Infinity;
  for (let k = 0; k < shortest; k++) {
    const logs = runs.map(({ series }) => series.logLoss[k]!);
    const peak = Math.max(...logs);
    const mean = peak + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - peak), 0) / logs.length);
    // A loss that was not finite is no best one.
    if (mean < lowest) lowest = mean;
    best.push(lowest);
  }
  return geometricGrid(1, shortest, ENVELOPE_POINTS).map((t) => {
    const step = t * first.every;
    const bound = bestIterateBound(setting, step);
    return { step, logBound: bound === null ? null : Math.log(bound), logBest: best[t - 1]! };
  });
}

function byRateThenBatch(a: StabilityGroup, b: StabilityGroup): number {
  const size = ({ batch }: StabilityGroup): number => (batch === "full" ? Infinity : batch);
  return a.lr - b.lr || size(a) - size(b);
}
