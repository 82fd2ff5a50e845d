// The linear classifier's products with all inputs, X·Wᵀ and ∇L, on a backend: what moving to given weights costs.
import type { Backend, Executable } from "../../runtime/index.ts";
import { createGraph, matmul } from "../../tensor/index.ts";
import type { LinearModel } from "./linear-model.ts";
import type { LabelledInputs } from "./types.ts";
import { type CurvatureMoments, meanMoments } from "./second-order-drift.ts";

/** Two programs in double precision for one data set, bound by memory: one thread each. */
export class LinearEngine {
  readonly #x: Float64Array<ArrayBuffer>;
  readonly #forward: Executable;
  readonly #backward: Executable;
  readonly #weights: Float64Array<ArrayBuffer>;
  readonly #logits: Float64Array<ArrayBuffer>;
  /** Of the mean loss, K×n. */
  readonly #residuals: Float64Array<ArrayBuffer>;
  readonly #gradient: Float64Array<ArrayBuffer>;

  private constructor({ n, d, classes, x }: LabelledInputs, forward: Executable, backward: Executable) {
    this.#x = x as Float64Array<ArrayBuffer>;
    this.#forward = forward;
    this.#backward = backward;
    this.#weights = new Float64Array(classes * d);
    this.#logits = new Float64Array(n * classes);
    this.#residuals = new Float64Array(n * classes);
    this.#gradient = new Float64Array(classes * d);
  }

  /** Compiles. Reads the inputs where they are. */
  static async create(inputs: LabelledInputs, backend: Backend): Promise<LinearEngine> {
    const { n, d, classes } = inputs;
    const graph = createGraph();
    const x = graph.input("x", [n, d]);
    const w = graph.input("w", [classes, d]);
    const residuals = graph.input("residuals", [classes, n]);
    const logits = matmul(x, w, false, true);
    const forward = await backend.compile({ inputs: [x, w], outputs: [logits] }, "float64", 1);
    const gradient = matmul(residuals, x);
    const backward = await backend.compile({ inputs: [x, residuals], outputs: [gradient] }, "float64", 1);
    return new LinearEngine(inputs, forward, backward);
  }

  /** As `LinearModel.setWeights`. O(ndK). */
  async setWeights(model: LinearModel, weights: ArrayLike<number>): Promise<void> {
    this.#weights.set(weights);
    await this.#forward.run([this.#x, this.#weights], [this.#logits]);
    model.setWeights(weights, this.#logits);
  }

  /** ‖∇L‖² and ⟨∇L, H∇L⟩ from the gradient at the model's weights. O(ndK). */
  async meanMoments(
    model: LinearModel,
    gradient: Float64Array<ArrayBuffer>,
  ): Promise<Omit<CurvatureMoments, "single">> {
    await this.#forward.run([this.#x, gradient], [this.#logits]);
    return meanMoments(model, this.#logits);
  }

  /** ∇L at the model's weights, K×d; valid until the next call. O(ndK). */
  async gradient({ inputs: { n, classes }, residuals }: LinearModel): Promise<Float64Array<ArrayBuffer>> {
    for (let k = 0; k < classes; k++) {
      for (let i = 0; i < n; i++) this.#residuals[k * n + i] = residuals[i * classes + k]! / n;
    }
    await this.#backward.run([this.#x, this.#residuals], [this.#gradient]);
    return this.#gradient;
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    await this.#forward.dispose();
    await this.#backward.dispose();
  }
}
