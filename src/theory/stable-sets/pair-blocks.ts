// Blocks of steps and what they do to n losses: inner products gathered, moves written, programs run.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { Backend, Executable } from "../../runtime/index.ts";
import type { LinearModel } from "./linear-model.ts";
import type { PairChunks } from "./pair-chunks.ts";
import { pairProgram, type PairShape, type Rung } from "./pair-programs.ts";

/** The steps of one block. */
export interface BlockMoves {
  readonly lr: number;
  /** Rows of the residuals. */
  readonly rows: Int32Array;
  /** By example, a bound on |c_k|: results are divided by it. */
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
  /** By label. */
  readonly #moves: ReadonlyMap<number, { readonly move: Vector; readonly unit: Vector }>;
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
    const moves = (): Vector => zeros(dtype, rows * classes);
    this.#moves = new Map(
      [...new Set(this.#shape.labels)].map((label) => [label, { move: moves(), unit: moves() }]),
    );
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
    this.#fillMoves(model, moves);
    const labelled = [...this.#moves.values()];
    const feeds = [...labelled.map(({ move }) => move), ...grams, ...shares];
    if (rung.kind !== "exponential") {
      this.#factor.fill(0);
      moves.rows.forEach((i, row) => (this.#factor[row] = moves.scale * moves.sizes[i]!));
      feeds.unshift(this.#factor, ...labelled.map(({ unit }) => unit));
    }
    const results = rung.kind === "spread" ? [this.#sums] : this.#results.slice(0, executable.outputs.length);
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

  /** Of the block's steps with every example: as they lie where they are neighbours from a multiple of the block's size on. */
  #innerProducts(rows: Int32Array): readonly Vector[] {
    const { chunks, width } = this.#pairs;
    const { rows: block } = this.#shape;
    const first = rows[0]!;
    if (first % block === 0 && rows.every((row, at) => row === first + at)) {
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

  /** c of every label, and c over each step's size. Rows beyond the block do not move. */
  #fillMoves(model: LinearModel, { lr, rows, sizes }: BlockMoves): void {
    const { residuals } = model;
    const { classes } = this.#shape;
    for (const [label, { move, unit }] of this.#moves) {
      for (let row = 0, at = 0; row < rows.length; row++) {
        const from = rows[row]! * classes;
        const inverse = 1 / sizes[rows[row]!]!;
        const own = residuals[from + label]!;
        for (let k = 0; k < classes; k++, at++) {
          const c = lr * (own - residuals[from + k]!);
          move[at] = c;
          unit[at] = c * inverse;
        }
      }
      move.fill(0, rows.length * classes);
      unit.fill(0, rows.length * classes);
    }
  }

  /** Frees native memory. */
  async dispose(): Promise<void> {
    for (const executable of this.#executables.values()) await (await executable).dispose();
  }
}
