// What the worker does with the page's requests, without knowing that it is in a worker: engine and post are given.
import { resolveConfig } from "../lab/index.ts";
import { InputError } from "../math/index.ts";
import { stabilityThreshold } from "../optim/index.ts";
import type { Backend } from "../runtime/index.ts";
import { describeExperiment } from "./describe.ts";
import { identifyFiles } from "./dropped-files.ts";
import { EventBatcher } from "./event-batcher.ts";
import { assembleProblem, type Problem } from "./problem.ts";
import type { DroppedFile, EngineInfo, Reply, Request } from "./protocol.ts";
import { changed, sharesProblem } from "./settings.ts";
import { sentence } from "./sentence.ts";
import { spectrumOf } from "./spectrum.ts";
import { Trainer } from "./trainer.ts";

/** What a session needs from its surroundings. */
export interface SessionHost {
  readonly post: (reply: Reply, transfer?: ArrayBuffer[]) => void;
  /** Opens a device by its name in the configuration; reports downloads through `post` itself. */
  readonly openEngine: (device: string) => Promise<{ readonly backend: Backend; readonly info: EngineInfo }>;
  /** Milliseconds from any origin. */
  readonly clock: () => number;
  /** Resolves after messages that have arrived were delivered. */
  readonly turn: () => Promise<void>;
}

/** Longest time without looking for messages, and between two messages with events. */
const TURN_MS = 12;
const FLUSH_MS = 80;

/** What is done in turn; a question about settings is answered at once. */
type Queued = Exclude<Request, { type: "describe" }>;

interface LiveRun {
  readonly trainer: Trainer;
  readonly batcher: EventBatcher;
}

/** All runs of a page. Requests are carried out one after another; `pause` and `close` reach into the one in progress. */
export class Session {
  readonly #host: SessionHost;
  readonly #runs = new Map<number, LiveRun>();
  #files: readonly DroppedFile[] = [];
  #queue: Promise<void> = Promise.resolve();
  #active: Trainer | null = null;
  /** Requests so far that stop what runs. */
  #serial = 0;
  #turnAt = 0;
  #flushAt = 0;

  constructor(host: SessionHost) {
    this.#host = host;
  }

  /** Takes a request; resolves when it has been carried out. Failures are posted, never thrown. */
  handle(request: Request): Promise<void> {
    // Everything but a question about settings wants what is running to stop first.
    if (request.type === "describe") {
      this.#describe(request.id, request.settings);
      return Promise.resolve();
    }
    this.#active?.interrupt();
    const serial = ++this.#serial;
    this.#queue = this.#serve(this.#queue, request, serial);
    return this.#queue;
  }

  async #serve(before: Promise<void>, request: Queued, serial: number): Promise<void> {
    await before;
    try {
      await this.#carryOut(request, serial);
    } catch (error) {
      const run = "run" in request ? request.run : null;
      this.#host.post({ type: "failed", run, message: sentence(error) });
    }
  }

  async #carryOut(request: Queued, serial: number): Promise<void> {
    switch (request.type) {
      case "open":
        return this.#open(request.run, request.settings);
      case "advance":
        // Asked to run on, then at once for something else: the latter.
        if (request.steps === undefined && serial !== this.#serial) return this.#postState(request.run);
        return this.#advance(request.run, request.steps ?? Infinity);
      case "rewind":
        return this.#rewind(request.run, request.step);
      case "fork":
        return this.#fork(request);
      case "close":
        return this.#close(request.run);
      case "spectrum":
        return this.#spectrum(request.run);
      case "files":
        return this.#takeFiles(request.files);
      case "pause":
    }
  }

  async #open(run: number, settings: object): Promise<void> {
    const config = resolveConfig(settings, "settings");
    if (Object.keys(config.sweep).length + config.runs.length > 0) {
      throw new InputError("the page trains one run at a time; this describes several", {
        field: config.runs.length > 0 ? "runs" : "sweep",
      });
    }
    const { backend, info } = await this.#host.openEngine(config.device);
    this.#host.post({ type: "engine", engine: info });
    const problem = await assembleProblem(config, this.#files, backend);
    this.#begin(run, problem, null);
    await this.#advance(run, 0);
  }

  #begin(run: number, problem: Problem, from: { run: number; trainer: Trainer } | null): void {
    const batcher = new EventBatcher(run);
    const sameBatches = from !== null && sameSampler(from.trainer.config.optimizer, problem.config.optimizer);
    const trainer = new Trainer({
      problem,
      theta0: problem.theta0,
      clock: this.#host.clock,
      onEvent: (event) => {
        batcher.add(event);
        return this.#breathe(batcher);
      },
      ...(from === null ? {} : { start: from.trainer.forkPoint(sameBatches) }),
    });
    this.#runs.set(run, { trainer, batcher });
    const { config, dataset, network, objective } = problem;
    this.#host.post({
      type: "opened",
      opened: {
        run,
        config: config as unknown as Readonly<Record<string, unknown>>,
        parameters: objective.size,
        examples: dataset.train.n,
        inputShape: dataset.inputShape,
        outputs: network.outputs,
        threshold: stabilityThreshold(config.optimizer),
        notes: dataset.provenance.notes,
        forkedFrom: from === null ? null : { run: from.run, step: from.trainer.step },
      },
    });
  }

  async #advance(run: number, steps: number): Promise<void> {
    const { trainer, batcher } = this.#run(run);
    this.#active = trainer;
    this.#postState(run, "running");
    const until = trainer.step + steps;
    try {
      await trainer.advance(steps).catch((error: unknown) => this.#afterLoss(run, until, error));
    } finally {
      this.#active = null;
      this.#flush(batcher);
      this.#postState(run);
    }
  }

  /** A lost graphics device: the same problem on the processor, from the last checkpoint. Other failures are thrown. */
  async #afterLoss(run: number, until: number, error: unknown): Promise<void> {
    const { trainer, batcher } = this.#run(run);
    const { config } = trainer.problem;
    if (config.device !== "webgpu" || !isDeviceLoss(error)) throw error;
    const { backend, info } = await this.#host.openEngine("cpu");
    const lost = trainer.problem;
    const message =
      "the graphics device was lost: the run goes on with the processor from its last checkpoint";
    this.#host.post({ type: "engine", engine: { ...info, notes: [message, ...info.notes] } });
    const problem = await assembleProblem({ ...config, device: "cpu" }, this.#files, backend);
    for (const live of this.#runs.values()) {
      if (live.trainer.problem.objective === lost.objective)
        live.trainer.problem = { ...problem, config: live.trainer.problem.config };
    }
    this.#flush(batcher);
    this.#host.post({ type: "rewound", run, step: trainer.step });
    await trainer.advance(until - trainer.step);
  }

  async #rewind(run: number, step: number): Promise<void> {
    const { trainer, batcher } = this.#run(run);
    this.#flush(batcher);
    const begun = trainer.rewind(step);
    this.#host.post({ type: "rewound", run, step: begun });
    await this.#advance(run, Math.max(0, step - begun));
  }

  async #fork({ run, from, changes }: Extract<Request, { type: "fork" }>): Promise<void> {
    const { trainer } = this.#run(from);
    const config = resolveConfig(changed(trainer.problem.config, changes), "settings");
    if (!sharesProblem(config, trainer.problem.config)) {
      throw new InputError("a fork keeps data, network, loss, precision and device", {
        received: Object.keys(changes).join(", "),
        hint: "Start a new run instead",
      });
    }
    this.#begin(run, { ...trainer.problem, config }, { run: from, trainer });
    this.#postState(run);
  }

  async #close(run: number): Promise<void> {
    const live = this.#runs.get(run);
    this.#runs.delete(run);
    const { objective } = live?.trainer.problem ?? {};
    const used = [...this.#runs.values()].some(({ trainer }) => trainer.problem.objective === objective);
    if (!used) await objective?.dispose();
  }

  async #spectrum(run: number): Promise<void> {
    const { trainer } = this.#run(run);
    const { seed } = trainer.config;
    const found = await spectrumOf(trainer.problem.objective, trainer.theta, seed, () => this.#host.turn());
    const spectrum = { run, step: trainer.step, ...found };
    this.#host.post({ type: "spectrum", spectrum });
  }

  async #takeFiles(files: readonly DroppedFile[]): Promise<void> {
    try {
      const { files: named, ...data } = await identifyFiles(files);
      this.#files = named;
      this.#host.post({ type: "files", data, error: null });
    } catch (error) {
      this.#host.post({ type: "files", data: null, error: sentence(error) });
    }
  }

  #describe(id: number, settings: object): void {
    try {
      this.#host.post({ type: "described", id, yaml: describeExperiment(settings), error: null });
    } catch (error) {
      this.#host.post({ type: "described", id, yaml: null, error: sentence(error) });
    }
  }

  /** Between two events: lets messages in and events out, each when it is time. */
  async #breathe(batcher: EventBatcher): Promise<void> {
    const now = this.#host.clock();
    if (now - this.#flushAt >= FLUSH_MS) {
      this.#flushAt = now;
      this.#flush(batcher);
    }
    if (now - this.#turnAt < TURN_MS) return;
    await this.#host.turn();
    this.#turnAt = this.#host.clock();
  }

  #flush(batcher: EventBatcher): void {
    const batch = batcher.take();
    if (batch !== null) this.#host.post({ type: "events", batch }, [batch.losses.buffer]);
  }

  #postState(run: number, status?: "running"): void {
    const { trainer } = this.#run(run);
    const { summary } = trainer;
    const step = summary === null ? trainer.step : Math.max(summary.step, trainer.step);
    this.#host.post({ type: "state", run, status: status ?? trainer.status, step, summary });
  }

  #run(run: number): LiveRun {
    const live = this.#runs.get(run);
    if (live === undefined) throw new InputError(`there is no run ${run}`);
    return live;
  }
}

function sameSampler(
  before: { readonly name: string; readonly batch: unknown; readonly sampling: string },
  after: { readonly name: string; readonly batch: unknown; readonly sampling: string },
): boolean {
  return before.name === after.name && before.batch === after.batch && before.sampling === after.sampling;
}

/** Whether a failure means that the graphics device has gone away. */
function isDeviceLoss(error: unknown): boolean {
  return error instanceof Error && /device\s*(is |was )?lost/i.test(error.message);
}
