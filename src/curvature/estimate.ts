// Running means, ratios of means and their standard errors, and the rule that decides when enough was sampled.
import { InputError } from "../math/index.ts";

/** A number and its standard error. */
export interface MeanError {
  readonly mean: number;
  /** Zero when exact; infinite after a single sample. */
  readonly stderr: number;
}

/**
 * Stop once every standard error is at most `relative`·|value|, checked from `min` samples on (few samples can agree
 * by chance: default 10); give up at `max` (default 1000).
 */
export interface UntilSettled {
  readonly relative: number;
  readonly min?: number;
  readonly max?: number;
}

/** A fixed number of samples. */
export interface FixedSamples {
  readonly samples: number;
}

export type StopRule = UntilSettled | FixedSamples;

/** Bounds of a rule, checked. `relative` is 0 for a fixed number: then nothing can be certified early. */
export interface StopBounds {
  readonly relative: number;
  readonly min: number;
  readonly max: number;
}

/**
 * @throws InputError for counts that are not whole or below 2 (no standard error), max < min, or a tolerance ≤ 0
 */
export function stopBounds(rule: StopRule): StopBounds {
  const fixed = "samples" in rule;
  const min = fixed ? rule.samples : (rule.min ?? 10);
  const max = fixed ? rule.samples : (rule.max ?? Math.max(1000, min));
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 2 || max < min) {
    throw new InputError("number of samples out of range", {
      received: fixed ? String(min) : `${min} to ${max}`,
      allowed: "whole numbers, 2 ≤ min ≤ max",
    });
  }
  if (!fixed && !(rule.relative > 0)) {
    throw new InputError("not a tolerance", {
      field: "relative",
      received: String(rule.relative),
      allowed: "> 0",
    });
  }
  return { relative: fixed ? 0 : rule.relative, min, max };
}

/** Whether a value is known to the relative tolerance. */
export function isSettled({ mean, stderr }: MeanError, relative: number): boolean {
  return stderr <= relative * Math.abs(mean);
}

/**
 * Weighted running mean and covariance of pairs (a, b), one pass (Welford's update, West 1979). Standard errors
 * take the samples as independent with equal weights.
 */
export class PairMoments {
  #weight = 0;
  #count = 0;
  #a = 0;
  #b = 0;
  #aa = 0;
  #ab = 0;
  #bb = 0;

  get count(): number {
    return this.#count;
  }

  add(a: number, b = 1, weight = 1): void {
    this.#count++;
    this.#weight += weight;
    const share = weight / this.#weight;
    const da = a - this.#a;
    const db = b - this.#b;
    this.#a += share * da;
    this.#b += share * db;
    this.#aa += weight * da * (a - this.#a);
    this.#ab += weight * da * (b - this.#b);
    this.#bb += weight * db * (b - this.#b);
  }

  /** Mean of a. */
  mean(): MeanError {
    return { mean: this.#a, stderr: this.#error(this.#aa) };
  }

  /**
   * mean(a)/mean(b), with the standard error of the delta method: the spread of a − R·b over mean(b). Its bias is
   * O(1/count). Null when mean(b) is zero.
   */
  ratio(): MeanError | null {
    if (this.#b === 0) return null;
    const ratio = this.#a / this.#b;
    const spread = this.#aa - 2 * ratio * this.#ab + ratio * ratio * this.#bb;
    return { mean: ratio, stderr: this.#error(spread) / Math.abs(this.#b) };
  }

  #error(sumOfSquares: number): number {
    if (this.#count < 2) return Infinity;
    // Rounding can leave the spread of identical samples below zero; NaN must stay NaN.
    const positive = sumOfSquares < 0 ? 0 : sumOfSquares;
    return Math.sqrt(positive / (this.#count - 1) / this.#count);
  }
}
