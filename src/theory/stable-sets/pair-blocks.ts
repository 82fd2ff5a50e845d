// Blocks of steps and what they do to n losses: inner products gathered, moves in powers, programs run.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { Backend, Executable } from "../../runtime/index.ts";
import type { LinearModel } from "./linear-model.ts";
import type { PairChunks } from "./pair-chunks.ts";
import { pairProgram, type PairShape, type Rung } from "./pair-programs.ts";

/** What one step moves: c_k of every label as `polynomialProgram` takes it, for the rows of one block. */
export interface BlockMoves {
  readonly lr: number;
  /** Rows of the residuals. */
  readonly rows: Int32Array;
  /** By example, a bound on |c_k|: powers are divided by it. */
  readonly sizes: Float64Array;
  /** What the p of `run` are divided by. */
  readonly scale: number;
}

/** Programs and buffers for blocks of one number of rows. */
export class PairBlocks {
  readonly #backend: Backend;
  readonly #dtype: DType;
  readonly #shape: PairShape;
  readonly #pairs: PairChunks;
  readonly #executables = new Map<Rung, Promise<Executable>>();
  readonly #gathered: readonly Vector[];
  readonly #factor: Vector;
  readonly #powers = new Map<number, ReadonlyMap<number, Vector>>();
  readonly #views = new Map<number, readonly Vector[]>();
  readonly #results: readonly Vector[];
  readonly #sums: Vector;

  constructor(backend: Backend, dtype: DType, pairs: PairChunks, rows: number, classes: number) {
    const { chunks, width } = pairs;
    this.#backend = backend;
    this.#dtype = dtype;
    this.#pairs = pairs;
    this.#shape = { rows, width, classes, labels: chunks.map(({ label }) => label) };
    this.#gathered = chunks.map(() => zeros(dtype, rows * width));
    this.#factor = zeros(dtype, rows);
    this.#results = chunks.map(() => zeros(dtype, rows * width));
    this.#sums = zeros(dtype, rows);
  }

  /**
   * What the rung computes, u of the block's steps for all losses, rows×width a result, or one spread a row; divided by `scale`,
   * and by the step's size unless by exponentials. Valid until the next run. `shares`: p_jk/scale of every chunk, K×width, zero for k = y_j.
   */
  async run(
    model: LinearModel,
    moves: BlockMoves,
    rung: Rung,
    shares: readonly Vector[],
  ): Promise<readonly Vector[]> {
    const executable = await this.#executable(rung);
    const grams = this.#innerProducts(moves.rows);
    const powers = this.#fillPowers(model, moves, rung);
    const feeds = [...powers.values(), ...grams, ...shares];
    if (rung.kind !== "exponential") {
      this.#factor.fill(0);
      moves.rows.forEach((i, row) => (this.#factor[row] = moves.scale * moves.sizes[i]!));
      feeds.unshift(this.#factor);
    }
    const results = rung.kind === "spread" ? [this.#sums] : this.#results.slice(0, executable.outputs.length);
    await executable.run(feeds, results);
    return results;
  }

  #executable(rung: Rung): Promise<Executable> {
    let executable = this.#executables.get(rung);
    if (executable === undefined) {
      executable = this.#backend.compile(pairProgram(this.#shape, rung), this.#dtype);
      this.#executables.set(rung, executable);
    }
    return executable;
  }

  /** Of the block's steps with every example: as they lie where they are neighbours from a multiple of the block's size on. */
  #innerProducts(rows: Int32Array): readonly Vector[] {
    const { chunks, width } = this.#pairs;
    const { rows: block } = this.#shape;
    const first = rows[0]!;
    if (first % block === 0 && rows[rows.length - 1] === first + rows.length - 1) {
      let views = this.#views.get(first);
      if (views === undefined) {
        views = chunks.map(({ gram }) => gram.subarray(first * width, (first + block) * width));
        this.#views.set(first, views);
      }
      return views;
    }
    for (let row = 0; row < rows.length; row++) {
      const from = rows[row]! * width;
      for (let chunk = 0; chunk < chunks.length; chunk++) {
        this.#gathered[chunk]!.set(chunks[chunk]!.gram.subarray(from, from + width), row * width);
      }
    }
    return this.#gathered;
  }

  /** c^m/m! over the step's own size, for every label; for exponentials c itself. Rows beyond the block do not move. */
  #fillPowers(model: LinearModel, moves: BlockMoves, { kind, order }: Rung): ReadonlyMap<number, Vector> {
    const { residuals } = model;
    const { lr, rows, sizes } = moves;
    const { classes, rows: block, labels } = this.#shape;
    const stride = block * classes;
    const key = kind === "exponential" ? 0 : order;
    let powers = this.#powers.get(key);
    if (powers === undefined) {
      const size = stride * order;
      powers = new Map([...new Set(labels)].map((label) => [label, zeros(this.#dtype, size)]));
      this.#powers.set(key, powers);
    }
    for (const [label, out] of powers) {
      if (rows.length < block) out.fill(0);
      for (let row = 0; row < rows.length; row++) {
        const from = rows[row]! * classes;
        const unit = kind === "exponential" ? lr : lr / sizes[rows[row]!]!;
        const own = residuals[from + label]!;
        for (let k = 0, at = row * classes; k < classes; k++, at++) {
          out[at] = unit * (own - residuals[from + k]!);
        }
      }
      for (let m = 2; m <= order; m++) {
        const to = (m - 1) * stride;
        for (let row = 0; row < rows.length; row++) {
          const factor = sizes[rows[row]!]! / m;
          const end = (row + 1) * classes;
          for (let at = row * classes; at < end; at++) {
            out[to + at] = out[to + at - stride]! * out[at]! * factor;
          }
        }
      }
    }
    return powers;
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    for (const executable of this.#executables.values()) await (await executable).dispose();
  }
}
