// Training what is missing of some variants, and the folders of those that have a record to report on.
import { InputError } from "../../math/index.ts";
import { interruptedExitCode } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { exitCodeOf } from "../results.ts";
import { conductSweep, existingRuns } from "../sweep/conduct.ts";
import type { Variant } from "../sweep/plan.ts";

/** Runs wanted, and where they are kept. */
export interface TrainRequest {
  readonly name: string;
  readonly variants: readonly Variant[];
  /** Absolute folder that holds runs. */
  readonly root: string;
  readonly jobs?: number | undefined;
  readonly argv: readonly string[];
  /** False: only look for what is there. */
  readonly train: boolean;
}

/** Absolute folders of the runs that ended, and the exit code of the worst trained here. */
export interface TrainedVariants {
  readonly folders: readonly string[];
  readonly code: number;
}

/** @throws InputError when there is no run to report on */
export async function trainVariants(output: Output, request: TrainRequest): Promise<TrainedVariants> {
  const { name, variants, root, jobs, argv } = request;
  let code = 0;
  if (request.train) {
    const { runs, notStarted } = await conductSweep({ output, name, root, variants, jobs, argv });
    for (const { result } of runs) {
      if (result.status !== "failed" && result.status !== "diverged") continue;
      output.warn(
        `${result.name} ${result.status} at step ${result.step}: ${result.message ?? "see its record"}`,
      );
    }
    code = exitCodeOf(runs.map(({ result }) => result.status));
    if (notStarted.length > 0 || code === interruptedExitCode) {
      output.note("go on with the same command");
      return { folders: [], code: interruptedExitCode };
    }
  }
  const planned = await existingRuns(root, name, variants);
  const folders = planned.flatMap(({ existing }) => (existing?.summary ? [existing.dir] : []));
  if (folders.length > 0) return { folders, code };
  throw new InputError("no run to report on", { hint: "Leave out --no-run to train them" });
}
