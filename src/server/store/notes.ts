// Tags and notes of a run: notes.json in its folder, written by the page, read by nobody else.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, showValue } from "../../math/index.ts";
import { diskFileSystem, replaceFile } from "../../node/files.ts";
import { RUN_FILES, type RunNotes } from "../../record/index.ts";

/** A run without notes. */
export const NO_NOTES: RunNotes = { tags: [], text: "" };

const MOST_TAGS = 32;
const LONGEST_TAG = 64;
const LONGEST_TEXT = 20_000;

/** Notes of a run; none when there is no file, or one that says nothing. */
export async function readNotes(dir: string): Promise<RunNotes> {
  try {
    return checkNotes(JSON.parse(await readFile(join(dir, RUN_FILES.notes), "utf8")));
  } catch {
    // A damaged note must not hide its run.
    return NO_NOTES;
  }
}

/** Replaces the notes of a run. Throws RunError when that cannot be written. */
export async function writeNotes(dir: string, notes: RunNotes): Promise<void> {
  const text = `${JSON.stringify({ version: 1, ...notes }, null, 2)}\n`;
  await replaceFile(diskFileSystem, join(dir, RUN_FILES.notes), text);
}

/**
 * Notes out of JSON: tags trimmed, each once.
 *
 * @throws InputError naming what is wrong
 */
export function checkNotes(value: unknown): RunNotes {
  const { tags, text } = (value ?? {}) as { readonly tags?: unknown; readonly text?: unknown };
  const refuse = (field: string, received: unknown, allowed: string): never => {
    throw new InputError("not a note", { field, received: showValue(received), allowed });
  };
  if (typeof text !== "string" || text.length > LONGEST_TEXT) {
    return refuse("text", text, `a text of at most ${LONGEST_TEXT} characters`);
  }
  if (!Array.isArray(tags) || tags.length > MOST_TAGS)
    return refuse("tags", tags, `a list of at most ${MOST_TAGS}`);
  const trimmed = tags.map((tag: unknown) => (typeof tag === "string" ? tag.trim() : ""));
  const bad = trimmed.findIndex((tag) => tag === "" || tag.length > LONGEST_TAG);
  if (bad >= 0) return refuse(`tags.${bad}`, tags[bad], `a text of 1 to ${LONGEST_TAG} characters`);
  return { tags: [...new Set(trimmed)], text };
}
