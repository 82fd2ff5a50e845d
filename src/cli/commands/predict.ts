// `brink predict RUN…`: the sharpness gap the theory predicts for SGD runs, in absolute terms, beside the measured one.
import type { Command } from "commander";
import { type CommonOptions, examplesFirst, type Host, integerFrom, withRunsDir } from "../host.ts";
import type { PredictOptions } from "../predict/predict.ts";

/** Registers the command. */
export function addPredictCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("predict <run...>")
      .description(
        "continue SGD runs a little, measure α, β and noise at several places, and predict the sharpness gap",
      ),
  )
    .option(
      "--window <steps>",
      "steps of a window, about two periods of the oscillation",
      integerFrom(2),
      200,
    )
    .option("--segments <n>", "windows a run, one after another", integerFrom(1), 3)
    .option("--threads <n>", "threads of the runtime (default: as the run)", integerFrom(1))
    .option("--no-run", "measure nothing, predict from what was measured before")
    .option("--out <dir>", "folder for measurements, table and figure", "prediction")
    .action(async (refs: readonly string[], _options: object, self: Command) => {
      const options = self.optsWithGlobals<CommonOptions & PredictOptions>();
      await host.run(options, async (output) => {
        output.note(`predicting ${refs.join(", ")}`);
        const { predict } = await import("../predict/predict.ts");
        return predict(output, host.argv, refs, options);
      });
    });
  examplesFirst(command, [
    ["brink predict 'gap-fc-tanh-*'", "all batch sizes; gradient descent among them is the reference"],
    ["brink predict RUN --segments 6", "again with more: goes on from what is measured"],
    ["brink predict 'gap-*' --no-run --json", "the numbers again, without computing"],
  ]);
}
