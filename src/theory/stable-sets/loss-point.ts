// Cross-entropy and 1 − p_y from logits without cancellation, and their means in log space.
import type { LossPoint } from "./types.ts";

/**
 * ln ℓ from s = ln Σ_{k≠y} exp(z_k − z_y), ℓ = ln(1 + eˢ): below −37, eˢ is lost beside 1 but not by itself, and
 * ln ℓ = s − eˢ/2 + …
 */
function logOfLoss(s: number, loss: number): number {
  return s < -37 ? s : Math.log(loss);
}

/** Means from here on are far enough from the smallest number that their logarithm is exact. */
const NORMAL = 1e-290;

/**
 * ℓ_i = ln(1 + Σ_{k≠y} exp(z_k − z_y)) of every example, and whether it is classified right. Exact to
 * rounding at any size of the logits; 1 − p_y is eˢ/(1 + eˢ), never a difference from 1.
 */
export class Losses {
  /** ℓ_i. */
  readonly losses: Float64Array;
  /** 1 − p_{i,y_i}. */
  readonly potentials: Float64Array;
  /** ln Σ_{k≠y} exp(z_k − z_y). */
  readonly #exponents: Float64Array;
  #right = 0;

  constructor(n: number) {
    this.losses = new Float64Array(n);
    this.potentials = new Float64Array(n);
    this.#exponents = new Float64Array(n);
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
    const { losses, potentials } = this;
    const exponents = this.#exponents;
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
      const potential = (s > 0 ? 1 : size) / (1 + size);
      losses[i] = loss;
      exponents[i] = s;
      potentials[i] = potential;
      if (largest < own && !Number.isNaN(s)) this.#right++;
      if (residuals === undefined) continue;
      const share = potential / sum;
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
    for (let i = 0; i < n; i++) {
      loss += this.losses[i]!;
      potential += this.potentials[i]!;
      maxPotential = Math.max(maxPotential, this.potentials[i]!);
    }
    const logLoss = loss > NORMAL ? Math.log(loss / n) : this.#logMeanLoss();
    return {
      loss: loss / n,
      logLoss,
      potential: potential / n,
      // G/L tends to 1, and is 1 to rounding long before either underflows.
      logPotential: potential > NORMAL ? Math.log(potential / n) : logLoss,
      maxPotential,
      accuracy: this.#right / n,
    };
  }

  /** ln of the mean loss where the losses themselves underflow. */
  #logMeanLoss(): number {
    return logMeanExp(this.losses.map((loss, i) => logOfLoss(this.#exponents[i]!, loss)));
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
function logMeanExp(values: Float64Array): number {
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest === -Infinity || Number.isNaN(largest)) return largest;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum / values.length);
}
