// The hard margin of labelled inputs with its certificate: how separable the data are, or that they are not.
import { MarginDual } from "./margin-dual.ts";
import type { LabelledInputs } from "./types.ts";

/** How long and how far to search. */
export interface MarginOptions {
  /** Relative distance of the two bounds at which the search ends. Default 1e-8. */
  readonly tol?: number;
  /** Rounds of coordinate sweeps and one Newton-like step each. Default 200. */
  readonly maxRounds?: number;
  /** Called after every round. */
  readonly onRound?: (round: number, lower: number, upper: number) => void;
}

/** The margin γ = max over ‖W‖_F = 1 of min_{i, k≠y_i} (w_{y_i} − w_k)ᵀx_i, between two certified bounds. */
export interface MarginResult {
  /** False: γ ≤ 0, or too small to tell from it (`upper` says how small). Null: the search ended undecided. */
  readonly separable: boolean | null;
  /** The margin `direction` achieves: a lower bound on γ, not positive while no separating direction is known. */
  readonly lower: number;
  /** Norm of a point in the convex hull of all x_i(e_{y_i} − e_k)ᵀ: an upper bound on γ. */
  readonly upper: number;
  /** (upper − lower)/upper; 0 when exactly solved. */
  readonly gap: number;
  /** W*, K×d with ‖W*‖_F = 1; null when nothing was found. */
  readonly direction: Float64Array | null;
  /** Pairs (i, k) that hold the hull point: the support vectors. */
  readonly support: number;
  readonly rounds: number;
  /** What the verdict rests on. */
  readonly reason: string;
}

/** Below this share of the longest input a margin cannot be told from none. */
const NO_MARGIN = 1e-9;

/**
 * Hard-margin multiclass γ without bias. Solves the dual of min ½‖W‖² subject to (w_y − w_k)ᵀx ≥ 1 over multipliers
 * α ≥ 0 (Crammer & Singer, JMLR 2 (2001), with hard margins): coordinate sweeps find the support, conjugate gradients
 * on it converge fast (bound-constrained quadratic programming by Moré & Toraldo, SIAM J. Optim. 1 (1991)). Every α
 * gives both bounds: W/‖W‖ has margin min_{ik} ⟨v_ik, W⟩/‖W‖, and W/Σα lies in the hull of the v_ik, whose distance
 * from 0 is γ. Inputs of any length; γ scales with them. O(ndK) a sweep, memory O(nK + dK).
 */
export function hardMargin(inputs: LabelledInputs, options: MarginOptions = {}): MarginResult {
  const { tol = 1e-8, maxRounds = 200, onRound } = options;
  const dual = new MarginDual(inputs);
  const zero = dual.squaredNorms.indexOf(0);
  if (zero >= 0) {
    return {
      separable: false,
      lower: 0,
      upper: 0,
      gap: 0,
      direction: null,
      support: 0,
      rounds: 0,
      reason: `input ${zero} is zero, and no weights without bias tell its class`,
    };
  }
  const longest = Math.sqrt(dual.squaredNorms.reduce((most, value) => Math.max(most, value), 0));
  let best = { lower: -Infinity, direction: null as Float64Array | null };
  let upper = Infinity;
  let rounds = 0;
  while (rounds < maxRounds) {
    dual.sweeps(rounds === 0 ? 30 : 10);
    dual.faceStep();
    const bounds = dual.bounds();
    rounds++;
    upper = Math.min(upper, bounds.upper);
    if (bounds.lower > best.lower) best = { lower: bounds.lower, direction: bounds.direction };
    onRound?.(rounds, best.lower, upper);
    if (upper - best.lower <= tol * upper || upper <= NO_MARGIN * longest) break;
  }
  const { lower, direction } = best;
  const separable = lower > 0 ? true : upper <= NO_MARGIN * longest ? false : null;
  return {
    separable,
    lower,
    upper,
    gap: upper === 0 ? 0 : Math.max(0, (upper - lower) / upper),
    direction,
    support: dual.support,
    rounds,
    reason: reasonOf(separable, lower, upper, tol),
  };
}

function reasonOf(separable: boolean | null, lower: number, upper: number, tol: number): string {
  const digits = (value: number): string => value.toPrecision(3);
  if (separable === false) {
    return `the classes are not linearly separable: 0 lies in the hull of the differences, to ${digits(upper)}`;
  }
  if (separable === null) {
    return `undecided: no separating weights found, and any margin is at most ${digits(upper)}`;
  }
  const gap = (upper - lower) / upper;
  if (gap <= tol) return "separable, certified from both sides";
  return `separable; the margin lies between ${digits(lower)} and ${digits(upper)}`;
}
