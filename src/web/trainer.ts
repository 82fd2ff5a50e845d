// One run under control: advance by steps, pause, rewind, fork. Every pause is a checkpoint, so resuming is exact.
import {
  type Checkpoint,
  type ExperimentConfig,
  lanczosSharpness,
  type Progress,
  runExperiment,
  type RunItem,
} from "../lab/index.ts";
import type { Vector } from "../math/index.ts";
import type { RunEvent, RunSummary } from "../record/index.ts";
import { CheckpointShelf, copyCheckpoint } from "./checkpoints.ts";
import type { Problem } from "./problem.ts";
import type { RunStatus } from "./protocol.ts";

/** Memory for the checkpoints of one run. */
const CHECKPOINT_BYTES = 192 * 2 ** 20;
/** Checkpoints of a run of its full length, apart from those of pauses. */
const REGULAR_CHECKPOINTS = 40;

export interface TrainerOptions {
  readonly problem: Problem;
  readonly theta0: Vector;
  readonly clock: () => number;
  /** Gets every event, in order; may take its time (to let messages in). */
  readonly onEvent: (event: RunEvent) => void | Promise<void>;
  /** Where a fork starts. */
  readonly start?: Checkpoint;
}

/** A run between two steps. Not reentrant: one `advance` or `rewind` at a time. */
export class Trainer {
  readonly config: ExperimentConfig;
  /** Replaced when a device is lost. */
  problem: Problem;
  status: RunStatus = "paused";
  summary: RunSummary | null = null;
  readonly #options: TrainerOptions;
  readonly #shelf = new CheckpointShelf(CHECKPOINT_BYTES);
  #stopping = false;

  constructor(options: TrainerOptions) {
    this.#options = options;
    this.problem = options.problem;
    const { config } = options.problem;
    const every = Math.max(1, Math.ceil(config.steps / REGULAR_CHECKPOINTS));
    // How often checkpoints are taken changes no event.
    this.config = { ...config, checkpoint: { every, keep: 1 } };
    if (options.start !== undefined) this.#shelf.add(options.start);
  }

  /** Steps taken. */
  get step(): number {
    return this.#shelf.last?.step ?? 0;
  }

  /** Parameters where the run stands. */
  get theta(): Vector {
    return this.#shelf.last?.theta ?? this.#options.theta0;
  }

  /** Lets the step in progress finish; `advance` then returns. */
  interrupt(): void {
    this.#stopping = true;
  }

  /** Takes up to `steps` steps (0 measures the initial point, once). Does nothing on a run that has ended. */
  async advance(steps: number): Promise<void> {
    if (this.status === "finished" || this.status === "diverged") return;
    this.#stopping = false;
    this.status = "running";
    const resume = this.#shelf.last && copyCheckpoint(this.#shelf.last);
    const until = (resume?.step ?? 0) + steps;
    let step = resume?.step ?? 0;
    const isStopping = (): boolean => this.#stopping || step >= until;
    const items = runExperiment({
      config: this.config,
      objective: this.problem.objective,
      solveSharpness: lanczosSharpness,
      theta0: this.#options.theta0,
      hasTest: this.problem.dataset.test !== null,
      clock: this.#options.clock,
      resume,
      signal: {
        get aborted() {
          return isStopping();
        },
      },
    });
    try {
      for (;;) {
        const { value: item, done } = await items.next();
        if (done === true) {
          this.#end(item, step);
          return;
        }
        if (item.type === "step") step = item.step;
        await this.#take(item);
      }
    } catch (error) {
      this.status = "paused";
      throw error;
    }
  }

  /** Goes back to the latest checkpoint at or before `step`, and returns its step; `advance` replays the rest. */
  rewind(step: number): number {
    const start = this.#shelf.returnTo(step);
    this.status = "paused";
    return start?.step ?? 0;
  }

  /** Where a run with other settings can start: weights and warm start kept, tallies of this run forgotten. */
  forkPoint(sameBatches: boolean): Checkpoint {
    const last = this.#shelf.last;
    if (last === undefined) throw new Error("a run is measured once before it is forked");
    const { theta, optimizer, eigen, step, progress, sampler } = copyCheckpoint(last);
    return {
      step,
      theta,
      optimizer,
      sampler: sameBatches ? sampler : null,
      eigen,
      // Both belong to the steps before, which were taken at another learning rate.
      previous: null,
      progress: { ...untallied(progress), onset: null, exceeded: null, recent: [], ended: null },
    };
  }

  async #take(item: RunItem): Promise<void> {
    if (item.type === "checkpoint") {
      this.#shelf.add(item.checkpoint);
      this.summary = item.summary;
    } else await this.#options.onEvent(item);
  }

  #end(summary: RunSummary, step: number): void {
    // A state that is not finite is never a checkpoint: nothing could go on from it.
    const lost = summary.status === "interrupted" && this.#shelf.last?.step !== step;
    this.summary = lost ? { ...summary, status: "diverged", message: "a parameter is not finite" } : summary;
    const { status } = this.summary;
    this.status = status === "diverged" ? "diverged" : status === "interrupted" ? "paused" : "finished";
  }
}

/** Progress without what was averaged over a run. */
function untallied(progress: Progress): Progress {
  const entries = Object.entries(progress).filter(([key]) => key !== "series" && key !== "assumptions");
  return Object.fromEntries(entries) as unknown as Progress;
}
