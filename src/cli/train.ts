// One recorded run under the progress line: what `run` and `resume` share.
import type { Checkpoint, RunStore } from "../lab/index.ts";
import type { Vector } from "../math/index.ts";
import { stabilityThreshold } from "../optim/index.ts";
import { isAssumptionWarning, type RunEvent, type RunSummary } from "../record/index.ts";
import type { Problem } from "./assemble.ts";
import type { Output } from "./output.ts";
import { Progress } from "./progress.ts";
import { recordProblem } from "./record-problem.ts";

/** A run and where its record goes. */
export interface TrainOptions {
  /** Id of the run, in JSON lines. */
  readonly run: string;
  /** Its name in the progress line. */
  readonly name: string;
  readonly problem: Problem;
  readonly store: RunStore;
  /** Initial parameters; those of the checkpoint when resuming. */
  readonly theta0: Vector;
  readonly resume?: Checkpoint;
  readonly signal: AbortSignal;
  /** Receives the progress line, so that Ctrl-C's message does not land in the middle of it. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Trains to the end or to the interruption; returns the final summary. */
export async function train(output: Output, options: TrainOptions): Promise<RunSummary> {
  const { run, name, problem, store, theta0, resume, signal } = options;
  const { config } = problem;
  const progress = new Progress(output.io.stderr, {
    now: output.io.now,
    label: name,
    quiet: output.options.quiet,
  });
  options.onProgress?.(progress);
  const threshold = stabilityThreshold(config.optimizer);
  const state: { step: number; loss?: number | null; sharpness: number | null } = {
    step: resume?.step ?? 0,
    sharpness: resume?.progress.sharpness ?? null,
  };
  const note = (event: RunEvent): void => {
    if (event.type === "step") {
      state.step = event.step;
      state.loss = event.loss;
    } else if (event.type === "measurement") {
      if (event.point === "iterate" && event.sharpness !== undefined) state.sharpness = event.sharpness;
      output.json({ run, ...event });
    } else if (event.type === "mark") {
      // The end and the theory's failed assumptions are what the final table says.
      const later = event.kind === "finished" || isAssumptionWarning(event.message);
      if (!output.options.quiet && !later) {
        progress.note(`${name}: step ${event.step}: ${event.kind}, ${event.message}`);
      }
      output.json({ run, ...event });
    }
  };
  try {
    return await recordProblem({ problem, store, theta0, resume, signal, clock: output.io.now }, (event) => {
      note(event);
      progress.update({ ...state, steps: config.steps, threshold });
    });
  } finally {
    progress.done();
  }
}
