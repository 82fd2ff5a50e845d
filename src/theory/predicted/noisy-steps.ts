// (S)GD whose noise ξ = g_B − ∇L is kept: every step costs the full gradient as well.
import type { Objective } from "../../curvature/index.ts";
import { axpy, type Vector, zeros } from "../../math/index.ts";
import type { BatchSampler } from "../../optim/index.ts";

/** An iterate θ_t. Per step: `measure`, then `step`. */
export class NoisySteps {
  readonly theta: Vector;
  readonly #objective: Objective;
  readonly #sampler: BatchSampler | null;
  readonly #gradient: Vector;
  readonly #batchGradient: Vector;

  /**
   * @param theta θ_0; copied
   * @param sampler null for gradient descent
   */
  constructor(objective: Objective, theta: Vector, sampler: BatchSampler | null) {
    this.theta = theta.slice();
    this.#objective = objective;
    this.#sampler = sampler;
    this.#gradient = zeros(objective.dtype, objective.size);
    this.#batchGradient = sampler === null ? this.#gradient : zeros(objective.dtype, objective.size);
  }

  /** L(θ_t), keeping ∇L(θ_t) for the step. */
  async measure(): Promise<number> {
    return this.#objective.lossAndGradient(this.theta, this.#gradient);
  }

  /** θ_{t+1} = θ_t − ηg_B; returns ξ_t, or null for gradient descent. */
  async step(lr: number): Promise<Vector | null> {
    if (this.#sampler === null) {
      axpy(-lr, this.#gradient, this.theta);
      return null;
    }
    await this.#objective.batchLossAndGradient(this.theta, this.#sampler.next(), this.#batchGradient);
    axpy(-lr, this.#batchGradient, this.theta);
    const noise = this.#batchGradient.slice();
    axpy(-1, this.#gradient, noise);
    return noise;
  }
}
