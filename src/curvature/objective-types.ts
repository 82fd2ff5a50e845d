// What training and measurement need from a network, a loss and a data set, whatever executes them.
import type { DType, Vector } from "../math/index.ts";
import type { HessianOperator } from "./operator.ts";

/** Mean loss over a split, and the fraction classified correctly (null for regression). */
export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number | null;
}

/** L(θ) = (1/n) Σ ℓ_i(θ) over the training examples, with derivatives. θ is flat, length `size`. */
export interface Objective {
  /** Number of parameters P. */
  readonly size: number;
  readonly dtype: DType;
  /** Number of training examples n. */
  readonly n: number;
  /** Full-batch loss; writes ∇L(θ) into `gradient`. Cost: one forward and one backward pass over n. */
  lossAndGradient(theta: Vector, gradient: Vector): Promise<number>;
  /** Mean loss over the listed examples; writes its gradient. All calls should use few distinct batch sizes. */
  batchLossAndGradient(theta: Vector, indices: Uint32Array, gradient: Vector): Promise<number>;
  /**
   * One plain gradient step, fused: out ← theta − rate·∇L_B(theta), B the listed examples or all (null).
   * Returns the mean loss over B before the step. `out` must not be `theta`. Half the price of a gradient and an
   * update loop at small batches.
   */
  descend(theta: Vector, indices: Uint32Array | null, rate: number, out: Vector): Promise<number>;
  /** Mean loss and accuracy over a split. Throws InputError when there is no such split. */
  evaluate(theta: Vector, split: "train" | "test"): Promise<Evaluation>;
  /** Hessian of the full-batch loss at `theta`, linearised once. Valid until the next call of `hessian`. */
  hessian(theta: Vector): Promise<HessianOperator>;
  /**
   * ∇S = ∇³L(u,u,·) for a fixed direction u; returns uᵀHu. Cost about two gradients, less when `at` is the
   * current linearisation at the same θ, whose kept values are then used.
   */
  sharpnessGradient(theta: Vector, u: Vector, out: Vector, at?: HessianOperator): Promise<number>;
  /** Frees compiled sessions. The objective is unusable afterwards. */
  dispose(): Promise<void>;
}

/** Curvature along a gradient, not yet divided. */
export interface GradientCurvature {
  /** g·Hg. */
  readonly curvature: number;
  /** ‖g‖². */
  readonly squared: number;
}

/** What measuring gradient noise and batch curvature needs on top. */
export interface ExampleObjective extends Objective {
  /** ∇²L_B(θ)·v for the mean loss over the listed examples. `out` must not alias `v`. Cost about two gradients of b. */
  batchHessianProduct(theta: Vector, indices: Uint32Array, v: Vector, out: Vector): Promise<void>;
  /** v·∇²L_B(θ)v alone: forward mode, without a vector of results. Under half the price of `batchHessianProduct`. */
  batchCurvature(theta: Vector, indices: Uint32Array, v: Vector): Promise<number>;
  /**
   * g·Hg and ‖g‖² of g = ∇L_B(θ) and H = ∇²L_B(θ), where they can be had without g itself, for three quarters of the
   * price of both calls; null where they cannot.
   */
  gradientCurvature?(theta: Vector, indices: Uint32Array): Promise<GradientCurvature | null>;
  /**
   * ⟨∇ℓ_i(θ), direction⟩ for all n training examples: one forward-mode pass, half of one when `at` is the current
   * linearisation at the same θ.
   */
  projections(theta: Vector, direction: Vector, at?: HessianOperator): Promise<Float64Array<ArrayBuffer>>;
}

/** What segments and period-two orbits need: more derivatives along a direction, and Hessian products at any point. */
export interface SmoothObjective extends Pick<Objective, "size" | "dtype" | "lossAndGradient"> {
  /** out ← ∇²L(θ)·v, from scratch: for products at points that alternate. `out` must not alias `v`. */
  hessianProduct(theta: Vector, v: Vector, out: Vector): Promise<void>;
  /** out ← ∇³L(θ)[u, u, ·]; returns uᵀHu. */
  sharpnessGradient(theta: Vector, u: Vector, out: Vector): Promise<number>;
  /** out ← ∇⁴L(θ)[u, u, u, ·]; returns ∇³L(θ)[u, u, u]. Cost about four gradients. */
  thirdDerivativeGradient(theta: Vector, u: Vector, out: Vector): Promise<number>;
  /**
   * L and its derivatives at t = 0 of t ↦ L(θ + tu) up to `order`: uᵀHu is entry 2, ∇⁴L[u,u,u,u] entry 4. Forward
   * mode only: `order` + 1 forward passes.
   */
  lineDerivatives(theta: Vector, u: Vector, order: 2 | 4): Promise<readonly number[]>;
}
