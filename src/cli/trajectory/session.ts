// One tracked run: data and network, the search for the onset, float64 tracking, and everything into the record.
import { stringify } from "yaml";
import type { ExperimentConfig } from "../../lab/index.ts";
import type { DType } from "../../math/index.ts";
import { InputError, vectorFrom } from "../../math/index.ts";
import { tensorsFromParameters } from "../../nets/index.ts";
import { batchSampler, resolveBatch } from "../../optim/index.ts";
import { serialiseSafetensors } from "../../record/index.ts";
import {
  type EnsembleRecord,
  findOnset,
  type Onset,
  type PredictedForm,
  stateVector,
  summariseTrack,
  track,
  trackEnsemble,
  type TrackedStep,
  type TrackEnd,
  type TrackOptions,
  type TrackSummary,
} from "../../theory/index.ts";
import { assemble, loadData, type Problem, provenanceOf, startingPoint } from "../assemble.ts";
import { formatNumber } from "../format.ts";
import type { Output } from "../output.ts";
import { Progress } from "../progress.ts";
import { type MeanFieldSettings, type MeanFieldSummary, meanFieldSummary } from "./meanfield.ts";
import { TRAJECTORY_FILES, trajectoryTable, type TrajectoryRecord } from "./record.ts";
import { checkSameExperiment, type TrackSamplers, trackSamplers } from "./resume.ts";
import { kinkWarning } from "./smoothness.ts";
import { type SavedTrack, saveTrack } from "./state-file.ts";

/** What a session works with. */
export interface SessionOptions {
  readonly output: Output;
  readonly config: ExperimentConfig;
  readonly record: TrajectoryRecord;
  /** Arguments as given, for provenance. */
  readonly argv: readonly string[];
}

/** How to track; see `TrackOptions`. */
export interface TrackSettings {
  readonly steps: number;
  readonly kick?: number;
  readonly forms: readonly PredictedForm[];
  readonly flow: boolean;
  readonly separateNoise: boolean;
  readonly responseEvery: number;
  readonly signal: AbortSignal;
}

/** A tracked run that has ended. */
export interface Tracked {
  readonly end: TrackEnd;
  readonly steps: readonly TrackedStep[];
  /** Null when there is not a single step. */
  readonly summary: TrackSummary | null;
}

/** How to track an ensemble; see `TrackEnsembleOptions`. */
export interface EnsembleSettings extends Pick<TrackSettings, "steps" | "kick" | "signal"> {
  readonly repeats: number;
  readonly form: PredictedForm;
}

/** An ensemble that has ended. */
export interface TrackedEnsemble {
  readonly end: TrackEnd;
  readonly steps: readonly EnsembleRecord[];
  /** Null when there are not two steps. */
  readonly summary: MeanFieldSummary | null;
  readonly settings: MeanFieldSettings;
}

/** Solves and steps that never leave the microtask queue would keep signals waiting. */
const LONGEST_TURN_MS = 50;
/** Between two saved states, which for a large network are a hundred megabytes each. */
const SAVE_MS = 60_000;

export class TrajectorySession {
  readonly #output: Output;
  readonly #config: ExperimentConfig;
  readonly #record: TrajectoryRecord;
  readonly #argv: readonly string[];
  #problem: Problem | null = null;
  #progress: Progress | null = null;
  #turnAt: number;

  constructor({ output, config, record, argv }: SessionOptions) {
    this.#output = output;
    this.#config = config;
    this.#record = record;
    this.#argv = argv;
    this.#turnAt = output.io.now();
  }

  /** Prints a line without tearing the progress line. */
  note(text: string): void {
    if (this.#progress === null) this.#output.note(text);
    else this.#progress.note(text);
  }

  /** Gradient descent in the file's precision to the onset of the edge; null when interrupted. */
  async search(params: string | undefined, signal: AbortSignal): Promise<Onset | null> {
    const { io } = this.#output;
    const { optimizer, steps, seed, name } = this.#config;
    const problem = await this.#open(this.#config.precision);
    const { theta, notes } = await startingPoint(problem, io, params);
    for (const text of [...problem.dataset.provenance.notes, ...notes]) this.#output.note(text);
    const edge = 2 / optimizer.lr;
    this.#emit({ type: "header", version: 1, name, optimizer, edge, parameters: problem.objective.size });
    this.#record.write(TRAJECTORY_FILES.config, stringify(this.#config));
    const provenance = await provenanceOf(problem, this.#argv);
    this.#record.write(TRAJECTORY_FILES.provenance, `${JSON.stringify(provenance, null, 2)}\n`);
    const kinks = kinkWarning(problem.network.config);
    if (kinks !== null) this.#warn(0, kinks);
    const progress = this.#startProgress("onset");
    const looks = findOnset(problem.objective, { theta, lr: optimizer.lr, maxSteps: steps, seed });
    for (;;) {
      const item = await looks.next();
      if (item.done === true) {
        this.#stopProgress();
        return this.#found(problem, item.value);
      }
      this.#emit({ type: "look", ...item.value });
      progress.update({ ...item.value, steps, threshold: edge });
      if (signal.aborted) {
        this.#stopProgress();
        return null;
      }
      await this.#breathe();
    }
  }

  /** Everything from the onset on, in float64. */
  async track(onset: Onset, settings: TrackSettings): Promise<Tracked> {
    const { objective } = await this.#open("float64");
    return this.#follow(settings, [], {
      objective,
      theta: vectorFrom("float64", onset.theta),
      warm: onset.eigenvectors.map((vector) => vectorFrom("float64", vector)),
      ...trackSamplers(this.#config, objective.n, settings.separateNoise),
    });
  }

  /**
   * Goes on from a saved state, with its settings.
   *
   * @throws InputError when the experiment is not that of the record, or the state does not fit it
   */
  async resume(
    { state, settings }: SavedTrack,
    run: Pick<TrackSettings, "steps" | "signal">,
  ): Promise<Tracked> {
    checkSameExperiment(this.#record, this.#config);
    if (run.steps < state.step) {
      throw new InputError("the tracked run is longer already", {
        field: "--steps",
        received: String(run.steps),
        allowed: `${state.step} or more`,
      });
    }
    const { objective } = await this.#open("float64");
    const theta = stateVector(state, "theta");
    if (theta.length !== objective.size) {
      throw new InputError("the saved state is of another network", {
        received: `${theta.length} parameters`,
        allowed: String(objective.size),
      });
    }
    const before = this.#record.reopen(state.step);
    this.#output.note(`going on at step ${state.step}`);
    return this.#follow({ ...settings, ...run }, before, {
      objective,
      theta,
      resume: state,
      ...trackSamplers(this.#config, objective.n, settings.separateNoise, state.samplers),
    });
  }

  async #follow(
    settings: TrackSettings,
    steps: TrackedStep[],
    start: TrackSamplers & Pick<TrackOptions, "objective" | "theta" | "warm" | "resume">,
  ): Promise<Tracked> {
    const { optimizer, seed } = this.#config;
    const { now } = this.#output.io;
    const { forms, flow, separateNoise, responseEvery } = settings;
    const started = now();
    let savedAt = started;
    const progress = this.#startProgress("tracking");
    const items = track({
      ...settings,
      ...start,
      lr: optimizer.lr,
      seed,
      saveDue: (interrupted) => interrupted || now() - savedAt >= SAVE_MS,
    });
    for (;;) {
      const item = await items.next();
      if (item.done === true) {
        this.#stopProgress();
        return this.#finish(steps, item.value, (now() - started) / 1000);
      }
      if (item.value.type === "warning") this.#warn(item.value.step, item.value.message);
      else if (item.value.type === "state") {
        const saved = { forms, flow, separateNoise, responseEvery };
        saveTrack(this.#record.folder, { state: item.value.state, settings: saved });
        savedAt = now();
      } else {
        const { step, real } = item.value;
        steps.push(item.value);
        this.#emit(item.value);
        const { loss, sharpness } = real;
        progress.update({ step, steps: settings.steps, loss, sharpness, threshold: 2 / optimizer.lr });
      }
      await this.#breathe();
    }
  }

  /** Several SGD runs with different batches along one θ†, from the onset on. */
  async ensemble(onset: Onset, settings: EnsembleSettings): Promise<TrackedEnsemble> {
    const { optimizer, seed } = this.#config;
    const problem = await this.#open("float64");
    const { objective } = problem;
    const batch = resolveBatch(optimizer.batch, objective.n);
    const started = this.#output.io.now();
    const progress = this.#startProgress(`${settings.repeats} runs`);
    const steps: EnsembleRecord[] = [];
    const items = trackEnsemble({
      ...settings,
      objective,
      theta: vectorFrom("float64", onset.theta),
      warm: onset.eigenvectors.map((vector) => vectorFrom("float64", vector)),
      lr: optimizer.lr,
      samplers: Array.from({ length: settings.repeats }, (_, run) =>
        batchSampler({ sampling: optimizer.sampling, n: objective.n, batch, seed: seed + run }),
      ),
      seed,
    });
    for (;;) {
      const item = await items.next();
      if (item.done === true) {
        this.#stopProgress();
        const seconds = (this.#output.io.now() - started) / 1000;
        const { lr, sampling } = optimizer;
        const summary = meanFieldSummary(steps, { lr, n: objective.n, batch, sampling });
        this.#record.append({ type: "end", ...item.value, seconds });
        this.#record.write(
          TRAJECTORY_FILES.summary,
          `${JSON.stringify({ ...item.value, seconds, ...summary }, null, 2)}\n`,
        );
        return { end: item.value, steps, summary, settings: { lr, n: objective.n, batch, sampling } };
      }
      steps.push(item.value);
      this.#emit(item.value);
      const { step, reference } = item.value;
      progress.update({ step, steps: settings.steps, loss: reference.loss });
      await this.#breathe();
    }
  }

  async close(): Promise<void> {
    this.#stopProgress();
    await this.#problem?.objective.dispose();
    this.#problem = null;
  }

  /** The problem in one precision; the one before is let go, its data are kept. */
  async #open(precision: DType): Promise<Problem> {
    const before = this.#problem;
    if (before?.config.precision === precision) return before;
    const dataset = before?.dataset ?? (await loadData(this.#config, this.#output.io));
    await before?.objective.dispose();
    this.#problem = null;
    // Browsers' and other 32-bit devices have no float64; the processor has.
    const device = precision === "float64" && this.#config.device === "webgpu" ? "cpu" : this.#config.device;
    this.#problem = await assemble({ ...this.#config, precision, device }, dataset);
    return this.#problem;
  }

  #found(problem: Problem, onset: Onset): Onset {
    const { step, sharpness, theta } = onset;
    this.#emit({ type: "onset", step, sharpness });
    this.#output.note(`onset of the edge at step ${step}: S = ${formatNumber(sharpness, 5)}`);
    const tensors = tensorsFromParameters(problem.network.layout, theta);
    this.#record.write(
      TRAJECTORY_FILES.onset,
      serialiseSafetensors({ tensors, metadata: { step: String(step) } }),
    );
    return onset;
  }

  #finish(steps: readonly TrackedStep[], end: TrackEnd, seconds: number): Tracked {
    this.#record.append({ type: "end", ...end, seconds });
    const summary = summariseTrack(steps, this.#config.optimizer.lr);
    this.#record.write(TRAJECTORY_FILES.table, trajectoryTable(steps));
    this.#record.write(
      TRAJECTORY_FILES.summary,
      `${JSON.stringify({ ...end, seconds, ...summary }, null, 2)}\n`,
    );
    return { end, steps, summary };
  }

  #emit(line: object): void {
    this.#record.append(line);
    this.#output.json(line);
  }

  #warn(step: number, message: string): void {
    this.#emit({ type: "warning", step, message });
    this.note(`warning: ${step === 0 ? "" : `step ${step}: `}${message}`);
  }

  #startProgress(label: string): Progress {
    const { io, options } = this.#output;
    this.#progress = new Progress(io.stderr, { now: io.now, label, quiet: options.quiet });
    return this.#progress;
  }

  #stopProgress(): void {
    this.#progress?.done();
    this.#progress = null;
  }

  async #breathe(): Promise<void> {
    const { now } = this.#output.io;
    if (now() - this.#turnAt <= LONGEST_TURN_MS) return;
    await new Promise(setImmediate);
    this.#turnAt = now();
  }
}
