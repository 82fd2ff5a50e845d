// Rates of convergence read off a run: the best loss so far, its tail exponent, how far the loss oscillates above it.
import { type Estimate, InputError, lineFit, type LineFit, wanderingSlope } from "../../math/index.ts";

/** Which part of a run a tail fit looks at. */
export interface TailOptions {
  /** First step t₀ ≥ 1 of the tail. Default: a tenth of the last. */
  readonly from?: number;
  /** Points of the geometric grid between t₀ and the last step. Default 40. */
  readonly points?: number;
  /** Confidence level of the intervals. Default 0.95. */
  readonly level?: number;
}

/** How fast a series of losses falls. */
export interface RateReport {
  /** Steps of the grid the fit used, and ln of the best loss up to each. */
  readonly steps: readonly number[];
  readonly logBest: readonly number[];
  /** ln B_t = a − r·ln t by least squares on the grid: `slope` is −r, with intervals for independent residuals. */
  readonly fit: LineFit;
  /**
   * r with an interval for a running minimum, whose residuals are not independent (`wanderingSlope`); null where no line could
   * be fitted. It speaks of this run's noise: a single early jump, kept for ever, sets runs further apart.
   */
  readonly exponent: Estimate | null;
  /** ln of sup t·B_t over t ≥ t₀: bounded in t exactly when B_t = O(1/t). */
  readonly logSupremum: number;
  readonly oscillation: Oscillation;
}

/** How far the loss rises above the best so far, as ln(L_t/B_t) over the tail. */
export interface Oscillation {
  readonly mean: number;
  readonly max: number;
  /** Mean over the intervals of the geometric grid of the largest value in each: late spikes count as much as early ones. */
  readonly spikes: number;
}

/** ln B_t = min over s ≤ t of the given logarithms, as a new array. Non-finite points (a diverged step) are passed over. */
export function bestSoFar(logLosses: ArrayLike<number>): Float64Array {
  const best = new Float64Array(logLosses.length);
  let lowest = Infinity;
  for (let t = 0; t < best.length; t++) {
    if (logLosses[t]! < lowest) lowest = logLosses[t]!;
    best[t] = lowest;
  }
  return best;
}

/** Distinct whole numbers from `from` to `to`, equally spaced on a logarithmic scale (both ends included). */
export function geometricGrid(from: number, to: number, points: number): number[] {
  const ratio = Math.log(to / from) / Math.max(1, points - 1);
  const grid = Array.from({ length: points }, (_, k) => Math.round(from * Math.exp(k * ratio)));
  return [...new Set(grid)];
}

/**
 * Tail exponent, sup t·B_t and oscillation of a run. Losses come as logarithms, so that they may be smaller than the
 * smallest number. O(t).
 *
 * @param logLosses ln L(W_t) for t = 0, 1, 2, …, every step
 * @throws InputError when the tail is empty
 */
export function rateReport(logLosses: ArrayLike<number>, options: TailOptions = {}): RateReport {
  const last = logLosses.length - 1;
  const from = options.from ?? Math.max(1, Math.ceil(last / 10));
  if (!(Number.isSafeInteger(from) && from >= 1 && from <= last)) {
    throw new InputError("no steps are left for a tail fit", {
      field: "from",
      received: String(from),
      allowed: last < 1 ? "nothing: the run has no steps" : `1 to ${last}`,
    });
  }
  const best = bestSoFar(logLosses);
  const steps = geometricGrid(from, last, options.points ?? 40);
  const logBest = steps.map((t) => best[t]!);
  const level = options.level === undefined ? {} : { level: options.level };
  const fit = lineFit(steps.map(Math.log), logBest, level);
  let logSupremum = -Infinity;
  for (let t = from; t <= last; t++) logSupremum = Math.max(logSupremum, Math.log(t) + best[t]!);
  const exponent = fit.slope === null ? null : exponentOf(wanderingSlope(fit));
  return { steps, logBest, fit, exponent, logSupremum, oscillation: oscillationOf(logLosses, best, steps) };
}

/** r = −slope. */
function exponentOf({ value, stderr, low, high }: Estimate): Estimate {
  return { value: -value, stderr, low: -high, high: -low };
}

function oscillationOf(
  logLosses: ArrayLike<number>,
  best: ArrayLike<number>,
  steps: readonly number[],
): Oscillation {
  let sum = 0;
  let count = 0;
  let max = 0;
  let spikes = 0;
  const from = steps[0]!;
  steps.forEach((end, k) => {
    let highest = 0;
    for (let t = k === 0 ? from : steps[k - 1]! + 1; t <= end; t++) {
      const above = logLosses[t]! - best[t]!;
      // A loss of exactly zero is its own best: −∞ − (−∞).
      if (Number.isNaN(above)) continue;
      sum += above;
      count++;
      if (above > highest) highest = above;
    }
    spikes += highest;
    if (highest > max) max = highest;
  });
  return { mean: count === 0 ? 0 : sum / count, max, spikes: spikes / steps.length };
}
