// The typed, versioned lines of events.jsonl. Both the command line and the browser read only these.
import type { Provenance } from "./provenance.ts";

/** First line of every events file. */
export interface HeaderEvent {
  readonly type: "header";
  readonly version: 1;
}

/** One optimiser step that ended at `step` (step 0 is the initial point and has no event of this type). */
export interface StepEvent {
  readonly type: "step";
  readonly step: number;
  /** Loss on the examples the step used, evaluated before the update (full loss for GD). NaN is written as null. */
  readonly loss: number | null;
}

/** Where a measurement was taken: at the iterate, or at w* = (θ₋₁ + 2θ + θ₊₁)/4. */
export type MeasurementPoint = "iterate" | "midpoint";

/**
 * Quantities at the cadence. A field that was not measured is absent; one that came out non-finite is null.
 * `eigenvalues` are descending; `sharpness` is the first of them.
 */
export interface MeasurementEvent {
  readonly type: "measurement";
  readonly step: number;
  readonly point: MeasurementPoint;
  readonly loss?: number | null;
  readonly accuracy?: number | null;
  readonly testLoss?: number | null;
  readonly testAccuracy?: number | null;
  readonly gradNorm?: number | null;
  readonly sharpness?: number | null;
  readonly eigenvalues?: readonly (number | null)[];
  readonly residuals?: readonly (number | null)[];
  readonly hvps?: number;
  readonly converged?: boolean;
  /** True when `sharpness` is a Rayleigh quotient of the last eigenvector, not a solve. */
  readonly rayleigh?: boolean;
}

/**
 * Something that happened once: divergence, first crossing of the threshold, the end. Resuming leaves no mark
 * (a resumed run has the same events as an uninterrupted one); provenance.json lists the sessions.
 */
export interface MarkEvent {
  readonly type: "mark";
  readonly step: number;
  readonly kind: "onset" | "diverged" | "stopped" | "finished" | "warning";
  readonly message: string;
}

export type RunEvent = HeaderEvent | StepEvent | MeasurementEvent | MarkEvent;

/** Contents of summary.json: written at every checkpoint and at the end. */
export interface RunSummary {
  readonly version: 1;
  readonly status: "running" | "interrupted" | "finished" | "diverged" | "failed";
  readonly step: number;
  readonly steps: number;
  readonly loss: number | null;
  readonly sharpness: number | null;
  /** Stability threshold of the optimiser at its learning rate: 2/η for GD and SGD. */
  readonly threshold: number;
  /** Mean sharpness over the last `equilibriumRecords` solves, and its sample standard deviation. */
  readonly equilibriumSharpness: number | null;
  readonly equilibriumSd: number | null;
  readonly equilibriumRecords: number;
  readonly accuracy?: number | null;
  readonly testAccuracy?: number | null;
  /** Step of the first solve with S ≥ threshold. */
  readonly onset?: number;
  /** Hessian–vector products so far. */
  readonly hvps?: number;
  /** Seconds of computing, all sessions together. */
  readonly seconds: number;
  readonly message?: string;
}

/** A run as figures and reports read it: everything already parsed, no file handles. */
export interface RunRecord {
  readonly id: string;
  /** Resolved configuration as plain data (config.yaml). */
  readonly config: Readonly<Record<string, unknown>>;
  readonly summary: RunSummary | null;
  readonly steps: readonly StepEvent[];
  readonly measurements: readonly MeasurementEvent[];
  readonly marks: readonly MarkEvent[];
  /** provenance.json; null or absent when it cannot be read. */
  readonly provenance?: Provenance | null;
}
