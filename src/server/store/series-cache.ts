// Series of runs as bytes, made from their events when asked for; those of ended runs are kept while there is room.
import { BrinkError } from "../../math/index.ts";
import { encodeSeries, SeriesBuilder } from "../../record/index.ts";
import { cursorText, parseCursor } from "./event-tail.ts";
import { readEvents } from "./read-events.ts";
import type { ServedRun } from "./served-run.ts";

/** Bytes kept. */
const ROOM = 256 << 20;

interface Kept {
  readonly cursor: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What is asked of a run's series. */
export interface SeriesQuery {
  /** Names of series; null for all. */
  readonly only: ReadonlySet<string> | null;
  /** Cursor to go on from; an unknown one is answered with everything. */
  readonly from: string | null;
}

/** Answers with blocks of series, newest use last. */
export class SeriesCache {
  readonly #kept = new Map<string, Kept>();
  #size = 0;

  /** The block asked for, up to the last complete event (of a damaged file: up to the damage). */
  async block(run: ServedRun, { only, from }: SeriesQuery): Promise<Uint8Array<ArrayBuffer>> {
    const known = from === null ? null : parseCursor(from);
    const start = known !== null && (await run.tail.knows(known)) ? known.offset : 0;
    const whole = start === 0 && only === null;
    if (whole && !run.live) {
      const kept = this.#kept.get(run.id);
      if (kept?.cursor === cursorText(run.tail.cursor)) return this.#touch(run.id, kept);
    }
    const { generation } = run.tail.cursor;
    const builder = new SeriesBuilder(only);
    let end = start;
    try {
      for await (const batch of readEvents(run.tail.path, start)) {
        for (const event of batch.events) builder.add(event);
        ({ end } = batch);
      }
    } catch (error) {
      // The run's entry says that it is broken and where; what comes before can still be seen.
      if (!(error instanceof BrinkError)) throw error;
    }
    const cursor = cursorText({ generation, offset: end });
    const bytes = encodeSeries(builder.block(start === 0 ? null : from, cursor));
    if (whole && !run.live) this.#keep(run.id, { cursor, bytes });
    return bytes;
  }

  #touch(id: string, kept: Kept): Uint8Array<ArrayBuffer> {
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return kept.bytes;
  }

  #keep(id: string, kept: Kept): void {
    this.#size += kept.bytes.length - (this.#kept.get(id)?.bytes.length ?? 0);
    this.#touch(id, kept);
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#size <= ROOM) break;
      this.#kept.delete(oldest);
      this.#size -= bytes.length;
    }
  }
}
