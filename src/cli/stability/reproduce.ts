// `brink reproduce large-steps-…`: the experiments of the paper on large steps with cross-entropy, from training to report.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { resolvePath } from "../host.ts";
import { interruptedExitCode } from "../interrupt.ts";
import { Output } from "../output.ts";
import type { Scale } from "../reproduce/campaigns.ts";
import type { ReproduceOptions } from "../reproduce/reproduce.ts";
import { findRuns } from "../run-refs.ts";
import { reportStability } from "./report.ts";
import { trainVariants } from "./train.ts";
import { stabilityVariants } from "./variants.ts";

/** The experiments by name: what the report is called, and the part of the paper it stands beside. */
const EXPERIMENTS: Readonly<Record<string, { readonly title: string; readonly file: string }>> = {
  "large-steps-linear": { title: "Large steps: linear model on separable Gaussians", file: "linear.yaml" },
  "large-steps-mnist": { title: "Large steps: two-layer mean-field network on MNIST", file: "mnist.yaml" },
  "large-steps-cifar10": { title: "Large steps: eight-layer GELU network on CIFAR-10", file: "cifar10.yaml" },
};

/** Names a user can give. */
export const LARGE_STEPS: readonly string[] = Object.keys(EXPERIMENTS);

/** Absolute path of an experiment file, which is part of the package. */
export function largeStepsFile(name: string, scale: Scale): string {
  const { file } = EXPERIMENTS[name]!;
  const named = scale === "quick" ? `quick-${file}` : file;
  return fileURLToPath(new URL(`../../../experiments/large-steps/${named}`, import.meta.url));
}

/**
 * Trains what is missing of an experiment (one of `LARGE_STEPS`) and reports on all of it; under `from`, on those runs.
 *
 * @returns the exit code: that of the worst run trained here
 */
export async function reproduceLargeSteps(
  output: Output,
  argv: readonly string[],
  name: string,
  options: ReproduceOptions,
): Promise<number> {
  const { io } = output;
  const { title } = EXPERIMENTS[name]!;
  const { scale, seeds, set = [], from } = options;
  const command = ["brink", ...argv].join(" ");
  const out = path.join(resolvePath(io, options.out), `${name}-${from === undefined ? scale : "own"}`);
  if (from !== undefined) {
    const folders = findRuns(io, options.runsDir, from);
    await reportStability(output, { title, command, folders, out });
    return 0;
  }
  const seedList = Array.from({ length: seeds ?? 0 }, (_, seed) => seed).join(", ");
  const overrides = [...(seeds === undefined ? [] : [`sweep.seed=[${seedList}]`]), ...set];
  const { name: experiment, variants } = stabilityVariants(io, largeStepsFile(name, scale), {
    set: overrides,
  });
  // stdout is for the report: what the runs themselves say stays out of it.
  const quiet = new Output(io, { ...output.options, json: false });
  const { folders, code } = await trainVariants(quiet, {
    name: experiment,
    variants,
    root: resolvePath(io, options.runsDir),
    jobs: options.jobs,
    argv,
    train: options.run,
  });
  if (code === interruptedExitCode) return code;
  await reportStability(output, { title: `${title} (${scale})`, command, folders, out });
  return code;
}
