// Collects events into series: columns that grow, their statistics, and what is new since the last look.
import type { MarkEvent, RunEvent } from "./events.ts";
import { type Series, type SeriesBlock, seriesOf } from "./series.ts";
import type { PointBlock, SeriesStats } from "./serve-api.ts";

/** A column of a series under construction. */
class Growing {
  #steps: Float64Array<ArrayBuffer> = new Float64Array(64);
  #values: Float64Array<ArrayBuffer> = new Float64Array(64);
  length = 0;

  push(step: number, value: number): void {
    if (this.length === this.#steps.length) {
      this.#steps = doubled(this.#steps);
      this.#values = doubled(this.#values);
    }
    this.#steps[this.length] = step;
    this.#values[this.length] = value;
    this.length += 1;
  }

  /** Copies of just what was pushed. */
  finished(): Series {
    return { steps: this.#steps.slice(0, this.length), values: this.#values.slice(0, this.length) };
  }
}

function doubled(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * column.length);
  larger.set(column);
  return larger;
}

/** Series of a run, built event by event. Amortised O(1) a number. */
export class SeriesBuilder {
  readonly #columns = new Map<string, Growing>();
  readonly #only: ReadonlySet<string> | null;

  /** @param only names of the series wanted; null for all */
  constructor(only: ReadonlySet<string> | null = null) {
    this.#only = only;
  }

  add(event: RunEvent): void {
    if (event.type === "header" || event.type === "mark") return;
    for (const [name, value] of seriesOf(event)) {
      if (this.#only !== null && !this.#only.has(name)) continue;
      let column = this.#columns.get(name);
      if (column === undefined) this.#columns.set(name, (column = new Growing()));
      column.push(event.step, value);
    }
  }

  /** Points so far, all series together. */
  get size(): number {
    let size = 0;
    for (const { length } of this.#columns.values()) size += length;
    return size;
  }

  block(from: string | null, cursor: string): SeriesBlock {
    const series = new Map([...this.#columns].map(([name, column]) => [name, column.finished()]));
    return { series, from, cursor };
  }

  /** The same as JSON, for a few points. */
  points(): PointBlock {
    return Object.fromEntries(
      [...this.#columns].map(([name, column]) => {
        const { steps, values } = column.finished();
        return [
          name,
          { steps: [...steps], values: Array.from(values, (v) => (Number.isFinite(v) ? v : null)) },
        ];
      }),
    );
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Statistics of every series and the marks of a run, event by event, without keeping the points. */
export class SeriesSummary {
  readonly #stats = new Map<string, Mutable<SeriesStats>>();
  readonly marks: MarkEvent[] = [];
  /** Step of the last event. */
  step = 0;

  add(event: RunEvent): void {
    if (event.type === "header") return;
    this.step = Math.max(this.step, event.step);
    if (event.type === "mark") this.marks.push(event);
    else for (const [name, value] of seriesOf(event)) this.#note(name, event.step, value);
  }

  #note(name: string, step: number, value: number): void {
    const finite = Number.isFinite(value) ? value : null;
    const stats = this.#stats.get(name);
    if (stats === undefined) {
      const at = finite === null ? null : step;
      const first = {
        count: 1,
        lastStep: step,
        last: finite,
        min: finite,
        minStep: at,
        max: finite,
        maxStep: at,
      };
      this.#stats.set(name, first);
      return;
    }
    stats.count += 1;
    stats.lastStep = step;
    stats.last = finite;
    if (finite === null) return;
    if (stats.min === null || finite < stats.min) [stats.min, stats.minStep] = [finite, step];
    if (stats.max === null || finite > stats.max) [stats.max, stats.maxStep] = [finite, step];
  }

  /** A copy, by name. */
  series(): Readonly<Record<string, SeriesStats>> {
    return Object.fromEntries([...this.#stats].map(([name, stats]) => [name, { ...stats }]));
  }
}
