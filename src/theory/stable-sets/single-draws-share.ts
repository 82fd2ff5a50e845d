// One share of the exact drift at batch size 1 on a backend: some steps, their loss changes as matrix products of powers or as exponentials.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { Backend } from "../../runtime/index.ts";
import { lossChange } from "./loss-change.ts";
import { PairBlocks } from "./pair-blocks.ts";
import { type PairChunks, pairChunks } from "./pair-chunks.ts";
import { ladder, LEAST, SPREAD, TINY } from "./pair-ladder.ts";
import { PairRows } from "./pair-rows.ts";
import type { Predictions } from "./predictions.ts";
import { ownCurvature } from "./second-order-drift.ts";
import { SingleDraws } from "./single-draws.ts";
import { SMALLEST, StepOrder } from "./step-order.ts";
import type { LabelSet } from "./types.ts";

/** From here single precision serves: its rounding is 6e-8 of every change, and averages out. */
const SINGLE_FROM = 1e-6;
/** Steps computed at once, at most, and parts of that: fewer cost more calls, more mix far and near moves. */
const BLOCK = 600;
const PARTS = 4;
/** 1 + u at or below which a result of exponentials has lost too many digits. */
const LOST = 0.01;
/** Of so many examples the first share gets those, every other one these: it need not be woken first. */
const TURNS = [5, 4] as const;

/** What computes a share, here or on another thread. Plain data. */
export interface ShareSetup {
  readonly inputs: LabelSet;
  /** ⟨x_i, x_j⟩, n×n. */
  readonly gram: Float64Array;
  /** Relative error allowed per change of a loss; from 1e-6 on products are in single precision. */
  readonly tolerance: number;
  /** This share is number `at` of `of`, counted from 0. */
  readonly at: number;
  readonly of: number;
}

/** What a share is asked for. */
export interface ShareQuestion {
  /** The step size whose changes of the losses are wanted, or null. */
  readonly lr: number | null;
  /** Whether the curvature along the steps is wanted. */
  readonly curvature: boolean;
}

/** Sums over the steps i of one share; 0 where not asked for. */
export interface ShareSums {
  /** Of all changes of all losses: Σ n(L(W′) − L(W)). */
  readonly total: number;
  /** Steps that raise the loss. */
  readonly increases: number;
  /** Σ n⟨∇ℓ_i, H∇ℓ_i⟩. */
  readonly curvature: number;
}

/**
 * As `SingleDraws`, for data sets of hundreds to thousands of examples. Steps are sorted by how far they move any logit; blocks
 * of them take the cheapest of several polynomials, or exponentials, that serve the furthest (see `pair-programs.ts`); what
 * loses its digits even there is computed pair by pair. Scaled by the largest 1 − p_y and by each step's own size, so that
 * single precision neither under- nor overflows in the tail of a run.
 */
export class SingleDrawsShare {
  readonly #inputs: LabelSet;
  readonly #gram: Float64Array;
  /** Whose steps these are, ascending. */
  readonly #examples: Int32Array;
  readonly #singles: SingleDraws;
  readonly #tolerance: number;
  readonly #dtype: DType;
  readonly #pairs: PairChunks;
  /** Rows of the largest blocks. */
  readonly #whole: number;
  readonly #blocks: ReadonlyMap<number, PairBlocks>;
  /** p_jk of k ≠ y_j over the largest 1 − p_y, K×width for every chunk. */
  readonly #probabilities: readonly Vector[];
  readonly #order: StepOrder;
  /** Of every example, what its step changes. */
  readonly #changes: Float64Array;
  readonly #delta: Float64Array;

  /** Compiles nothing yet. Memory: 4n² or 8n² bytes for the share's part of all pairs, and 8n² for `SingleDraws`. */
  constructor({ inputs, gram, tolerance, at, of }: ShareSetup, backend: Backend) {
    const { n, classes, labels } = inputs;
    const dtype: DType = tolerance >= SINGLE_FROM ? "float32" : "float64";
    this.#dtype = dtype;
    this.#inputs = inputs;
    this.#gram = gram;
    this.#examples = shareOf(inputs, at, of);
    this.#tolerance = tolerance;
    this.#singles = new SingleDraws(gram, labels, classes);
    const rows = this.#examples.length;
    const part = Math.ceil(rows / Math.ceil(rows / BLOCK) / PARTS);
    this.#whole = part * PARTS;
    this.#pairs = pairChunks(inputs, gram, dtype, this.#examples, this.#whole);
    this.#blocks = new Map(
      [part, this.#whole].map((size) => [size, new PairBlocks(backend, dtype, this.#pairs, size, classes)]),
    );
    this.#probabilities = this.#pairs.chunks.map(() => zeros(dtype, classes * this.#pairs.width));
    this.#order = new StepOrder({
      examples: this.#examples,
      largest: Float64Array.from({ length: n }, (_, i) => this.#singles.largestProduct(i)),
      rows: new PairRows(this.#pairs, this.#examples),
      ladder: ladder(tolerance, dtype === "float32"),
      tolerance,
      tiny: TINY[dtype],
      part,
      whole: this.#whole,
    });
    this.#changes = new Float64Array(n);
    this.#delta = new Float64Array(classes);
  }

  /**
   * Sums over the share's steps at the given predictions. The same numbers to the bit whatever was asked before. O(n²KM) with
   * polynomials of order M, O(n²K) exponentials at most.
   */
  async sums(predictions: Predictions, { lr, curvature }: ShareQuestion): Promise<ShareSums> {
    const { maxPotential } = predictions.point;
    this.#fillProbabilities(predictions, maxPotential);
    const changes =
      lr === null ? { total: 0, increases: 0 } : await this.#changesOf(predictions, lr, maxPotential);
    return { ...changes, curvature: curvature ? await this.#curvature(predictions, maxPotential) : 0 };
  }

  async #changesOf(
    predictions: Predictions,
    lr: number,
    maxPotential: number,
  ): Promise<Omit<ShareSums, "curvature">> {
    const singles = this.#singles;
    this.#order.measure(predictions, lr);
    const plan = this.#order.plan(maxPotential);
    if (this.#order.anyAlone) singles.prepare(predictions, this.#tolerance);
    this.#changes.fill(0);
    const { sizes, rows: order } = this.#order;
    for (const { first, end, size, rung } of plan) {
      const rows = order.subarray(first, end);
      const moves = { lr, first, rows, sizes, scale: maxPotential };
      const results = await this.#blocks.get(size)!.run(predictions, moves, rung, this.#probabilities);
      if (rung.kind === "sums") this.#addSums(results, rows, maxPotential);
      else if (rung.kind === "polynomial") this.#addPolynomials(results, rows);
      else this.#addExponentials(predictions, lr, maxPotential, results, rows);
    }
    let total = 0;
    let increases = 0;
    for (const i of this.#examples) {
      const others = this.#order.goesAlone(i) ? singles.otherChanges(predictions, i, lr) : this.#changes[i]!;
      const change = others + singles.ownChange(predictions, i, lr);
      total += change;
      if (change > 0) increases++;
    }
    return { total, increases };
  }

  async #curvature(predictions: Predictions, maxPotential: number): Promise<number> {
    const { sizes, rows: order } = this.#order;
    this.#order.measure(predictions, 1);
    this.#changes.fill(0);
    for (let first = 0; first < this.#examples.length; first += this.#whole) {
      const rows = order.subarray(first, first + this.#whole);
      const moves = { lr: 1, first, rows, sizes, scale: maxPotential };
      const [sums] = await this.#blocks
        .get(this.#whole)!
        .run(predictions, moves, SPREAD, this.#probabilities);
      rows.forEach((i, row) => {
        if (sizes[i]! >= SMALLEST) this.#changes[i] = maxPotential * sizes[i]! * sums![row]!;
      });
    }
    let total = 0;
    for (const i of this.#examples) total += this.#changes[i]! + ownCurvature(predictions, this.#gram, i);
    return total;
  }

  #fillProbabilities({ residuals, inputs: { classes } }: Predictions, scale: number): void {
    const { chunks, width } = this.#pairs;
    const factor = scale > 0 ? 1 / scale : 1;
    const least = LEAST[this.#dtype];
    chunks.forEach(({ label, members }, chunk) => {
      const p = this.#probabilities[chunk]!;
      for (let column = 0; column < members.length; column++) {
        const from = members[column]! * classes;
        for (let k = 0; k < classes; k++) {
          if (k === label) continue;
          const share = residuals[from + k]! * factor;
          p[k * width + column] = share > least ? share : 0;
        }
      }
    });
  }

  #addSums([first, second]: readonly Vector[], rows: Int32Array, scale: number): void {
    for (let row = 0; row < rows.length; row++) {
      const i = rows[row]!;
      const factor = scale * this.#order.sizes[i]!;
      this.#changes[i] = factor * (first![row]! - (factor * second![row]!) / 2);
    }
  }

  #addPolynomials(results: readonly Vector[], rows: Int32Array): void {
    const { width } = this.#pairs;
    for (const result of results) {
      for (let row = 0; row < rows.length; row++) {
        this.#changes[rows[row]!]! += sumOfLogs(result, row * width, (row + 1) * width);
      }
    }
  }

  #addExponentials(
    predictions: Predictions,
    lr: number,
    scale: number,
    results: readonly Vector[],
    rows: Int32Array,
  ): void {
    const { chunks, width } = this.#pairs;
    for (let chunk = 0; chunk < chunks.length; chunk++) {
      const { members } = chunks[chunk]!;
      const result = results[chunk]!;
      for (let row = 0; row < rows.length; row++) {
        const i = rows[row]!;
        let total = 0;
        let product = 0;
        for (let column = 0, at = row * width; column < members.length; column++, at++) {
          const u = scale * result[at]!;
          if (!(u > LOST - 1 && u < 1e30)) {
            total += this.#pairChange(predictions, lr, i, members[column]!);
            continue;
          }
          product += u + product * u;
          if (product > -0.9 && product < 1e30) continue;
          total += Math.log1p(product);
          product = 0;
        }
        this.#changes[i]! += total + Math.log1p(product);
      }
    }
  }

  /** Change of ℓ_j by the step of example i, in double precision. */
  #pairChange({ logits, residuals }: Predictions, lr: number, i: number, j: number): number {
    const { n, classes, labels } = this.#inputs;
    if (i === j) return 0;
    const step = -lr * this.#gram[i * n + j]!;
    for (let k = 0; k < classes; k++) this.#delta[k] = step * residuals[i * classes + k]!;
    return lossChange(logits, residuals, j * classes, classes, labels[j]!, this.#delta);
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    for (const blocks of this.#blocks.values()) await blocks.dispose();
  }
}

/** The examples of share `at`, ascending: those of each class in turn, so that shares are alike but for their sizes. */
export function shareOf({ labels, classes }: LabelSet, at: number, of: number): Int32Array {
  const turns = Array.from({ length: of }, (_, share) =>
    new Array<number>(TURNS[share === 0 ? 0 : 1]).fill(share),
  );
  const round = turns.flat();
  const seen = new Int32Array(classes);
  return Int32Array.from(labels.keys()).filter((i) => round[seen[labels[i]!]!++ % round.length] === at);
}

/** Σ ln(1 + u), a logarithm for dozens of numbers: their products, four at a time so that none waits for the last. */
function sumOfLogs(u: Vector, begin: number, end: number): number {
  let total = 0;
  let product = 0;
  let at = begin;
  for (; at + 3 < end; at += 4) {
    const a = u[at]!;
    const b = u[at + 1]!;
    const c = u[at + 2]!;
    const d = u[at + 3]!;
    const ab = a + b + a * b;
    const cd = c + d + c * d;
    const all = ab + cd + ab * cd;
    product += all + product * all;
    if (product > -0.9 && product < 1e30) continue;
    total += Math.log1p(product);
    product = 0;
  }
  for (; at < end; at++) total += Math.log1p(u[at]!);
  return total + Math.log1p(product);
}
