// The resolved experiment configuration: plain data, every default filled in. The names are a contract: extend, do not rename.
import type { DataSettings } from "../data/index.ts";
import type { DType } from "../math/index.ts";
import type { LossName, NetConfig } from "../nets/index.ts";
import type { Sampling } from "../optim/index.ts";

export interface OptimizerSpec {
  readonly name: "gd" | "sgd";
  readonly lr: number;
  /** Examples a step (sgd); `gd` always uses all and has `full` here. */
  readonly batch: number | "full";
  readonly sampling: Sampling;
}

/** How a sharpness is solved for. */
export interface SharpnessSpec {
  /** Number of largest eigenvalues. */
  readonly k: number;
  /** Stop when every residual ‖Hu − λu‖ ≤ tol·|λ|. */
  readonly tol: number;
  /** Hessian–vector products allowed a solve. */
  readonly maxProducts: number;
}

/** Which gradient noise is given. All of it is exact, from the projections of every example's gradient. */
export interface NoiseSpec {
  /** Batch sizes; `optimizer`: 1, from which every other follows, and that of a step. */
  readonly batches: readonly number[] | "optimizer";
  /** Random batches of the estimate published measurements use, given beside the exact value; 0 for none. */
  readonly sampled: number;
}

/** Over which batches the curvature along their gradients is averaged. */
export interface BatchSharpnessSpec {
  /** Examples a batch; `optimizer`: as many as a step uses. */
  readonly batch: number | readonly number[] | "optimizer";
  /** Most batches. When there are no more than that in all, each is visited once and the average is exact. */
  readonly batches: number;
  /** Stop before when the relative standard error is at most this; 0: never. */
  readonly tolerance: number;
  readonly sampling: Sampling | "optimizer";
}

/** How the trace of the Hessian is estimated. */
export interface TraceSpec {
  /** Most products. A Hessian of no more dimensions than that is traced exactly. */
  readonly probes: number;
  /** Stop before when the relative standard error is at most this; 0: never. */
  readonly tolerance: number;
}

/** What is measured about the stable sets of cross-entropy. */
export interface StabilitySpec {
  /** Steps between evaluations of the full loss. Exits and returns are seen at every step with 1. */
  readonly every: number;
  /** The conditional drift of the loss at every so many-th of them. */
  readonly drift: DriftSpec | false;
  /** Solve for the margin of the data before the first step. */
  readonly margin: boolean;
}

/** How E[L(θ′) | θ] − L(θ) is found. */
export interface DriftSpec {
  readonly every: number;
  /** Most random batches. When there are no more than that in all, each is visited once; see `StabilityRun`. */
  readonly batches: number;
}

export interface MeasureSpec {
  /** Steps between measurements; 0 measures nothing. */
  readonly every: number;
  /** Shift every second measurement by one step when `every` is even, so that both parities are seen equally. */
  readonly alternate: boolean;
  readonly sharpness: SharpnessSpec | false;
  /** Where the sharpness is measured. */
  readonly point: "iterate" | "midpoint" | "both";
  /** Rayleigh quotients of the last eigenvector between two solves (one product each); 0 for none. */
  readonly rayleigh: number;
  /** Full-batch loss and train accuracy. */
  readonly accuracy: boolean;
  readonly gradNorm: boolean;
  /** ∇S and what follows from it (α, β, κ, δ, ε, …) wherever the sharpness is measured; solves for λ₂ too. */
  readonly landscape: boolean;
  /** Variance of the batch gradient along the top eigenvector, and with `landscape` along ∇S⊥. */
  readonly noise: NoiseSpec | false;
  /** Curvature along batch gradients. */
  readonly batchSharpness: BatchSharpnessSpec | false;
  /** Gradient–noise interaction and interaction-aware sharpness over the batches of `batchSharpness`. */
  readonly interaction: boolean;
  /** Curvature along the gradient of the very batch whose step is taken at the iterate; nothing at midpoints. */
  readonly stepSharpness: boolean;
  /** Edge coupling: curvature along the steps by losses and gradients alone, and the identities it obeys. */
  readonly coupling: boolean;
  /** Stable sets of cross-entropy with large steps: the loss in log space at its own cadence, drift, margin. */
  readonly stability: StabilitySpec | false;
  /** Trace of the Hessian. */
  readonly trace: TraceSpec | false;
  /**
   * Landscape, noise, batch curvature, step sharpness and trace, and with `point: both` the midpoint, at every so many-th
   * measurement and the last. Odd where `alternate` does its work, or one phase of the oscillation would be missed.
   */
  readonly probeEvery: number;
  /** The test split at every so many-th measurement; 0 for never. */
  readonly testEvery: number;
  /** Sharpness records the equilibrium sharpness is the mean of. */
  readonly equilibriumRecords: number;
}

export interface StopSpec {
  /** Stop when the full-batch loss is at most this. */
  readonly loss?: number;
  /** Stop when the measured train accuracy is at least this. */
  readonly accuracy?: number;
  /** Stop when the loss exceeds `divergedFactor`·max(initial loss, 1). A non-finite loss always stops. */
  readonly diverged: boolean;
  readonly divergedFactor: number;
}

export interface CheckpointSpec {
  /** Steps between checkpoints, or `auto`: by elapsed time, about every 20 s. */
  readonly every: number | "auto";
  /** How many to keep. */
  readonly keep: number;
}

/** One experiment, ready to run. Saved with each run as config.yaml. */
export interface ExperimentConfig {
  readonly name: string;
  readonly data: DataSettings;
  readonly net: NetConfig;
  readonly loss: LossName;
  readonly optimizer: OptimizerSpec;
  readonly steps: number;
  readonly seed: number;
  readonly precision: DType;
  readonly device: "cpu" | "webgpu" | "cuda" | "reference";
  /** Threads of the runtime; `auto`: the physical cores. Part of what makes a replay bit-equal. */
  readonly threads: number | "auto";
  /** MiB for intermediate values; decides how many examples a chunk holds, so it too is part of a replay. */
  readonly memory: number;
  readonly measure: MeasureSpec;
  readonly stop: StopSpec;
  readonly checkpoint: CheckpointSpec;
  /** Cartesian product of values by dotted key. Empty once expanded. */
  readonly sweep: Readonly<Record<string, readonly unknown[]>>;
  /** Listed variants: settings by dotted key. Empty once expanded. */
  readonly runs: readonly RunVariant[];
  /** Write a report when all runs of the file are done. */
  readonly report: boolean;
}

/** One listed variant of an experiment. */
export interface RunVariant {
  readonly name: string;
  readonly set: Readonly<Record<string, unknown>>;
}
