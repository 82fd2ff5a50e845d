// Carrying out one planned run of a sweep: waiting for its folder, starting its process, making sense of its end.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describeEnd, type Job, startJob } from "../../node/jobs.ts";
import { readSummary } from "../../node/read-run.ts";
import { isLocked } from "../../node/run-lock.ts";
import { stabilityThreshold } from "../../optim/index.ts";
import type { RunSummary } from "../../record/index.ts";
import type { Output } from "../output.ts";
import { resultOf, type RunResult } from "../results.ts";
import type { SweepDisplay } from "./display.ts";
import type { WorkInput, WorkMessage } from "./messages.ts";
import { type ExistingRun, isOver, type PlannedRun } from "./plan.ts";

/** A run of a sweep that is over, for now or for good. */
export interface SweepRun {
  readonly planned: PlannedRun;
  readonly result: RunResult;
  readonly summary: RunSummary | null;
  /** Whether it was over before this command. */
  readonly skipped: boolean;
}

/** What all runs of one sweep share. */
export interface Execution {
  readonly output: Output;
  readonly display: SweepDisplay;
  /** Absolute folder that holds runs. */
  readonly root: string;
  readonly argv: readonly string[];
  readonly signal: AbortSignal;
  /** Jobs at work, so that a second Ctrl-C can end them. */
  readonly jobs: Set<Job>;
  /** Told which folder a variant's run has. */
  readonly assign: (planned: PlannedRun, run: string) => void;
}

/** Entry point of the command line, whose hidden `work` command a job process runs. */
const entry = fileURLToPath(new URL("../main.js", import.meta.url));

/** A process of an earlier sweep that was killed needs a moment to notice, finish its step and save. */
const PATIENCE_MS = 60_000;
const POLL_MS = 200;

/** The result of a run that needs nothing more. */
export function skippedRun(
  output: Output,
  planned: PlannedRun,
  { run, dir, summary }: ExistingRun,
): SweepRun {
  const shown = path.relative(output.io.cwd, dir) || ".";
  return { planned, result: resultOf(run, planned.name, shown, summary!), summary, skipped: true };
}

/** Starts or resumes a run and follows it to its end; null when Ctrl-C came first. Never rejects for a failed run. */
export async function execute(execution: Execution, planned: PlannedRun): Promise<SweepRun | null> {
  const { output, display, signal } = execution;
  const existing = planned.existing === null ? null : await released(execution, planned.existing);
  if (signal.aborted) return null;
  const run =
    existing !== null && isOver(existing.summary)
      ? skippedRun(output, planned, existing)
      : await inProcess(execution, planned, existing);
  const { result } = run;
  if (result.status === "interrupted" && result.run === null) return null;
  output.json({ type: "summary", ...result, skipped: run.skipped });
  const text = `${planned.name}: ${result.status} at step ${result.step}`;
  const bad = result.status === "failed" || result.status === "diverged";
  display.end(planned.key, result.message === undefined ? text : `${text}: ${result.message}`, bad);
  return run;
}

/** Waits while another process writes the run, and looks at it again then. */
async function released({ display, signal }: Execution, existing: ExistingRun): Promise<ExistingRun> {
  if (!(await isLocked(existing.dir))) return existing;
  display.note(`${existing.run}: waiting for the process that is writing it`);
  for (let waited = 0; waited < PATIENCE_MS && !signal.aborted; waited += POLL_MS) {
    if (!(await isLocked(existing.dir))) break;
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
  return { ...existing, summary: await readSummary(existing.dir).catch(() => null) };
}

/** What a process has said so far. */
interface Told {
  place: { readonly run: string; readonly dir: string } | null;
  summary: RunSummary | null;
  message?: string;
}

async function inProcess(
  { output, display, root, argv, signal, jobs, assign }: Execution,
  planned: PlannedRun,
  existing: ExistingRun | null,
): Promise<SweepRun> {
  const { name, config, key } = planned;
  const threshold = stabilityThreshold(config.optimizer);
  const told: Told = { place: existing, summary: null };
  const hear = (heard: WorkMessage): void => {
    switch (heard.type) {
      case "run": {
        const { run, dir, fromStep } = heard;
        told.place = { run, dir };
        assign(planned, run);
        display.start(key, { name, steps: config.steps, threshold, fromStep });
        const shown = path.relative(output.io.cwd, dir) || ".";
        display.note(
          `${name}: ${fromStep > 0 ? `goes on at step ${fromStep}` : "started"}; record: ${shown}`,
        );
        output.json({ type: "run", run, dir: shown, name, fromStep });
        break;
      }
      case "note":
        display.note(`${name}: ${heard.text}`);
        break;
      case "warning":
        display.warn(`warning: ${name}: ${heard.text}`);
        break;
      case "progress":
        display.update(key, heard);
        break;
      case "event":
        output.json({ run: told.place?.run, ...heard.event });
        break;
      case "done":
        told.summary = heard.summary;
        break;
      default:
        told.message = heard.message;
    }
  };
  const input: WorkInput = { config, root, resume: existing?.dir ?? null, argv };
  const job = startJob<WorkInput, WorkMessage>({
    script: entry,
    args: ["work"],
    cwd: output.io.cwd,
    input,
    onMessage: hear,
  });
  const stop = (): void => job.stop();
  jobs.add(job);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const end = await job.ended;
  signal.removeEventListener("abort", stop);
  jobs.delete(job);
  const { place: found, summary: ended, message } = told;
  if (ended !== null && found !== null) {
    const shown = path.relative(output.io.cwd, found.dir) || ".";
    return { planned, result: resultOf(found.run, name, shown, ended), summary: ended, skipped: false };
  }
  // A process that Ctrl-C reached before it could listen did not fail.
  const status = signal.aborted && message === undefined ? "interrupted" : "failed";
  const last = found === null ? null : await readSummary(found.dir).catch(() => null);
  const result = {
    run: found?.run ?? null,
    name,
    dir: found === null ? null : path.relative(output.io.cwd, found.dir) || ".",
    status,
    step: last?.step ?? 0,
    loss: last?.loss ?? null,
    equilibriumSharpness: null,
    equilibriumSd: null,
    threshold,
    gap: null,
    seconds: last?.seconds ?? 0,
    ...(status === "interrupted" ? {} : { message: message ?? describeEnd(end) }),
  } as const;
  return { planned, result, summary: last === null ? null : { ...last, status }, skipped: false };
}
