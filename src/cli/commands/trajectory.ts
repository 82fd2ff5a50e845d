// `brink trajectory FILE`: real (S)GD, the constrained trajectory, the predicted dynamics and the gradient flow from the onset of the edge.
import path from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { InputError, didYouMean } from "../../math/index.ts";
import { PREDICTED_FORMS, type PredictedForm } from "../../theory/index.ts";
import {
  type CommonOptions,
  type ConfigOptions,
  examplesFirst,
  type Host,
  integerFrom,
  positiveNumber,
  resolvePath,
  withConfigOptions,
} from "../host.ts";
import { interruptedExitCode, withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import type { TrackedEnsemble } from "../trajectory/session.ts";

interface Options extends CommonOptions, ConfigOptions {
  readonly params?: string;
  readonly steps: number;
  readonly kick?: number;
  readonly forms: readonly PredictedForm[];
  readonly flow: boolean;
  readonly separateNoise?: boolean;
  readonly repeats?: number;
  readonly responseEvery: number;
  readonly figures: boolean;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
}

/** Registers the command. */
export function addTrajectoryCommand(program: Command, host: Host): void {
  const command = withConfigOptions(
    program
      .command("trajectory <file>")
      .description("track real training beside the reference trajectory θ† and the predicted dynamics")
      .option("--params <file>", "parameters to search the onset from (default: the initial ones)")
      .option("--steps <n>", "steps to track; the file's own steps bound the search", integerFrom(1), 300)
      .option("--kick <x>", "start at θ† + x·δ·u, so that the oscillation need not grow", positiveNumber)
      .option("--forms <list>", `of ${PREDICTED_FORMS.join(", ")}`, formList, ["generalised", "enhanced"])
      .option("--no-flow", "leave the gradient flow out")
      .option("--separate-noise", "drive the predictions by the noise of a second SGD run")
      .option(
        "--repeats <n>",
        "n SGD runs along one θ†: the mean-field closure and the predicted gap",
        integerFrom(2),
      )
      .option("--response-every <n>", "start a new β_{s→t} every n steps (0: none)", integerFrom(0), 50)
      .option("--no-figures", "write the record only")
      .option("--out <dir>", "folder of the record (default: trajectory-NAME)")
      .option("--overwrite", "replace a record that is there already")
      .option("--resume", "go on with the tracked run in that folder, with its settings, up to --steps"),
  ).action(async (file: string, _options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, (output) => trajectory(output, host, file, options));
  });
  examplesFirst(command, [
    ["brink trajectory experiments/trajectory/chebyshev.yaml", "onset, then 300 steps; a minute"],
    ["brink trajectory E.yaml --steps 1000 --kick 0.8", "a whole cycle, from 0.8·δ"],
    ["brink trajectory E.yaml --set optimizer.name=sgd --set optimizer.batch=128", "with SGD's own noise"],
    [
      "brink trajectory experiments/trajectory/meanfield.yaml --repeats 10 --kick 0.8 --steps 1000",
      "the mean-field closure over ten runs; minutes",
    ],
    ["brink trajectory E.yaml --resume --steps 600", "go on after Ctrl-C, or longer"],
    ["brink trajectory E.yaml --params trajectory-NAME/onset.safetensors --out again", "no second search"],
  ]);
}

function formList(text: string): readonly PredictedForm[] {
  return text.split(",").map((part) => {
    const form = PREDICTED_FORMS.find((name) => name === part.trim());
    if (form !== undefined) return form;
    const guess = didYouMean(part, PREDICTED_FORMS);
    throw new InvalidArgumentError(`Expected some of ${PREDICTED_FORMS.join(", ")}. ${guess ?? ""}`);
  });
}

async function trajectory(output: Output, host: Host, file: string, options: Options): Promise<number> {
  const { io } = output;
  output.note(`reading ${file}`);
  const { loadExperiment, singleRun } = await import("../experiment-file.ts");
  const config = singleRun(loadExperiment(io, file, options).config, file, "tracking");
  const { separateNoise = false } = options;
  if (separateNoise && config.optimizer.name === "gd") {
    throw new InputError("gradient descent has no noise to take from a second run", {
      field: "--separate-noise",
      hint: "Use --set optimizer.name=sgd",
    });
  }
  if (options.repeats !== undefined && config.optimizer.name === "gd") {
    throw new InputError("runs of gradient descent would all be the same", {
      field: "--repeats",
      received: String(options.repeats),
      hint: "Use --set optimizer.name=sgd and a batch size",
    });
  }
  const { TrajectoryRecord } = await import("../trajectory/record.ts");
  const { TrajectorySession } = await import("../trajectory/session.ts");
  const folder = options.out ?? `trajectory-${config.name}`;
  const record = new TrajectoryRecord(
    resolvePath(io, folder),
    options.overwrite === true || options.resume === true,
  );
  const { loadTrack } = await import("../trajectory/state-file.ts");
  const saved = options.resume === true ? loadTrack(record.folder) : null;
  const session = new TrajectorySession({ output, config, record, argv: host.argv });
  try {
    const ended = await withInterrupt(
      {
        source: process,
        now: io.now,
        onFirst: () => session.note("finishing the step; press Ctrl-C again to stop now"),
      },
      async (signal) => {
        if (saved !== null) return session.resume(saved, { steps: options.steps, signal });
        const onset = await session.search(options.params, signal);
        if (onset === null) return null;
        const { repeats, kick, steps, forms } = options;
        if (repeats !== undefined) {
          const form = forms.find((each) => each === "enhanced") ?? forms[0]!;
          const settings = { repeats, steps, form, signal, ...(kick === undefined ? {} : { kick }) };
          return session.ensemble(onset, settings);
        }
        return session.track(onset, { ...options, separateNoise, signal });
      },
    );
    if (ended === null) {
      output.note("interrupted before the onset of the edge; nothing to track yet");
      return interruptedExitCode;
    }
    const { end } = ended;
    output.json({ type: "done", ...end, dir: folder, ...ended.summary });
    if ("settings" in ended) await showEnsemble(output, ended);
    else if (ended.summary !== null) {
      const { noiseWarning, trajectoryText } = await import("../trajectory/table.ts");
      output.text(trajectoryText(ended.summary, end));
      const noise = noiseWarning(ended.summary);
      if (noise !== null) output.warn(noise);
    }
    if (end.status === "stopped") output.warn(`stopped after ${end.step} steps: ${end.message}`);
    if (options.figures && ended.steps.length > 1) {
      const { writeMeanFieldFigure, writeTrajectoryFigures } = await import("../trajectory/figures.ts");
      const undrawn =
        "settings" in ended
          ? writeMeanFieldFigure(record.folder, ended.steps, ended.settings)
          : writeTrajectoryFigures(record.folder, ended.steps, config.optimizer.lr);
      for (const name of undrawn) output.warn(`could not draw ${name}`);
    }
    if (end.status === "interrupted" && options.repeats === undefined) {
      output.note("the same command with --resume goes on");
    }
    output.note(`record: ${path.relative(io.cwd, record.folder) || "."}`);
    return end.status === "interrupted" ? interruptedExitCode : end.status === "diverged" ? 3 : 0;
  } finally {
    record.close();
    await session.close();
  }
}

async function showEnsemble(output: Output, { end, summary }: TrackedEnsemble): Promise<void> {
  const { meanFieldText } = await import("../trajectory/meanfield.ts");
  if (summary !== null) output.text(`${meanFieldText(summary)}${end.status}: ${end.message}`);
}
