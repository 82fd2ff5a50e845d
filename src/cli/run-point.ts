// Where a command that looks at one point of a run begins: its folder and one of its checkpoints.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { InputError } from "../math/index.ts";
import { checkpointName, checkpointStep, RUN_FILES } from "../record/index.ts";
import type { Io } from "./output.ts";
import { findRun } from "./run-refs.ts";

/** A run's folder and configuration file, and a checkpoint of it; all paths absolute. */
export interface RunPoint {
  readonly dir: string;
  readonly config: string;
  /** Step of the checkpoint, and its file. */
  readonly step: number;
  readonly file: string;
}

/**
 * The latest checkpoint of a run at or before `step` (default: the latest).
 *
 * @throws InputError when there is no such run, or no checkpoint that early
 */
export function runPoint(io: Io, runsDir: string, ref: string, step: number = Infinity): RunPoint {
  const dir = findRun(io, runsDir, ref);
  const steps = checkpointSteps(dir);
  const found = steps.findLast((each) => each <= step);
  if (found === undefined) {
    throw new InputError("the run has no checkpoint at or before that step", {
      file: ref,
      received: step === Infinity ? "none at all" : `step ${step}`,
      ...(steps.length === 0 ? {} : { allowed: `from step ${steps[0]!}` }),
      hint: "Keep more of them with checkpoint.every and checkpoint.keep",
    });
  }
  return {
    dir,
    config: path.join(dir, RUN_FILES.config),
    step: found,
    file: path.join(dir, RUN_FILES.checkpoints, checkpointName(found)),
  };
}

/** Steps of a run's checkpoints, ascending. */
function checkpointSteps(dir: string): number[] {
  const folder = path.join(dir, RUN_FILES.checkpoints);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map(checkpointStep)
    .filter((step) => step !== null)
    .toSorted((a, b) => a - b);
}
