// The record of a tracked run on disk: every line appended as it comes, a table of all steps at the end.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { InputError } from "../../math/index.ts";
import { fileError } from "../../node/files.ts";
import type { TrackedStep } from "../../theory/index.ts";

/** Names inside the folder. */
export const TRAJECTORY_FILES = {
  lines: "trajectory.jsonl",
  table: "trajectory.csv",
  summary: "summary.json",
  config: "config.yaml",
  provenance: "provenance.json",
  onset: "onset.safetensors",
} as const;

/** A record being written. A run killed at any moment leaves all lines up to the last step in trajectory.jsonl. */
export class TrajectoryRecord {
  readonly folder: string;
  #descriptor: number | null = null;

  /**
   * Nothing is created before the first line, so that a mistake in the experiment leaves no empty folder.
   *
   * @param folder absolute
   * @throws InputError when steps are recorded there already and `overwrite` is not set
   */
  constructor(folder: string, overwrite: boolean) {
    this.folder = folder;
    const file = path.join(folder, TRAJECTORY_FILES.lines);
    if (overwrite || !hasSteps(file)) return;
    throw new InputError("there is a tracked run here already", {
      file,
      hint: "Choose another folder with --out, or replace it with --overwrite",
    });
  }

  /**
   * Goes on with the record in the folder: what it holds from `step` on, and how it ended, is discarded. Returns the
   * steps before.
   *
   * @throws InputError when a line is damaged; RunError when the disk refuses
   */
  reopen(step: number): TrackedStep[] {
    const steps: TrackedStep[] = [];
    this.#guarded(TRAJECTORY_FILES.lines, (file) => {
      const kept = readFileSync(file, "utf8")
        .split("\n")
        // A killed process can leave half a line at the end.
        .slice(0, -1)
        .filter((text) => {
          const line = JSON.parse(text) as { readonly type: string; readonly step?: number };
          const tracked = line.type === "step" || line.type === "warning" || line.type === "end";
          if (!tracked) return true;
          if (line.type === "end" || line.step! >= step) return false;
          if (line.type === "step") steps.push(line as TrackedStep);
          return true;
        });
      writeFileSync(`${file}.new`, kept.map((text) => `${text}\n`).join(""));
      renameSync(`${file}.new`, file);
      this.#descriptor = openSync(file, "a");
    });
    return steps;
  }

  /** Appends one line. Numbers that are not finite become null. @throws RunError when the disk refuses */
  append(line: object): void {
    const text = `${JSON.stringify(line)}\n`;
    this.#guarded(TRAJECTORY_FILES.lines, (file) => {
      if (this.#descriptor === null) {
        mkdirSync(this.folder, { recursive: true });
        this.#descriptor = openSync(file, "w");
      }
      writeSync(this.#descriptor, text);
    });
  }

  /** Text of another file of the record. @throws RunError when it cannot be read */
  read(name: string): string {
    const file = path.join(this.folder, name);
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw fileError(error, "cannot read the record", file);
    }
  }

  /** Writes another file of the record, after the first line. @throws RunError when the disk refuses */
  write(name: string, content: string | Uint8Array): void {
    this.#guarded(name, (file) => writeFileSync(file, content));
  }

  close(): void {
    if (this.#descriptor === null) return;
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #guarded(name: string, action: (file: string) => void): void {
    const file = path.join(this.folder, name);
    try {
      action(file);
    } catch (error) {
      throw fileError(error, "cannot write the record", file);
    }
  }
}

/** A search that was interrupted before the first tracked step is nothing to protect. */
function hasSteps(file: string): boolean {
  try {
    return readFileSync(file, "utf8").includes('"type":"step"');
  } catch {
    return false;
  }
}

/**
 * All steps as CSV, one row a step, columns named by dotted path (`predicted.generalised.errors.loss`). A value
 * absent at a step (a prediction no longer followed) is an empty field.
 */
export function trajectoryTable(steps: readonly TrackedStep[]): string {
  const rows = steps.map((step) => new Map(flatten(step).filter(([name]) => name !== "type")));
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const lines = rows.map((row) => columns.map((name) => row.get(name) ?? "").join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}

function flatten(value: unknown, name = ""): [string, string][] {
  if (typeof value !== "object" || value === null)
    return [[name, value === null ? "" : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) =>
    flatten(inner, name === "" ? key : `${name}.${key}`),
  );
}
