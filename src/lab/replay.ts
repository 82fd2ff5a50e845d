// The iterates of a run again, from a checkpoint or from its start, with nothing measured on the way.
import type { ExampleObjective } from "../curvature/index.ts";
import { RunError, type Vector } from "../math/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import type { Checkpoint } from "./run-types.ts";
import { runExperiment } from "./runner.ts";

export interface ReplayOptions {
  /** The run's own configuration: its replay has the same bits. */
  readonly config: ExperimentConfig;
  readonly objective: ExampleObjective;
  /** Where to go on from, or the initial parameters. */
  readonly from: Checkpoint | Vector;
  /** Called after every step. */
  readonly onStep?: (step: number) => void;
}

/**
 * θ_first … θ_last, each a view that the next step overwrites. Runs the training loop itself, so that batches, updates
 * and rounding are those of the run.
 *
 * @throws RunError when the run diverges before `last`
 */
export async function* replay(
  { config, objective, from, onStep }: ReplayOptions,
  first: number,
  last: number,
): AsyncGenerator<{ readonly step: number; readonly theta: Vector }, void> {
  const resume = "theta" in from ? { ...from, progress: { ...from.progress, ended: null } } : undefined;
  if (resume !== undefined && resume.step >= first) yield { step: resume.step, theta: resume.theta };
  if (resume !== undefined && resume.step >= last) return;
  const quiet: ExperimentConfig = {
    ...config,
    // One step more than is asked for: the runner ends a run by measuring its last point.
    steps: last + 1,
    measure: { ...config.measure, every: 0, rayleigh: 0, point: "iterate", stability: false },
    stop: { diverged: false, divergedFactor: config.stop.divergedFactor },
    checkpoint: { ...config.checkpoint, every: 1 },
  };
  const items = runExperiment({
    config: quiet,
    objective,
    solveSharpness: lanczosSharpness,
    theta0: "theta" in from ? from.theta : from,
    hasTest: false,
    clock: () => 0,
    ...(resume === undefined ? {} : { resume }),
  });
  for await (const item of items) {
    if (item.type !== "checkpoint") continue;
    const { step, theta } = item.checkpoint;
    onStep?.(step);
    if (step >= first) yield { step, theta };
    if (step >= last) return;
  }
  throw new RunError("the run diverged before that step", { field: "step", received: String(last) });
}
