// Following one events.jsonl: what has been read, what is new, and whether the file is still the one that was read.
import { open } from "node:fs/promises";
import { type RunEvent } from "../../record/index.ts";
import { isLineStart, readEvents } from "./read-events.ts";

/** A place in a run's events that a reader can come back to. */
export interface Cursor {
  /** Changes when the file is cut back. */
  readonly generation: string;
  readonly offset: number;
}

export function cursorText({ generation, offset }: Cursor): string {
  return `${generation}-${offset}`;
}

/** The cursor a text stands for, or null. */
export function parseCursor(text: string): Cursor | null {
  const match = /^([a-z0-9.]+)-(\d{1,15})$/.exec(text);
  return match === null ? null : { generation: match[1]!, offset: Number(match[2]) };
}

/** The reader of a file that grows, and is cut back and grows again when its run is resumed. */
export class EventTail {
  readonly path: string;
  readonly #session: string;
  #resets = 0;
  #offset = 0;
  #lines = 0;
  /** The last line read: if it is no longer there, the file has been cut back. */
  #lastLine: Uint8Array = new Uint8Array();

  /** @param session tells cursors of this server from those of an earlier one; lower-case letters and digits */
  constructor(path: string, session: string) {
    this.path = path;
    this.#session = session;
  }

  get cursor(): Cursor {
    return { generation: `${this.#session}.${this.#resets}`, offset: this.#offset };
  }

  /** Whether a cursor is one of this file as it is now. */
  async knows({ generation, offset }: Cursor): Promise<boolean> {
    return generation === this.cursor.generation && (await isLineStart(this.path, offset));
  }

  /** Starts again at the beginning when what was read is no longer what the file holds; returns whether it did. */
  async checkReset(): Promise<boolean> {
    if (this.#offset === 0 || (await this.#stillThere())) return false;
    this.#resets += 1;
    [this.#offset, this.#lines, this.#lastLine] = [0, 0, new Uint8Array()];
    return true;
  }

  async #stillThere(): Promise<boolean> {
    try {
      const file = await open(this.path, "r");
      try {
        const expected = this.#lastLine;
        const found = new Uint8Array(expected.length);
        const { bytesRead } = await file.read(found, 0, found.length, this.#offset - expected.length);
        return bytesRead === expected.length && Buffer.compare(found, expected) === 0;
      } finally {
        await file.close();
      }
    } catch {
      return false;
    }
  }

  /**
   * The events since the last call, in batches.
   *
   * @throws InputError at a corrupt line, after yielding what comes before it
   */
  async *advance(): AsyncGenerator<readonly RunEvent[]> {
    for await (const batch of readEvents(this.path, this.#offset, this.#lines + 1)) {
      this.#offset = batch.end;
      this.#lines += batch.lines;
      this.#lastLine = batch.lastLine;
      yield batch.events;
    }
  }
}
