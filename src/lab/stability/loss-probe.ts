// How the loss at an iterate and its conditional drift are found: by the network's programs, or by the linear model itself.
import type { Vector } from "../../math/index.ts";
import type { DriftRecord, StabilityRecord } from "../../record/index.ts";
import type { LossPoint } from "../../theory/index.ts";

/** The law of the batches a step is taken on. */
export interface StepLaw {
  readonly n: number;
  readonly batch: number;
  readonly sampling: "with" | "without" | "shuffle";
}

/** A step of training, as the drift averages over it. */
export interface StepSettings extends StepLaw {
  readonly lr: number;
  /** Of the random batches, whose stream is named after the training step. */
  readonly seed: number;
  /** Most random batches. */
  readonly batches: number;
}

/** The loss at a point, and norms of its gradients where they come with it. */
export interface ProbedPoint extends LossPoint {
  readonly gradients?: Required<Pick<StabilityRecord, "gradNorm" | "meanSquareGradient">>;
}

export interface LossProbe {
  /** The full loss at θ. */
  point(theta: Vector): Promise<ProbedPoint>;
  /** E[L(θ′) | θ]/L(θ) − 1 at the point given last. */
  drift(step: number, settings: StepSettings): Promise<DriftRecord>;
  /** Frees what it opened. */
  dispose(): Promise<void>;
}

/** Name of the stream the random batches of a step's drift come from. */
export function driftStream(step: number): string {
  return `stability/${step}`;
}
