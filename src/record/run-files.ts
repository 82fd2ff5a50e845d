// Names of the files in a run's folder, and the check of summary.json.
import { InputError } from "../math/index.ts";
import type { RunSummary } from "./events.ts";

/** Files of a run's folder. */
export const RUN_FILES = {
  config: "config.yaml",
  provenance: "provenance.json",
  events: "events.jsonl",
  summary: "summary.json",
  checkpoints: "checkpoints",
  notes: "notes.json",
  lock: "lock",
} as const;

/** File name of the checkpoint after `step`, zero-padded so that names sort by step. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, "0")}.safetensors`;
}

/** Step of a checkpoint's file name, or null when it is not one. */
export function checkpointStep(name: string): number | null {
  const match = /^step-(\d+)\.safetensors$/.exec(name);
  return match === null ? null : Number(match[1]);
}

const STATUSES: ReadonlySet<RunSummary["status"]> = new Set([
  "running",
  "interrupted",
  "finished",
  "diverged",
  "failed",
] as const);

/** Reads summary.json. Throws InputError when it is not one. */
export function parseSummary(text: string, file: string): RunSummary {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const summary = value as RunSummary | null;
  if (
    typeof summary !== "object" ||
    summary === null ||
    summary.version !== 1 ||
    !STATUSES.has(summary.status) ||
    !Number.isSafeInteger(summary.step) ||
    !Number.isSafeInteger(summary.steps) ||
    typeof summary.threshold !== "number"
  ) {
    throw new InputError("not a run summary, or of another version", { file });
  }
  return summary;
}
