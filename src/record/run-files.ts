// Names of the files in a run's folder, and the check of summary.json.
import { InputError } from "../math/index.ts";
import type { RunSummary } from "./events.ts";

/** Files of a run's folder (design.md §6). */
export const RUN_FILES = {
  config: "config.yaml",
  provenance: "provenance.json",
  events: "events.jsonl",
  summary: "summary.json",
  checkpoints: "checkpoints",
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

const STATUSES: readonly RunSummary["status"][] = ["running", "interrupted", "finished", "diverged", "failed"];

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
    !STATUSES.includes(summary.status) ||
    !Number.isSafeInteger(summary.step) ||
    !Number.isSafeInteger(summary.steps) ||
    typeof summary.threshold !== "number"
  ) {
    throw new InputError("not a run summary, or of another version", { file });
  }
  return summary;
}

/** Where a run came from and with what it can be repeated: provenance.json. */
export interface Provenance {
  readonly version: 1;
  /** Version of Brink, and the commit of its checkout when there is one. */
  readonly brink: string;
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** Command line of the first session. */
  readonly command: readonly string[];
  readonly platform: string;
  readonly cpu: string;
  readonly node: string;
  readonly onnxruntime: string | null;
  readonly device: string;
  readonly threads: number;
  readonly seed: number;
  readonly data: { readonly name: string; readonly checksum: string; readonly notes: readonly string[] };
  /** When the run was created, ISO 8601. */
  readonly createdAt: string;
  /** Every time it was started or resumed. */
  readonly sessions: readonly Session[];
}

export interface Session {
  readonly startedAt: string;
  /** Step it started from. */
  readonly fromStep: number;
  readonly command: readonly string[];
}
