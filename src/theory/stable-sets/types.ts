// What the theory of large step sizes with cross-entropy speaks about: data, settings, the loss at a point, the drift.
import type { RandomStream } from "../../math/index.ts";
import type { Sampling } from "../../optim/index.ts";

/** The classes of n examples. */
export interface LabelSet {
  readonly n: number;
  /** Number of classes K; classes without an example are allowed. */
  readonly classes: number;
  /** n labels in 0…K−1. */
  readonly labels: Int32Array;
}

/** n inputs with one class each. */
export interface LabelledInputs extends LabelSet {
  /** Dimension d of one input. */
  readonly d: number;
  /** n×d, row-major. */
  readonly x: Float64Array;
}

/** Inputs no longer than 1, as every bound assumes. */
export interface UnitInputs extends LabelledInputs {
  /**
   * What the given inputs were divided by: their largest norm if that exceeds 1, else 1. Training on the given inputs
   * with learning rate η and weights W is training on these with η·scale² and W·scale, step for step.
   */
  readonly scale: number;
  /** Indices of inputs that are exactly zero: they have no gradient and no margin. */
  readonly zeros: readonly number[];
}

/**
 * How much of a constant is certain. `derived`: the inequality is proved with this very constant. `reconstructed`: it
 * is proved too, but the source leaves the constant open ("absolute constants"), and this choice is Brink's.
 */
export type Provenance = "derived" | "reconstructed";

/** A constant of the theory with its formula in words. */
export interface Constant {
  readonly value: number;
  readonly formula: string;
  readonly provenance: Provenance;
}

/** What the theory needs to know about a model; the linear one has margin γ, `hidden` 1 and zeros. */
export interface ModelConstants {
  /** γ, or the effective margin γ_eff of the two-layer network; positive, or the theory says nothing. */
  readonly margin: number;
  /** Hidden units m per class of the mean-field network, whose step is m·η. */
  readonly hidden: number;
  /** sup |φ″| of the activation. */
  readonly smoothness: number;
  /** sup |φ(z) − zφ′(z)| of the activation. */
  readonly nearHomogeneity: number;
}

/** SGD as the theorems see it. Inputs no longer than 1: with `UnitInputs.scale` s, `lr` is the given one times s². */
export interface StabilitySetting {
  readonly n: number;
  readonly classes: number;
  /** η; the mean-field network steps by m·η. */
  readonly lr: number;
  readonly batch: number;
  /** The theorems draw `with` replacement; `shuffle` is treated as `without`, which it is for every single step. */
  readonly sampling: Sampling;
  readonly model: ModelConstants;
  /** ‖W₀‖_F, divided by √m for the mean-field network. Default 0. */
  readonly initialNorm?: number;
}

/** Loss and gradient potential at one point, exact down to losses far below the smallest number. */
export interface LossPoint {
  /** L = mean ℓ_i; may underflow to 0. */
  readonly loss: number;
  /** ln L, which does not underflow; −∞ only when every ℓ_i is exactly 0. */
  readonly logLoss: number;
  /** G = mean (1 − p_{i,y_i}). */
  readonly potential: number;
  readonly logPotential: number;
  /** max_i (1 − p_{i,y_i}). */
  readonly maxPotential: number;
  /** Share of examples whose own class has the largest logit (ties count as wrong). */
  readonly accuracy: number;
}

/** Which batches the next step may use. */
export interface DriftOptions {
  readonly lr: number;
  readonly batch: number;
  readonly sampling: Sampling;
  /** Random batches where there are too many to enumerate. Default 1000. */
  readonly samples?: number;
  /** Where random batches come from. Required when there are too many to enumerate. */
  readonly random?: RandomStream;
}

/** E[L(W′) | W] − L(W) over the batch of the next step. */
export interface Drift {
  /** In units of the loss. */
  readonly value: number;
  /** value / L(W). */
  readonly relative: number;
  /** Standard error of `value`; 0 when exact. */
  readonly stderr: number;
  /** Share of batches whose step raises the loss. */
  readonly increaseProbability: number;
  /** Batches enumerated or drawn. */
  readonly batches: number;
  /** Every batch was counted with its probability. */
  readonly exact: boolean;
}

/** The theorem's stable set { W : L(W) ≤ threshold }. */
export interface StableSet {
  /** l_S = min(guard, quadratic). */
  readonly threshold: number;
  /** 1/(2ηn_b): no step moves the logits too far for the descent inequality. */
  readonly guard: Constant;
  /** 1/(2c₀ηC_b): the quadratic term of the descent inequality is at most half the linear one. */
  readonly quadratic: Constant;
  /** Which of the two binds. */
  readonly binding: "guard" | "quadratic";
  /** C_b in E‖g_B‖² ≤ C_b‖∇L‖². */
  readonly noiseGrowth: Constant;
  /** c₀ of the descent inequality. */
  readonly descent: Constant;
  /** n_b in ‖g_B‖ ≤ √2·n_b·L. */
  readonly amplification: Constant;
}
