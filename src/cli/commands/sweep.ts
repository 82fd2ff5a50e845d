// `brink sweep FILE`: every run of an experiment file in a process of its own, several at once, as often as it takes.
import { type Command, Option } from "commander";
import {
  type CommonOptions,
  devices,
  examplesFirst,
  type Host,
  integerFrom,
  resolvePath,
  withRunsDir,
} from "../host.ts";
import { interruptedExitCode } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { exitCodeOf, type RunResult } from "../results.ts";
import type { SweepRun } from "../sweep/execute.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
  readonly set?: readonly string[];
  readonly device?: string;
  readonly jobs?: number;
  readonly threadsPerJob?: number;
}

/** Registers the command. */
export function addSweepCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("sweep <file>")
      .description("train all runs of an experiment, several at once; run again to complete what is missing"),
  )
    .option(
      "--set <key=value>",
      "override one setting, e.g. optimizer.lr=0.02 (repeatable)",
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option("--jobs <n>", "runs at once (default: cores ÷ threads per job)", integerFrom(1))
    .option(
      "--threads-per-job <n>",
      "threads of each run, part of what it is: another number starts runs anew, --jobs does not (default: threads of the file, else 1)",
      integerFrom(1),
    )
    .addOption(new Option("--device <name>", "where to compute").choices(devices))
    .action(async (file: string, _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => sweep(output, host, file, options));
    });
  examplesFirst(command, [
    ["brink sweep E.yaml", "runs of `sweep:` and `runs:`, one a core"],
    ["brink sweep E.yaml --jobs 2 --threads-per-job 4", "fewer at once, more threads each"],
    ["brink sweep E.yaml", "again: skips what is finished, resumes what is not"],
    ["brink sweep E.yaml --set steps=100 --json", "a short trial, as JSON lines"],
  ]);
}

async function sweep(output: Output, host: Host, file: string, options: Options): Promise<number> {
  const { io } = output;
  output.note(`reading ${file}`);
  const { expandSweep } = await import("../../lab/index.ts");
  const { loadExperiment } = await import("../experiment-file.ts");
  const { pinThreads } = await import("../sweep/plan.ts");
  const { conductSweep } = await import("../sweep/conduct.ts");
  const parsed = loadExperiment(io, file, {
    ...(options.set === undefined ? {} : { set: options.set }),
    ...(options.device === undefined ? {} : { device: options.device }),
  });
  const { runs, notStarted, manifest } = await conductSweep({
    output,
    name: parsed.config.name,
    root: resolvePath(io, options.runsDir),
    variants: pinThreads(expandSweep(parsed), options.threadsPerJob),
    jobs: options.jobs,
    argv: host.argv,
  });
  await summarise(output, runs, notStarted, manifest);
  const statuses = runs.map(({ result }) => result.status);
  return notStarted.length > 0 ? interruptedExitCode : exitCodeOf(statuses);
}

const metrics = [
  { name: "sharpness", title: "S_eq ± sd" },
  { name: "threshold", title: "2/η" },
  { name: "gap", title: "gap to 2/η" },
  { name: "gapToGd", title: "gap to GD" },
  { name: "loss", title: "loss" },
  { name: "testAccuracy", title: "test accuracy" },
] as const;

/** The final table, grouped over seeds, and what went wrong. */
async function summarise(
  output: Output,
  runs: readonly SweepRun[],
  notStarted: readonly string[],
  manifest: string,
): Promise<void> {
  const { gapToGd, groupRuns, groupTable } = await import("../sweep/groups.ts");
  const { summedUp } = await import("../results.ts");
  const records = runs.map(({ planned, result, summary }) => ({
    id: result.run ?? planned.name,
    config: planned.config as unknown as Readonly<Record<string, unknown>>,
    summary,
    steps: [],
    measurements: [],
    marks: [],
  }));
  const gaps = records.map((record) => gapToGd(record, records));
  const compared = runs.map(({ result }, i) => ({
    id: records[i]!.id,
    config: records[i]!.config,
    status: result.status,
    metrics: {
      sharpness: result.equilibriumSharpness,
      threshold: result.threshold,
      gap: result.gap,
      gapToGd: gaps[i]!,
      loss: result.loss,
      testAccuracy: result.testAccuracy,
    },
  }));
  const grouped = groupRuns(
    compared,
    metrics.map(({ name }) => name),
  );
  if (runs.length > 0) output.text(groupTable(grouped, metrics));
  output.below(summedUp(records));
  output.json({
    type: "done",
    manifest,
    runs: runs.map(({ result, skipped }, i) => ({ ...result, gapToGd: gaps[i], skipped })),
    groups: grouped.groups,
    notStarted,
  });
  for (const { result } of runs) if (isBad(result)) output.warn(describeBad(result));
  if (notStarted.length > 0) output.note(`not started: ${notStarted.join(", ")}`);
  const open = notStarted.length > 0 || runs.some(({ result }) => result.status === "interrupted");
  if (open) output.note("go on with the same command");
}

function isBad({ status }: RunResult): boolean {
  return status === "failed" || status === "diverged";
}

function describeBad({ name, dir, status, step, message }: RunResult): string {
  const where = dir === null ? "" : `; record: ${dir}`;
  return `${name} ${status} at step ${step}${message === undefined ? "" : `: ${message}`}${where}`;
}
