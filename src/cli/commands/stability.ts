// `brink stability FILE`: cross-entropy with large steps, trained where it is not yet, and what the theory says about it.
import type { Command } from "commander";
import { InputError } from "../../math/index.ts";
import {
  type CommonOptions,
  type ConfigOptions,
  examplesFirst,
  type Host,
  integerFrom,
  resolvePath,
  withConfigOptions,
  withRunsDir,
} from "../host.ts";
import { interruptedExitCode } from "../interrupt.ts";
import { Output } from "../output.ts";

interface Options extends CommonOptions, ConfigOptions {
  readonly runsDir: string;
  readonly jobs?: number;
  readonly run: boolean;
  readonly from?: readonly string[];
  readonly out?: string;
  readonly figures: boolean;
}

/** Registers the command. */
export function addStabilityCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    withConfigOptions(
      program
        .command("stability [file]")
        .description(
          "cross-entropy with large steps: stable sets, drift of the loss, entrances, exits and returns, rates and their bounds",
        ),
    ),
  )
    .option("--jobs <n>", "runs at once (default: one a core)", integerFrom(1))
    .option("--no-run", "train nothing, report on what is finished")
    .option("--from <run...>", "report on these runs instead: ids, paths or patterns")
    .option("--out <dir>", "folder of the report (default: stability-NAME)")
    .option("--no-figures", "print only")
    .action(async (file: string | undefined, _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => stability(output, host, file, options));
    });
  examplesFirst(command, [
    [
      "brink stability experiments/large-steps/quick-linear.yaml",
      "18 runs of a linear model, then the report",
    ],
    ["brink stability E.yaml --set optimizer.lr=10 --json", "one setting of your own, as JSON"],
    ["brink stability E.yaml", "again: trains what is missing, reports on all"],
    ["brink stability --from 'mine-*' --out figures", "runs with measure.stability that are there"],
  ]);
}

async function stability(
  output: Output,
  host: Host,
  file: string | undefined,
  options: Options,
): Promise<number> {
  const { io } = output;
  const { reportStability } = await import("../stability/report.ts");
  const { findRuns } = await import("../run-refs.ts");
  const command = ["brink", ...host.argv].join(" ");
  if (options.from !== undefined) {
    if (file !== undefined) {
      throw new InputError("either a file or --from, not both", { received: `${file} and --from` });
    }
    const folders = findRuns(io, options.runsDir, options.from);
    const out = options.figures ? resolvePath(io, options.out ?? "stability-own") : null;
    await reportStability(output, { title: "Large steps: runs of your own", command, folders, out });
    return 0;
  }
  if (file === undefined) {
    throw new InputError("an experiment file is missing", { hint: "Or name runs with --from" });
  }
  output.note(`reading ${file}`);
  const { stabilityVariants } = await import("../stability/variants.ts");
  const { trainVariants } = await import("../stability/train.ts");
  const { name, variants } = stabilityVariants(io, file, options);
  // stdout is for the report: what the runs themselves say stays out of it.
  const quiet = new Output(io, { ...output.options, json: false });
  const { folders, code } = await trainVariants(quiet, {
    name,
    variants,
    root: resolvePath(io, options.runsDir),
    jobs: options.jobs,
    argv: host.argv,
    train: options.run,
  });
  if (code === interruptedExitCode) return code;
  const out = options.figures ? resolvePath(io, options.out ?? `stability-${name}`) : null;
  await reportStability(output, { title: `Large steps: ${name}`, command, folders, out });
  return code;
}
