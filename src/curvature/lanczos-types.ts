// What an eigensolve is asked for and what it answers.
import type { Vector } from "../math/index.ts";

/** What to compute and when to stop. */
export interface LanczosOptions {
  /** Number of largest eigenvalues wanted. Default 1. */
  readonly k?: number;
  /**
   * Stop when ‖Av − λv‖ ≤ tol·|λ| for each of them. The eigenvalue error is quadratic in this. Default 1e-4. A list
   * gives every pair its own, descending, the last entry standing for the rest.
   */
  readonly tol?: number | readonly number[];
  /**
   * Stop as soon as each eigenvalue is estimated to be this accurate, relatively, although its eigenvector is not:
   * the error of λ is at most residual²/gap (Kato–Temple, gap from the Ritz values), and the last product must
   * have moved it by no more than that. Off by default.
   */
  readonly accuracy?: number;
  /** Products allowed. Default 300. */
  readonly maxProducts?: number;
  /** Eigenvectors to start from (any scaling); random when absent. */
  readonly start?: readonly Vector[];
  /**
   * Length of the random direction mixed into a warm start, relative to it. Default 1e-3, so that an eigenvalue that
   * has overtaken from an orthogonal direction is found. Less saves products where the caller looks for one otherwise.
   */
  readonly startNoise?: number;
  /** Seed of random directions. Default 0. */
  readonly seed?: number;
  /** Basis vectors kept before a restart: bounds memory to this many vectors. Default max(40, 4k). */
  readonly maxBasis?: number;
}

/** Leading eigenpairs, descending, with what is known of their accuracy. */
export interface EigenResult {
  readonly eigenvalues: readonly number[];
  /** Unit eigenvectors (none when the operator returned non-finite values), signs aligned with `start` where given, else largest entry positive. */
  readonly eigenvectors: readonly Vector[];
  /** ‖Av − λv‖₂ of each pair. */
  readonly residuals: readonly number[];
  /** Products used. */
  readonly hvps: number;
  /** Whether every pair met the tolerance (or the accuracy, where asked for). */
  readonly converged: boolean;
}
