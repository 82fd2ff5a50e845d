// The running totals of one run: what has been counted and measured so far, and the summary they make.
import { edge, equilibrium } from "../math/index.ts";
import {
  assumptionWarnings,
  measuredMeans,
  type MeasurementEvent,
  noteMeasured,
  type RunEvent,
  type RunSummary,
} from "../record/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import type { Progress, SharpnessRecord } from "./run-types.ts";

type Mutable = { -readonly [K in keyof Progress]: Progress[K] };

/** Earlier solves kept for the verdict on the edge. With a measurement every 50 steps: 200,000 steps. */
const MOST_EARLIER_RECORDS = 4000;

const START: Progress = {
  events: 0,
  hvps: 0,
  loss: null,
  initialLoss: null,
  sharpness: null,
  accuracy: null,
  testAccuracy: null,
  onset: null,
  exceeded: null,
  recent: [],
  ended: null,
};

/** Mutable counters of a run; `progress()` and the constructor carry them through a checkpoint. */
export class Tracker {
  readonly #config: ExperimentConfig;
  readonly #threshold: number;
  readonly #clock: () => number;
  /** Clock reading at which the run would have started, had it been one session. */
  readonly #startedAt: number;
  readonly #now: Mutable;

  constructor(
    config: ExperimentConfig,
    threshold: number,
    clock: () => number,
    progress: Progress | undefined,
    secondsBefore: number,
  ) {
    this.#config = config;
    this.#threshold = threshold;
    this.#clock = clock;
    this.#startedAt = clock() - 1000 * secondsBefore;
    this.#now = { ...START, ...progress };
  }

  /** Counts an event about to be yielded. */
  count<E extends RunEvent>(event: E): E {
    this.#now.events += 1;
    return event;
  }

  /** Notes the loss of a step or measurement; `full` when it is the full-batch loss. */
  noteLoss(loss: number, full: boolean): void {
    this.#now.initialLoss ??= loss;
    if (full || this.#config.measure.every === 0) this.#now.loss = loss;
  }

  /** Loss above which the run counts as diverged. Not below the factor itself, so that a fine-tuned start may rise. */
  get lossLimit(): number {
    return this.#config.stop.divergedFactor * Math.max(this.#now.initialLoss ?? 0, 1);
  }

  /** Records the first step above the limit; true the first time. */
  noteExceeded(step: number): boolean {
    if (this.#now.exceeded !== null) return false;
    this.#now.exceeded = step;
    return true;
  }

  /** Notes what a measurement found; true when it is the first solve at or above the threshold. */
  noteMeasurement(event: MeasurementEvent): boolean {
    const { measure } = this.#config;
    const now = this.#now;
    now.hvps += event.hvps ?? 0;
    if (event.accuracy !== undefined) now.accuracy = event.accuracy;
    if (event.testAccuracy !== undefined) now.testAccuracy = event.testAccuracy;
    Object.assign(now, noteMeasured(now, event, { last: measure.equilibriumRecords, point: measure.point }));
    const solved = event.rayleigh === true ? undefined : event.sharpness;
    let crossed = false;
    if (solved !== undefined) {
      crossed = now.onset === null && solved !== null && solved >= this.#threshold;
      if (crossed) now.onset = event.step;
      // With both points measured, one record a cadence enters the mean: the iterate's.
      if (measure.point !== "both" || event.point === "iterate") {
        now.sharpness = solved ?? now.sharpness;
        now.recent = thinned([...now.recent, [event.step, solved]], 2 * measure.equilibriumRecords);
      }
    }
    return crossed;
  }

  /** A sentence for each of the theory's assumptions that failed somewhere. */
  warnings(): readonly string[] {
    return assumptionWarnings(this.#now.assumptions, this.#config.measure.point);
  }

  /** Marks the run as ended, for its last checkpoint. */
  end(): void {
    this.#now.ended = "finished";
  }

  get ended(): boolean {
    return this.#now.ended !== null;
  }

  /** Last full-batch loss (of any step when nothing is measured). */
  get loss(): number | null {
    return this.#now.loss;
  }

  get measuredAccuracy(): number | null {
    return this.#now.accuracy;
  }

  progress(): Progress {
    return { ...this.#now };
  }

  summary(status: RunSummary["status"], step: number, message?: string): RunSummary {
    const { assumptions, series, coupling, loss, sharpness, recent, accuracy, testAccuracy, onset, hvps } =
      this.#now;
    const records = recent.map(([at, value]) => ({ step: at, value }));
    const last = this.#config.measure.equilibriumRecords;
    const { n, mean, sd, stderr, tau, warning } = equilibrium(records, { last });
    const { verdict, sentence, onset: settled, ratio } = edge(records, this.#threshold, { last });
    return {
      version: 1,
      status,
      step,
      steps: this.#config.steps,
      loss: finiteOrNull(loss),
      sharpness,
      threshold: this.#threshold,
      equilibriumSharpness: mean,
      equilibriumSd: sd,
      equilibriumRecords: n,
      equilibriumStderr: stderr,
      equilibriumTau: tau,
      ...(warning === null || recent.length === 0 ? {} : { equilibriumWarning: warning }),
      ...(recent.length === 0 ? {} : { edge: { verdict, sentence, onset: settled?.step ?? null, ratio } }),
      ...(assumptions === undefined ? {} : { assumptions }),
      ...(series === undefined ? {} : { measured: measuredMeans({ series }) }),
      ...(coupling === undefined ? {} : { coupling }),
      ...(accuracy === null ? {} : { accuracy }),
      ...(testAccuracy === null ? {} : { testAccuracy }),
      ...(onset === null ? {} : { onset }),
      hvps,
      seconds: (this.#clock() - this.#startedAt) / 1000,
      ...(message === undefined ? {} : { message }),
    };
  }
}

/** A number as the record stores it: null when it is not finite. */
export function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/**
 * Every second pair of the earlier records dropped when they are too many; the last `exact` all stay. Pairs, because
 * neighbours see the two phases of the oscillation and every second record would see one.
 */
function thinned(records: readonly SharpnessRecord[], exact: number): readonly SharpnessRecord[] {
  if (records.length <= MOST_EARLIER_RECORDS + exact) return records;
  const earlier = records.slice(0, -exact).filter((_, i) => i % 4 < 2);
  return [...earlier, ...records.slice(-exact)];
}
