// Experiments started from a page: their runs wait for a place, train in processes of their own, stop and go on.
import { type ExperimentConfig, expandSweep, parseExperiment } from "../lab/index.ts";
import { BrinkError } from "../math/index.ts";
import { describeEnd, type Job } from "../node/jobs.ts";
import { readRunConfig } from "../node/read-run.ts";
import type { ExperimentStarted, QueuedRun, RunAction, RunEntry, StreamEvent } from "../record/index.ts";
import { Refusal } from "./refusal.ts";
import type { ServedRun } from "./store/served-run.ts";

/** A run for a process. */
export interface RunTask {
  readonly config: ExperimentConfig;
  /** Absolute folder of the run to go on with; null for a new one. */
  readonly resume: string | null;
}

/** What a process says about its run. */
export type RunMessage =
  | { readonly type: "run"; readonly run: string }
  | { readonly type: "note" | "warning"; readonly text: string }
  | { readonly type: "done" }
  | { readonly type: "error"; readonly message: string };

export interface QueueOptions {
  /** Starts the process of a run. */
  readonly startRun: (task: RunTask, hear: (message: RunMessage) => void) => Job;
  /** Runs at once. */
  readonly lanes: number;
  /** Environment, for the variables that set values. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly publish: (event: StreamEvent) => void;
  /** Told when what may be asked of a run has changed. */
  readonly onControl: (run: string) => void;
}

interface Waiting {
  readonly experiment: string;
  readonly name: string;
  readonly task: () => Promise<RunTask>;
  /** Id, when it is a run to go on with. */
  readonly run: string | null;
  state: QueuedRun["state"];
  /** Its process, until it says which run it is. */
  job: Job | null;
}

interface Working {
  readonly experiment: string;
  readonly job: Job;
}

/** Runs of experiments, a few at a time, in the order they were asked for. */
export class ExperimentQueue {
  readonly #options: QueueOptions;
  readonly #waiting: Waiting[] = [];
  /** By id, runs whose process this is. */
  readonly #working = new Map<string, Working>();
  readonly #jobs = new Set<Job>();
  readonly #paused = new Set<string>();
  #experiments = 0;
  #lanes = 0;
  #closed = false;
  #idle: (() => void) | null = null;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /**
   * Queues the runs of an experiment file.
   *
   * @throws InputError as `parseExperiment`
   */
  start(yaml: string, set: readonly string[]): ExperimentStarted {
    const parsed = parseExperiment(yaml, { file: "experiment", overrides: set, env: this.#options.env });
    const runs = expandSweep(parsed);
    const experiment = this.#nextExperiment();
    for (const { name, config } of runs) {
      this.#add({ experiment, name, run: null, task: () => Promise.resolve({ config, resume: null }) });
    }
    return { experiment, runs: runs.map(({ name }) => name) };
  }

  /**
   * Pauses, resumes or stops a run. Pausing and stopping both finish the step and save; a paused run is shown as one
   * that is to go on.
   *
   * @throws Refusal (409) when that is not possible now
   */
  act(run: ServedRun, entry: RunEntry, action: RunAction): void {
    if (!this.control(run.id, entry).actions.includes(action)) {
      const elsewhere = entry.status === "running" && !this.#working.has(run.id);
      throw new Refusal(409, `cannot ${action} a run that is ${entry.status}`, {
        received: run.id,
        ...(elsewhere ? { hint: "Another process is writing it; stop it where it was started" } : {}),
      });
    }
    if (action === "pause") this.#paused.add(run.id);
    else this.#paused.delete(run.id);
    if (action === "resume") {
      this.#add({
        experiment: this.#nextExperiment(),
        name: entry.name,
        run: run.id,
        task: async () => ({ config: await readRunConfig(run.dir), resume: run.dir }),
      });
    } else this.#working.get(run.id)?.job.stop();
    this.#options.onControl(run.id);
  }

  /** What the queue knows of a run, and what may be asked of it. */
  control(
    id: string,
    { status }: RunEntry,
  ): { readonly paused: boolean; readonly actions: readonly RunAction[] } {
    const paused = this.#paused.has(id);
    return { paused, actions: this.#closed ? [] : this.#actions(id, status, paused) };
  }

  #actions(id: string, status: RunEntry["status"], paused: boolean): readonly RunAction[] {
    if (this.#waiting.some(({ run }) => run === id)) return [];
    if (this.#working.has(id)) return paused ? [] : ["pause", "stop"];
    if (paused && (status === "paused" || status === "interrupted")) return ["resume", "stop"];
    return ["interrupted", "killed", "failed", "not started"].includes(status) ? ["resume"] : [];
  }

  /** Drops what waits of an experiment, stops and saves what runs. */
  cancel(experiment: string): void {
    for (const waiting of this.#waiting.filter((each) => each.experiment === experiment)) {
      waiting.job?.stop();
      this.#drop(waiting);
    }
    for (const working of this.#working.values()) if (working.experiment === experiment) working.job.stop();
    this.#tell();
  }

  /** What waits, in order. */
  queued(): readonly QueuedRun[] {
    return this.#waiting.map(({ experiment, name, state }) => ({ experiment, name, state }));
  }

  /** Whether runs are at work here. */
  get busy(): boolean {
    return this.#jobs.size > 0;
  }

  /** Drops what waits, stops what runs; resolves when everything is saved. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    for (const job of this.#jobs) job.stop();
    if (this.#lanes > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
  }

  /** Ends the processes at once; what they wrote stays, and can be resumed. */
  kill(): void {
    for (const job of this.#jobs) job.kill();
  }

  #nextExperiment(): string {
    if (this.#closed) throw new Refusal(409, "the server is stopping");
    this.#experiments += 1;
    return `e${this.#experiments}`;
  }

  #add(waiting: Omit<Waiting, "state" | "job">): void {
    this.#waiting.push({ ...waiting, state: "queued", job: null });
    this.#tell();
    if (this.#lanes < this.#options.lanes) void this.#lane();
  }

  #drop(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (waiting.run !== null) this.#options.onControl(waiting.run);
  }

  #tell(): void {
    this.#options.publish({ type: "queue", queue: this.queued() });
  }

  /** Works through what waits; ends when nothing does. */
  async #lane(): Promise<void> {
    this.#lanes += 1;
    for (;;) {
      const next = this.#waiting.find(({ state }) => state === "queued");
      if (next === undefined) break;
      next.state = "starting";
      this.#tell();
      try {
        await this.#work(next);
      } catch (error) {
        if (!(error instanceof BrinkError)) throw error;
        this.#notice("error", next, error.message);
      } finally {
        this.#drop(next);
        this.#tell();
      }
    }
    this.#lanes -= 1;
    if (this.#lanes === 0) this.#idle?.();
  }

  async #work(waiting: Waiting): Promise<void> {
    const task = await waiting.task();
    // Cancelled while its configuration was read.
    if (this.#closed || !this.#waiting.includes(waiting)) return;
    let [id, ended, said] = [waiting.run, false, false];
    const job = this.#options.startRun(task, (message) => {
      switch (message.type) {
        case "run":
          id = message.run;
          this.#working.set(id, { experiment: waiting.experiment, job });
          this.#drop(waiting);
          this.#tell();
          this.#options.onControl(id);
          break;
        case "done":
          ended = true;
          break;
        case "error":
          said = true;
          this.#notice("error", waiting, message.message);
          break;
        default:
          this.#notice(message.type, waiting, message.text);
      }
    });
    waiting.job = job;
    this.#jobs.add(job);
    const end = await job.ended;
    this.#jobs.delete(job);
    if (id !== null) {
      this.#working.delete(id);
      this.#options.onControl(id);
    }
    // Stopped before there was anything to keep, it ends well and says nothing.
    if (!ended && !said && end.code !== 0) this.#notice("error", waiting, describeEnd(end));
  }

  #notice(level: "note" | "warning" | "error", { name }: Waiting, text: string): void {
    this.#options.publish({ type: "notice", level, text: `${name}: ${text}` });
  }
}
