// Memory of the pair kernels: inner products of some steps with all examples, and probabilities, class by class in tiles of lanes.
import type { DType, Vector } from "../../math/index.ts";
import { type Kernel, lanesOf, VECTOR } from "../../runtime/index.ts";
import { LEAST, MOVE_BYTES, STATE, STATE_BYTES, TILE, TILE_BYTES } from "./pair-kernel-builder.ts";
import { HIGHEST_ORDER, pairKernels, pairModule } from "./pair-kernels.ts";
import type { LabelSet } from "./types.ts";

/** Steps under way at once: one class after the other goes over all of them while its numbers are near. */
export const SLOTS = 32;

/** The examples of one class, as kernels see them. */
export interface ClassTiles {
  readonly label: number;
  /** Ascending. */
  readonly members: Int32Array;
  readonly tiles: number;
  /** Where the inner products of row 0 begin, and bytes from one row to the next. */
  readonly inner: number;
  readonly rowBytes: number;
  readonly shares: number;
  readonly sums: number;
}

/** What a slot begins with. */
export interface SlotStep {
  /** Which of the given examples the step is of. */
  readonly row: number;
  /** Its residuals are those from `from` on, times `inverse`. */
  readonly residuals: Float64Array;
  readonly from: number;
  readonly inverse: number;
  /** As kernels take them. */
  readonly size: number;
  readonly factor: number;
}

/** Memory and kernels of one set of steps, of which `SLOTS` are under way at once. Memory: rows·n numbers beside some of size nK. */
export class PairTiles {
  readonly classes: readonly ClassTiles[];
  /** Polynomials by their order, from the first. */
  readonly kernels: {
    readonly polynomials: readonly Kernel[];
    readonly exponentials: Kernel;
    readonly spread: Kernel;
  };
  readonly #dtype: DType;
  readonly #others: number;
  /** Examples in a tile. */
  readonly #width: number;
  readonly #numbers: Vector;
  readonly #residuals: Vector;
  readonly #state: Vector;
  /** The state seen as integers, of which the lowest 32 bits hold an exponent. */
  readonly #integers: Int32Array;
  readonly #rows = new Int32Array(SLOTS);
  readonly #sizes = new Float64Array(SLOTS);
  readonly #factors = new Float64Array(SLOTS);
  /** A slot's state before any class. */
  readonly #initial: Vector;
  readonly #residualsAt: number;
  readonly #movesAt: number;
  readonly #stateAt: number;

  /** `gram` are n×n, `rows` the examples whose steps are wanted. */
  constructor(inputs: LabelSet, gram: Float64Array, rows: Int32Array, dtype: DType) {
    const { n, classes, labels } = inputs;
    const { count, bytes } = lanesOf(dtype);
    const width = TILE * count;
    this.#dtype = dtype;
    this.#others = classes - 1;
    this.#width = width;
    let end = 0;
    const take = (size: number): number => (end += size) - size;
    this.#residualsAt = take(Math.ceil((SLOTS * classes * bytes) / VECTOR) * VECTOR);
    this.#movesAt = take(this.#others * MOVE_BYTES);
    this.#stateAt = take(SLOTS * STATE_BYTES);
    this.classes = Array.from({ length: classes }, (_, label) => {
      const members = Int32Array.from(labels.keys()).filter((j) => labels[j] === label);
      const tiles = Math.ceil(members.length / width);
      const rowBytes = tiles * TILE_BYTES;
      const shares = take(rowBytes * this.#others);
      const sums = take(rowBytes * 2);
      const inner = take(rowBytes * rows.length);
      return { label, members, tiles, rowBytes, shares, sums, inner };
    }).filter(({ tiles }) => tiles > 0);
    const { memory, kernel } = pairModule(dtype).instantiate(end);
    const orders = Array.from({ length: HIGHEST_ORDER[dtype] }, (_, at) => at + 1);
    this.kernels = {
      polynomials: orders.map((order) => kernel(pairKernels.polynomial(order))),
      exponentials: kernel(pairKernels.exponentials),
      spread: kernel(pairKernels.spread),
    };
    const view = dtype === "float32" ? Float32Array : Float64Array;
    this.#numbers = new view(memory);
    this.#residuals = new view(memory, this.#residualsAt, SLOTS * classes);
    this.#state = new view(memory, this.#stateAt, (SLOTS * STATE_BYTES) / bytes);
    this.#integers = new Int32Array(memory, this.#stateAt, (this.#state.length * bytes) / 4);
    // R = 0, Q = 1, E = 0.
    const initial = (_: number, at: number): number => (Math.floor(at / count) % STATE.length === 1 ? 1 : 0);
    this.#initial = this.#state.slice(0, STATE_BYTES / bytes).map(initial);
    for (const { members, inner, rowBytes, tiles, sums } of this.classes) {
      rows.forEach((i, row) => {
        const to = (inner + row * rowBytes) / bytes;
        members.forEach((j, column) => {
          if (j !== i) this.#numbers[to + column] = gram[i * n + j]!;
        });
      });
      // An example that fills up a tile is one that nothing moves: p_y = 1.
      for (let column = members.length; column < tiles * width; column++) {
        this.#numbers[sums / bytes + this.#place(column, 2) + width] = 1;
      }
    }
  }

  /** Takes over p_jk over `scale`, without what is lost beside 1, and p_jy, from residuals p − e_y and the losses −ln p_jy. */
  setShares(residuals: Float64Array, losses: Float64Array, scale: number): void {
    const { BYTES_PER_ELEMENT: bytes } = this.#numbers;
    const width = this.#width;
    const classes = this.#others + 1;
    const numbers = this.#numbers;
    const factor = scale > 0 ? 1 / scale : 0;
    const least = LEAST[this.#dtype];
    for (const { label, members, shares, sums } of this.classes) {
      for (let column = 0; column < members.length; column++) {
        const j = members[column]!;
        let to = shares / bytes + this.#place(column, this.#others);
        let sum = 0;
        for (let k = 0; k < classes; k++) {
          if (k === label) continue;
          const share = residuals[j * classes + k]! * factor;
          const kept = share > least ? share : 0;
          numbers[to] = kept;
          sum += kept;
          to += width;
        }
        const at = sums / bytes + this.#place(column, 2);
        numbers[at] = sum;
        numbers[at + width] = Math.exp(-losses[j]!);
      }
    }
  }

  /** Begins with another step in a slot. */
  begin(slot: number, { row, residuals, from, inverse, size, factor }: SlotStep): void {
    const classes = this.#others + 1;
    const to = slot * classes;
    for (let k = 0; k < classes; k++) this.#residuals[to + k] = residuals[from + k]! * inverse;
    this.#state.set(this.#initial, slot * this.#initial.length);
    this.#rows[slot] = row;
    this.#sizes[slot] = size;
    this.#factors[slot] = factor;
  }

  /** Runs a kernel for the step in a slot, and the examples of one class; class `farthest` is moved farthest from it. */
  run(kernel: Kernel, of: ClassTiles, slot: number, farthest: number): void {
    const bytes = this.#numbers.BYTES_PER_ELEMENT;
    const residuals = this.#residualsAt + slot * (this.#others + 1) * bytes;
    kernel(
      of.inner + this.#rows[slot]! * of.rowBytes,
      of.shares,
      of.sums,
      of.tiles,
      this.#others,
      residuals,
      residuals + of.label * bytes,
      residuals + farthest * bytes,
      (farthest < of.label ? farthest : farthest - 1) * TILE_BYTES,
      this.#movesAt,
      this.#sizes[slot]!,
      this.#factors[slot]!,
      this.#stateAt + slot * STATE_BYTES,
    );
  }

  /** Σ ln(1 + u_j) of the kernels that ran since the slot's step began. */
  sumOfLogs(slot: number, factor: number): number {
    const lanes = this.#width / TILE;
    const state = this.#state;
    const words = this.#integers.length / state.length;
    const begin = slot * this.#initial.length;
    const end = begin + this.#initial.length;
    let rest = 0;
    let mantissa = 1;
    let exponent = 0;
    for (let at = begin; at < end; at += STATE.length * lanes) {
      for (let lane = at; lane < at + lanes; lane++) {
        const u = factor * state[lane]!;
        rest += u + rest * u;
        mantissa *= state[lane + lanes]!;
        exponent += this.#integers[(lane + 2 * lanes) * words]!;
      }
    }
    if (exponent === 0 && mantissa === 1) return Math.log1p(rest);
    return Math.log1p(rest) + Math.log(mantissa) + exponent * Math.LN2;
  }

  /** The spread that the kernels found since the slot's step began. */
  sumOfSpreads(slot: number): number {
    const lanes = this.#width / TILE;
    const begin = slot * this.#initial.length;
    const end = begin + this.#initial.length;
    let total = 0;
    for (let at = begin; at < end; at += STATE.length * lanes) {
      for (let lane = at; lane < at + lanes; lane++) total += this.#state[lane]!;
    }
    return total;
  }

  /** Where the number of a column lies in tiles of `depth` rows. */
  #place(column: number, depth: number): number {
    return Math.floor(column / this.#width) * this.#width * depth + (column % this.#width);
  }
}
