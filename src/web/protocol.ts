// What the page and the worker say to each other: plain data, typed, buffers transferred.
import type { MarkEvent, MeasurementEvent, RunSummary } from "../record/index.ts";

/** An experiment as its YAML file would hold it: nested plain data, defaults left out. */
export type Settings = Readonly<Record<string, unknown>>;

/** Where a run stands between two messages. */
export type RunStatus = "paused" | "running" | "finished" | "diverged";

/** A file the user dropped on the page; it never leaves the machine. */
export interface DroppedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Page → worker. Runs are numbered by the page. */
export type Request =
  /** Builds the problem, measures the initial point and stays paused there. */
  | { readonly type: "open"; readonly run: number; readonly settings: Settings }
  /** Takes `steps` steps, or all that are left; whatever else is running pauses first. */
  | { readonly type: "advance"; readonly run: number; readonly steps?: number }
  | { readonly type: "pause" }
  /** Goes back to an earlier step: the same weights, and the same batches from there. */
  | { readonly type: "rewind"; readonly run: number; readonly step: number }
  /** A new run from where `run` stands, with settings by dotted key changed; the old one stays as it is. */
  | { readonly type: "fork"; readonly run: number; readonly from: number; readonly changes: Settings }
  | { readonly type: "close"; readonly run: number }
  /** Files that `open` may read from now on; they replace those given before. */
  | { readonly type: "files"; readonly files: readonly DroppedFile[] }
  /** Text of the experiment file, checked; answered with the same `id`. */
  | { readonly type: "describe"; readonly id: number; readonly settings: Settings }
  /** The eigenvalue distribution where `run` stands. */
  | { readonly type: "spectrum"; readonly run: number };

/** What computes. */
export interface EngineInfo {
  readonly name: string;
  readonly device: string;
  readonly threads: number;
  /** What had to be given up, in sentences. */
  readonly notes: readonly string[];
}

/** What is known about a run once its problem is built. */
export interface OpenedRun {
  readonly run: number;
  /** The resolved configuration as plain data. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: number;
  readonly examples: number;
  readonly inputShape: readonly number[];
  readonly outputs: number;
  /** 2/η. */
  readonly threshold: number;
  readonly notes: readonly string[];
  /** The run this one was forked from, and the step at which; null for runs from their start. */
  readonly forkedFrom: { readonly run: number; readonly step: number } | null;
}

/** Events of some consecutive steps. `losses[i]` is the loss step `firstStep + i` started from; NaN where not finite. */
export interface EventBatch {
  readonly run: number;
  readonly firstStep: number;
  readonly losses: Float64Array<ArrayBuffer>;
  readonly measurements: readonly MeasurementEvent[];
  readonly marks: readonly MarkEvent[];
}

/** Eigenvalues of the Hessian, descending. */
export interface SpectrumResult {
  readonly run: number;
  readonly step: number;
  readonly eigenvalues: Float64Array<ArrayBuffer>;
  /** Whether these are all of them; otherwise quadrature nodes with `weights` summing to 1. */
  readonly exact: boolean;
  readonly weights: Float64Array<ArrayBuffer>;
}

/** Worker → page. */
export type Reply =
  | { readonly type: "loading"; readonly received: number; readonly total: number | null }
  | { readonly type: "engine"; readonly engine: EngineInfo }
  | { readonly type: "opened"; readonly opened: OpenedRun }
  | { readonly type: "events"; readonly batch: EventBatch }
  | {
      readonly type: "state";
      readonly run: number;
      readonly status: RunStatus;
      readonly step: number;
      readonly summary: RunSummary | null;
    }
  /** What was after `step` is void: replayed events follow. */
  | { readonly type: "rewound"; readonly run: number; readonly step: number }
  | { readonly type: "described"; readonly id: number; readonly yaml: string; readonly error: null }
  | { readonly type: "described"; readonly id: number; readonly yaml: null; readonly error: string }
  | { readonly type: "spectrum"; readonly spectrum: SpectrumResult }
  | { readonly type: "files"; readonly data: DroppedData | null; readonly error: string | null }
  | { readonly type: "failed"; readonly run: number | null; readonly message: string };

/** What dropped files turned out to be: the `data` section that reads them. */
export interface DroppedData {
  readonly data: Settings;
  /** For people: `CIFAR-10, 10,000 images`. */
  readonly description: string;
}
