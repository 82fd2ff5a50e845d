// Packing an ended run: a copy of its record without checkpoints and the lines of single steps, small enough to publish.
import { join } from "node:path";
import { InputError } from "../math/index.ts";
import { parseEvents, RUN_FILES } from "../record/index.ts";
import { diskFileSystem, fileError, readIfPresent, replaceFile } from "./files.ts";
import { readSummary, runId } from "./read-run.ts";
import { isLocked } from "./run-lock.ts";

/** What a packed run keeps beside its events, byte for byte. The configuration is last: a folder counts as a run once it has one. */
const KEPT = [RUN_FILES.provenance, RUN_FILES.summary, RUN_FILES.notes, RUN_FILES.config] as const;

/** A packed run. */
export interface PackedRun {
  readonly id: string;
  readonly dir: string;
  readonly bytes: number;
  /** False when the same was there already. */
  readonly written: boolean;
}

/**
 * Copies the run in `source` into `folder`, under its own name: configuration, provenance, summary, notes, measurements and marks.
 * Figures, tables and reports of the copy are the run's own; it has no loss of every step and cannot go on.
 *
 * @throws InputError when the run has not ended, or another one of its name is in `folder`
 */
export async function packRun(source: string, folder: string): Promise<PackedRun> {
  const id = runId(source);
  const summary = await readSummary(source);
  const status = (await isLocked(source)) ? "running" : (summary?.status ?? "not begun");
  if (status !== "finished" && status !== "diverged") {
    throw new InputError("only a run that has ended can be packed", {
      file: source,
      received: status,
      hint: "Without its checkpoints it could not go on: `brink resume` completes it",
    });
  }
  const files = new Map<string, Uint8Array>();
  files.set(RUN_FILES.events, new TextEncoder().encode(await measuredLines(source)));
  for (const name of KEPT) {
    const bytes = await readIfPresent(join(source, name));
    if (bytes !== null) files.set(name, bytes);
  }
  const dir = join(folder, id);
  const written = await place(dir, files);
  return { id, dir, written, bytes: [...files.values()].reduce((sum, { length }) => sum + length, 0) };
}

/** Lines of a run's events, those of single steps left out. Throws InputError when one is damaged. */
async function measuredLines(source: string): Promise<string> {
  const path = join(source, RUN_FILES.events);
  const text = (await readIfPresent(path))?.toString("utf8") ?? "";
  parseEvents(text, path);
  const lines = text.split(/(?<=\n)/).filter((line) => line.endsWith("\n"));
  return lines.filter((line) => (JSON.parse(line) as { type?: unknown }).type !== "step").join("");
}

/** Writes the files into a new folder; false when they are there already. */
async function place(dir: string, files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  const there = await readIfPresent(join(dir, RUN_FILES.config));
  if (there !== null) {
    for (const [name, bytes] of files) {
      const other = await readIfPresent(join(dir, name));
      if (other === null || Buffer.compare(other, bytes) !== 0) {
        throw new InputError("another run of this name is there", {
          file: dir,
          field: name,
          hint: "Choose another folder",
        });
      }
    }
    return false;
  }
  try {
    await diskFileSystem.mkdir(dir, { recursive: true });
  } catch (error) {
    throw fileError(error, "cannot create the folder", dir);
  }
  for (const [name, bytes] of files) await replaceFile(diskFileSystem, join(dir, name), bytes);
  return true;
}
