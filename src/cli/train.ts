// One recorded run under the progress line: what `run` and `resume` share.
import { type Checkpoint, recordRun, type RunStore } from "../lab/index.ts";
import type { Vector } from "../math/index.ts";
import { stabilityThreshold } from "../optim/index.ts";
import type { RunEvent, RunSummary } from "../record/index.ts";
import { type Problem, solveSharpness } from "./assemble.ts";
import type { Output } from "./output.ts";
import { Progress } from "./progress.ts";

/** A run and where its record goes. */
export interface TrainOptions {
  readonly run: string;
  readonly problem: Problem;
  readonly store: RunStore;
  /** Initial parameters; those of the checkpoint when resuming. */
  readonly theta0: Vector;
  readonly resume?: Checkpoint;
  readonly signal: AbortSignal;
  /** Receives the progress line, so that Ctrl-C's message does not land in the middle of it. */
  readonly onProgress?: (progress: Progress) => void;
}

const longestTurnMs = 50;

/** Trains to the end or to the interruption; returns the final summary. */
export async function train(output: Output, options: TrainOptions): Promise<RunSummary> {
  const { run, problem, store, theta0, resume, signal } = options;
  const { config, objective, dataset } = problem;
  const progress = new Progress(output.io.stderr, {
    now: output.io.now,
    label: run,
    quiet: output.options.quiet,
  });
  options.onProgress?.(progress);
  const threshold = stabilityThreshold(config.optimizer);
  const state = {
    step: resume?.step ?? 0,
    steps: config.steps,
    loss: null as number | null,
    sharpness: resume?.progress.sharpness ?? null,
    threshold,
  };
  const note = (event: RunEvent): void => {
    if (event.type === "step") {
      state.step = event.step;
      state.loss = event.loss;
    } else if (event.type === "measurement") {
      if (event.point === "iterate" && event.sharpness !== undefined) state.sharpness = event.sharpness;
      output.json({ run, ...event });
    } else if (event.type === "mark") {
      if (!output.options.quiet) progress.note(`${run}: ${event.message} (step ${event.step})`);
      output.json({ run, ...event });
    }
  };
  const events = recordRun({
    config,
    objective,
    solveSharpness,
    theta0,
    hasTest: dataset.test !== null,
    clock: output.io.now,
    resume,
    signal,
    store,
    layout: problem.network.layout.entries,
  });
  let turnAt = output.io.now();
  try {
    for (;;) {
      const item = await events.next();
      if (item.done === true) return item.value;
      note(item.value);
      progress.update(state);
      // A step that never leaves the microtask queue (the reference interpreter's) would keep signals waiting.
      if (output.io.now() - turnAt > longestTurnMs) {
        await new Promise(setImmediate);
        turnAt = output.io.now();
      }
    }
  } finally {
    progress.done();
  }
}
