// The linear classifier in float64: logits, loss, gradient and SGD steps. No bias; inputs as `unitInputs` gives them.
import { InputError } from "../../math/index.ts";
import { gramMatrix } from "./inputs.ts";
import { addProducts, euclideanNorm } from "./matrix.ts";
import { Predictions } from "./predictions.ts";
import type { LabelledInputs } from "./types.ts";

/** Up to here ⟨x_i, x_j⟩ of all pairs is kept: 128 MB. */
export const GRAM_LIMIT = 4000;

/** W (K×d), logits Z = XWᵀ and what follows from them. Mutable: `step` and `setWeights` move it; steps allocate nothing. */
export class LinearModel extends Predictions {
  declare readonly inputs: LabelledInputs;
  /** K×d, row-major, PyTorch's layout of `Linear`. Change it through `setWeights`. */
  readonly weights: Float64Array;
  readonly #batchGradient: Float64Array;
  #gram: Float64Array | null = null;
  #squaredNorms: Float64Array | null = null;

  /** Starts at W = 0. */
  constructor(inputs: LabelledInputs) {
    super(inputs);
    const { d, classes } = inputs;
    this.weights = new Float64Array(classes * d);
    this.#batchGradient = new Float64Array(classes * d);
  }

  /** Moves to other weights, K×d. O(ndK), O(nK) where their logits X·Wᵀ are known. Throws InputError for another length. */
  setWeights(weights: ArrayLike<number>, logits?: Float64Array): void {
    if (weights.length !== this.weights.length) {
      throw new InputError("weights do not fit the inputs", {
        received: `${weights.length} weights`,
        allowed: `${this.inputs.classes}×${this.inputs.d}`,
      });
    }
    this.weights.set(weights);
    if (logits !== undefined) {
      this.setLogits(logits);
      return;
    }
    this.logits.fill(0);
    addProducts(this.inputs, 1, this.weights, this.logits);
    this.moved();
  }

  /** ⟨x_i, x_j⟩, n×n, made when first asked for; null beyond `GRAM_LIMIT` examples. */
  get gram(): Float64Array | null {
    if (this.inputs.n > GRAM_LIMIT) return null;
    return (this.#gram ??= gramMatrix(this.inputs));
  }

  /** Takes ⟨x_i, x_j⟩ from whoever has computed them. */
  takeGram(gram: Float64Array): void {
    this.#gram = gram;
  }

  /** Whether the inner products are known. */
  get hasGram(): boolean {
    return this.#gram !== null;
  }

  /** ‖W‖_F. */
  get weightNorm(): number {
    return euclideanNorm(this.weights);
  }

  /**
   * out ← mean over the batch (default: all examples) of ∇ℓ_i = (p_i − e_{y_i})x_iᵀ, K×d. O(bdK).
   *
   * @param batch indices of examples, which may repeat
   */
  gradient(out: Float64Array, batch?: ArrayLike<number>): void {
    const { n, d, classes, x } = this.inputs;
    const { residuals } = this;
    const count = batch?.length ?? n;
    out.fill(0);
    for (let q = 0; q < count; q++) {
      const i = batch === undefined ? q : batch[q]!;
      const from = i * d;
      for (let k = 0; k < classes; k++) {
        const factor = residuals[i * classes + k]! / count;
        if (factor === 0) continue;
        const to = k * d;
        for (let c = 0; c < d; c++) out[to + c] = out[to + c]! + factor * x[from + c]!;
      }
    }
  }

  /** ‖∇L‖_F. O(ndK). */
  get gradientNorm(): number {
    this.gradient(this.#batchGradient);
    return euclideanNorm(this.#batchGradient);
  }

  /** mean ‖∇ℓ_i‖_F², the second moment of the stochastic gradient at b = 1. O(nK), once O(nd). */
  get meanSquareGradient(): number {
    const { n, d, classes, x } = this.inputs;
    const residuals = this.residuals;
    this.#squaredNorms ??= Float64Array.from({ length: n }, (_, i) =>
      sumOfSquares(x.subarray(i * d, (i + 1) * d)),
    );
    let total = 0;
    for (let i = 0; i < n; i++) {
      const residual = sumOfSquares(residuals.subarray(i * classes, (i + 1) * classes));
      total += residual * this.#squaredNorms[i]!;
    }
    return total / n;
  }

  /** W ← W − η·(batch gradient), logits along with it. O(bdK), and O(nbK) by inner products of inputs or O(ndK) without. */
  step(batch: ArrayLike<number>, lr: number): void {
    const { d } = this.inputs;
    this.gradient(this.#batchGradient, batch);
    const gram = batch.length < d ? this.gram : null;
    if (gram === null) addProducts(this.inputs, -lr, this.#batchGradient, this.logits);
    else this.#moveByGram(gram, batch, lr);
    for (let c = 0; c < this.weights.length; c++) this.weights[c]! -= lr * this.#batchGradient[c]!;
    this.moved();
  }

  #moveByGram(gram: Float64Array, batch: ArrayLike<number>, lr: number): void {
    const { n, classes } = this.inputs;
    const { residuals } = this;
    for (let q = 0; q < batch.length; q++) {
      const i = batch[q]!;
      for (let k = 0; k < classes; k++) {
        const move = (-lr / batch.length) * residuals[i * classes + k]!;
        if (move === 0) continue;
        for (let j = 0; j < n; j++) this.logits[j * classes + k]! += move * gram[i * n + j]!;
      }
    }
  }
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < values.length; c++) sum += values[c]! * values[c]!;
  return sum;
}
