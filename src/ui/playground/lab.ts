// The playground's state: the runs, what the worker says about them, and what the buttons ask of it.
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { BrinkError } from "../../math/errors.ts";
import { LabClient } from "../../web/client.ts";
import type { DroppedData, EngineInfo, Reply, Request, SpectrumResult } from "../../web/protocol.ts";
import type { UrlState } from "../kit/url-state.ts";
import { type Difference, differenceOf, experimentOf, forkChanges } from "./experiment.ts";
import type { PlaygroundProperties, PlaygroundValues } from "./properties.ts";
import { RunData } from "./run-data.ts";

/** A sentence for the reader; its kind decides how it looks and is read out. */
export interface Notice {
  readonly kind: "empty" | "loading" | "running" | "done" | "warning" | "diverged" | "error";
  readonly text: string;
  readonly progress?: number;
}

/** Wait after the last change of a control before the experiment is checked. */
const CHECK_DELAY_MS = 250;

export class Lab {
  readonly state: UrlState<PlaygroundProperties>;
  readonly runs: Signal<readonly RunData[]> = signal([]);
  readonly currentId: Signal<number | null> = signal(null);
  /** Goes up whenever a run has changed; what draws runs reads it. */
  readonly version: Signal<number> = signal(0);
  readonly engine: Signal<EngineInfo | null> = signal(null);
  readonly loading: Signal<{ readonly received: number; readonly total: number | null } | null> =
    signal(null);
  readonly problem: Signal<string | null> = signal(null);
  readonly crash: Signal<string | null> = signal(null);
  readonly dropped: Signal<DroppedData | null> = signal(null);
  /** The experiment file of the controls; null while it is not valid. */
  readonly yaml: Signal<string | null> = signal(null);
  readonly spectrum: Signal<SpectrumResult | null> = signal(null);
  readonly spectrumBusy: Signal<boolean> = signal(false);
  readonly #client: LabClient;
  #nextRun = 1;
  #described = 0;
  #frame = 0;

  constructor(state: UrlState<PlaygroundProperties>, startWorker?: () => Worker) {
    this.state = state;
    this.#client = new LabClient(
      { onReply: (reply) => this.#take(reply), onCrash: (message) => this.#crashed(message) },
      startWorker,
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    effect(() => {
      const values = state.values();
      void this.dropped.value;
      clearTimeout(timer);
      timer = setTimeout(() => this.#check(values), CHECK_DELAY_MS);
    });
  }

  get current(): RunData | null {
    return this.runs.value.find(({ id }) => id === this.currentId.value) ?? null;
  }

  /** Whether the current run is being trained. */
  readonly running: ReadonlySignal<boolean> = computed(() => {
    void this.version.value;
    return this.current?.status === "running" || this.current?.status === "opening";
  });

  /** How the controls differ from those of the current run. */
  readonly difference: ReadonlySignal<Difference> = computed(() => {
    void this.version.value;
    const { current } = this;
    return current === null ? "new" : differenceOf(this.state.values(), current.values);
  });

  /** Starts, continues or pauses the current run. */
  toggle(): void {
    if (this.running.value) this.pause();
    else if (this.current === null) this.open();
    else this.#send({ type: "advance", run: this.current.id });
  }

  pause(): void {
    this.#send({ type: "pause" });
  }

  /** One step; of a new run when there is none. */
  step(): void {
    if (this.current === null) this.open(1);
    else if (!this.running.value) this.#send({ type: "advance", run: this.current.id, steps: 1 });
  }

  rewind(step = 0): void {
    if (this.current !== null) this.#send({ type: "rewind", run: this.current.id, step });
  }

  /** A new run from the controls; it trains at once, `steps` steps or to its end. */
  open(steps?: number): void {
    const values = this.state.values();
    this.#attempt(() => {
      const settings = experimentOf(values, this.dropped.value?.data ?? null);
      const run = this.#add(values);
      this.#send({ type: "open", run: run.id, settings });
      this.#send({ type: "advance", run: run.id, ...(steps === undefined ? {} : { steps }) });
    });
  }

  /** The current run under the controls' optimiser and measurements, from where it stands. */
  fork(): void {
    const { current } = this;
    const values = this.state.values();
    if (current === null) return;
    this.#attempt(() => {
      const run = this.#add(values);
      this.#send({ type: "fork", run: run.id, from: current.id, changes: forkChanges(values) });
      this.#send({ type: "advance", run: run.id });
    });
  }

  /** Makes a run the current one, and the controls its own again. */
  choose(id: number): void {
    const run = this.runs.value.find((known) => known.id === id);
    if (run === undefined) return;
    this.currentId.value = id;
    const { story, x, evenodd } = this.state.values();
    this.state.assign({ ...run.values, story, x, evenodd });
  }

  /** Forgets a run and its curves. */
  remove(id: number): void {
    this.#send({ type: "close", run: id });
    this.runs.value = this.runs.value.filter((run) => run.id !== id);
    if (this.currentId.value === id) this.currentId.value = this.runs.value.at(-1)?.id ?? null;
    if (this.spectrum.value?.run === id) this.spectrum.value = null;
  }

  removeAll(): void {
    for (const { id } of this.runs.value) this.remove(id);
    this.problem.value = null;
  }

  measureSpectrum(): void {
    if (this.current === null) return;
    this.spectrumBusy.value = true;
    this.#send({ type: "spectrum", run: this.current.id });
  }

  async drop(files: readonly File[]): Promise<void> {
    this.problem.value = null;
    try {
      const read = await Promise.all(
        files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
      );
      this.#client.send(
        { type: "files", files: read },
        read.map(({ bytes }) => bytes.buffer),
      );
    } catch (error) {
      this.problem.value = `The files could not be read: ${message(error)}`;
    }
  }

  #add(values: PlaygroundValues): RunData {
    const run = new RunData(this.#nextRun, this.#nextRun - 1, values);
    this.#nextRun += 1;
    this.runs.value = [...this.runs.value, run];
    this.currentId.value = run.id;
    return run;
  }

  #attempt(action: () => void): void {
    this.problem.value = null;
    this.crash.value = null;
    try {
      action();
    } catch (error) {
      this.problem.value = message(error);
    }
  }

  #send(request: Request): void {
    this.#client.send(request);
  }

  #check(values: PlaygroundValues): void {
    try {
      const settings = experimentOf(values, this.dropped.value?.data ?? null);
      this.#described += 1;
      this.#send({ type: "describe", id: this.#described, settings });
    } catch (error) {
      this.yaml.value = null;
      this.problem.value = message(error);
    }
  }

  #take(reply: Reply): void {
    switch (reply.type) {
      case "loading":
        this.loading.value = reply;
        break;
      case "engine":
        this.loading.value = null;
        this.engine.value = reply.engine;
        break;
      case "described":
        if (reply.id !== this.#described) break;
        this.yaml.value = reply.yaml;
        this.problem.value = reply.error;
        break;
      case "files":
        this.dropped.value = reply.data ?? this.dropped.value;
        this.problem.value = reply.error;
        if (reply.data !== null) this.#useFiles(reply.data);
        break;
      case "spectrum":
        this.spectrumBusy.value = false;
        this.spectrum.value = reply.spectrum;
        break;
      case "failed":
        this.#failed(reply.run, reply.message);
        break;
      default:
        this.#update(reply);
    }
  }

  #update(reply: Extract<Reply, { type: "opened" | "events" | "state" | "rewound" }>): void {
    const id =
      reply.type === "opened" ? reply.opened.run : reply.type === "events" ? reply.batch.run : reply.run;
    const run = this.runs.value.find((known) => known.id === id);
    if (run === undefined) return;
    if (reply.type === "opened") run.opened = reply.opened;
    else if (reply.type === "events") run.add(reply.batch);
    else if (reply.type === "rewound") run.rewind(reply.step);
    else [run.status, run.step, run.summary] = [reply.status, reply.step, reply.summary];
    if (reply.type === "events")
      run.step = Math.max(run.step, reply.batch.firstStep + reply.batch.losses.length - 1);
    this.#changed();
  }

  #failed(id: number | null, text: string): void {
    this.loading.value = null;
    this.spectrumBusy.value = false;
    this.problem.value = text;
    const run = this.runs.value.find((known) => known.id === id);
    if (run === undefined) return;
    if (run.opened === null) {
      // Nothing was drawn of it.
      this.runs.value = this.runs.value.filter((known) => known !== run);
      this.currentId.value = this.runs.value.at(-1)?.id ?? null;
    } else [run.status, run.failure] = ["failed", text];
    this.#changed();
  }

  #crashed(text: string): void {
    this.loading.value = null;
    this.engine.value = null;
    this.spectrumBusy.value = false;
    this.crash.value = text;
    for (const run of this.runs.value)
      if (run.status !== "finished") [run.status, run.failure] = ["failed", text];
    this.currentId.value = null;
    this.dropped.value = null;
    this.#changed();
  }

  #useFiles({ data }: DroppedData): void {
    const n = typeof data["n"] === "number" ? data["n"] : 1000;
    this.state.assign({ data: "file", n, story: "own" });
  }

  /** Draws at the next frame, however many messages come before it. */
  #changed(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.version.value += 1;
    });
  }
}

function message(error: unknown): string {
  if (error instanceof BrinkError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
