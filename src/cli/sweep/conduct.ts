// Carrying out a sweep: what is finished is skipped, the rest runs in processes of its own, several at once.
import path from "node:path";
import { type Job, runLimited } from "../../node/jobs.ts";
import { resolveThreads } from "../devices.ts";
import { type SignalSource, withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { checkVariants } from "./check.ts";
import { SweepDisplay } from "./display.ts";
import { execute, skippedRun, type SweepRun } from "./execute.ts";
import { Manifest, readManifest, sweepFolder } from "./manifest.ts";
import { defaultJobs, findExisting, isOver, mostThreads, type PlannedRun, type Variant } from "./plan.ts";

/** What to run, where, and how. */
export interface SweepRequest {
  readonly output: Output;
  /** Name of the experiment: its manifest is kept under it. */
  readonly name: string;
  /** Absolute folder that holds runs. */
  readonly root: string;
  readonly variants: readonly Variant[];
  /** Runs at once; as many as the cores hold by default. */
  readonly jobs?: number | undefined;
  /** Arguments as given, for provenance. */
  readonly argv: readonly string[];
}

/** How a sweep ended, for now or for good. */
export interface SweepOutcome {
  /** Runs that are over or were stopped, in the order of the variants. */
  readonly runs: readonly SweepRun[];
  /** Names of the variants an interruption came before. */
  readonly notStarted: readonly string[];
  /** The manifest's file, as the user can type it. */
  readonly manifest: string;
}

/**
 * Runs the variants that are not over yet. A failed run is reported and does not stop the others.
 *
 * @throws InputError when some variant cannot run, before any is started
 * @throws RunError when the folder cannot be written, or another process is at work on the sweep
 */
export async function conductSweep(request: SweepRequest): Promise<SweepOutcome> {
  const { output, name, root, variants } = request;
  await checkVariants(output, await unfinishedBeforehand(root, name, variants));
  const manifest = await Manifest.open(root, name, (what) =>
    output.warn(`the sweep's manifest is damaged and is rebuilt from the run folders (${what})`),
  );
  try {
    return await carryOut(request, manifest);
  } finally {
    await manifest.close();
  }
}

/** The variants with the runs there already are of them; makes and locks nothing. */
export async function existingRuns(
  root: string,
  name: string,
  variants: readonly Variant[],
): Promise<readonly PlannedRun[]> {
  const { entries } = await readManifest(sweepFolder(root, name));
  return findExisting(root, variants, (key) => entries.get(key)?.run);
}

/** The variants that are not over yet: what has to be checked before the folder of the sweep is even made. */
async function unfinishedBeforehand(
  root: string,
  name: string,
  variants: readonly Variant[],
): Promise<readonly Variant[]> {
  const planned = await existingRuns(root, name, variants);
  return planned.filter(({ existing }) => existing === null || !isOver(existing.summary));
}

async function carryOut(request: SweepRequest, manifest: Manifest): Promise<SweepOutcome> {
  const { output, name, root, variants, argv } = request;
  const { io } = output;
  const planned = await findExisting(root, variants, (key) => manifest.runOf(key));
  // Written before anything starts: a folder that cannot be written is found now, not after an hour.
  await manifest.assign(
    planned.flatMap(({ key, name: variant, existing }) =>
      existing === null ? [] : [[key, { name: variant, run: existing.run }] as const],
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
  const jobs = request.jobs ?? defaultJobs(waiting, resolveThreads("auto"));
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
  const display = new SweepDisplay(io.stderr, {
    now: io.now,
    quiet: output.options.quiet,
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
            argv,
            signal,
            jobs: atWork,
            assign: ({ key, name: variant }, folder) => {
              manifest.assign([[key, { name: variant, run: folder }]]).catch((error: unknown) => {
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
  return {
    runs: planned.flatMap(({ key }) => done.get(key) ?? []),
    notStarted: planned.filter(({ key }) => !done.has(key)).map(({ name: variant }) => variant),
    manifest: shown,
  };
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
