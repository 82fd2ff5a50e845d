// events.jsonl in pieces, from any line on: whole lines only, however the file grows meanwhile.
import { open } from "node:fs/promises";
import { InputError } from "../../math/index.ts";
import { errorCode, fileError } from "../../node/files.ts";
import { parseEvents, type RunEvent } from "../../record/index.ts";

/** Bytes read at once: parsing as many takes about 15 ms, in which the server answers nobody else. */
const PIECE_BYTES = 1 << 20;
/** A longer line is no event. */
const LONGEST_LINE = 64 << 20;

/** Consecutive events of a file. */
export interface EventBatch {
  readonly events: readonly RunEvent[];
  /** Bytes of the file up to and including the last line of the batch. */
  readonly end: number;
  /** Lines in it. */
  readonly lines: number;
  /** The last line, newline included: what stands before `end`. */
  readonly lastLine: Uint8Array;
}

/**
 * Reads the events from byte `start` (the beginning of line `firstLine`) to the last complete line. What follows it is
 * still being written, or was when its writer died; so is a last line that is no JSON.
 *
 * @param until bytes not to read beyond; default: the end of the file
 * @throws InputError when a line is corrupt that others follow, after yielding what comes before it
 */
export async function* readEvents(
  path: string,
  start: number = 0,
  firstLine: number = 1,
  until: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<EventBatch> {
  const file = await openIfPresent(path);
  if (file === null) return;
  try {
    let [position, line, length] = [start, firstLine, PIECE_BYTES];
    for (;;) {
      const bytes = new Uint8Array(Math.min(length, until - position, LONGEST_LINE));
      if (bytes.length === 0) return;
      const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
      const end = bytes.subarray(0, bytesRead).lastIndexOf(10) + 1;
      const batch = end === 0 ? null : parsed(bytes.subarray(0, end), path, line, position);
      if (batch !== null && batch.end > position) {
        yield batch;
        [position, line, length] = [batch.end, line + batch.lines, PIECE_BYTES];
      } else if (bytesRead < bytes.length) return;
      else if (length >= LONGEST_LINE)
        throw new InputError("a line too long for an event", { file: `${path}:${line}` });
      else length *= 2;
    }
  } finally {
    await file.close();
  }
}

async function openIfPresent(path: string): Promise<Awaited<ReturnType<typeof open>> | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return null;
    throw fileError(error, "cannot read", path);
  }
}

function parsed(bytes: Uint8Array, path: string, firstLine: number, start: number): EventBatch {
  const { events, length } = soundPart(bytes, path, firstLine);
  const kept = bytes.subarray(0, length);
  const lines = kept.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
  return { events, end: start + length, lines, lastLine: kept.slice(kept.lastIndexOf(10, -2) + 1) };
}

/**
 * The events of whole lines up to the first that is none, and the bytes of these lines. A last line that is none is left
 * for the next look, which sees whether others follow it.
 *
 * @throws InputError when already the first line is none, and others follow it
 */
function soundPart(
  bytes: Uint8Array,
  path: string,
  firstLine: number,
): { readonly events: readonly RunEvent[]; readonly length: number } {
  const text = (part: Uint8Array): string => new TextDecoder().decode(part);
  try {
    const { events, truncated } = parseEvents(text(bytes), path, firstLine);
    return { events, length: truncated ? bytes.lastIndexOf(10, -2) + 1 : bytes.length };
  } catch (error) {
    const events: RunEvent[] = [];
    for (let [at, line] = [0, firstLine]; ; line++) {
      const next = bytes.indexOf(10, at) + 1;
      const one = parseEvents(text(bytes.subarray(at, next)), path, line);
      if (one.truncated && at === 0) throw error;
      if (one.truncated) return { events, length: at };
      events.push(...one.events);
      at = next;
    }
  }
}

/** Whether a line of the file begins at byte `offset`, or it ends there. */
export async function isLineStart(path: string, offset: number): Promise<boolean> {
  if (offset === 0) return true;
  const file = await openIfPresent(path);
  if (file === null) return false;
  try {
    const before = new Uint8Array(1);
    const { bytesRead } = await file.read(before, 0, 1, offset - 1);
    return bytesRead === 1 && before[0] === 10;
  } finally {
    await file.close();
  }
}
