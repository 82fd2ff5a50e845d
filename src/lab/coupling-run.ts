// Edge coupling of a run in progress: feeds the accumulator what the training loop has computed anyway.
import type { ExampleObjective } from "../curvature/index.ts";
import { type Vector, zeros } from "../math/index.ts";
import type { CouplingRecord } from "../record/index.ts";
import { CouplingAccumulator, type CouplingState, type CouplingStep } from "../theory/index.ts";

/** What a checkpoint carries of it. Vectors have θ's length; null for mini-batches, whose steps stand alone. */
export interface CouplingCheckpoint {
  readonly state: CouplingState;
  /** The last iterate fed, and the step it opened or null; see `CouplingRun`. */
  readonly fed: number;
  readonly last: CouplingStep | null;
  readonly vectors: { readonly theta: Vector; readonly gradient: Vector } | null;
}

/**
 * Full-batch descent: every iterate, with the gradient and loss of its own step, in the pass over the vectors that takes
 * the step. Mini-batches: the step about to be taken wherever details are measured, which costs two gradients of the
 * batch, because a step's far end is never evaluated on its own batch.
 */
export class CouplingRun {
  readonly #objective: ExampleObjective;
  readonly #lr: number;
  readonly #accumulator: CouplingAccumulator;
  readonly #loss: CouplingRecord["loss"];
  #fed: number;
  #last: CouplingStep | null;
  #scratch: readonly [Vector, Vector, Vector] | null = null;

  constructor(
    objective: ExampleObjective,
    lr: number,
    loss: CouplingRecord["loss"],
    resume: CouplingCheckpoint | null,
  ) {
    const { size, dtype } = objective;
    this.#objective = objective;
    this.#lr = lr;
    this.#loss = loss;
    this.#accumulator = new CouplingAccumulator({ lr, size, dtype }, resume?.state, resume?.vectors);
    this.#fed = resume?.fed ?? -1;
    this.#last = resume?.last ?? null;
  }

  /**
   * θ_step with ∇L and L there, where it is recorded: the step that ends there is looked at in detail. An iterate that
   * was fed already is left out.
   */
  iterate(step: number, theta: Vector, gradient: Vector, loss: number): void {
    if (step === this.#fed || !Number.isFinite(loss)) return;
    this.#fed = step;
    this.#last = this.#accumulator.next(theta, gradient, loss);
  }

  /**
   * The step of plain gradient descent from θ_step, out ← θ − η∇L, noted as `iterate` does. Keeps `theta` and `gradient`
   * until the next call. Does nothing where the loss is not finite.
   *
   * @returns where the next gradient may be written
   */
  descend(step: number, theta: Vector, gradient: Vector, loss: number, out: Vector): Vector {
    if (!Number.isFinite(loss)) return gradient;
    const noted = step === this.#fed;
    this.#fed = step;
    return this.#accumulator.descend(theta, gradient, loss, out, noted);
  }

  /** The step of plain SGD from θ on the listed examples, both ends under their loss. */
  async batch(theta: Vector, indices: Uint32Array): Promise<void> {
    const { dtype, size } = this.#objective;
    this.#scratch ??= [zeros(dtype, size), zeros(dtype, size), zeros(dtype, size)];
    const [gradientX, gradientY, y] = this.#scratch;
    const lossX = await this.#objective.batchLossAndGradient(theta, indices, gradientX);
    for (let i = 0; i < size; i++) y[i] = theta[i]! - this.#lr * gradientX[i]!;
    const lossY = await this.#objective.batchLossAndGradient(y, indices, gradientY);
    if (!Number.isFinite(lossX + lossY)) return;
    this.#last = this.#accumulator.add({ x: theta, gradientX, lossX, y, gradientY, lossY });
  }

  record(): CouplingRecord {
    return { loss: this.#loss, last: this.#last, ...this.#accumulator.summary() };
  }

  /** For a checkpoint; its vectors are live. */
  checkpoint(): CouplingCheckpoint {
    return {
      state: this.#accumulator.state(),
      fed: this.#fed,
      last: this.#last,
      vectors: this.#accumulator.vectors(),
    };
  }
}
