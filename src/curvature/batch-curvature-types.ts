// What curvature along batch gradients is called, and what measuring it takes and gives.
import type { StopRule } from "./estimate.ts";
import type { BatchSampling } from "./noise-batches.ts";
import type { HessianOperator } from "./operator.ts";

/** An average over batches, [L/w²]. */
export interface BatchEstimate {
  readonly mean: number;
  /** Standard error; 0 when every batch was visited. */
  readonly stderr: number;
  /** Batches it is made of. */
  readonly batches: number;
  /** Whether this very value met the requested relative standard error (always for exact ones, never for a fixed number). */
  readonly certified: boolean;
}

/** Which batches, how many, and which averages over them. */
export interface BatchCurvatureOptions {
  readonly batch: number;
  readonly sampling: BatchSampling;
  /**
   * A fixed number of samples, a tolerance, or `all`: every batch with its probability, exact, for tiny n.
   * Default: relative standard error 0.5 % within 10 … 1000 batches, as arXiv 2412.20553 measures.
   * When the batch is the whole data set one batch is enough and the result exact, whatever is asked.
   */
  readonly stop?: StopRule | "all";
  readonly seed?: number;
  /** Separates the random streams of different steps. */
  readonly purpose?: string;
  /** Batch sharpness: a batch Hessian product per batch. Default true. */
  readonly batchSharpness?: boolean;
  /** GNI and interaction-aware sharpness: a full-batch Hessian product per batch. Default false. */
  readonly interaction?: boolean;
  /** The Hessian at θ, when it is linearised already; otherwise it is when needed. */
  readonly hessian?: HessianOperator;
}

/**
 * g_B, H_B: gradient and Hessian of a batch; g, H: of all examples; E: over the sampling. Null means undefined
 * (a vanishing gradient); a quantity that was not asked for is absent. NaN means that a product was not finite.
 */
export interface BatchCurvature {
  readonly batch: number;
  readonly sampling: BatchSampling;
  /** E[g_B·H_B g_B / ‖g_B‖²] (batch sharpness, arXiv 2412.20553), over batches whose gradient does not vanish. */
  readonly meanOfRatios?: BatchEstimate | null;
  /** E[g_B·H_B g_B] / E‖g_B‖². */
  readonly ratioOfMeans?: BatchEstimate | null;
  /** Gradient–noise interaction E[g_B·H g_B] / ‖g‖². Says little where g nearly vanishes. */
  readonly gni?: BatchEstimate | null;
  /** Interaction-aware sharpness E[g_B·H g_B] / E‖g_B‖² (Lee & Jang, ICLR 2023): the full-batch H. */
  readonly interactionAware?: BatchEstimate | null;
}
