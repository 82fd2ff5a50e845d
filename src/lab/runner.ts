// The training loop: one optimiser step after another, measured at the cadence, as a stream of events and checkpoints.
import type { ExampleObjective } from "../curvature/index.ts";
import { allFinite, dtypeOf, InputError, type Vector, zeros } from "../math/index.ts";
import {
  type BatchSampler,
  batchSampler,
  resolveBatch,
  type SamplerState,
  type UpdateRule,
  updateRule,
  type UpdateState,
} from "../optim/index.ts";
import type { MarkEvent, MeasurementEvent, RunSummary } from "../record/index.ts";
import { type Cadence, cadence } from "./cadence.ts";
import type { ExperimentConfig, OptimizerSpec } from "./config-types.ts";
import { CouplingRun } from "./coupling-run.ts";
import { type DueHere, Measurer } from "./measure-run.ts";
import { MidpointWindow } from "./midpoint.ts";
import { type StabilityFields, StabilityRun } from "./stability/stability-run.ts";
import type { CheckpointItem, RunItem, RunOptions } from "./run-types.ts";
import { finiteOrNull, Tracker } from "./tracker.ts";

const AUTO_CHECKPOINT_MS = 20_000;

/** Whether every step uses all examples exactly once, so that no sampler is needed. */
export function usesFullBatch(optimizer: OptimizerSpec, n: number): boolean {
  if (optimizer.name === "gd") return true;
  return resolveBatch(optimizer.batch, n) === n && optimizer.sampling !== "with";
}

/**
 * Runs an experiment from its start or from a checkpoint.
 *
 * Yields the run's events in the order of events.jsonl, and checkpoints in between; returns the final summary.
 * The events are a function of configuration, objective, solver and θ₀ alone: an interrupted and resumed run
 * yields the same ones. Memory: θ, its gradient, the optimiser's state, k eigenvectors, two more vectors when
 * midpoints are measured, and those of `PointProbe`.
 *
 * @throws InputError when θ₀ does not fit the objective or is not finite, or the batch is impossible
 */
export async function* runExperiment(options: RunOptions): AsyncGenerator<RunItem, RunSummary> {
  const run = new Run(options);
  try {
    return yield* runToItsEnd(run, options);
  } finally {
    await run.dispose();
  }
}

async function* runToItsEnd(run: Run, options: RunOptions): AsyncGenerator<RunItem, RunSummary> {
  if (options.resume === undefined) yield* run.begin();
  while (!run.over) {
    if (options.signal?.aborted === true) {
      // A broken state must not replace the last good checkpoint; the resumed run meets the divergence again.
      if (run.finite) yield run.checkpoint("interrupted");
      return run.summary("interrupted");
    }
    yield* run.step();
    if (!run.over && run.checkpointDue()) yield run.checkpoint("running");
  }
  if (run.divergence !== null) return run.summary("diverged", run.divergence);
  return run.summary("finished");
}

/** The state of one run between steps. */
class Run {
  /** Why the run diverged, or null. */
  divergence: string | null = null;
  readonly #config: ExperimentConfig;
  readonly #objective: ExampleObjective;
  readonly #clock: () => number;
  readonly #rule: UpdateRule;
  readonly #sampler: BatchSampler | null;
  /** The same sampler again, at a state of it. */
  readonly #samplerAt: (state: SamplerState | undefined) => BatchSampler;
  readonly #cadence: Cadence;
  readonly #measurer: Measurer;
  readonly #tracker: Tracker;
  readonly #midpoints: MidpointWindow | null;
  readonly #coupling: CouplingRun | null;
  readonly #stability: StabilityRun | null;
  #theta: Vector;
  /** Where a fused step writes θ' before the two change places. */
  #next: Vector | null = null;
  #gradient: Vector;
  readonly #state: UpdateState;
  #step: number;
  /** Full-batch loss whose gradient is already in #gradient (left by a measurement), or null. */
  #readyLoss: number | null = null;
  #measuredStep = -1;
  #stabilityAt = -1;
  #lastCheckpoint: number;

  constructor(options: RunOptions) {
    const { config, objective, resume, clock } = options;
    this.#config = config;
    this.#objective = objective;
    this.#clock = clock;
    this.#rule = updateRule(config.optimizer);
    this.#cadence = cadence(config.measure);
    const n = objective.n;
    const { sampling } = config.optimizer;
    this.#samplerAt = (state) =>
      batchSampler({ sampling, n, batch: resolveBatch(config.optimizer.batch, n), seed: config.seed }, state);
    this.#sampler = usesFullBatch(config.optimizer, n) ? null : this.#samplerAt(resume?.sampler ?? undefined);
    this.#theta = resume?.theta ?? options.theta0.slice();
    checkStart(this.#theta, objective);
    this.#gradient = zeros(objective.dtype, objective.size);
    this.#state = resume?.optimizer ?? this.#rule.init(objective.size, objective.dtype);
    this.#measurer = new Measurer(
      config,
      objective,
      options.solveSharpness,
      options.hasTest,
      resume?.eigen ?? null,
    );
    const before = options.secondsBefore ?? 0;
    this.#tracker = new Tracker(config, this.#rule.threshold, clock, resume?.progress, before);
    this.#midpoints =
      config.measure.point === "iterate" || !this.#measurer.measuresCurvature
        ? null
        : new MidpointWindow(
            (step) => step > 0 && step < config.steps && this.#midpointDue(step),
            this.#theta,
            resume?.previous ?? null,
          );
    const { coupling } = config.measure;
    const loss = this.#sampler === null ? "full" : "batch";
    this.#coupling = coupling
      ? new CouplingRun(objective, config.optimizer.lr, loss, resume?.coupling ?? null)
      : null;
    this.#stability = StabilityRun.of(config, objective, options.classifier);
    this.#step = resume?.step ?? 0;
    this.#lastCheckpoint = clock();
  }

  get over(): boolean {
    return this.divergence !== null || this.#tracker.ended;
  }

  /** Header, measurement of the initial point, first checkpoint. */
  async *begin(): AsyncGenerator<RunItem, void> {
    yield this.#tracker.count({ type: "header", version: 1 });
    const index = this.#cadence.indexOf(0);
    if (index !== null) yield* this.#measure(index);
    else if (this.#stability?.dueAt(0) === true) yield* this.#stabilityAlone();
    if (this.#config.steps === 0 && this.divergence === null) yield* this.#finish("finished", "0 steps");
    else if (!this.over) yield this.checkpoint("running");
  }

  /** One optimiser step and everything due after it. */
  async *step(): AsyncGenerator<RunItem, void> {
    this.#midpoints?.beforeStep(this.#step, this.#theta);
    const loss = await this.#computeStep();
    this.#step += 1;
    const step = this.#step;
    yield this.#tracker.count({ type: "step", step, loss: finiteOrNull(loss) });
    yield* this.#checkLoss(loss, this.#sampler === null);
    if (this.over) return;
    this.#takeStep();

    if (this.#midpoints !== null) yield* this.#measureMidpoint(this.#midpoints);
    const index = this.#cadence.indexOf(step);
    if (index !== null) yield* this.#measure(index);
    else {
      if (this.#cadence.rayleighAt(step)) yield* this.#rayleigh();
      if (this.#stability?.dueAt(step) === true) yield* this.#stabilityAlone();
    }
    if (this.over) return;
    yield* this.#stopRules(loss);
  }

  /**
   * Loss at θ, and either its gradient in #gradient or, for plain mini-batch steps and with edge coupling, θ' in #next. Which of the two
   * depends on the configuration alone: they may round differently, and a resumed run must not notice.
   */
  async #computeStep(): Promise<number> {
    if (this.#sampler === null) {
      const ready = this.#readyLoss;
      this.#readyLoss = null;
      const loss = ready ?? (await this.#objective.lossAndGradient(this.#theta, this.#gradient));
      if (this.#coupling !== null) {
        const next = this.#nextBuffer();
        this.#gradient = this.#coupling.descend(this.#step, this.#theta, this.#gradient, loss, next);
      }
      return loss;
    }
    const batch = this.#sampler.next();
    const rate = this.#rule.plainRate;
    if (rate === null) return this.#objective.batchLossAndGradient(this.#theta, batch, this.#gradient);
    return this.#objective.descend(this.#theta, batch, rate, this.#nextBuffer());
  }

  #nextBuffer(): Vector {
    this.#next ??= zeros(this.#objective.dtype, this.#objective.size);
    return this.#next;
  }

  /** θ ← θ'. Not called when the loss shows that the run has diverged. */
  #takeStep(): void {
    if (this.#next === null) this.#rule.update(this.#theta, this.#gradient, this.#state);
    else [this.#theta, this.#next] = [this.#next, this.#theta];
  }

  async *#measure(index: number): AsyncGenerator<RunItem, void> {
    const { testEvery } = this.#config.measure;
    const last = this.#step >= this.#config.steps;
    const test = testEvery > 0 && (last || index % testEvery === 0);
    yield* this.#measureIterate({ test, probes: last || this.#probesAt(index) });
  }

  #midpointDue(step: number): boolean {
    const index = this.#cadence.indexOf(step);
    return index !== null && (this.#config.measure.point === "midpoint" || this.#probesAt(index));
  }

  #probesAt(index: number): boolean {
    return index % this.#config.measure.probeEvery === 0;
  }

  async *#measureIterate(due: Omit<DueHere, "stepBatch">): AsyncGenerator<RunItem, void> {
    if (!this.finite) {
      yield this.#diverge("a parameter is not finite");
      return;
    }
    this.#measuredStep = this.#step;
    const needGradient = this.#sampler === null;
    const measured = await this.#measurer.atIterate(this.#step, this.#theta, this.#gradient, needGradient, {
      ...due,
      stepBatch: () => this.#comingBatch(),
    });
    const { event, loss, gradientReady } = measured;
    if (needGradient && gradientReady) this.#readyLoss = loss;
    const coupling = due.probes ? await this.#coupled(needGradient ? loss : null) : {};
    // What `event` has wins: its loss is the one training sees. The last point may have been measured already.
    const { type, step, point, ...fields } = event;
    const stability = this.#stabilityAt === step ? {} : await this.#stabilityFields();
    yield* this.#noteMeasurement({ type, step, point, ...stability, ...fields, ...coupling });
    if (loss !== null) yield* this.#checkLoss(loss, true);
  }

  async #stabilityFields(): Promise<Partial<StabilityFields>> {
    this.#stabilityAt = this.#step;
    return (await this.#stability?.atIterate(this.#step, this.#theta)) ?? {};
  }

  /** Stable sets between two measurements. */
  async *#stabilityAlone(): AsyncGenerator<RunItem, void> {
    const measured = await this.#stabilityFields();
    yield* this.#noteMeasurement({ type: "measurement", step: this.#step, point: "iterate", ...measured });
    yield* this.#checkLoss(measured.loss ?? Number.NaN, true);
  }

  /** Edge coupling up to the iterate whose loss, for full batches, was just measured with its gradient. */
  async #coupled(loss: number | null): Promise<Pick<MeasurementEvent, "coupling">> {
    if (this.#coupling === null) return {};
    const batch = this.#comingBatch();
    if (batch !== null) await this.#coupling.batch(this.#theta, batch);
    else if (loss !== null) this.#coupling.iterate(this.#step, this.#theta, this.#gradient, loss);
    return { coupling: this.#coupling.record() };
  }

  /** The batch the next step will use, by a copy of the sampler: the batches drawn stay the same. */
  #comingBatch(): Uint32Array | null {
    return this.#sampler === null ? null : this.#samplerAt(this.#sampler.state()).next();
  }

  async *#measureMidpoint(window: MidpointWindow): AsyncGenerator<RunItem, void> {
    const midpoint = window.afterStep(this.#step, this.#theta);
    if (midpoint === null || !allFinite(midpoint)) return;
    const step = this.#step - 1;
    const probes = this.#probesAt(this.#cadence.indexOf(step)!);
    yield* this.#noteMeasurement(await this.#measurer.atMidpoint(step, midpoint, this.#gradient, probes));
  }

  async *#rayleigh(): AsyncGenerator<RunItem, void> {
    const event = await this.#measurer.rayleigh(this.#step, this.#theta);
    if (event !== null) yield* this.#noteMeasurement(event);
  }

  *#noteMeasurement(event: MeasurementEvent): Generator<RunItem, void> {
    const crossed = this.#tracker.noteMeasurement(event);
    yield this.#tracker.count(event);
    if (!crossed) return;
    const message = `sharpness reached the threshold ${this.#rule.threshold}`;
    yield this.#mark("onset", message, event.step);
  }

  /** Notes a loss and ends the run when it is not finite or above the limit. */
  *#checkLoss(loss: number, full: boolean): Generator<RunItem, void> {
    if (!Number.isFinite(loss)) {
      yield this.#diverge("the loss is not finite");
      return;
    }
    this.#tracker.noteLoss(loss, full);
    const limit = this.#tracker.lossLimit;
    if (loss <= limit) return;
    if (this.#config.stop.diverged) yield this.#diverge(`the loss ${loss} exceeded ${limit}`);
    else if (this.#tracker.noteExceeded(this.#step)) {
      yield this.#mark("warning", `the loss ${loss} exceeded ${limit}`);
    }
  }

  async *#stopRules(stepLoss: number): AsyncGenerator<RunItem, void> {
    const { stop, steps } = this.#config;
    const measured = this.#measuredStep === this.#step;
    const stepIsFull = this.#sampler === null;
    const fullLoss = measured ? this.#tracker.loss : stepIsFull ? stepLoss : null;
    const accuracy = measured ? this.#tracker.measuredAccuracy : null;
    if (stop.loss !== undefined && fullLoss !== null && fullLoss <= stop.loss) {
      yield* this.#finish("stopped", `the loss ${fullLoss} reached ${stop.loss}`);
    } else if (stop.accuracy !== undefined && accuracy !== null && accuracy >= stop.accuracy) {
      yield* this.#finish("stopped", `the accuracy ${accuracy} reached ${stop.accuracy}`);
    } else if (this.#step >= steps) {
      yield* this.#finish("finished", `${steps} steps`);
    }
  }

  /** Measures the last point if that has not been done, marks the end and yields the last checkpoint. */
  async *#finish(kind: "stopped" | "finished", message: string): AsyncGenerator<RunItem, void> {
    const { every, testEvery } = this.#config.measure;
    if (every > 0 && this.#measuredStep !== this.#step) {
      yield* this.#measureIterate({ test: testEvery > 0, probes: true });
    }
    if (this.divergence !== null) return;
    if (!this.finite) {
      yield this.#diverge("a parameter is not finite");
      return;
    }
    for (const warning of this.#tracker.warnings()) yield this.#mark("warning", warning);
    yield this.#mark(kind, message);
    this.#tracker.end();
    yield this.checkpoint("finished");
  }

  #diverge(message: string): MarkEvent {
    this.divergence = message;
    return this.#mark("diverged", message);
  }

  #mark(kind: MarkEvent["kind"], message: string, step = this.#step): MarkEvent {
    return this.#tracker.count({ type: "mark", step, kind, message });
  }

  checkpointDue(): boolean {
    const { every } = this.#config.checkpoint;
    const due =
      every === "auto"
        ? this.#clock() - this.#lastCheckpoint >= AUTO_CHECKPOINT_MS
        : this.#step % every === 0;
    // As for interrupts: the next loss will end the run.
    return due && this.finite;
  }

  /** Whether every parameter is finite; O(P), so not asked every step. */
  get finite(): boolean {
    return allFinite(this.#theta);
  }

  checkpoint(status: RunSummary["status"]): CheckpointItem {
    this.#lastCheckpoint = this.#clock();
    return {
      type: "checkpoint",
      checkpoint: {
        step: this.#step,
        theta: this.#theta,
        optimizer: this.#state,
        sampler: this.#sampler?.state() ?? null,
        eigen: this.#measurer.eigen,
        previous: this.#midpoints?.pending(this.#step) ?? null,
        ...(this.#coupling === null ? {} : { coupling: this.#coupling.checkpoint() }),
        progress: this.#tracker.progress(),
      },
      summary: this.summary(status),
    };
  }

  async dispose(): Promise<void> {
    await this.#stability?.dispose();
  }

  summary(status: RunSummary["status"], message?: string): RunSummary {
    return this.#tracker.summary(status, this.#step, message);
  }
}

function checkStart(theta: Vector, objective: ExampleObjective): void {
  if (theta.length !== objective.size || dtypeOf(theta) !== objective.dtype) {
    throw new InputError("the parameters do not fit the network", {
      received: `${theta.length} × ${dtypeOf(theta)}`,
      allowed: `${objective.size} × ${objective.dtype}`,
    });
  }
  if (!allFinite(theta)) throw new InputError("the initial parameters contain NaN or infinity");
}
