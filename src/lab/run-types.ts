// What the runner needs from outside (solver, store, clock) and what it hands out (events, checkpoints).
import type { ExampleObjective, HessianOperator, Objective } from "../curvature/index.ts";
import type { Vector } from "../math/index.ts";
import type { ResolvedNet } from "../nets/index.ts";
import type { SamplerState, UpdateState } from "../optim/index.ts";
import type { MeasuredState, RunEvent, RunSummary, TensorFile } from "../record/index.ts";
import type { Backend } from "../runtime/index.ts";
import type { DriftThreads } from "../theory/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import type { CouplingCheckpoint } from "./coupling-run.ts";

/** Leading eigenpairs of the last solve, kept as the warm start of the next; eigenvalues descending. */
export interface EigenState {
  readonly eigenvalues: readonly number[];
  /** Unit vectors of θ's length and precision. */
  readonly eigenvectors: readonly Vector[];
}

export interface SharpnessOptions {
  readonly k: number;
  /** One for all pairs, or one each, descending. */
  readonly tol: number | readonly number[];
  readonly maxProducts: number;
  /** Seed of the start vector when there is no warm start. */
  readonly seed: number;
  /** The Hessian at θ, linearised already. */
  readonly hessian?: HessianOperator;
}

export interface SharpnessResult extends EigenState {
  /** ‖Hu − λu‖ of each pair. */
  readonly residuals: readonly number[];
  readonly hvps: number;
  readonly converged: boolean;
}

/**
 * Finds the k largest eigenvalues of the full-batch Hessian at θ. Must be a function of its arguments alone
 * (no state between calls), or a resumed run would not repeat an uninterrupted one.
 */
export type SharpnessSolver = (
  objective: Objective,
  theta: Vector,
  warm: EigenState | null,
  options: SharpnessOptions,
) => Promise<SharpnessResult>;

/** Where one parameter tensor sits in θ; the entries of a `ParameterLayout` of nets are such. */
export interface LayoutEntry {
  /** PyTorch name, `0.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in θ; entries are contiguous and in order. */
  readonly offset: number;
}

/** The optimiser's whole state after a step: what a resumed run starts from. */
export interface Checkpoint {
  readonly step: number;
  readonly theta: Vector;
  readonly optimizer: UpdateState;
  readonly sampler: SamplerState | null;
  readonly eigen: EigenState | null;
  /** θ_{t−1} at this step t, when the midpoint of t is due after the next step. */
  readonly previous: Vector | null;
  /** Edge coupling so far, when it is measured. */
  readonly coupling?: CouplingCheckpoint;
  readonly progress: Progress;
}

/** One solve: its step, and the sharpness, null when it was not finite. */
export type SharpnessRecord = readonly [step: number, sharpness: number | null];

/** Counters that travel with a checkpoint; plain JSON, and free of times, so that equal runs have equal files. */
export interface Progress extends MeasuredState {
  /** Lines of events.jsonl this checkpoint accounts for; later ones are discarded on resume. */
  readonly events: number;
  /** Hessian–vector products so far. */
  readonly hvps: number;
  /** Last full-batch loss (of the last step when nothing is measured), and the first loss seen. */
  readonly loss: number | null;
  readonly initialLoss: number | null;
  /** Last solved sharpness and measured accuracies. */
  readonly sharpness: number | null;
  readonly accuracy: number | null;
  readonly testAccuracy: number | null;
  /** Step of the first S ≥ threshold. */
  readonly onset: number | null;
  /** Step at which the loss first exceeded the divergence limit. */
  readonly exceeded: number | null;
  /** Sharpness solves so far, oldest first: the recent ones all, earlier ones thinned when there are thousands. */
  readonly recent: readonly SharpnessRecord[];
  /** Set once the run has ended. */
  readonly ended: "finished" | null;
}

/** Yielded when a checkpoint is due. The vectors are live: use them before asking for the next item. */
export interface CheckpointItem {
  readonly type: "checkpoint";
  readonly checkpoint: Checkpoint;
  readonly summary: RunSummary;
}

/** What the runner yields: events for the record, and checkpoints to save. */
export type RunItem = RunEvent | CheckpointItem;

/** A classification problem as measuring stable sets sees it, whatever executes the network. */
export interface Classifier {
  /** n×d training inputs, and the class of each. */
  readonly inputs: Vector;
  readonly labels: Int32Array;
  readonly classes: number;
  readonly net: ResolvedNet;
  /** Outputs on the training examples, n×classes. */
  readonly outputs: (theta: Vector) => Promise<Vector>;
  /** Where products of n×n matrices are worth computing, as the exact drift of the linear model takes them. */
  readonly backend?: Backend;
  /** Other threads that may share that work. */
  readonly driftThreads?: DriftThreads | undefined;
}

/** Everything a run depends on. */
export interface RunOptions {
  readonly config: ExperimentConfig;
  readonly objective: ExampleObjective;
  readonly solveSharpness: SharpnessSolver;
  /** Initial parameters; copied. Ignored when `resume` is given. */
  readonly theta0: Vector;
  /** The examples and the network's outputs on them; needed with `measure.stability`. */
  readonly classifier?: Classifier | undefined;
  /** Whether the objective has a test split. */
  readonly hasTest: boolean;
  /** Milliseconds from any origin; decides only when checkpoints are due and what `seconds` says. */
  readonly clock: () => number;
  /** Seconds the sessions before this one took, for the summary. Default 0. */
  readonly secondsBefore?: number;
  /** Where to go on; its vectors are taken over, not copied. */
  readonly resume?: Checkpoint | undefined;
  /** Aborting finishes the step in progress, yields a checkpoint and ends as `interrupted`. */
  readonly signal?: StopSignal | undefined;
}

/** The part of an AbortSignal the runner looks at (once a step). */
export interface StopSignal {
  readonly aborted: boolean;
}

/** Where a run's record goes. Implemented on disk by `node`, in a browser by its storage. */
export interface RunStore {
  /** Seconds in the summary the store held when it was opened; 0 for a new run. */
  readonly secondsBefore: number;
  /** Adds one event; may buffer. */
  append(event: RunEvent): void;
  /** Writes buffered events out. */
  flush(): Promise<void>;
  /** Makes all events durable, then the checkpoint; older ones beyond `keep` are removed. */
  saveCheckpoint(step: number, file: TensorFile, keep: number): Promise<void>;
  /** Makes all events durable, then replaces the summary. */
  saveSummary(summary: RunSummary): Promise<void>;
}
