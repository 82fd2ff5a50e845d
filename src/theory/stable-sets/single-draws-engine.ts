// The exact drift at batch size 1 with its small moves as matrix products on a backend: the fast path for n² pairs.
import type { Backend, Executable } from "../../runtime/index.ts";
import { createGraph, matmul } from "../../tensor/index.ts";
import type { LinearModel } from "./linear-model.ts";
import { fillTensors, tensorIndices, type TensorIndices } from "./moment-tensors.ts";
import { DRIFT_TOLERANCE, driftOfSingles, expansionLimits, SingleDraws } from "./single-draws.ts";
import type { Drift } from "./types.ts";

/** Fewer small moves than this share of the steps are not worth the matrix products. */
const WORTHWHILE = 0.2;
/** And fewer that need the third order than this. */
const CUBIC_WORTHWHILE = 0.08;

/**
 * As `SingleDraws`, which it uses for steps that move some logit too far for the third order. For the others the sum over j of
 * ln Σ_k p_jk exp(−ηG_ij r_ik) + ηG_ij r_iy = −ηG κ₁ + η²G²κ₂/2 − η³G³κ₃/6 + … takes three products of the elementwise
 * powers of the Gram matrix with the cumulants of all examples: the first order in double, the rest in single precision,
 * whose 3e-7 of the second order adds 1.5e-7·x to the error.
 */
export class EngineSingleDraws {
  readonly #singles: SingleDraws;
  readonly #indices: TensorIndices;
  readonly #products: Executable;
  readonly #powers: Executable;
  readonly #square: Executable;
  /** G, G² and G³ without their diagonals. */
  readonly #gram: readonly [Float64Array<ArrayBuffer>, Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  readonly #largest: Float64Array;
  readonly #residuals: Float64Array<ArrayBuffer>;
  readonly #first: Float64Array<ArrayBuffer>;
  readonly #second: { readonly input: Float32Array<ArrayBuffer>; readonly sum: Float32Array<ArrayBuffer> };
  readonly #third: { readonly input: Float32Array<ArrayBuffer>; readonly sum: Float32Array<ArrayBuffer> };

  private constructor(
    model: LinearModel,
    gram: Float64Array,
    executables: readonly [products: Executable, square: Executable, powers: Executable],
  ) {
    const { n, classes, labels } = model.inputs;
    this.#singles = new SingleDraws(gram, labels, classes);
    this.#indices = tensorIndices(classes);
    [this.#products, this.#square, this.#powers] = executables;
    const open = Float64Array.from(gram, (value, at) => (at % (n + 1) === 0 ? 0 : value));
    this.#gram = [open, Float32Array.from(open, (g) => g * g), Float32Array.from(open, (g) => g * g * g)];
    this.#largest = Float64Array.from({ length: n }, (_, i) => this.#singles.largestProduct(i));
    this.#residuals = new Float64Array(n * classes);
    this.#first = new Float64Array(n * classes);
    const pair = (width: number) => ({
      input: new Float32Array(n * width),
      sum: new Float32Array(n * width),
    });
    this.#second = pair(this.#indices.pairs.length);
    this.#third = pair(this.#indices.triples.length);
  }

  /** Compiles for the model's inputs; null where there is no Gram matrix. Memory: 32n² bytes beside it. */
  static async create(model: LinearModel, backend: Backend): Promise<EngineSingleDraws | null> {
    const { gram } = model;
    if (gram === null) return null;
    const { n, classes } = model.inputs;
    const { pairs, triples } = tensorIndices(classes);
    const compile = (dtype: "float32" | "float64", widths: readonly number[]): Promise<Executable> => {
      const graph = createGraph();
      const factors = widths.map((_, k) => graph.input(`gram${k}`, [n, n]));
      const columns = widths.map((width, k) => graph.input(`columns${k}`, [n, width]));
      const outputs = factors.map((factor, k) => matmul(factor, columns[k]!));
      return backend.compile({ inputs: [...factors, ...columns], outputs }, dtype);
    };
    const products = await compile("float64", [classes]);
    const square = await compile("float32", [pairs.length]);
    const powers = await compile("float32", [pairs.length, triples.length]);
    return new EngineSingleDraws(model, gram, [products, square, powers]);
  }

  /** E[L(W′) | W] − L(W) for b = 1 at the model's weights; `tolerance` as in `SingleDraws.drift`. */
  async drift(model: LinearModel, lr: number, tolerance: number = DRIFT_TOLERANCE): Promise<Drift> {
    const { n, classes } = model.inputs;
    const { loss, maxPotential } = model.point;
    const singles = this.#singles;
    const moves = this.#moves(model, lr);
    const [, quadratic, cubic] = expansionLimits(tolerance);
    const within = (limit: number): number =>
      moves.reduce((count, move) => count + (move <= limit ? 1 : 0), 0);
    const small = within(cubic);
    if (small < WORTHWHILE * n || maxPotential === 0) return singles.drift(model, lr, tolerance);
    // A few steps beyond the second order are cheaper one by one than by the third's wide product.
    const order = small - within(quadratic) > CUBIC_WORTHWHILE * n ? 3 : 2;
    const limit = order === 3 ? cubic : quadratic;
    await this.#sum(model, maxPotential, order);
    singles.prepare(model, tolerance);
    let total = 0;
    let increases = 0;
    for (let i = 0; i < n; i++) {
      const others =
        moves[i]! <= limit
          ? this.#momentChange(model.residuals, i * classes, i, classes, lr, maxPotential, order)
          : singles.otherChanges(model, i, lr);
      const change = others + singles.ownChange(model, i, lr);
      total += change;
      if (change > 0) increases++;
    }
    return driftOfSingles(total, increases, n, loss);
  }

  /** Largest move of any logit difference by each example's step. */
  #moves({ residuals, inputs }: LinearModel, lr: number): Float64Array {
    const { classes } = inputs;
    return this.#largest.map((product, i) => {
      let low = 0;
      let high = 0;
      for (let k = i * classes; k < (i + 1) * classes; k++) {
        low = Math.min(low, residuals[k]!);
        high = Math.max(high, residuals[k]!);
      }
      return lr * product * (high - low);
    });
  }

  /** The three matrix products; cumulants are divided by the largest potential, to stay inside single precision. */
  async #sum({ inputs, residuals }: LinearModel, scale: number, order: 2 | 3): Promise<void> {
    const second = this.#second;
    const third = this.#third;
    this.#residuals.set(residuals);
    const filled = order === 3 ? third.input : null;
    fillTensors(residuals, inputs.labels, inputs.classes, this.#indices, 1 / scale, second.input, filled);
    const [gram, square, cube] = this.#gram;
    await this.#products.run([gram, this.#residuals], [this.#first]);
    if (order === 2) await this.#square.run([square, second.input], [second.sum]);
    else await this.#powers.run([square, cube, second.input, third.input], [second.sum, third.sum]);
  }

  /** Σ_{j≠i} of the changes by example i's step, from the sums over j. */
  #momentChange(
    residuals: Float64Array,
    row: number,
    i: number,
    classes: number,
    lr: number,
    scale: number,
    order: 2 | 3,
  ): number {
    let first = 0;
    for (let k = 0; k < classes; k++) first += residuals[row + k]! * this.#first[row + k]!;
    const { pairs, triples } = this.#indices;
    let second = 0;
    for (let s = 0, at = i * pairs.length; s < pairs.length; s++, at++) {
      const pair = pairs[s]!;
      const apart = residuals[row + pair[0]]! - residuals[row + pair[1]]!;
      second += apart * apart * this.#second.sum[at]!;
    }
    let third = 0;
    const zero = residuals[row]!;
    const count = order === 3 ? triples.length : 0;
    for (let s = 0, at = i * triples.length; s < count; s++, at++) {
      const triple = triples[s]!;
      third +=
        triple[3] *
        (residuals[row + triple[0]]! - zero) *
        (residuals[row + triple[1]]! - zero) *
        (residuals[row + triple[2]]! - zero) *
        this.#third.sum[at]!;
    }
    return lr * (-first + lr * scale * (second / 2 - (lr * third) / 6));
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    await this.#products.dispose();
    await this.#square.dispose();
    await this.#powers.dispose();
  }
}
