// Large step sizes with cross-entropy: what a measurement says about the loss, its next step, and the data.

/**
 * The loss after one more step, given the iterate: E[L(θ′) | θ] over the batches of the sampler. Null where not finite.
 */
export interface DriftRecord {
  /** E[L(θ′) | θ]/L(θ) − 1: at most 0 where training is stable in Lyapunov's sense. Relative, so that tiny losses have one. */
  readonly relative: number | null;
  /** Standard error of `relative`; 0 when every batch was visited. */
  readonly stderr: number | null;
  /** Share of the batches after whose step the loss is larger. */
  readonly increases: number | null;
  readonly batches: number;
  readonly exact: boolean;
  /** The same to second order in the learning rate, where the model is linear. */
  readonly secondOrder?: number | null;
}

/** The hard margin γ of the training inputs, as they are, under linear multiclass models with ‖W‖_F = 1. */
export interface MarginRecord {
  /** A margin that is achieved, γ up to the gap of the bounds; null when none is known to be. */
  readonly value: number | null;
  /** Certified bounds of γ. */
  readonly lower: number;
  readonly upper: number;
  /** The verdict in words. */
  readonly sentence: string;
}

/** What the theory of large steps needs to know about the data and the start. */
export interface StabilityProblemRecord {
  readonly examples: number;
  readonly features: number;
  readonly classes: number;
  /** max ‖x_i‖ of the training inputs. */
  readonly largestNorm: number;
  /** Inputs that are exactly zero. */
  readonly zeroInputs: number;
  /** ‖θ₀‖. */
  readonly initialNorm: number;
  /** Absent when it was not asked for. */
  readonly margin?: MarginRecord;
}

/** Measured at an iterate with `measure.stability` (arXiv 2606.30930). Null where not finite. */
export interface StabilityRecord {
  /** ln L of the full training loss, finite where L itself underflows. */
  readonly logLoss: number | null;
  /** G = mean of 1 − p_y over the training examples, and the largest of them. */
  readonly potential: number | null;
  readonly maxPotential: number | null;
  /** ‖∇L‖, and the mean of ‖∇ℓ_i‖²: where the model is linear, and they cost next to nothing. */
  readonly gradNorm?: number | null;
  readonly meanSquareGradient?: number | null;
  readonly drift?: DriftRecord;
  /** At the initial point only. */
  readonly problem?: StabilityProblemRecord;
}
