// `brink reproduce NAME`: a figure of the sharpness-gap paper, from training to the table of its numbers beside ours.
import { type Command, Option } from "commander";
import { type CommonOptions, examplesFirst, type Host, integerFrom, withRunsDir } from "../host.ts";
import type { ReproduceOptions } from "../reproduce/reproduce.ts";

type Options = CommonOptions & ReproduceOptions;

/** Registers the command. */
export function addReproduceCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("reproduce <name>")
      .description(
        "a figure of the stochastic sharpness gap paper: fig1 to fig7, fig9, eta-scaling (fig8), fc-relu, " +
          "fig2-without, fig4-without, or all of these; or the experiments of the large-steps paper: large-steps-linear, " +
          "large-steps-mnist, large-steps-cifar10",
      ),
  )
    .addOption(
      new Option("--scale <scale>", "minutes on two cores, or the paper's size")
        .choices(["quick", "full"])
        .default("quick"),
    )
    .option("--out <dir>", "folder for the figures, one folder each", "reproduced")
    .option("--seeds <n>", "seeds 0 to n−1 in place of the experiment's", integerFrom(1))
    .option("--jobs <n>", "runs at once (default: one a core)", integerFrom(1))
    .option("--no-run", "train nothing, draw what is finished")
    .option("--from <run...>", "draw these runs instead: ids, paths or patterns")
    .option(
      "--set <key=value>",
      "override one setting of the experiments (repeatable)",
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .action(async (name: string, _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, async (output) => {
        const { LARGE_STEPS, reproduceLargeSteps } = await import("../stability/reproduce.ts");
        if (LARGE_STEPS.includes(name)) return reproduceLargeSteps(output, host.argv, name, options);
        const { figuresNamed } = await import("../reproduce/registry.ts");
        const figures = figuresNamed(name);
        output.note(`reproducing ${figures.map((figure) => figure.name).join(", ")} (${options.scale})`);
        const { reproduce } = await import("../reproduce/reproduce.ts");
        return reproduce(output, host.argv, figures, options);
      });
    });
  examplesFirst(command, [
    ["brink reproduce fig2", "train what is missing, draw, print paper | Brink"],
    ["brink reproduce all --scale full --jobs 2", "everything at the paper's size; again: goes on"],
    ["brink reproduce fig4 --scale full --no-run", "from the runs that are there"],
    ["brink reproduce fig7 --from 'mine-*'", "the same figure of your own experiment"],
  ]);
}
