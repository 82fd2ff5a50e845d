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
