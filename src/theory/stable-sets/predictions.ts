// Logits of labelled examples and what follows from them, computed when asked for.
import { RunError } from "../../math/index.ts";
import { Losses } from "./loss-point.ts";
import type { LabelSet, LossPoint } from "./types.ts";

/** Logits, n×K, and the losses and probabilities they give. Mutable; a move allocates nothing. */
export class Predictions {
  readonly inputs: LabelSet;
  /** n×K, row-major. Whoever writes into it says so by `moved`. */
  readonly logits: Float64Array;
  readonly #residuals: Float64Array;
  readonly #losses: Losses;
  /** Whether losses and residuals belong to the logits. */
  #fresh = false;

  /** Starts at logits of 0. */
  constructor(inputs: LabelSet) {
    const { n, classes } = inputs;
    this.inputs = inputs;
    this.logits = new Float64Array(n * classes);
    this.#residuals = new Float64Array(n * classes);
    this.#losses = new Losses(n);
  }

  /** Moves to other logits, n×K. */
  setLogits(logits: ArrayLike<number>): void {
    this.logits.set(logits);
    this.moved();
  }

  /** To be called after a change of the logits. */
  moved(): void {
    this.#fresh = false;
  }

  /** Loss, potential and accuracy. O(nK) after a move. */
  get point(): LossPoint {
    this.#refresh();
    return this.#losses.point;
  }

  /** ℓ_i and 1 − p_{i,y_i} of every example; valid until the next move. */
  get losses(): Losses {
    this.#refresh();
    return this.#losses;
  }

  /** p_i − e_{y_i}, n×K; valid until the next move. The label's −(1 − p_y) is no difference from 1. */
  get residuals(): Float64Array {
    this.#refresh();
    return this.#residuals;
  }

  #refresh(): void {
    if (this.#fresh) return;
    const { classes, labels } = this.inputs;
    this.#losses.evaluate(this.logits, labels, classes, this.#residuals);
    const lost = this.#losses.losses.findIndex((loss) => !Number.isFinite(loss));
    if (lost >= 0) {
      throw new RunError("the logits have left the range of double precision", {
        field: `example ${lost}`,
        hint: "Take a smaller step",
      });
    }
    this.#fresh = true;
  }
}
