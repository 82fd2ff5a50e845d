// `brink compare RUN…`: what differs between runs, the numbers they ended with, and mean ± sd over seeds.
import type { Command } from "commander";
import { type CommonOptions, examplesFirst, type Host, withRunsDir } from "../host.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
  readonly groupBy?: readonly string[];
  readonly metric?: readonly string[];
}

/** Registers the command. */
export function addCompareCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("compare <run...>")
      .description("what differs between runs, and their numbers side by side"),
  )
    .option(
      "--group-by <keys>",
      "settings to group by, e.g. optimizer.batch (default: all but the seed)",
      list,
    )
    .option(
      "--metric <names>",
      "numbers to show: S_eq, stderr, gap, gapToGd, loss, or any measured one",
      list,
    )
    .action(async (refs: string[], _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, async (output) => {
        output.note(`reading ${refs.join(", ")}`);
        const { compare } = await import("../sweep/comparison.ts");
        return compare(output, refs, {
          runsDir: options.runsDir,
          by: options.groupBy,
          metrics: options.metric,
        });
      });
    });
  examplesFirst(command, [
    ["brink compare runs/gap-*", "a table of runs, then one grouped over seeds"],
    ["brink compare runs/sweeps/gap", "the runs of a sweep"],
    ["brink compare 'gap-*' --group-by optimizer.batch", "mean ± sd for each batch size"],
    ["brink compare 'gap-*' --metric S_eq,gradNorm --json", "chosen numbers, for a program"],
  ]);
}

/** Comma-separated; the option may be repeated. */
function list(text: string, previous: readonly string[] = []): string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return [...previous, ...names];
}
