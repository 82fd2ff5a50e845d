// Passages between the phases: a time by which the stable set is entered, the chance of leaving it, a time to return.
import { InputError } from "../../math/index.ts";
import { logHorizon, potentialBound, stepCost } from "./bounds.ts";
import { stableSet } from "./constants.ts";
import type { StabilitySetting } from "./types.ts";

/** A number of steps that suffices, and how it was found. */
export interface EntranceBound {
  /** Smallest T (≥ 1) for which the bound holds, by bisection; Infinity beyond 2^1000. */
  readonly steps: number;
  /** The sufficient closed form, never smaller. */
  readonly closedForm: number;
  /** Value the average of G must fall below: at most that, every p_y ≥ 1/2 and L ≤ l_S. */
  readonly potential: number;
}

/**
 * With probability at least 1 − `failure`, some iterate W_s with s ≤ T lies in the stable set: the average of E G up to
 * T is then at most failure·m with m = min(1/(2n), l_S/2), and Markov's inequality does the rest. It bounds no hitting
 * time in expectation, and is very loose.
 *
 * @throws InputError for a probability outside (0, 1), or as `checkSetting`
 */
export function entranceBound(setting: StabilitySetting, failure: number): EntranceBound {
  checkFailure(failure);
  const { n, lr, classes, model } = setting;
  const potential = Math.min(1 / (2 * n), stableSet(setting).threshold / 2);
  const target = failure * potential;
  const perStep = model.margin ** 2 * lr;
  const constant = 2 * stepCost(setting) + Math.SQRT2 + 4 * model.nearHomogeneity;
  // Two halves of the target: one for the constant, one for 2·ln τ/τ with τ = (K−1)γ²ηT.
  const first = (2 * constant) / (perStep * target);
  const share = target / (4 * (classes - 1));
  const tau = share >= 1 / Math.E ? 1 : (2 / share) * Math.log(1 / share);
  const second = tau / ((classes - 1) * perStep);
  const steps = smallestStep(setting, (t) => {
    const bound = potentialBound(setting, t);
    return bound !== null && bound <= target;
  });
  return { steps, closedForm: Math.ceil(Math.max(first, second)), potential };
}

/** Where an iterate stands inside the stable set. Norms of the mean-field network are multiplied by √m. */
export interface InsidePoint {
  readonly loss: number;
  /** ‖∇L‖; default the value between 0 and its upper bound √2·L that is worst. */
  readonly gradientNorm?: number;
  /** G, the mean of 1 − p_y. */
  readonly potential: number;
  /** max_i (1 − p_{i,y_i}). */
  readonly maxPotential: number;
  /** mean ‖∇ℓ_i‖²; default its upper bound 2G. */
  readonly meanSquare?: number;
}

/** What it takes to leave in one step, and how probable that is at most. */
export interface ExitBound {
  /** ρ: the next iterate stays inside whenever the gradient noise ‖ξ‖ is below. */
  readonly radius: number;
  /** Bound on the probability that it does not, at most 1. */
  readonly probability: number;
}

/**
 * The descent inequality L′ ≤ L − η⟨∇L, g⟩ + q‖g‖², q = c₀η²L, keeps L′ ≤ l_S as long as ‖ξ‖ < ρ (complete the
 * square); Bernstein's inequality for vectors with variance v = 2G and range 2√2·max G bounds the rest. Tends to 0
 * with the loss.
 *
 * @throws InputError when the point is not inside
 */
export function exitBound(setting: StabilitySetting, point: InsidePoint): ExitBound {
  const set = stableSet(setting);
  const { lr, batch } = setting;
  const { loss, potential, maxPotential, meanSquare = 2 * potential } = point;
  if (!(loss >= 0 && loss <= set.threshold)) {
    throw new InputError("only from inside the stable set can it be left", {
      field: "loss",
      received: String(loss),
      allowed: `at most l_S = ${set.threshold}`,
    });
  }
  const q = set.descent.value * lr * lr * loss;
  const room = set.threshold - loss;
  // As a function of the gradient the radius falls, then rises; inside the set q ≤ η/2.
  const worst = ((lr - 2 * q) / lr) * Math.sqrt(room / (lr - q));
  const gradient = Math.min(point.gradientNorm ?? worst, Math.SQRT2 * loss);
  const root = Math.sqrt((lr * gradient) ** 2 + 4 * q * room);
  const slack = root + Math.abs(lr - 2 * q) * gradient;
  // The positive root of q ρ² + |η − 2q| N ρ = room + (η − q) N², in the form that does not cancel.
  const radius = slack === 0 ? (q === 0 ? Infinity : 0) : (2 * (room + (lr - q) * gradient ** 2)) / slack;
  const range = 2 * Math.SQRT2 * maxPotential;
  const exponent = (batch * radius * radius) / (2 * (meanSquare + (range * radius) / 3));
  const probability = radius === Infinity ? 0 : Math.min(1, 2 * Math.exp(-exponent));
  return { radius, probability };
}

/**
 * Smallest T such that, with probability at least 1 − `failure`, iterates that left the stable set at step `exit` are
 * back within T steps. Infinity beyond 2^1000.
 *
 * @throws InputError for a probability outside (0, 1), or as `checkSetting`
 */
export function returnBound(setting: StabilitySetting, exit: number, failure: number): number {
  checkFailure(failure);
  const target = failure * stableSet(setting).threshold;
  const perStep = setting.model.margin ** 2 * setting.lr;
  const cost = stepCost(setting);
  const before = (Math.max(0, logHorizon(setting, exit) ?? 0) + cost) ** 2;
  return smallestStep(setting, (t) => {
    const horizon = logHorizon(setting, t);
    if (horizon === null) return false;
    return 1 / (perStep * t) + (8 * before + 8 + 2 * (horizon + cost) ** 2) / (2 * perStep * t) <= target;
  });
}

/**
 * First T ≥ 1/((K−1)γ²η) at which a bound holds: doubling, then bisection. The bounds, (a·ln τ + c)²/τ and the like, may
 * rise at first and then fall for good, so that one that fails at the start holds from some T on.
 */
function smallestStep({ classes, lr, model }: StabilitySetting, holds: (t: number) => boolean): number {
  let low = Math.max(1, Math.ceil(1 / ((classes - 1) * model.margin ** 2 * lr)));
  if (holds(low)) return low;
  let high = low;
  while (!holds(high)) {
    low = high;
    high *= 2;
    if (high > 2 ** 1000) return Infinity;
  }
  while (high - low > 1 && high - low > Number.EPSILON * high * 2) {
    const middle = Math.floor(low + (high - low) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function checkFailure(failure: number): void {
  if (failure > 0 && failure < 1) return;
  throw new InputError("not a probability of failure", {
    field: "failure",
    received: String(failure),
    allowed: "between 0 and 1",
  });
}
