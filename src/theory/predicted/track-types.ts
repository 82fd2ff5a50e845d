// What tracking a real run beside the theory takes and yields: plain data, one object a step.
import type { Objective } from "../../curvature/index.ts";
import type { Vector } from "../../math/index.ts";
import type { BatchSampler } from "../../optim/index.ts";
import type { CouplingErrors } from "./coupling.ts";
import type { PredictedForm } from "./forms.ts";
import type { TrackState } from "./track-state.ts";

/** A run to be tracked from the onset of the edge. */
export interface TrackOptions {
  /** In float64: the differences of interest are far below the rounding of float32. */
  readonly objective: Objective;
  /** θ_0 of the real run. */
  readonly theta: Vector;
  /** θ†_0; default: θ_0 projected onto the stable set. */
  readonly reference?: Vector;
  /** Moves θ_0 to θ†_0 + kick·δ·u, so that the oscillation need not grow from nothing. Default: θ_0 as given. */
  readonly kick?: number;
  readonly lr: number;
  readonly steps: number;
  /** Batches of the real run; null for gradient descent. */
  readonly sampler: BatchSampler | null;
  /**
   * Batches of a second SGD run from θ_0 whose noise drives the predictions, in place of that of the real run: then
   * only distributions can be compared, not paths. Null: the same noise.
   */
  readonly separateNoise?: BatchSampler | null;
  /** Default: generalised and enhanced. */
  readonly forms?: readonly PredictedForm[];
  /** Also follow the gradient flow from θ_0. Default true. */
  readonly flow?: boolean;
  /** Start a new s of β_{s→t} every so many steps; 0: none. Default 50. */
  readonly responseEvery?: number;
  /** Accuracy of S at the real iterate and the flow, ‖Hu − Su‖ ≤ tol·S. Default 1e-4. */
  readonly sharpnessTol?: number;
  /** Accuracy of the eigenvectors at θ†. Default 1e-8. */
  readonly tol?: number;
  readonly seed?: number;
  /** Eigenvectors near θ_0. */
  readonly warm?: readonly Vector[];
  /** Looked at once a step. */
  readonly signal?: { readonly aborted: boolean };
  /** Asked once a step whether the state is to be yielded; told whether it is the last occasion. */
  readonly saveDue?: (interrupted: boolean) => boolean;
  /**
   * Goes on from a saved state instead of a start; samplers must be at theirs. θ† is measured again there, so that the
   * numbers agree with an uninterrupted run to the tolerance of the eigen-solves, not to the bit.
   */
  readonly resume?: TrackState;
}

/** θ† at one step, in the units of `LocalGeometry`. */
export interface ReferenceRecord {
  readonly loss: number;
  readonly sharpness: number;
  readonly lambda2: number | null;
  readonly alpha: number;
  readonly beta: number;
  readonly kappa: number;
  readonly delta: number;
  readonly epsilon: number;
  /** ⟨∇L, u⟩, zero but for rounding. */
  readonly slope: number;
}

/** The real run at one step. */
export interface RealRecord {
  readonly loss: number;
  readonly sharpness: number;
  readonly x: number;
  readonly y: number;
  /** ‖v‖ = ‖θ − θ†‖. */
  readonly distance: number;
}

/** One form of the predicted dynamics at one step. */
export interface PredictedRecord {
  readonly x: number;
  readonly y: number;
  readonly loss: number;
  readonly sharpness: number;
  /** ‖v − v̂‖. */
  readonly deviation: number;
  readonly errors: CouplingErrors;
}

/** The gradient flow at the time of one step. */
export interface FlowRecord {
  readonly loss: number;
  readonly sharpness: number;
  /** ‖θ − θ_flow‖. */
  readonly distance: number;
}

/** State at step t, before the step is taken. */
export interface TrackedStep {
  readonly type: "step";
  readonly step: number;
  readonly real: RealRecord;
  readonly reference: ReferenceRecord;
  /** By form; a form that has blown up is absent from then on. */
  readonly predicted: Readonly<Partial<Record<PredictedForm, PredictedRecord>>>;
  readonly flow?: FlowRecord;
  /** Of the step that led here: ζ = ⟨u, ξ⟩ and ‖ξ‖ of the noise that drove the predictions. */
  readonly noise?: { readonly zeta: number; readonly norm: number };
  /** β_{s→t−1} by s. */
  readonly responses?: Readonly<Record<string, number>>;
}

/** Something to know about the run that does not end it. */
export interface TrackWarning {
  readonly type: "warning";
  readonly step: number;
  readonly message: string;
}

/** How tracking ended. `stopped`: an assumption of the theory failed; `diverged`: the real run did. */
export interface TrackEnd {
  readonly status: "finished" | "stopped" | "diverged" | "interrupted";
  /** Steps taken. */
  readonly step: number;
  readonly message: string;
}
