// Blocks of steps and what they do to n losses: inner products gathered, moves in powers, programs run. Plans what goes where.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { Backend, Executable } from "../../runtime/index.ts";
import type { LinearModel } from "./linear-model.ts";
import type { PairChunks } from "./pair-chunks.ts";
import { pairProgram, type PairShape, type Rung } from "./pair-programs.ts";

/** Milliseconds of a call and of a row, measured at n = 1000, K = 10 on two cores: only their ratios matter. */
function blockCost(rows: number, { kind, order }: Rung): number {
  if (kind === "exponential") return 1.1 + 0.01 * rows;
  return 0.3 + 0.2 * order + (0.001 + 0.00056 * order) * rows;
}

/** A stretch of sorted rows, and the size of the block it goes into. */
export interface PlannedBlock {
  readonly begin: number;
  readonly end: number;
  readonly rows: number;
}

/**
 * Cuts `count` rows, sorted by rung, into blocks of `part` or `whole` rows (a multiple of it) so that the sum of costs is
 * least; a block takes the rung of its last row. O(count/part).
 */
export function planBlocks(
  count: number,
  rungAt: (row: number) => Rung,
  part: number,
  whole: number,
): PlannedBlock[] {
  const units = Math.ceil(count / part);
  const cost = new Float64Array(units + 1);
  const last: PlannedBlock[] = [];
  for (let unit = 1; unit <= units; unit++) {
    const end = Math.min(count, unit * part);
    const rung = rungAt(end - 1);
    cost[unit] = Infinity;
    for (const rows of [part, whole]) {
      const from = Math.max(0, unit - rows / part);
      const total = cost[from]! + blockCost(rows, rung);
      if (total >= cost[unit]!) continue;
      cost[unit] = total;
      last[unit] = { begin: from * part, end, rows };
    }
  }
  const blocks: PlannedBlock[] = [];
  for (let unit = units; unit > 0; unit = blocks[0]!.begin / part) blocks.unshift(last[unit]!);
  return blocks;
}

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
  readonly #powers = new Map<Rung, ReadonlyMap<number, Vector>>();
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
    this.#gather(moves.rows);
    const powers = this.#fillPowers(model, moves, rung);
    const feeds = [...powers.values(), ...this.#gathered, ...shares];
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

  /** Inner products of the block's steps with every example; neighbours are copied together. */
  #gather(rows: Int32Array): void {
    const { chunks, width } = this.#pairs;
    for (let begin = 0; begin < rows.length;) {
      let end = begin + 1;
      while (end < rows.length && rows[end] === rows[end - 1]! + 1) end++;
      const from = rows[begin]! * width;
      const to = from + (end - begin) * width;
      for (let chunk = 0; chunk < chunks.length; chunk++) {
        this.#gathered[chunk]!.set(chunks[chunk]!.gram.subarray(from, to), begin * width);
      }
      begin = end;
    }
  }

  /** c^m/m! over the step's own size, for every label; for exponentials c itself. Rows beyond the block do not move. */
  #fillPowers(model: LinearModel, moves: BlockMoves, rung: Rung): ReadonlyMap<number, Vector> {
    const { kind, order } = rung;
    const { residuals } = model;
    const { lr, rows, sizes } = moves;
    const { classes, rows: block, labels } = this.#shape;
    const stride = block * classes;
    let powers = this.#powers.get(rung);
    if (powers === undefined) {
      const size = stride * order;
      powers = new Map([...new Set(labels)].map((label) => [label, zeros(this.#dtype, size)]));
      this.#powers.set(rung, powers);
    }
    for (const [label, out] of powers) {
      if (rows.length < block) out.fill(0);
      for (let row = 0; row < rows.length; row++) {
        const from = rows[row]! * classes;
        const unit = kind === "exponential" ? 1 : 1 / sizes[rows[row]!]!;
        const own = residuals[from + label]!;
        for (let k = 0, at = row * classes; k < classes; k++, at++) {
          const move = lr * (own - residuals[from + k]!);
          let power = move * unit;
          out[at] = power;
          for (let m = 2, to = at + stride; m <= order; m++, to += stride) {
            power *= move / m;
            out[to] = power;
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
