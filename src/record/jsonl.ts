// events.jsonl: one JSON object a line, appended; a line cut short by a crash is recognised and dropped.
import { InputError } from "../math/index.ts";
import type { RunEvent } from "./events.ts";

/** One event as its line, newline included. Non-finite numbers become null, as JSON has it. */
export function encodeEvent(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** What an events file holds. */
export interface ParsedEvents {
  /** Events of known type, in order. Unknown types (of later versions) are left out. */
  readonly events: readonly RunEvent[];
  /** Whether the last line was incomplete or corrupt and has been left out. */
  readonly truncated: boolean;
}

/**
 * Reads the text of an events file. A last line that is not complete (no newline, or not JSON) is the trace of a
 * crash and is dropped.
 *
 * @param firstLine line number of the first line, for a part of a file
 * @throws InputError with the line number when an earlier line is corrupt, or the version is not 1
 */
export function parseEvents(text: string, file: string, firstLine = 1): ParsedEvents {
  const lines = text.split("\n");
  // After a complete last line, split leaves one empty string.
  const tail = lines.pop();
  let truncated = tail !== "";
  const events: RunEvent[] = [];
  for (const [i, line] of lines.entries()) {
    const event = parseLine(line);
    if (event === null) {
      if (i === lines.length - 1) {
        truncated = true;
        break;
      }
      throw new InputError("corrupt line", {
        file: `${file}:${i + firstLine}`,
        received: JSON.stringify(cut(line)),
      });
    }
    if (event === undefined) continue;
    if (event.type === "header" && event.version !== 1) {
      throw new InputError("events of another version", {
        file: `${file}:${i + firstLine}`,
        received: String(event.version),
        allowed: "1",
      });
    }
    events.push(event);
  }
  return { events, truncated };
}

/** An event; undefined for an unknown type; null for a line that is no event at all. */
function parseLine(line: string): RunEvent | undefined | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return null;
  const event = value as Record<string, unknown>;
  if (event["type"] === "header") return event as unknown as RunEvent;
  const known = ["step", "measurement", "mark"].includes(event["type"] as string);
  if (!known) return typeof event["type"] === "string" ? undefined : null;
  return Number.isSafeInteger(event["step"]) ? (event as unknown as RunEvent) : null;
}

function cut(line: string): string {
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}

/**
 * Length in bytes of the first `count` lines, newlines included, or null when there are fewer complete ones: where
 * a resumed run truncates the file. Works on bytes, so a half-written character at the end does no harm.
 */
export function lineOffset(bytes: Uint8Array, count: number): number | null {
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const newline = bytes.indexOf(10, offset);
    if (newline === -1) return null;
    offset = newline + 1;
  }
  return offset;
}
