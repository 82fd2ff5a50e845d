// Stationary averages of an ensemble, each with a standard error that knows successive states are correlated.
import { correlatedMean, mean, standardError } from "../../math/index.ts";
import { epsilonOf, type ScalarSystem } from "./system.ts";
import { type Moment, MOMENTS } from "./walk.ts";

/** A number and its standard error; null when it cannot be told. */
export interface Estimate {
  readonly value: number;
  readonly stderr: number | null;
}

/** Averages over the time after burn-in and over all runs that stayed bounded. */
export interface Stationary {
  /** E of x, x², x³, x⁴, y, y², yx, yx², yx³, y²x². */
  readonly moments: Readonly<Record<Moment, Estimate>>;
  readonly varianceY: Estimate;
  /** E[x⁴]/E[x²]²: 3 for a Gaussian. */
  readonly kurtosis: Estimate;
  /** Correlation time of y in steps: its mean is known as well as from (all states)/τ independent ones. */
  readonly tauY: number | null;
  /**
   * (E[(1 + ηy)²x²] − (1 + ηȳ)²E[x²])/(ε²δ²): what the closure of arXiv 2604.21016 takes to be of order one; about 3 for
   * a Gaussian law.
   */
  readonly closureError: number;
}

/** From this many runs on, their spread gives the standard error; fewer say too little about it. */
const ENOUGH_RUNS = 10;

/** What one run leaves: averages of `MOMENTS`, in that order. */
export interface RunAverages {
  /** Over all states after burn-in. */
  readonly whole: Float64Array;
  /** Over consecutive, nearly equal parts of them. */
  readonly blocks: readonly Float64Array[];
}

/**
 * Averages over runs.
 *
 * @param runs at least one
 * @param states number of states behind each average, over all runs
 */
export function stationaryOf(system: ScalarSystem, runs: readonly RunAverages[], states: number): Stationary {
  /** Of a function linear in the moments: from the spread of the runs, or along each run when they are few. */
  const stderr = (f: (averages: Float64Array) => number): number | null => {
    if (runs.length >= ENOUGH_RUNS) return standardError(runs.map(({ whole }) => f(whole)));
    const errors = runs.map(({ blocks }) => correlatedMean(blocks.map(f)).stderr);
    if (errors.includes(null)) return null;
    return Math.hypot(...(errors as number[])) / runs.length;
  };
  const moments = Object.fromEntries(
    MOMENTS.map((name): [Moment, Estimate] => [
      name,
      { value: mean(runs.map(({ whole }) => get(whole, name))), stderr: stderr((a) => get(a, name)) },
    ]),
  ) as Record<Moment, Estimate>;
  const [x2, x4, y] = [moments.x2.value, moments.x4.value, moments.y.value];
  const variance = moments.y2.value - y * y;
  const kurtosis = x4 / (x2 * x2);
  const errorOfY = moments.y.stderr;
  return {
    moments,
    // The error of a function of several averages is that of its linear part.
    varianceY: { value: variance, stderr: stderr((a) => get(a, "y2") - 2 * y * get(a, "y")) },
    kurtosis: {
      value: kurtosis,
      stderr: stderr((a) => (get(a, "x4") / x2 - 2 * kurtosis * get(a, "x2")) / x2),
    },
    tauY: errorOfY === null || variance === 0 ? null : (states * errorOfY ** 2) / variance,
    closureError: closureError(system, moments),
  };
}

function get(averages: Float64Array, moment: Moment): number {
  return averages[MOMENTS.indexOf(moment)]!;
}

function closureError(system: ScalarSystem, { x2, y, yx2, y2x2 }: Stationary["moments"]): number {
  const { lr, delta2 } = system;
  const covariance = yx2.value - y.value * x2.value;
  const squares = y2x2.value - y.value * y.value * x2.value;
  return (2 * lr * covariance + lr * lr * squares) / (epsilonOf(system) ** 2 * delta2);
}

/** The averages without their errors. */
export function momentValues({ moments }: Stationary): Readonly<Record<Moment, number>> {
  return Object.fromEntries(MOMENTS.map((name) => [name, moments[name].value])) as Record<Moment, number>;
}

/** What averages of a stationary run must be, given some of the others; exact for every step size and every κ. */
export interface Identities {
  /** Cov(y, x²) = ησ_y²/β + (ηβ/4)Var(x²). */
  readonly covariance: number;
  /** ȳ = −(η/(2δ²))(σ_u² + E[y²x²]) − Cov/δ² − (κ/(2δ²))(E[x³] + ηE[yx³] + (ηκ/4)E[x⁴]), with Cov as above. */
  readonly y: number;
  /** E[x] = −(η/2)(E[yx] + (κ/2)E[x²]). */
  readonly x: number;
}

/** Each follows from E[f(x′, y′)] = E[f(x, y)] for f = y², x² and x, with E[x²] = δ² from f = y. */
export function stationaryIdentities(
  system: ScalarSystem,
  moments: Readonly<Record<Moment, number>>,
): Identities {
  const { lr, beta, delta2, kappa, noiseU, noiseY } = system;
  const { x2, x3, x4, yx, yx3, y2x2 } = moments;
  const covariance = (lr * noiseY) / beta + ((lr * beta) / 4) * (x4 - x2 * x2);
  const uneven = kappa * (x3 + lr * yx3 + (lr * kappa * x4) / 4);
  return {
    covariance,
    y: -(lr * (noiseU + y2x2) + 2 * covariance + uneven) / (2 * delta2),
    x: (-lr / 2) * (yx + (kappa * x2) / 2),
  };
}
