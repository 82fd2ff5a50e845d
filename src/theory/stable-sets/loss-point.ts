// Cross-entropy and 1 − p_y from logits without cancellation, and their means in log space.
import type { LossPoint } from "./types.ts";

/**
 * ln ℓ from s = ln Σ_{k≠y} exp(z_k − z_y), ℓ = ln(1 + eˢ): below −37, eˢ is lost beside 1 but not by itself, and
 * ln ℓ = s − eˢ/2 + …
 */
function logOfLoss(s: number, loss: number): number {
  return s < -37 ? s : Math.log(loss);
}

/**
 * ℓ_i = ln(1 + Σ_{k≠y} exp(z_k − z_y)) of every example, its logarithm, and whether it is classified right. Exact to
 * rounding at any size of the logits; 1 − p_y is −expm1(−ℓ), never a difference from 1.
 */
export class Losses {
  /** ℓ_i. */
  readonly losses: Float64Array;
  /** ln ℓ_i: finite even where ℓ_i underflows to 0. */
  readonly logLosses: Float64Array;
  /** 1 − p_{i,y_i}. */
  readonly potentials: Float64Array;
  #right = 0;

  constructor(n: number) {
    this.losses = new Float64Array(n);
    this.logLosses = new Float64Array(n);
    this.potentials = new Float64Array(n);
  }

  /**
   * Evaluates at new logits; allocates nothing. O(nK).
   *
   * @param logits n×K, row-major, in either precision
   * @param labels n classes
   * @param residuals n×K, takes p_i − e_{y_i} if given
   */
  evaluate(
    logits: ArrayLike<number>,
    labels: ArrayLike<number>,
    classes: number,
    residuals?: Float64Array,
  ): void {
    const { losses, logLosses, potentials } = this;
    this.#right = 0;
    for (let i = 0; i < losses.length; i++) {
      const row = i * classes;
      const label = labels[i]!;
      const own = logits[row + label]!;
      const largest = largestOther(logits, row, classes, label);
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        if (k === label) continue;
        const e = Math.exp(logits[row + k]! - largest);
        sum += e;
        if (residuals !== undefined) residuals[row + k] = e;
      }
      // ln Σ_{k≠y} exp(z_k − z_y); NaN when a logit is.
      const s = largest - own + Math.log(sum);
      const size = Math.exp(-Math.abs(s));
      const loss = s > 0 ? s + Math.log1p(size) : Math.log1p(size);
      const potential = -Math.expm1(-loss);
      losses[i] = loss;
      logLosses[i] = logOfLoss(s, loss);
      potentials[i] = potential;
      if (largest < own && !Number.isNaN(s)) this.#right++;
      if (residuals === undefined) continue;
      const share = Math.exp(largest - own - loss);
      for (let k = 0; k < classes; k++) residuals[row + k]! *= share;
      residuals[row + label] = -potential;
    }
  }

  /** Means over all examples. */
  get point(): LossPoint {
    const n = this.losses.length;
    let loss = 0;
    let potential = 0;
    let maxPotential = 0;
    let maxLog = -Infinity;
    for (let i = 0; i < n; i++) {
      loss += this.losses[i]!;
      potential += this.potentials[i]!;
      maxPotential = Math.max(maxPotential, this.potentials[i]!);
      maxLog = Math.max(maxLog, this.logLosses[i]!);
    }
    return {
      loss: loss / n,
      logLoss: logMeanExp(this.logLosses, maxLog),
      potential: potential / n,
      // G/L tends to 1, and is 1 to rounding long before either underflows.
      logPotential: potential > 1e-290 ? Math.log(potential / n) : logMeanExp(this.logLosses, maxLog),
      maxPotential,
      accuracy: this.#right / n,
    };
  }
}

/** Loss and potential at the given logits; see `Losses` for many evaluations. */
export function lossPoint(logits: ArrayLike<number>, labels: ArrayLike<number>, classes: number): LossPoint {
  const losses = new Losses(labels.length);
  losses.evaluate(logits, labels, classes);
  return losses.point;
}

/** max_{k≠y} z_k of one row. */
function largestOther(logits: ArrayLike<number>, row: number, classes: number, label: number): number {
  let largest = -Infinity;
  for (let k = 0; k < classes; k++) {
    if (k !== label && !(logits[row + k]! <= largest)) largest = logits[row + k]!;
  }
  return largest;
}

/** ln of the mean of exp. */
function logMeanExp(values: Float64Array, largest: number): number {
  if (largest === -Infinity || Number.isNaN(largest)) return largest;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum / values.length);
}
