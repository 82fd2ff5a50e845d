// Series of runs as bytes, made from their events when asked for; those of ended runs are kept while there is room.
import { BrinkError } from "../../math/index.ts";
import { encodeSeries, type Series, type SeriesBlock, SeriesBuilder } from "../../record/index.ts";
import { cursorText, parseCursor } from "./event-tail.ts";
import { readEvents } from "./read-events.ts";
import type { ServedRun } from "./served-run.ts";

/** Bytes of series kept. */
const ROOM = 256 << 20;

/** What is asked of a run's series. */
export interface SeriesQuery {
  /** Names of series; null for all. */
  readonly only: ReadonlySet<string> | null;
  /** Cursor to go on from; an unknown one is answered with everything. */
  readonly from: string | null;
}

/** Answers with blocks of series. */
export class SeriesCache {
  /** Whole series by run, least recently asked for first. */
  readonly #kept = new Map<string, SeriesBlock>();
  #size = 0;

  /** The block asked for, up to the last complete event (of a damaged file: up to the damage). */
  async block(run: ServedRun, { only, from }: SeriesQuery): Promise<Uint8Array<ArrayBuffer>> {
    const known = from === null ? null : parseCursor(from);
    if (known !== null && (await run.tail.knows(known))) {
      return encodeSeries(await readBlock(run, only, known.offset, from));
    }
    if (run.live) return encodeSeries(await readBlock(run, only, 0, null));
    const whole = await this.#whole(run);
    if (only === null) return encodeSeries(whole);
    return encodeSeries({ ...whole, series: new Map([...whole.series].filter(([name]) => only.has(name))) });
  }

  async #whole(run: ServedRun): Promise<SeriesBlock> {
    const kept = this.#kept.get(run.id);
    if (kept?.cursor === cursorText(run.tail.cursor)) {
      // Asked for last, dropped last.
      this.#kept.delete(run.id);
      this.#kept.set(run.id, kept);
      return kept;
    }
    const block = await readBlock(run, null, 0, null);
    this.#drop(run.id);
    this.#kept.set(run.id, block);
    this.#size += sizeOf(block);
    for (const id of this.#kept.keys()) {
      if (this.#size <= ROOM) break;
      this.#drop(id);
    }
    return block;
  }

  #drop(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#kept.delete(id);
    this.#size -= sizeOf(kept);
  }
}

async function readBlock(
  run: ServedRun,
  only: ReadonlySet<string> | null,
  start: number,
  from: string | null,
): Promise<SeriesBlock> {
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
  return builder.block(from, cursorText({ generation, offset: end }));
}

function sizeOf({ series }: SeriesBlock): number {
  let size = 0;
  for (const { steps, values } of series.values() as Iterable<Series>)
    size += steps.byteLength + values.byteLength;
  return size;
}
