// Drift of the linear classifier: exact where batches can be counted, else sampled.
import { InputError } from "../../math/index.ts";
import { resolveBatch } from "../../optim/index.ts";
import {
  batchCount,
  type BatchOutcome,
  driftOf,
  ENUMERATION_LIMIT,
  possibleBatches,
  randomBatch,
} from "./batches.ts";
import type { LinearModel } from "./linear-model.ts";
import { lossChange } from "./loss-change.ts";
import { addProducts } from "./matrix.ts";
import { DRIFT_TOLERANCE, driftOfSingles, SingleDraws } from "./single-draws.ts";
import type { Drift, DriftOptions } from "./types.ts";

/** Measures the drift of one model again and again; keeps what does not change between steps. */
export class LinearDrift {
  readonly #model: LinearModel;
  readonly #tolerance: number;
  #singles: SingleDraws | null = null;
  readonly #gradient: Float64Array;
  readonly #moves: Float64Array;
  readonly #delta: Float64Array;

  /** `tolerance`: relative error allowed per change of a loss at b = 1. */
  constructor(model: LinearModel, tolerance: number = DRIFT_TOLERANCE) {
    this.#model = model;
    this.#tolerance = tolerance;
    this.#gradient = new Float64Array(model.weights.length);
    this.#moves = new Float64Array(model.logits.length);
    this.#delta = new Float64Array(model.inputs.classes);
  }

  /**
   * E[L(W′) | W] − L(W) at the model's weights. Exact for b = 1 by the Gram matrix, O(n²K); exact by enumeration up to
   * `ENUMERATION_LIMIT` batches, O(ndK) each; else the mean over random batches, with its standard error.
   *
   * @throws InputError for an impossible batch, and when random batches are needed but `random` is not given
   */
  measure({ lr, batch, sampling, samples = 1000, random }: DriftOptions): Drift {
    const model = this.#model;
    const { n, labels } = model.inputs;
    resolveBatch(batch, n);
    const { loss } = model.point;
    const { gram } = model;
    if (batch === 1 && gram !== null) {
      this.#singles ??= new SingleDraws({
        inputs: model.inputs,
        gram,
        tolerance: this.#tolerance,
        examples: Int32Array.from(labels.keys()),
      });
      const { total, increases } = this.#singles.sums(model, { lr, curvature: false });
      return driftOfSingles(total, increases, n, loss);
    }
    const outcomes: BatchOutcome[] = [];
    if (batchCount(n, batch, sampling) <= ENUMERATION_LIMIT) {
      for (const { indices, probability } of possibleBatches(n, batch, sampling)) {
        outcomes.push({ change: this.changeAfter(indices, lr), probability });
      }
      return driftOf(loss, outcomes, true);
    }
    if (random === undefined) {
      throw new InputError("too many batches to enumerate", {
        field: "random",
        hint: "Give a random stream for sampled batches",
      });
    }
    const drawn = new Uint32Array(batch);
    for (let q = 0; q < samples; q++) {
      randomBatch(n, sampling, random, drawn);
      outcomes.push({ change: this.changeAfter(drawn, lr), probability: 1 / samples });
    }
    return driftOf(loss, outcomes, false);
  }

  /** L(W − η·g_B) − L(W) for one batch; the model stays where it is. O(ndK). */
  changeAfter(batch: ArrayLike<number>, lr: number): number {
    const model = this.#model;
    const { n, classes, labels } = model.inputs;
    model.gradient(this.#gradient, batch);
    this.#moves.fill(0);
    addProducts(model.inputs, -lr, this.#gradient, this.#moves);
    let total = 0;
    for (let j = 0; j < n; j++) {
      const row = j * classes;
      for (let k = 0; k < classes; k++) this.#delta[k] = this.#moves[row + k]!;
      total += lossChange(model.logits, model.residuals, row, classes, labels[j]!, this.#delta);
    }
    return total / n;
  }
}
