// The order in which steps lie in memory: sorted by what they need, moved only when that changes.
import type { Vector } from "../../math/index.ts";
import type { PairChunks } from "./pair-chunks.ts";

/**
 * Examples at the rows of all chunks' inner products. A block of steps is rows that follow one another, so steps that need the
 * same program should; what a step needs seldom changes from one call to the next, and then two rows trade places.
 */
export class PairRows {
  /** The example at every row. */
  readonly order: Int32Array;
  readonly #chunks: readonly { readonly gram: Vector }[];
  readonly #width: number;
  readonly #row: Vector;

  /** `examples`: those that `pairChunks` was given. */
  constructor({ chunks, width }: PairChunks, examples: Int32Array) {
    this.order = examples.slice();
    this.#chunks = chunks;
    this.#width = width;
    this.#row = chunks[0]!.gram.slice(0, width);
  }

  /**
   * Brings rows into ascending order of their examples' keys with as few exchanges as rows are out of place. O(rows), and O(n)
   * for each of those.
   *
   * @param keys of every example, 0…counts.length − 1
   * @param counts how many examples have each key
   */
  sort(keys: Int8Array, counts: Int32Array): void {
    const keyAt = (row: number): number => keys[this.order[row]!]!;
    const ends = new Int32Array(counts.length);
    /** Rows before it hold what belongs there. */
    const next = new Int32Array(counts.length);
    for (let key = 0, begin = 0; key < counts.length; key++) {
      next[key] = begin;
      begin += counts[key]!;
      ends[key] = begin;
    }
    for (let key = 0; key < counts.length; key++) {
      while (next[key]! < ends[key]!) {
        const row = next[key]!;
        const own = keyAt(row);
        if (own === key) {
          next[key]!++;
          continue;
        }
        let other = next[own]!;
        while (keyAt(other) === own) other++;
        this.#exchange(row, other);
        next[own] = other + 1;
      }
    }
  }

  #exchange(a: number, b: number): void {
    const { order } = this;
    const example = order[a]!;
    order[a] = order[b]!;
    order[b] = example;
    const width = this.#width;
    for (const { gram } of this.#chunks) {
      this.#row.set(gram.subarray(a * width, (a + 1) * width));
      gram.copyWithin(a * width, b * width, (b + 1) * width);
      gram.set(this.#row, b * width);
    }
  }
}
