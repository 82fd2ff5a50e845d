// Ensembles of the scalar system: stationary averages, averages over runs at each early step, and blow-ups.
import { InputError, median } from "../../math/index.ts";
import { type RunAverages, type Stationary, stationaryOf } from "./moments.ts";
import { checkSystem, type ScalarSystem } from "./system.ts";
import { MOMENTS, ScalarWalk } from "./walk.ts";

/** What to simulate. */
export interface EnsembleOptions {
  readonly system: ScalarSystem;
  readonly runs: number;
  /** Steps of every run, burn-in included. */
  readonly steps: number;
  /** First steps left out of the stationary averages. */
  readonly burnIn: number;
  /** Same seed, same numbers. A run's noise depends on its variance and number only, not on how many others there are. */
  readonly seed: number;
  readonly x0: number;
  readonly y0: number;
  /** Steps of which `transient` keeps the averages over runs; default 0, its start alone. */
  readonly transient?: number;
  /** Told after each run. */
  readonly onRun?: (done: number) => void;
}

/** Averages over the runs that stayed bounded, at steps 0…; empty when none did. */
export interface Transient {
  readonly x2: Float64Array;
  readonly y: Float64Array;
  /** Standard errors of them (NaN for a single run). */
  readonly x2Stderr: Float64Array;
  readonly yStderr: Float64Array;
}

/** How many runs were lost, and when. */
export interface BlowUps {
  readonly count: number;
  readonly share: number;
  /** Steps after which |x| first exceeded 10⁶δ; null when no run blew up. */
  readonly first: number | null;
  readonly median: number | null;
}

/** Result of `simulateEnsemble`. */
export interface Ensemble {
  /** null when there is no stationary law to average over, or nothing left to average; `reason` says why. */
  readonly stationary: Stationary | null;
  readonly reason: string | null;
  readonly transient: Transient;
  readonly blowUps: BlowUps;
}

/** Blocks the time after burn-in is cut into; they carry the standard error when there are few runs. */
const BLOCKS = 64;

/**
 * Runs the ensemble; runs that blow up are counted and left out of every average. O(runs·steps) time (tens of
 * nanoseconds a step, most of it for the noise), O(runs + transient) memory.
 *
 * @throws InputError as `checkSystem`; for counts that are not whole, burnIn ≥ steps, transient > steps, a start that is
 *   not finite, and for x0 = 0 without noise along u, which stays 0 while y grows for ever
 */
export function simulateEnsemble(options: EnsembleOptions): Ensemble {
  checkOptions(options);
  const { system, runs, steps, burnIn, seed, x0, y0, transient = 0, onRun } = options;
  const xs = new Float64Array(transient + 1).fill(x0);
  const ys = new Float64Array(transient + 1).fill(y0);
  const early = { x2: new EarlyMean(transient + 1), y: new EarlyMean(transient + 1) };
  const averages: RunAverages[] = [];
  const lost: number[] = [];
  for (let run = 0; run < runs; run++) {
    const walk = new ScalarWalk(system, { x0, y0, seed, run });
    walk.advance(burnIn, new Float64Array(MOMENTS.length), xs, ys);
    const settled = walkBlocks(walk, steps - burnIn, xs, ys);
    if (walk.blownUpAt === null) {
      averages.push(settled);
      early.x2.add(xs.map((x) => x * x));
      early.y.add(ys);
    } else lost.push(walk.blownUpAt);
    onRun?.(run + 1);
  }
  const reason = whyNoLaw(system, runs, lost);
  return {
    stationary: reason === null ? stationaryOf(system, averages, averages.length * (steps - burnIn)) : null,
    reason,
    transient: transientOf(early.x2, early.y, averages.length > 0),
    blowUps: {
      count: lost.length,
      share: lost.length / runs,
      first: lost.length === 0 ? null : Math.min(...lost),
      median: lost.length === 0 ? null : median(lost),
    },
  };
}

/** Takes `steps` steps in blocks and averages over each and over all; meaningless for a run that blows up. */
function walkBlocks(walk: ScalarWalk, steps: number, xs: Float64Array, ys: Float64Array): RunAverages {
  const count = Math.min(BLOCKS, steps);
  const whole = new Float64Array(MOMENTS.length);
  const blocks: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const size = Math.floor(((k + 1) * steps) / count) - Math.floor((k * steps) / count);
    const sums = new Float64Array(MOMENTS.length);
    if (!walk.advance(size, sums, xs, ys)) break;
    for (let i = 0; i < sums.length; i++) whole[i]! += sums[i]! / steps;
    blocks.push(sums.map((sum) => sum / size));
  }
  return { whole, blocks };
}

/** Mean over runs and its standard error at every early step, one run after the other (Welford 1962). */
class EarlyMean {
  readonly mean: Float64Array;
  readonly #squares: Float64Array;
  #runs = 0;

  constructor(size: number) {
    this.mean = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  add(values: Float64Array): void {
    this.#runs += 1;
    for (let t = 0; t < values.length; t++) {
      const deviation = values[t]! - this.mean[t]!;
      this.mean[t]! += deviation / this.#runs;
      this.#squares[t]! += deviation * (values[t]! - this.mean[t]!);
    }
  }

  stderr(): Float64Array {
    return this.#squares.map((sum) => Math.sqrt(sum / (this.#runs - 1) / this.#runs));
  }
}

function transientOf(x2: EarlyMean, y: EarlyMean, any: boolean): Transient {
  if (any) return { x2: x2.mean, y: y.mean, x2Stderr: x2.stderr(), yStderr: y.stderr() };
  const none = new Float64Array(0);
  return { x2: none, y: none, x2Stderr: none, yStderr: none };
}

function whyNoLaw(system: ScalarSystem, runs: number, lost: readonly number[]): string | null {
  if (lost.length === runs) {
    const which = runs === 1 ? "the run" : `all ${runs} runs`;
    return `${which} blew up (|x| > 10⁶δ), ${runs === 1 ? "" : "the first "}at step ${Math.min(...lost)}`;
  }
  if (system.noiseU === 0) {
    return "without noise along u the map cycles, spirals outward and ends with x = 0: its time averages are no stationary values";
  }
  return null;
}

function checkOptions(options: EnsembleOptions): void {
  const { system, runs, steps, burnIn, x0, y0, transient = 0 } = options;
  checkSystem(system);
  const whole = (field: string, value: number, least: number, most: number, allowed: string): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new InputError("out of range", { field, received: String(value), allowed });
  };
  whole("runs", runs, 1, 1e9, "a whole number ≥ 1");
  whole("steps", steps, 1, 1e12, "a whole number ≥ 1");
  whole(
    "burnIn",
    burnIn,
    0,
    steps - 1,
    `0 to ${steps - 1}: some of the ${steps} steps must be left to average`,
  );
  whole("transient", transient, 0, steps, `0 to ${steps}, the number of steps`);
  for (const [field, value] of Object.entries({ x0, y0 })) {
    if (!Number.isFinite(value)) {
      throw new InputError("not a starting point", {
        field,
        received: String(value),
        allowed: "a finite number",
      });
    }
  }
  if (x0 === 0 && system.noiseU === 0) {
    throw new InputError("x = 0 stays 0 without noise along u, and y grows for ever", {
      field: "x0",
      received: "0",
      allowed: "any other number, or σ_u² > 0",
    });
  }
}
