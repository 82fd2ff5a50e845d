// Recorded series that grow while a run goes on: columns with room at their end, read as views of what is there.
import type { Series } from "../../record/series.ts";

/** One growing series. Views stay valid when it grows; they are just shorter. */
export class GrowingSeries {
  #steps = new Float64Array(0);
  #values = new Float64Array(0);
  #length = 0;
  #view: Series = { steps: this.#steps, values: this.#values };

  /** What is there now; the same object until something is added. */
  get view(): Series {
    if (this.#view.steps.length !== this.#length) {
      this.#view = {
        steps: this.#steps.subarray(0, this.#length),
        values: this.#values.subarray(0, this.#length),
      };
    }
    return this.#view;
  }

  /** Adds points at the end; null is a value that was not finite. Amortised O(points added). */
  append(steps: ArrayLike<number>, values: ArrayLike<number | null>): void {
    const wanted = this.#length + steps.length;
    if (wanted > this.#steps.length) {
      const room = Math.max(256, wanted, 2 * this.#length);
      this.#steps = grown(this.#steps, this.#length, room);
      this.#values = grown(this.#values, this.#length, room);
    }
    for (let i = 0; i < steps.length; i++) {
      this.#steps[this.#length + i] = steps[i]!;
      this.#values[this.#length + i] = values[i] ?? Number.NaN;
    }
    this.#length = wanted;
  }
}

function grown(column: Float64Array, length: number, room: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(room);
  larger.set(column.subarray(0, length));
  return larger;
}

/** Where a series of a run stands. */
interface Held {
  readonly data: GrowingSeries;
  cursor: string;
}

/** A block of points and between which cursors it lies; `from: null` begins at the beginning. */
export interface Block {
  readonly from: string | null;
  readonly cursor: string;
  readonly points: ReadonlyMap<
    string,
    { readonly steps: ArrayLike<number>; readonly values: ArrayLike<number | null> }
  >;
}

/** The series of one run that someone looks at. */
export class RunSeries {
  readonly #held = new Map<string, Held>();
  #cursor: string | null = null;
  /** Grows with every change. */
  version = 0;

  /** A series, empty when the run has none of that name; undefined when it has not been loaded. */
  get(name: string): Series | undefined {
    return this.#held.get(name)?.data.view;
  }

  /**
   * Takes in a block for the series named. Those it does not continue are left as they are and are among the `missing`
   * from then on.
   */
  accept(block: Block, names: Iterable<string>): void {
    this.#cursor = block.cursor;
    for (const name of names) {
      const held = this.#held.get(name);
      if (block.from !== null && held?.cursor !== block.from) continue;
      const points = block.points.get(name);
      const data = block.from === null || held === undefined ? new GrowingSeries() : held.data;
      if (points !== undefined) data.append(points.steps, points.values);
      this.#held.set(name, { data, cursor: block.cursor });
      this.version++;
    }
  }

  /** Takes in what the stream says of the series that are held. */
  follow(block: Block): void {
    this.accept(block, [...this.#held.keys()]);
  }

  /** The record may have grown unseen: everything held counts as missing until it is asked for. */
  doubt(): void {
    this.#cursor = null;
  }

  /** What to ask for so that all named series are there and up to date, by where to begin. */
  missing(names: Iterable<string>): Map<string | null, string[]> {
    const wanted = new Map<string | null, string[]>();
    for (const name of names) {
      const held = this.#held.get(name);
      if (held !== undefined && held.cursor === this.#cursor) continue;
      const from = held?.cursor ?? null;
      wanted.set(from, [...(wanted.get(from) ?? []), name]);
    }
    return wanted;
  }
}
