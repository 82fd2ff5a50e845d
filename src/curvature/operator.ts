// The one interface every curvature probe works through: a symmetric linear operator on flat vectors.
import type { DType, Vector } from "../math/index.ts";

/** A symmetric linear map on vectors of length `size`. Applying it must not change its later results. */
export interface LinearOperator {
  readonly size: number;
  readonly dtype: DType;
  /** out ← A·v. `out` and `v` have length `size`, precision `dtype`, and must not alias. */
  apply(v: Vector, out: Vector): Promise<void>;
}

/** The Hessian of a full-batch loss at the point where it was linearised. */
export interface HessianOperator extends LinearOperator {
  /** Products computed so far. */
  readonly products: number;
}
