// The linear classifier's products with all inputs on a backend: what moving to given weights costs, and its mean gradient.
import { norm } from "../../math/index.ts";
import type { Backend, Executable } from "../../runtime/index.ts";
import { createGraph, matmul } from "../../tensor/index.ts";
import { GRAM_LIMIT, type LinearModel } from "./linear-model.ts";
import type { LabelledInputs } from "./types.ts";
import { type CurvatureMoments, meanMoments, squaredGradient } from "./second-order-drift.ts";

/** Up to so many times the dimension, products with n×n inner products cost less than two with the inputs. */
const GRAM_UP_TO = 2;

/** Programs in double precision for one data set, bound by memory: one thread each. */
export class LinearEngine {
  readonly #x: Float64Array<ArrayBuffer>;
  readonly #forward: Executable;
  /** ∇L by the inputs, or n·X∇Lᵀ by their inner products. */
  readonly #backward: Executable;
  readonly #gram: Float64Array<ArrayBuffer> | null;
  readonly #weights: Float64Array<ArrayBuffer>;
  readonly #logits: Float64Array<ArrayBuffer>;
  /** Of the mean loss, K×n. */
  readonly #residuals: Float64Array<ArrayBuffer>;
  readonly #gradient: Float64Array<ArrayBuffer>;
  /** X∇Lᵀ, n×K. */
  readonly #moves: Float64Array<ArrayBuffer>;

  private constructor(
    { n, d, classes, x }: LabelledInputs,
    gram: Float64Array | null,
    forward: Executable,
    backward: Executable,
  ) {
    this.#x = x as Float64Array<ArrayBuffer>;
    this.#gram = gram as Float64Array<ArrayBuffer> | null;
    this.#forward = forward;
    this.#backward = backward;
    this.#weights = new Float64Array(classes * d);
    this.#logits = new Float64Array(n * classes);
    this.#residuals = new Float64Array(n * classes);
    this.#gradient = new Float64Array(classes * d);
    this.#moves = new Float64Array(n * classes);
  }

  /**
   * Compiles. Reads the model's inputs where they are.
   *
   * @param byGram whether the model's inner products are needed anyway and may serve
   */
  static async create(model: LinearModel, backend: Backend, byGram = false): Promise<LinearEngine> {
    const { n, d, classes } = model.inputs;
    const graph = createGraph();
    const x = graph.input("x", [n, d]);
    const w = graph.input("w", [classes, d]);
    const logits = matmul(x, w, false, true);
    const forward = await backend.compile({ inputs: [x, w], outputs: [logits] }, "float64", 1);
    const gram = byGram && n <= GRAM_UP_TO * d ? await gramByEngine(model, backend) : null;
    const products = graph.input("gram", [n, n]);
    const byRows = graph.input("residualRows", [n, classes]);
    const residuals = graph.input("residuals", [classes, n]);
    const program =
      gram === null
        ? { inputs: [x, residuals], outputs: [matmul(residuals, x)] }
        : { inputs: [products, byRows], outputs: [matmul(products, byRows)] };
    const backward = await backend.compile(program, "float64", 1);
    return new LinearEngine(model.inputs, gram, forward, backward);
  }

  /** As `LinearModel.setWeights`. O(ndK). */
  async setWeights(model: LinearModel, weights: ArrayLike<number>): Promise<void> {
    this.#weights.set(weights);
    await this.#forward.run([this.#x, this.#weights], [this.#logits]);
    model.setWeights(weights, this.#logits);
  }

  /** ‖∇L‖ at the model's weights. O(ndK), or O(n²K) by inner products. */
  async gradientNorm(model: LinearModel): Promise<number> {
    const { n, classes } = model.inputs;
    const { residuals } = model;
    if (this.#gram !== null) {
      this.#residuals.set(residuals);
      await this.#backward.run([this.#gram, this.#residuals], [this.#moves]);
      for (let at = 0; at < this.#moves.length; at++) this.#moves[at]! /= n;
      return Math.sqrt(Math.max(0, squaredGradient(model, this.#moves)));
    }
    for (let k = 0; k < classes; k++) {
      for (let i = 0; i < n; i++) this.#residuals[k * n + i] = residuals[i * classes + k]! / n;
    }
    await this.#backward.run([this.#x, this.#residuals], [this.#gradient]);
    return norm(this.#gradient);
  }

  /** ‖∇L‖² and ⟨∇L, H∇L⟩ where `gradientNorm` was asked last. O(nK), or O(ndK) without inner products. */
  async meanMoments(model: LinearModel): Promise<Omit<CurvatureMoments, "single">> {
    if (this.#gram === null) await this.#forward.run([this.#x, this.#gradient], [this.#moves]);
    return meanMoments(model, this.#moves);
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    await this.#forward.dispose();
    await this.#backward.dispose();
  }
}

/** The model's inner products, computed on all threads if they are new; null beyond `GRAM_LIMIT` examples. O(n²d). */
export async function gramByEngine(model: LinearModel, backend: Backend): Promise<Float64Array | null> {
  const { n, d, x } = model.inputs;
  if (n > GRAM_LIMIT || model.hasGram) return model.gram;
  const inputs = createGraph().input("x", [n, d]);
  const program = { inputs: [inputs], outputs: [matmul(inputs, inputs, false, true)] };
  const executable = await backend.compile(program, "float64");
  const gram = new Float64Array(n * n);
  await executable.run([x as Float64Array<ArrayBuffer>], [gram]);
  await executable.dispose();
  model.takeGram(gram);
  return gram;
}
