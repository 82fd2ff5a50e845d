// Blocks of steps and what they do to n losses: moves written, programs run.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { Backend, Executable } from "../../runtime/index.ts";
import type { PairChunks } from "./pair-chunks.ts";
import { LEAST, type Rung } from "./pair-ladder.ts";
import { pairProgram, type PairShape } from "./pair-programs.ts";
import type { Predictions } from "./predictions.ts";

/** The steps of one block. */
export interface BlockMoves {
  readonly lr: number;
  /** Position of the first among the chunks' rows. */
  readonly first: number;
  /** Examples. */
  readonly rows: Int32Array;
  /** By example, a bound on |c_k|: sums are divided by it. */
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
  /** What moves are divided by, and the same where single precision may not know it. */
  readonly #divisors: Float64Array;
  readonly #sizes: Vector;
  readonly #roots: Vector;
  /** ηr over the divisors, rows×K. */
  readonly #residuals: Vector;
  readonly #views = new Map<number, readonly Vector[]>();
  readonly #results: readonly Vector[];
  /** One number a row each. */
  readonly #sums: readonly [Vector, Vector];

  constructor(backend: Backend, dtype: DType, pairs: PairChunks, rows: number, classes: number) {
    const { chunks, width } = pairs;
    this.#backend = backend;
    this.#dtype = dtype;
    this.#pairs = pairs;
    this.#shape = { rows, width, classes, labels: chunks.map(({ label }) => label) };
    this.#divisors = new Float64Array(rows);
    this.#sizes = zeros(dtype, rows);
    this.#roots = zeros(dtype, rows);
    this.#residuals = zeros(dtype, rows * classes);
    this.#results = chunks.map(() => zeros(dtype, rows * width));
    this.#sums = [zeros(dtype, rows), zeros(dtype, rows)];
  }

  /**
   * What the rung computes for the block's steps and all losses. Polynomials: u or folded u, rows×width a result. Exponentials: u of
   * every chunk over `scale`. Sums and spread, one number a row: over scale and the step's size, Σu² over the squares. Valid until
   * the next run. `shares`: p_jk/scale of every chunk, K×width, zero for k = y_j.
   */
  async run(
    predictions: Predictions,
    moves: BlockMoves,
    rung: Rung,
    shares: readonly Vector[],
  ): Promise<readonly Vector[]> {
    const executable = await this.#executable(rung);
    const { rows, sizes, scale, first } = moves;
    this.#sizes.fill(0);
    for (let row = 0; row < rows.length; row++) {
      const size = rung.kind === "polynomial" ? 1 / scale : sizes[rows[row]!]!;
      this.#divisors[row] = size;
      this.#sizes[row] = size;
      this.#roots[row] = Math.sqrt(scale * size);
    }
    this.#fillResiduals(predictions, moves);
    const head = [this.#sizes, this.#residuals, ...(rung.kind === "spread" ? [this.#roots] : [])];
    const feeds = [...head, ...this.#innerProducts(first), ...shares];
    const whole = rung.kind === "polynomial" || rung.kind === "exponential";
    const results = (whole ? this.#results : this.#sums).slice(0, executable.outputs.length);
    await executable.run(feeds, results);
    return results;
  }

  #executable(rung: Rung): Promise<Executable> {
    let executable = this.#executables.get(rung);
    if (executable === undefined) {
      executable = this.#backend.compile(pairProgram(this.#shape, rung), this.#dtype, 1);
      this.#executables.set(rung, executable);
    }
    return executable;
  }

  /** Of the block's steps with every example, where they lie. */
  #innerProducts(first: number): readonly Vector[] {
    let views = this.#views.get(first);
    if (views === undefined) {
      const { chunks, width } = this.#pairs;
      const end = first + this.#shape.rows;
      views = chunks.map(({ gram }) => gram.subarray(first * width, end * width));
      this.#views.set(first, views);
    }
    return views;
  }

  /** ηr over the divisors. Rows beyond the block do not move. */
  #fillResiduals({ residuals }: Predictions, { lr, rows, sizes }: BlockMoves): void {
    const { classes } = this.#shape;
    const scaled = this.#residuals;
    const least = LEAST[this.#dtype];
    for (let row = 0, at = 0; row < rows.length; row++) {
      const divisor = this.#divisors[row]!;
      const bound = least * (sizes[rows[row]!]! / divisor);
      const from = rows[row]! * classes;
      for (let k = 0; k < classes; k++, at++) {
        const value = residuals[from + k]! * (lr / divisor);
        scaled[at] = Math.abs(value) > bound ? value : 0;
      }
    }
    scaled.fill(0, rows.length * classes);
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    for (const executable of this.#executables.values()) await (await executable).dispose();
  }
}
