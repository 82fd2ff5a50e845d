// The command-line program: its commands, its help, and how its errors become exit codes.
import { Command, CommanderError } from "commander";
import { didYouMean, InputError } from "../math/index.ts";
import { addCompareCommand } from "./commands/compare.ts";
import { addConfigCommand } from "./commands/config.ts";
import { addDataCommand } from "./commands/data.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addExportSiteCommand } from "./commands/export-site.ts";
import { addLsCommand } from "./commands/ls.ts";
import { addMeasureCommand } from "./commands/measure.ts";
import { addOrbitsCommand } from "./commands/orbits.ts";
import { addPackCommand } from "./commands/pack.ts";
import { addPredictCommand } from "./commands/predict.ts";
import { addReportCommand } from "./commands/report.ts";
import { addReproduceCommand } from "./commands/reproduce.ts";
import { addResumeCommand } from "./commands/resume.ts";
import { addRunCommand } from "./commands/run.ts";
import { addSchemaCommand } from "./commands/schema.ts";
import { addSegmentCommand } from "./commands/segment.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addShowCommand } from "./commands/show.ts";
import { addSimulateCommand } from "./commands/simulate.ts";
import { addStabilityCommand } from "./commands/stability.ts";
import { addSweepCommand } from "./commands/sweep.ts";
import { addTrajectoryCommand } from "./commands/trajectory.ts";
import { addWorkCommand } from "./commands/work.ts";
import { examplesFirst, type Host, outputFor } from "./host.ts";
import type { Io } from "./output.ts";
import { version } from "./version.ts";

const exitCodes = `
Data goes to stdout, everything else to stderr; every command takes --json.
Exit codes: 0 ok, 1 failed, 2 bad usage or configuration, 3 diverged, 130 interrupted.`;

function buildProgram(host: Host): Command {
  const program = new Command("brink")
    .description("A laboratory for training neural networks at the edge of stability.")
    .version(version(), "-V, --version")
    .option("--json", "machine-readable output: one JSON object, or one a line")
    .option("-q, --quiet", "no progress, no notes")
    .option("--no-color", "no colour (also: NO_COLOR)")
    .helpCommand("help [command]", "how to use a command")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.io.stdout.write(text),
      writeErr: (text) => host.io.stderr.write(text),
      // Thrown as CommanderError too; printed once, by runCommandLine, in the form --json asks for.
      outputError: () => {},
    })
    .addHelpText("after", exitCodes);
  examplesFirst(program, [
    ["brink run experiments/headline.yaml", "train, watch the sharpness, keep a record"],
    ["brink run E.yaml --set optimizer.lr=0.02 --report", "change a setting, write figures"],
    ["brink sweep E.yaml", "all runs of a sweep, one a core; again: what is missing"],
    ["brink resume RUN", "go on after an interruption, to the same bits"],
    ["brink measure --config E.yaml --params P.safetensors --json", "curvature of any parameters, once"],
    ["brink reproduce fig2", "a figure of the sharpness-gap paper, its numbers beside ours"],
    ["brink report runs/*", "one page with figures of several runs"],
    ["brink serve --open", "all runs in the browser, live while they train"],
  ]);
  for (const add of [
    addRunCommand,
    addSweepCommand,
    addResumeCommand,
    addMeasureCommand,
    addSimulateCommand,
    addTrajectoryCommand,
    addPredictCommand,
    addSegmentCommand,
    addOrbitsCommand,
    addStabilityCommand,
    addReportCommand,
    addReproduceCommand,
    addCompareCommand,
    addLsCommand,
    addShowCommand,
    addPackCommand,
    addServeCommand,
    addExportSiteCommand,
    addConfigCommand,
    addSchemaCommand,
    addDataCommand,
    addDoctorCommand,
    addWorkCommand,
  ]) {
    add(program, host);
  }
  return program;
}

/**
 * Runs one command.
 *
 * @param argv arguments after the program's name
 * @returns the process exit code: 0 ok, 1 failed, 2 bad usage or configuration, 3 diverged, 130 interrupted
 */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = buildProgram({
    io,
    argv,
    async run(options, body) {
      exitCode = await body(outputFor(io, options));
    },
  });
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    const output = outputFor(io, {
      json: argv.includes("--json"),
      color: !argv.includes("--no-color"),
    });
    if (!(error instanceof CommanderError)) return output.error(error);
    // `--help` and `--version` end the parse by an error too.
    if (error.exitCode === 0) return 0;
    return output.error(usageError(error, program, argv));
  }
}

/** Commander's message as an InputError: one sentence, the nearest name, and where to read on. */
function usageError(error: CommanderError, program: Command, argv: readonly string[]): InputError {
  const named = program.commands.find((command) => argv.includes(command.name()));
  const help = named === undefined ? "See: brink --help" : `See: brink ${named.name()} --help`;
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest.find((line) => line.startsWith("(Did you mean"))?.slice(1, -1);
  if (error.code === "commander.help") return new InputError("a command is missing", { hint: help });
  const unknown = /^unknown command '(.*)'/.exec(first)?.[1];
  const names = (named ?? program).commands.map((command) => command.name());
  const guess = suggestion ?? (unknown === undefined ? undefined : didYouMean(unknown, names));
  return new InputError(first.replace(/\.$/, ""), {
    hint: guess === undefined ? help : `${guess} ${help}`,
  });
}
