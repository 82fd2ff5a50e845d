// One run in the light of the theory of large steps: sets, entrances, exits and returns, bounds beside them, rates.
import { median } from "../../math/index.ts";
import type { RunRecord } from "../../record/index.ts";
import {
  entranceBound,
  type EntranceBound,
  exitBound,
  rateReport,
  type RateReport,
  returnBound,
  setEvents,
  type SetEvents,
  type StableSet,
  stableSet,
  type StabilitySetting,
} from "../../theory/index.ts";
import type { ExperimentConfig } from "../config-types.ts";
import { resolveConfig } from "../parse-experiment.ts";
import { type DriftSample, type StabilitySeries, stabilitySeries } from "./series.ts";
import { theorySetting, type TheorySetting } from "./theory-setting.ts";

/** Membership in one set along a run. Steps are training steps. */
export interface SetReport {
  /** Steps between the points membership was seen at: excursions shorter than that go unseen. */
  readonly spacing: number;
  /** First step inside. */
  readonly entrance: number | null;
  /** Transitions from inside to outside, and how long each stay outside was; null while it lasts. */
  readonly exits: number;
  readonly excursions: readonly { readonly exit: number; readonly length: number | null }[];
  /** Share of the points since the entrance that were inside. */
  readonly occupancy: number | null;
  /** Exits by step taken from inside. */
  readonly exitFrequency: number | null;
  /** Share of the steps taken from inside, and from outside, that raised the loss; null where there were none. */
  readonly increases: { readonly inside: number | null; readonly outside: number | null };
}

/** What the theorems promise about the passages of a run, beside what happened. */
export interface PassageBounds {
  /** With probability 0.9 the stable set has been entered by then. */
  readonly entrance: EntranceBound;
  /** Mean over the points inside of the bound on the probability of leaving in the next step. */
  readonly exitProbability: number | null;
  /** With probability 0.9 an excursion beginning at the last exit (at the end, without one) is over within so many steps. */
  readonly returnSteps: number;
}

/** Loss increases before and after the run settled. */
export interface Monotonicity {
  /** Share of evaluations at which the full loss is larger than at the one before, in the first and last tenth. */
  readonly early: number;
  readonly late: number;
  /** ln of the largest loss over the initial one: how far the run went up. */
  readonly rise: number;
}

/** A run, analysed. */
export interface StabilityRunAnalysis {
  readonly id: string;
  readonly config: ExperimentConfig;
  readonly seed: number;
  readonly lr: number;
  /** Examples a step; `full` for gradient descent. */
  readonly batch: number | "full";
  /** How the run ended; `unfinished` when it has no summary. */
  readonly status: string;
  readonly every: number;
  readonly series: StabilitySeries;
  readonly theory: TheorySetting;
  /** The theorem's stable set and constants; null where no theorem speaks. */
  readonly set: StableSet | null;
  readonly sets: {
    /** L ≤ l_S. */
    readonly theorem: SetReport | null;
    /** Drift not positive, by more than twice its standard error where it is estimated. */
    readonly empirical: SetReport | null;
    /** η·λ_max ≤ 2. */
    readonly sharpness: SetReport | null;
  };
  readonly bounds: PassageBounds | null;
  /** Null when too few steps were recorded. */
  readonly rate: RateReport | null;
  readonly monotonicity: Monotonicity | null;
  /** Median of |second-order drift/drift − 1| over the points that have both; null without any. */
  readonly secondOrderError: number | null;
  /** ln of the last and the best loss. */
  readonly finalLogLoss: number | null;
  readonly bestLogLoss: number | null;
  readonly testAccuracy: number | null;
}

/** Failure probability at which the entrance and return bounds are quoted. */
export const FAILURE = 0.1;

const FEWEST_FOR_RATES = 20;

/**
 * Analyses the record of a run with `measure.stability`; null when it has none of it. O(evaluations).
 *
 * @throws InputError when its configuration is not one
 */
export function stabilityRun(record: RunRecord): StabilityRunAnalysis | null {
  const config = resolveConfig(record.config, record.id);
  const { stability } = config.measure;
  if (stability === false) return null;
  const series = stabilitySeries(record, stability.every);
  if (series.steps.length === 0) return null;
  const { optimizer, seed } = config;
  const theory = theorySetting(config, series.problem);
  const set = theory.setting === null ? null : stableSet(theory.setting);
  const finite = series.logLoss.filter((value) => !Number.isNaN(value));
  const sets = {
    theorem:
      set === null
        ? null
        : setReport(series.steps, series.logLoss, (k) => series.logLoss[k]! <= Math.log(set.threshold)),
    empirical: setReport(
      series.drift.map(({ step }) => step),
      series.drift.map(({ logLoss }) => logLoss),
      (k) => withinDrift(series.drift[k]!),
    ),
    sharpness: sharpnessSet(series, optimizer.lr),
  };
  return {
    id: record.id,
    config,
    seed,
    lr: optimizer.lr,
    batch: optimizer.name === "gd" ? "full" : optimizer.batch,
    status: record.summary?.status ?? "unfinished",
    every: stability.every,
    series,
    theory,
    set,
    sets,
    bounds:
      theory.setting === null || set === null
        ? null
        : passageBounds(theory.setting, set, series, theory.scale, sets.theorem),
    rate: series.steps.length < FEWEST_FOR_RATES ? null : rateReport(series.logLoss),
    monotonicity: monotonicity(finite),
    secondOrderError: secondOrderError(series.drift),
    finalLogLoss: finite.at(-1) ?? null,
    bestLogLoss: finite.length === 0 ? null : finite.reduce((a, b) => Math.min(a, b)),
    testAccuracy: series.testAccuracy.at(-1)?.value ?? record.summary?.testAccuracy ?? null,
  };
}

/** Whether the loss is not expected to rise: by more than twice the standard error of an estimate, which is 0 if exact. */
export function withinDrift({ relative, stderr }: DriftSample): boolean {
  return relative <= 2 * stderr;
}

function secondOrderError(samples: readonly DriftSample[]): number | null {
  const errors = samples.flatMap(({ relative, secondOrder }) =>
    secondOrder === null || relative === 0 ? [] : [Math.abs(secondOrder / relative - 1)],
  );
  return errors.length === 0 ? null : median(errors);
}

/** Membership at the given steps, which are equally spaced. */
function setReport(
  steps: readonly number[],
  logLosses: ArrayLike<number>,
  inside: (index: number) => boolean,
): SetReport | null {
  if (steps.length < 2) return null;
  const spacing = steps[1]! - steps[0]!;
  const events = setEvents(
    steps.map((_, k) => inside(k)),
    logLosses,
  );
  const at = (point: number): number => steps[0]! + point * spacing;
  return {
    spacing,
    entrance: events.entrance === null ? null : at(events.entrance),
    exits: events.excursions.length,
    excursions: events.excursions.map(({ exit, length }) => ({
      exit: at(exit),
      length: length === null ? null : length * spacing,
    })),
    occupancy: events.occupancy,
    exitFrequency: share(events.excursions.length, events.steps.inside),
    increases: increaseShares(events),
  };
}

function increaseShares({ increases, steps }: SetEvents): SetReport["increases"] {
  return {
    inside: share(increases.inside, steps.inside),
    outside: share(increases.outside, steps.outside),
  };
}

function share(count: number, of: number): number | null {
  return of === 0 ? null : count / of;
}

/** The loss at the steps of the solves is that of the evaluation there. */
function sharpnessSet({ sharpness, steps, logLoss }: StabilitySeries, lr: number): SetReport | null {
  const lossAt = new Map(steps.map((step, k) => [step, logLoss[k]!]));
  return setReport(
    sharpness.map(({ step }) => step),
    sharpness.map(({ step }) => lossAt.get(step) ?? Number.NaN),
    (k) => lr * sharpness[k]!.value <= 2,
  );
}

function passageBounds(
  setting: StabilitySetting,
  set: StableSet,
  { steps, logLoss, potential, maxPotential, gradNorm, meanSquareGradient }: StabilitySeries,
  scale: number,
  report: SetReport | null,
): PassageBounds {
  let sum = 0;
  let inside = 0;
  for (let k = 0; k < steps.length; k++) {
    const loss = Math.exp(logLoss[k]!);
    if (!(loss <= set.threshold)) continue;
    sum += exitBound(setting, {
      loss,
      potential: potential[k]!,
      maxPotential: maxPotential[k]!,
      ...known("gradientNorm", gradNorm[k]! / scale),
      ...known("meanSquare", meanSquareGradient[k]! / scale ** 2),
    }).probability;
    inside++;
  }
  const lastExit = report?.excursions.at(-1)?.exit ?? steps.at(-1)!;
  return {
    entrance: entranceBound(setting, FAILURE),
    exitProbability: share(sum, inside),
    returnSteps: returnBound(setting, lastExit, FAILURE),
  };
}

/** Absent rather than NaN: the bound then takes what it is at most. */
function known<Name extends string>(name: Name, value: number): { readonly [K in Name]?: number } {
  return Number.isNaN(value) ? {} : ({ [name]: value } as { readonly [K in Name]: number });
}

function monotonicity(logLosses: ArrayLike<number>): Monotonicity | null {
  const n = logLosses.length;
  const tenth = Math.floor((n - 1) / 10);
  if (tenth < 1) return null;
  const rises = (from: number, to: number): number => {
    let count = 0;
    for (let k = from + 1; k <= to; k++) if (logLosses[k]! > logLosses[k - 1]!) count++;
    return count / (to - from);
  };
  let peak = logLosses[0]!;
  for (let k = 1; k < n; k++) peak = Math.max(peak, logLosses[k]!);
  return { early: rises(0, tenth), late: rises(n - 1 - tenth, n - 1), rise: peak - logLosses[0]! };
}
