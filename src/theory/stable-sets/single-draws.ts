// The exact drift at batch size 1: what the step of every single example does to every loss, from inner products of the inputs.
import type { DType } from "../../math/index.ts";
import { checkDrift } from "./batches.ts";
import { lossChange } from "./loss-change.ts";
import { LEAST } from "./pair-kernel-builder.ts";
import { EXPONENTIAL_REACH, HIGHEST_ORDER } from "./pair-kernels.ts";
import { Extremes } from "./pair-extremes.ts";
import { orderFor, reachesOf } from "./pair-reach.ts";
import { type ClassTiles, PairTiles, SLOTS } from "./pair-tiles.ts";
import type { Predictions } from "./predictions.ts";
import { ownCurvature } from "./second-order-drift.ts";
import type { Drift, LabelSet } from "./types.ts";

/** Relative error per change of a loss that the drift allows itself by default. */
export const DRIFT_TOLERANCE = 1e-10;
/** From here single precision serves: its rounding is 6e-8 of every change, and averages out. */
const SINGLE_FROM = 1e-6;
/** 1/x that stays finite, for sizes of steps. */
const SMALLEST = 1e-300;

/** Whose steps are wanted, and how exactly. Plain data. */
export interface SingleDrawsSetup {
  readonly inputs: LabelSet;
  /** ⟨x_i, x_j⟩, n×n. */
  readonly gram: Float64Array;
  /** Relative error allowed per change of a loss; from 1e-6 on most arithmetic is in single precision. */
  readonly tolerance: number;
  /** The examples whose steps are wanted, ascending. */
  readonly examples: Int32Array;
}

/** What is asked for. */
export interface SingleDrawsQuestion {
  /** The step size whose changes of the losses are wanted, or null. */
  readonly lr: number | null;
  /** Whether the curvature along the steps is wanted. */
  readonly curvature: boolean;
}

/** Sums over the steps of the given examples; 0 where not asked for. */
export interface SingleDrawsSums {
  /** Of all changes of all losses: Σ n(L(W′) − L(W)). */
  readonly total: number;
  /** Steps that raise the loss. */
  readonly increases: number;
  /** Σ n⟨∇ℓ_i, H∇ℓ_i⟩. */
  readonly curvature: number;
}

/**
 * Evaluates the steps of one data set again and again. Using example i moves the logits of j by −η⟨x_i, x_j⟩r_ik, so that all losses
 * follow from inner products: O(n²K), without a single product of length d.
 *
 * Different inputs are far from parallel, so most of these n²K exponentials are of tiny arguments: a step and a class whose moves
 * are small take a polynomial (see `pair-kernels.ts`), and only what no kernel serves is computed pair by pair. Everything is scaled by the
 * largest 1 − p_y and by each step's own size, so that nothing under- or overflows in the tail of a run. What one step and
 * one class give depends on nothing else, least of all on what was asked before.
 */
export class SingleDraws {
  readonly #setup: SingleDrawsSetup;
  readonly #dtype: DType;
  readonly #tiles: PairTiles;
  /** Largest moves that polynomials serve, by their order, and exponentials. */
  readonly #reaches: readonly number[];
  readonly #reach: number;
  /** Largest |⟨x_i, x_j⟩| over the j ≠ i of a class, for every row and class of `tiles`. */
  readonly #largest: Float64Array;
  /** The same over all j ≠ i. */
  readonly #farthest: Float64Array;
  /** Of every slot: its step's residuals, and what was asked for last. */
  readonly #extremes: readonly Extremes[] = Array.from({ length: SLOTS }, () => new Extremes());
  readonly #results = new Float64Array(SLOTS);
  readonly #delta: Float64Array;

  /** Memory: 4 or 8 bytes for every given example and every example of the data. */
  constructor(setup: SingleDrawsSetup) {
    const { inputs, gram, tolerance, examples } = setup;
    this.#setup = setup;
    this.#dtype = tolerance >= SINGLE_FROM ? "float32" : "float64";
    this.#tiles = new PairTiles(inputs, gram, examples, this.#dtype);
    this.#reaches = reachesOf(tolerance, HIGHEST_ORDER[this.#dtype]);
    this.#reach = EXPONENTIAL_REACH[this.#dtype];
    this.#delta = new Float64Array(inputs.classes);
    const { classes } = this.#tiles;
    this.#largest = new Float64Array(examples.length * classes.length);
    this.#farthest = new Float64Array(examples.length);
    examples.forEach((i, row) => {
      classes.forEach(({ members }, at) => {
        let largest = 0;
        for (const j of members) {
          if (j !== i) largest = Math.max(largest, Math.abs(gram[i * inputs.n + j]!));
        }
        this.#largest[row * classes.length + at] = largest;
        this.#farthest[row] = Math.max(this.#farthest[row]!, largest);
      });
    });
  }

  /** The sums asked for at the given predictions. O(n²K) for all steps together. */
  sums(predictions: Predictions, { lr, curvature }: SingleDrawsQuestion): SingleDrawsSums {
    const { maxPotential } = predictions.point;
    const { residuals, losses } = predictions;
    this.#tiles.setShares(residuals, losses.losses, maxPotential);
    const { examples } = this.#setup;
    const results = this.#results;
    let total = 0;
    let increases = 0;
    let second = 0;
    for (let first = 0; first < examples.length; first += SLOTS) {
      const rows = examples.subarray(first, first + SLOTS);
      this.#takeExtremes(predictions, rows);
      if (lr !== null) {
        this.#measureChanges(predictions, rows, first, lr, maxPotential);
        for (let slot = 0; slot < rows.length; slot++) {
          total += results[slot]!;
          if (results[slot]! > 0) increases++;
        }
      }
      if (!curvature) continue;
      this.#measureSpreads(predictions, rows, first, maxPotential);
      for (let slot = 0; slot < rows.length; slot++) second += results[slot]!;
    }
    return { total, increases, curvature: second };
  }

  #takeExtremes({ residuals, inputs: { classes } }: Predictions, rows: Int32Array): void {
    for (let slot = 0; slot < rows.length; slot++) {
      this.#extremes[slot]!.take(residuals, rows[slot]! * classes, classes);
    }
  }

  /** Results: of every slot, the sum of the changes of all losses by its step. `scale` is the largest 1 − p_y. */
  #measureChanges(
    predictions: Predictions,
    rows: Int32Array,
    first: number,
    lr: number,
    scale: number,
  ): void {
    const tiles = this.#tiles;
    const { polynomials, exponentials } = tiles.kernels;
    const { residuals } = predictions;
    const { classes } = predictions.inputs;
    const results = this.#results;
    for (let slot = 0; slot < rows.length; slot++) {
      const i = rows[slot]!;
      results[slot] = this.#pairChange(predictions, i, i, lr);
      const inverse = 1 / this.#extremes[slot]!.size;
      const size = lr * this.#extremes[slot]!.size;
      const factor = this.#seenAs(size * scale, size * this.#farthest[first + slot]!);
      tiles.begin(slot, { row: first + slot, residuals, from: i * classes, inverse, size, factor });
    }
    for (let at = 0; at < tiles.classes.length; at++) {
      const each = tiles.classes[at]!;
      for (let slot = 0; slot < rows.length; slot++) {
        const extremes = this.#extremes[slot]!;
        const largest = lr * this.#largest[(first + slot) * tiles.classes.length + at]!;
        if (largest === 0 || extremes.size < SMALLEST) continue;
        extremes.relativeTo(residuals[rows[slot]! * classes + each.label]!);
        const far = largest * extremes.far;
        const order = orderFor(this.#reaches, far, largest * extremes.others);
        if (order !== null) tiles.run(polynomials[order - 1]!, each, slot, extremes.farthest);
        else if (far <= this.#reach) tiles.run(exponentials, each, slot, extremes.farthest);
        else results[slot]! += this.#pairByPair(predictions, rows[slot]!, each, lr);
      }
    }
    for (let slot = 0; slot < rows.length; slot++) {
      const { size } = this.#extremes[slot]!;
      if (size >= SMALLEST) results[slot]! += tiles.sumOfLogs(slot, lr * size * scale);
    }
  }

  /** Results: of every slot, n⟨∇ℓ_i, H∇ℓ_i⟩ of its example. */
  #measureSpreads(predictions: Predictions, rows: Int32Array, first: number, scale: number): void {
    const tiles = this.#tiles;
    const { residuals } = predictions;
    const { classes } = predictions.inputs;
    const results = this.#results;
    const factor = this.#seenAs(scale, 0);
    for (let slot = 0; slot < rows.length; slot++) {
      const from = rows[slot]! * classes;
      const inverse = 1 / this.#extremes[slot]!.size;
      tiles.begin(slot, { row: first + slot, residuals, from, inverse, size: 1, factor });
    }
    for (const each of tiles.classes) {
      for (let slot = 0; slot < rows.length; slot++) {
        if (this.#extremes[slot]!.size < SMALLEST) continue;
        tiles.run(tiles.kernels.spread, each, slot, each.label);
      }
    }
    for (let slot = 0; slot < rows.length; slot++) {
      const { size } = this.#extremes[slot]!;
      results[slot] = ownCurvature(predictions, this.#setup.gram, rows[slot]!);
      if (size >= SMALLEST) results[slot]! += size * size * scale * tiles.sumOfSpreads(slot);
    }
  }

  /** The factor as kernels get it: not at all where products of two changes are lost, and might be denormal. */
  #seenAs(factor: number, move: number): number {
    return move < 1 && factor < LEAST[this.#dtype] ? 0 : factor;
  }

  #pairByPair(predictions: Predictions, i: number, { members }: ClassTiles, lr: number): number {
    let total = 0;
    for (const j of members) if (j !== i) total += this.#pairChange(predictions, i, j, lr);
    return total;
  }

  /** Change of ℓ_j when example i is used, for moves of any size. */
  #pairChange({ logits, residuals }: Predictions, i: number, j: number, lr: number): number {
    const { n, classes, labels } = this.#setup.inputs;
    const step = -lr * this.#setup.gram[i * n + j]!;
    for (let k = 0; k < classes; k++) this.#delta[k] = step * residuals[i * classes + k]!;
    return lossChange(logits, residuals, j * classes, classes, labels[j]!, this.#delta);
  }
}

/** The drift from the sum over all i and j of the changes, and the number of examples that raise the loss. */
export function driftOfSingles(total: number, increases: number, n: number, loss: number): Drift {
  const value = total / n / n;
  checkDrift(value);
  return {
    value,
    relative: value / loss,
    stderr: 0,
    increaseProbability: increases / n,
    batches: n,
    exact: true,
  };
}
