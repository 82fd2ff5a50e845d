// What a sweep and its worker processes say to each other.
import type { ExperimentConfig } from "../../lab/index.ts";
import type { MarkEvent, MeasurementEvent, RunSummary } from "../../record/index.ts";

/** One run for a worker. */
export interface WorkInput {
  readonly config: ExperimentConfig;
  /** Absolute folder that holds runs. */
  readonly root: string;
  /** Absolute folder of the run to go on with; null for a new one. */
  readonly resume: string | null;
  /** Arguments of the sweep as given, for provenance. */
  readonly argv: readonly string[];
}

/** What a worker reports, in this order: `run`, any number of the middle ones, then `done` or `error`. */
export type WorkMessage =
  | { readonly type: "run"; readonly run: string; readonly dir: string; readonly fromStep: number }
  | { readonly type: "note" | "warning"; readonly text: string }
  | {
      readonly type: "progress";
      readonly step: number;
      readonly loss: number | null;
      readonly sharpness: number | null;
    }
  | { readonly type: "event"; readonly event: MeasurementEvent | MarkEvent }
  | { readonly type: "done"; readonly summary: RunSummary }
  | { readonly type: "error"; readonly message: string };
