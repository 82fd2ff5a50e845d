// `brink sweep FILE`: every run of an experiment file in a process of its own, several at once, as often as it takes.
import path from "node:path";
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
import { interruptedExitCode, type SignalSource, withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { exitCodeOf, type RunResult } from "../results.ts";
import type { Job } from "../../node/jobs.ts";
import type { SweepRun } from "../sweep/execute.ts";
import type { Manifest } from "../sweep/manifest.ts";
import type { PlannedRun, Variant } from "../sweep/plan.ts";

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
      "threads of each run; decides its bits, --jobs does not (default: threads of the file, else 1)",
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
  const { Manifest } = await import("../sweep/manifest.ts");
  const parsed = loadExperiment(io, file, {
    ...(options.set === undefined ? {} : { set: options.set }),
    ...(options.device === undefined ? {} : { device: options.device }),
  });
  const variants = pinThreads(expandSweep(parsed), options.threadsPerJob);
  const root = resolvePath(io, options.runsDir);
  const unfinished = await unfinishedBeforehand(root, parsed.config.name, variants);
  const { checkVariants } = await import("../sweep/check.ts");
  await checkVariants(output, unfinished);
  const manifest = await Manifest.open(root, parsed.config.name, (what) =>
    output.warn(`the sweep's manifest is damaged and is rebuilt from the run folders (${what})`),
  );
  try {
    return await carryOut(output, host, options, { name: parsed.config.name, root, variants, manifest });
  } finally {
    await manifest.close();
  }
}

/** The variants that are not over yet: what has to be checked before the folder of the sweep is even made. */
async function unfinishedBeforehand(
  root: string,
  name: string,
  variants: readonly Variant[],
): Promise<readonly Variant[]> {
  const { readManifest, sweepFolder } = await import("../sweep/manifest.ts");
  const { findExisting, isOver } = await import("../sweep/plan.ts");
  const { entries } = await readManifest(sweepFolder(root, name));
  const planned = await findExisting(root, variants, (key) => entries.get(key)?.run);
  return planned.filter(({ existing }) => existing === null || !isOver(existing.summary));
}

interface Sweep {
  readonly name: string;
  readonly root: string;
  readonly variants: readonly Variant[];
  readonly manifest: Manifest;
}

async function carryOut(
  output: Output,
  host: Host,
  options: Options,
  { name, root, variants, manifest }: Sweep,
): Promise<number> {
  const { io } = output;
  const { defaultJobs, findExisting, isOver, mostThreads } = await import("../sweep/plan.ts");
  const { execute, skippedRun } = await import("../sweep/execute.ts");
  const { SweepDisplay } = await import("../sweep/display.ts");
  const { runLimited } = await import("../../node/jobs.ts");
  const { resolveThreads } = await import("../devices.ts");
  const planned = await findExisting(root, variants, (key) => manifest.runOf(key));
  // Written before anything starts: a folder that cannot be written is found now, not after an hour.
  await manifest.assign(
    planned.flatMap(({ key, name, existing }) =>
      existing === null ? [] : [[key, { name, run: existing.run }] as const],
    ),
  );
  const done = new Map<string, SweepRun>();
  const waiting: PlannedRun[] = [];
  for (const run of planned) {
    if (run.existing !== null && isOver(run.existing.summary)) {
      done.set(run.key, skippedRun(output, run, run.existing));
    } else waiting.push(run);
  }
  const threads = mostThreads(variants);
  const jobs = options.jobs ?? defaultJobs(waiting, resolveThreads("auto"));
  const shown = path.relative(io.cwd, manifest.file);
  const how = `, ${jobs} at once with ${threads === 1 ? "1 thread" : `${threads} threads`} each`;
  output.note(
    `${variants.length} runs: ${done.size} over, ${waiting.length} to do` +
      `${waiting.length === 0 ? "" : how}; manifest: ${shown}`,
  );
  output.json({
    type: "sweep",
    name,
    runs: variants.length,
    over: done.size,
    jobs,
    threadsPerJob: threads,
    manifest: shown,
  });
  for (const { result } of done.values()) output.json({ type: "summary", ...result, skipped: true });
  const { quiet } = output.options;
  const display = new SweepDisplay(io.stderr, {
    now: io.now,
    quiet,
    jobs,
    total: variants.length,
    over: done.size,
  });
  const atWork = new Set<Job>();
  let unwritten = false;
  await withInterrupt(
    {
      source: killingSource(atWork),
      now: io.now,
      onFirst: () => display.note("finishing the steps, saving; press Ctrl-C again to stop now"),
    },
    async (signal) => {
      await runLimited(waiting, jobs, async (run) => {
        if (signal.aborted) return;
        const ended = await execute(
          {
            output,
            display,
            root,
            argv: host.argv,
            signal,
            jobs: atWork,
            assign: ({ key, name }, folder) => {
              manifest.assign([[key, { name, run: folder }]]).catch((error: unknown) => {
                // The run folders say the same; losing the shortcut must not lose the runs.
                if (!unwritten) display.warn(`warning: ${String(error)}`);
                unwritten = true;
              });
            },
          },
          run,
        );
        if (ended !== null) done.set(run.key, ended);
      });
    },
  );
  display.done();
  const ordered = planned.flatMap(({ key }) => done.get(key) ?? []);
  const notStarted = planned.filter(({ key }) => !done.has(key)).map(({ name }) => name);
  await summarise(output, ordered, notStarted, shown);
  const statuses = ordered.map(({ result }) => result.status);
  return notStarted.length > 0 ? interruptedExitCode : exitCodeOf(statuses);
}

/** How long a second Ctrl-C waits for its killed jobs to be gone, so that no lock outlives them. */
const BURIAL_MS = 2000;

/** This process's signals; a second Ctrl-C ends the jobs with it, or they would save first. */
function killingSource(jobs: ReadonlySet<Job>): SignalSource {
  return {
    on: (signal, listener) => process.on(signal, listener),
    off: (signal, listener) => process.off(signal, listener),
    exit: (code) => {
      const ended = [...jobs].map((job) => {
        job.kill();
        return job.ended;
      });
      setTimeout(() => process.exit(code), BURIAL_MS);
      void Promise.all(ended).then(() => process.exit(code));
    },
  };
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
