// The exact drift at batch size 1 on a backend: n² loss changes as matrix products of powers, or as exponentials.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { Backend } from "../../runtime/index.ts";
import type { LinearModel } from "./linear-model.ts";
import { lossChange } from "./loss-change.ts";
import { PairBlocks } from "./pair-blocks.ts";
import { type PairChunks, pairChunks } from "./pair-chunks.ts";
import { planBlocks } from "./pair-plan.ts";
import { ladder, reachAt, type Rung, SPREAD } from "./pair-programs.ts";
import { PairRows } from "./pair-rows.ts";
import { ownCurvature } from "./second-order-drift.ts";
import { DRIFT_TOLERANCE, driftOfSingles, SingleDraws } from "./single-draws.ts";
import type { Drift } from "./types.ts";

/** From here single precision serves: its rounding is 6e-8 of every change, and averages out. */
const SINGLE_FROM = 1e-6;
/** Steps computed at once, at most, and parts of that: fewer cost more calls, more mix far and near moves. */
const BLOCK = 512;
const PARTS = 4;
/** So many steps that move further than all others are not worth a block of their own. */
const FEW = 16;
/** 1 + u at or below which a result of exponentials has lost too many digits. */
const LOST = 0.01;
/** 1/x that stays finite, for sizes of steps. */
const SMALLEST = 1e-300;

/**
 * As `SingleDraws`, for data sets of hundreds to thousands of examples. Steps are sorted by how far they move any logit; blocks
 * of them take the cheapest of several polynomials, or exponentials, that serve the furthest (see `pair-programs.ts`); what
 * loses its digits even there is computed pair by pair. Scaled by the largest 1 − p_y and by each step's own size, so that
 * single precision neither under- nor overflows in the tail of a run.
 */
export class EngineSingleDraws {
  readonly #singles: SingleDraws;
  readonly #tolerance: number;
  readonly #pairs: PairChunks;
  readonly #ladder: readonly Rung[];
  readonly #part: number;
  readonly #blocks: ReadonlyMap<number, PairBlocks>;
  /** p_jk of k ≠ y_j over the largest 1 − p_y, K×width for every chunk. */
  readonly #shares: readonly Vector[];
  /** Of every example: largest |⟨x_i, x_j⟩| over j ≠ i; largest move per inner product; rung; summed changes. */
  readonly #largest: Float64Array;
  readonly #sizes: Float64Array;
  readonly #rungs: Int8Array;
  readonly #changes: Float64Array;
  /** How many examples need each rung, go one by one, and move nothing. */
  readonly #counts: Int32Array;
  readonly #rows: PairRows;
  readonly #delta: Float64Array;

  private constructor(model: LinearModel, gram: Float64Array, backend: Backend, tolerance: number) {
    const { n, classes, labels } = model.inputs;
    const dtype: DType = tolerance >= SINGLE_FROM ? "float32" : "float64";
    this.#tolerance = tolerance;
    this.#singles = new SingleDraws(gram, labels, classes);
    this.#ladder = ladder(tolerance, dtype === "float32");
    this.#part = Math.ceil(n / Math.max(2, Math.ceil(n / BLOCK)) / PARTS);
    this.#pairs = pairChunks(model.inputs, gram, dtype, this.#part * PARTS);
    const sizes = [this.#part, this.#part * PARTS];
    this.#blocks = new Map(
      sizes.map((rows) => [rows, new PairBlocks(backend, dtype, this.#pairs, rows, classes)]),
    );
    this.#shares = this.#pairs.chunks.map(() => zeros(dtype, classes * this.#pairs.width));
    this.#largest = Float64Array.from({ length: n }, (_, i) => this.#singles.largestProduct(i));
    this.#sizes = new Float64Array(n);
    this.#rungs = new Int8Array(n);
    this.#changes = new Float64Array(n);
    this.#counts = new Int32Array(this.#ladder.length + 2);
    this.#rows = new PairRows(this.#pairs, n);
    this.#delta = new Float64Array(classes);
  }

  /**
   * For the model's inputs; null where there is no Gram matrix. `tolerance` is the relative error allowed per change of a loss
   * (default `DRIFT_TOLERANCE`); from 1e-6 on products are in single precision. Memory: 4n² or 8n² bytes beside the Gram matrix's.
   */
  static create(
    model: LinearModel,
    backend: Backend,
    tolerance: number = DRIFT_TOLERANCE,
  ): EngineSingleDraws | null {
    const { gram } = model;
    return gram === null ? null : new EngineSingleDraws(model, gram, backend, tolerance);
  }

  /** E[L(W′) | W] − L(W) for b = 1 at the model's weights. O(n²KM) with polynomials of order M, O(n²K) exponentials at most. */
  async drift(model: LinearModel, lr: number): Promise<Drift> {
    const { n } = model.inputs;
    const { loss, maxPotential } = model.point;
    const singles = this.#singles;
    singles.prepare(model, this.#tolerance);
    this.#measureSizes(model, lr);
    this.#sortRows(maxPotential);
    this.#fillShares(model, maxPotential);
    this.#changes.fill(0);
    const [part, whole] = [this.#part, this.#part * PARTS];
    for (const block of planBlocks({ ladder: this.#ladder, counts: this.#counts, part, whole })) {
      const { first, end, size, rung } = block;
      const rows = this.#rows.order.subarray(first, end);
      const moves = { lr, first, rows, sizes: this.#sizes, scale: maxPotential };
      const results = await this.#blocks.get(size)!.run(model, moves, rung, this.#shares);
      if (rung.kind === "sums") this.#addSums(results, rows, maxPotential);
      else if (rung.kind === "polynomial") this.#addPolynomials(results, rows, maxPotential);
      else this.#addExponentials(model, lr, maxPotential, results, rows);
    }
    let total = 0;
    let increases = 0;
    for (let i = 0; i < n; i++) {
      const alone = this.#rungs[i] === this.#ladder.length;
      const others = alone ? singles.otherChanges(model, i, lr) : this.#changes[i]!;
      const change = others + singles.ownChange(model, i, lr);
      total += change;
      if (change > 0) increases++;
    }
    return driftOfSingles(total, increases, n, loss);
  }

  /**
   * mean ⟨∇ℓ_i, H∇ℓ_i⟩, the curvature along the step of one example, at the model's weights: what `curvatureMoments` calls
   * `single`. O(n²K).
   */
  async meanCurvature(model: LinearModel): Promise<number> {
    const { n } = model.inputs;
    const { maxPotential } = model.point;
    this.#measureSizes(model, 1);
    this.#fillShares(model, maxPotential);
    let total = 0;
    const whole = this.#part * PARTS;
    for (let first = 0; first < n; first += whole) {
      const rows = this.#rows.order.subarray(first, first + whole);
      const moves = { lr: 1, first, rows, sizes: this.#sizes, scale: maxPotential };
      const [sums] = await this.#blocks.get(whole)!.run(model, moves, SPREAD, this.#shares);
      rows.forEach((i, row) => {
        if (this.#sizes[i]! >= SMALLEST) total += maxPotential * this.#sizes[i]! * sums![row]!;
      });
    }
    for (let i = 0; i < n; i++) total += ownCurvature(model, i);
    return total / n / n;
  }

  /** Largest move of any logit difference by each example's step, per inner product. */
  #measureSizes({ residuals, inputs: { n, classes } }: LinearModel, lr: number): void {
    for (let i = 0; i < n; i++) {
      let low = 0;
      let high = 0;
      for (let k = i * classes; k < (i + 1) * classes; k++) {
        low = Math.min(low, residuals[k]!);
        high = Math.max(high, residuals[k]!);
      }
      this.#sizes[i] = lr * (high - low);
    }
  }

  /**
   * The rung of every step, how many need each, and rows in this order. Beyond the ladder: those that go one by one, then those
   * that move nothing.
   */
  #sortRows(potential: number): void {
    const plain = this.#ladder.length;
    const counts = this.#counts.fill(0);
    const reaches = this.#ladder.map((rung) => reachAt(rung, this.#tolerance, potential));
    const n = this.#rungs.length;
    for (let i = 0; i < n; i++) {
      const move = this.#sizes[i]! * this.#largest[i]!;
      let rung = 0;
      while (rung < plain && !(move <= reaches[rung]!)) rung++;
      if (this.#sizes[i]! < SMALLEST || move === 0) rung = plain + 1;
      this.#rungs[i] = rung;
      counts[rung]!++;
    }
    let left = FEW;
    let top = plain - 1;
    for (; top >= 0 && counts[top]! <= left; top--) left -= counts[top]!;
    if (top < plain - 1) {
      for (let i = 0; i < n; i++) {
        const rung = this.#rungs[i]!;
        if (rung > top && rung < plain) this.#rungs[i] = plain;
      }
      for (let rung = top + 1; rung < plain; rung++) {
        counts[plain]! += counts[rung]!;
        counts[rung] = 0;
      }
    }
    this.#rows.sort(this.#rungs, counts);
  }

  #fillShares({ residuals, inputs: { classes } }: LinearModel, scale: number): void {
    const { chunks, width } = this.#pairs;
    const factor = scale > 0 ? 1 / scale : 1;
    chunks.forEach(({ label, members }, chunk) => {
      const shares = this.#shares[chunk]!;
      for (let column = 0; column < members.length; column++) {
        const from = members[column]! * classes;
        for (let k = 0; k < classes; k++) {
          if (k !== label) shares[k * width + column] = residuals[from + k]! * factor;
        }
      }
    });
  }

  #addSums([first, second]: readonly Vector[], rows: Int32Array, scale: number): void {
    for (let row = 0; row < rows.length; row++) {
      const i = rows[row]!;
      const factor = scale * this.#sizes[i]!;
      this.#changes[i] = factor * (first![row]! - (factor * second![row]!) / 2);
    }
  }

  #addPolynomials(results: readonly Vector[], rows: Int32Array, scale: number): void {
    const { width } = this.#pairs;
    for (const result of results) {
      for (let row = 0; row < rows.length; row++) {
        const i = rows[row]!;
        this.#changes[i]! += sumOfLogs(result, row * width, (row + 1) * width, scale * this.#sizes[i]!);
      }
    }
  }

  #addExponentials(
    model: LinearModel,
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
            total += this.#pairChange(model, lr, i, members[column]!);
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
  #pairChange(model: LinearModel, lr: number, i: number, j: number): number {
    const { inputs, logits, residuals, gram } = model;
    const { n, classes, labels } = inputs;
    if (i === j) return 0;
    const step = -lr * gram![i * n + j]!;
    for (let k = 0; k < classes; k++) this.#delta[k] = step * residuals[i * classes + k]!;
    return lossChange(logits, residuals, j * classes, classes, labels[j]!, this.#delta);
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    for (const blocks of this.#blocks.values()) await blocks.dispose();
  }
}

/** Σ ln(1 + factor·u), a logarithm for dozens of numbers: their products, four at a time so that none waits for the last. */
function sumOfLogs(u: Vector, begin: number, end: number, factor: number): number {
  let total = 0;
  let product = 0;
  let at = begin;
  for (; at + 3 < end; at += 4) {
    const a = factor * u[at]!;
    const b = factor * u[at + 1]!;
    const c = factor * u[at + 2]!;
    const d = factor * u[at + 3]!;
    const ab = a + b + a * b;
    const cd = c + d + c * d;
    const all = ab + cd + ab * cd;
    product += all + product * all;
    if (product > -0.9 && product < 1e30) continue;
    total += Math.log1p(product);
    product = 0;
  }
  for (; at < end; at++) total += Math.log1p(factor * u[at]!);
  return total + Math.log1p(product);
}
