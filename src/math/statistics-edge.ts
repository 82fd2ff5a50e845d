// Did a run reach the edge of stability? Onset, peak and final sharpness against the threshold, in one verdict.
import { correlatedMean } from "./autocorrelation.ts";
import { InputError } from "./errors.ts";
import { runningMedian } from "./smoothing.ts";
import { type Equilibrium, equilibrium, isFinitePoint, type SeriesPoint } from "./statistics-equilibrium.ts";

/** How a sharpness curve ended. */
export type EdgeVerdict =
  | "at the edge"
  | "above the edge"
  | "below (stochastic)"
  | "still climbing"
  | "collapsed"
  | "flat"
  | "unknown";

/** Options of `edge`; every tolerance is a fraction. */
export interface EdgeOptions {
  /** Records at the end that make the final value. Default 20. */
  readonly last?: number;
  /**
   * At the edge means at least (1 − tolerance)·threshold. Default 0.1: the runs of the stochastic sharpness gap paper
   * end between 0.95 and 1.04 of it.
   */
  readonly tolerance?: number;
  /** A final value above (1 + above)·threshold is no equilibrium at the edge. Default 0.5. */
  readonly above?: number;
  /** Consecutive levels that must stay at the edge for an onset. Default 3. */
  readonly sustain?: number;
  /** Rise between the last two windows that counts as climbing, as a fraction of the threshold. Default 0.01. */
  readonly climb?: number;
  /** Fall, from the highest level climbed to, that counts as a collapse. Default 0.3. */
  readonly collapse?: number;
}

/** A sharpness curve against its threshold. */
export interface EdgeReport {
  readonly threshold: number;
  readonly verdict: EdgeVerdict;
  /** The verdict with its numbers, for a reader. */
  readonly sentence: string;
  /** Record from which `sustain` consecutive levels were within tolerance of the threshold, or above it. */
  readonly onset: { readonly step: number; readonly value: number } | null;
  /** First record at or above the threshold itself, however short its stay. */
  readonly crossing: { readonly step: number; readonly value: number } | null;
  /** Largest record. */
  readonly peak: { readonly step: number; readonly value: number } | null;
  readonly final: Equilibrium;
  /** final mean / threshold. */
  readonly ratio: number | null;
  /** Mean of the last window minus mean of the window before it, and the standard error of that difference. */
  readonly drift: { readonly value: number; readonly stderr: number } | null;
}

/** A series of fewer records than this is judged record by record. */
const LEAST_FOR_LEVELS = 10;

/**
 * Judges a sharpness curve (oldest record first) against the stability threshold (2/η for GD and SGD).
 *
 * Onset and collapse are judged on levels, in which single spikes and the period-two alternation of iterates at the
 * edge cancel: a running median of five means of neighbouring records. (Under ten records, the onset on the records.)
 *
 * In this order: fewer than four finite records are "unknown"; a final value within tolerance of the threshold is "at
 * the edge" (far over it, "above the edge"); one that rose between the last two windows by more than twice its
 * standard error and by more than `climb` is "still climbing"; one far under a level it had climbed to has "collapsed" (as
 * cross-entropy does once the data are fitted); the rest settled "below (stochastic)", the gap that gradient noise
 * leaves, or is "flat" when it never had any curvature at all.
 *
 * @throws InputError when the threshold is not positive and finite, or an option is out of range
 */
export function edge(
  records: readonly SeriesPoint[],
  threshold: number,
  { last = 20, tolerance = 0.1, above = 0.5, sustain = 3, climb = 0.01, collapse = 0.3 }: EdgeOptions = {},
): EdgeReport {
  check("threshold", threshold > 0 && threshold < Infinity, threshold, "a positive number");
  check("sustain", Number.isInteger(sustain) && sustain >= 1, sustain, "a whole number ≥ 1");
  for (const [name, value] of Object.entries({ tolerance, collapse })) {
    check(name, value >= 0 && value < 1, value, "0 ≤ fraction < 1");
  }
  for (const [name, value] of Object.entries({ above, climb })) check(name, value >= 0, value, "≥ 0");
  const final = equilibrium(records, { last });
  const points = records.filter(isFinitePoint);
  const values = points.map((point) => point.value);
  const band = (1 - tolerance) * threshold;
  const at = (index: number): { step: number; value: number } | null => points[index] ?? null;
  const smooth = levels(values);
  const judged = values.length < LEAST_FOR_LEVELS ? values : smooth;
  const onset = at(
    judged.findIndex(
      (_, i) => i + sustain <= judged.length && judged.slice(i, i + sustain).every((value) => value >= band),
    ),
  );
  const peakIndex = values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
  const ratio = final.mean === null ? null : final.mean / threshold;
  const drift = windowDrift(values, last);
  const level = climbedLevel(smooth, band, collapse);
  const verdict = ((): EdgeVerdict => {
    if (points.length < 4 || final.mean === null) return "unknown";
    if (final.mean > (1 + above) * threshold) return "above the edge";
    if (final.mean >= band) return "at the edge";
    if (drift !== null && drift.value > climb * threshold && drift.value > 2 * drift.stderr)
      return "still climbing";
    if (final.mean <= 0 && level <= 0) return "flat";
    return final.mean < (1 - collapse) * level ? "collapsed" : "below (stochastic)";
  })();
  const report = {
    threshold,
    verdict,
    onset,
    crossing: at(values.findIndex((value) => value >= threshold)),
    peak: at(peakIndex),
    final,
    ratio,
    drift,
  };
  return { ...report, sentence: describe(report) };
}

function check(field: string, ok: boolean, value: number, allowed: string): void {
  if (!ok) throw new InputError("option out of range", { field, received: String(value), allowed });
}

/** Change between the means of the last two windows of `last` records (of half the series when it is shorter). */
function windowDrift(values: readonly number[], last: number): EdgeReport["drift"] {
  const size = Math.min(last, Math.floor(values.length / 2));
  if (size < 2) return null;
  const now = correlatedMean(values.slice(-size));
  const before = correlatedMean(values.slice(-2 * size, -size));
  return { value: now.mean! - before.mean!, stderr: Math.hypot(now.stderr!, before.stderr!) };
}

/**
 * The curve without single spikes and without what alternates from record to record; one shorter than `values`. The
 * means come first: a median of an odd number of alternating records alternates too.
 */
function levels(values: readonly number[]): readonly number[] {
  const pairs = values.slice(1).map((value, i) => (values[i]! + value) / 2);
  return Array.from(runningMedian(pairs, 5).median);
}

/**
 * The highest level a collapse can have started from: at the edge, or climbed to, so that the fall from a sharp
 * initial point is none. −∞ when there is no such.
 */
function climbedLevel(smooth: readonly number[], band: number, collapse: number): number {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const level of smooth) {
    lowest = Math.min(lowest, level);
    if (level >= band || lowest <= (1 - collapse) * level) highest = Math.max(highest, level);
  }
  return highest;
}

function describe(report: Omit<EdgeReport, "sentence">): string {
  const { verdict, threshold, final, ratio, onset, peak, drift } = report;
  const number = (value: number): string => String(Number(value.toPrecision(4)));
  const limit = `the threshold ${number(threshold)}`;
  if (verdict === "unknown" || final.mean === null || ratio === null || peak === null) {
    return `${final.n} finite sharpness record${final.n === 1 ? "" : "s"} at the end: too few to judge against ${limit}.`;
  }
  const error = final.stderr === null ? "" : ` ± ${Number(final.stderr.toPrecision(2))}`;
  const value = `${number(final.mean)}${error} (${(100 * ratio).toFixed(1)} % of ${limit})`;
  const reached =
    onset === null ? "the edge was never reached" : `the edge was reached at step ${onset.step}`;
  const since = onset === null ? "" : `, there since step ${onset.step}`;
  const sentences: Record<Exclude<EdgeVerdict, "unknown">, string> = {
    "at the edge": `At the edge: sharpness ends at ${value}${since}.`,
    "above the edge": `Above the edge: sharpness ends at ${value}, too far above it to be an equilibrium; ${reached}.`,
    "still climbing": `Still climbing: sharpness ends at ${value} and rose by ${number(drift?.value ?? 0)} over the last window; ${reached}. Train longer.`,
    collapsed: `Collapsed: sharpness ends at ${value} after a peak of ${number(peak.value)} at step ${peak.step}; ${reached}.`,
    flat: `Flat: sharpness ends at ${number(final.mean)}, so the loss does not curve upwards anywhere near; there is no edge to reach.`,
    "below (stochastic)": `Below: sharpness settles at ${value}, as gradient noise makes it in SGD, or training that has converged (see the loss); ${reached}.`,
  };
  return sentences[verdict];
}
