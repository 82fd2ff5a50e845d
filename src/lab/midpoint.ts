// The three consecutive iterates a midpoint needs, kept only around the steps where one is due.
import { type Vector, zeros } from "../math/index.ts";

/**
 * Collects w*_t = (θ_{t−1} + 2θ_t + θ_{t+1})/4 for the steps t that `due` names. Two vectors of memory, no
 * allocation after construction, copies only beside due steps.
 */
export class MidpointWindow {
  readonly #due: (step: number) => boolean;
  /** θ_{t−1} of the next due step t. */
  #previous: Vector;
  #current: Vector;

  constructor(due: (step: number) => boolean, like: Vector, previous: Vector | null) {
    this.#due = due;
    const dtype = like instanceof Float32Array ? "float32" : "float64";
    this.#previous = previous ?? zeros(dtype, like.length);
    this.#current = zeros(dtype, like.length);
  }

  /** Call with θ_{step} before the update that leads to step + 1. */
  beforeStep(step: number, theta: Vector): void {
    if (this.#due(step)) this.#current.set(theta);
    else if (this.#due(step + 1)) this.#previous.set(theta);
  }

  /** Call with θ_{step} after the update: w*_{step−1} when that step is due, valid until the next `beforeStep`. */
  afterStep(step: number, theta: Vector): Vector | null {
    if (!this.#due(step - 1)) return null;
    const midpoint = this.#previous;
    const current = this.#current;
    for (let i = 0; i < midpoint.length; i++) {
      midpoint[i] = (midpoint[i]! + 2 * current[i]! + theta[i]!) / 4;
    }
    // θ_{step−1} is the previous iterate of `step`, should that be due as well.
    this.#previous = current;
    this.#current = midpoint;
    return midpoint;
  }

  /** θ_{step−1} when the midpoint of `step` is still to come: what a checkpoint at `step` must carry. */
  pending(step: number): Vector | null {
    return this.#due(step) ? this.#previous : null;
  }
}
