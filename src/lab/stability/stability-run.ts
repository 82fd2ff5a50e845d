// Stable sets along a run: the full loss in log space at a cadence of its own, its conditional drift, the data's margin.
import {
  allBatches,
  batchCount,
  type ExampleObjective,
  isFullBatch,
  randomBatches,
} from "../../curvature/index.ts";
import { InputError, type Vector, zeros } from "../../math/index.ts";
import { resolveBatch } from "../../optim/index.ts";
import type { DriftRecord, MeasurementEvent, StabilityRecord } from "../../record/index.ts";
import { Losses, type LossPoint } from "../../theory/index.ts";
import type { ExperimentConfig, StabilitySpec } from "../config-types.ts";
import type { Classifier } from "../run-types.ts";
import { finiteOrNull } from "../tracker.ts";
import { stabilityProblem } from "./problem.ts";

/** What a measurement of stable sets adds to an event. */
export type StabilityFields = Required<Pick<MeasurementEvent, "loss" | "accuracy" | "stability">>;

/** The law of the batches a step is taken on. */
interface StepLaw {
  readonly n: number;
  readonly batch: number;
  readonly sampling: ExperimentConfig["optimizer"]["sampling"];
}

/**
 * Measures at iterates; keeps no state that a resumed run would miss, and draws the batches of the drift from streams named
 * after the step, so that it changes nothing of the training.
 */
export class StabilityRun {
  readonly #spec: StabilitySpec;
  readonly #objective: ExampleObjective;
  readonly #classifier: Classifier;
  readonly #law: StepLaw;
  readonly #lr: number;
  readonly #seed: number;
  readonly #losses: Losses;
  #next: Vector | null = null;

  /** Null when the configuration does not ask. @throws InputError when the problem has no classes to measure */
  static of(
    config: ExperimentConfig,
    objective: ExampleObjective,
    classifier: Classifier | undefined,
  ): StabilityRun | null {
    const { stability } = config.measure;
    if (stability === false) return null;
    if (classifier === undefined) {
      throw new InputError("stable sets need a network that classifies examples", {
        field: "measure.stability",
      });
    }
    return new StabilityRun(config, stability, objective, classifier);
  }

  private constructor(
    { optimizer, seed }: ExperimentConfig,
    spec: StabilitySpec,
    objective: ExampleObjective,
    classifier: Classifier,
  ) {
    const { n } = objective;
    const batch = optimizer.name === "gd" ? n : resolveBatch(optimizer.batch, n);
    this.#spec = spec;
    this.#objective = objective;
    this.#classifier = classifier;
    this.#law = { n, batch, sampling: optimizer.name === "gd" ? "without" : optimizer.sampling };
    this.#lr = optimizer.lr;
    this.#seed = seed;
    this.#losses = new Losses(n);
  }

  /** Whether anything is due between measurements. */
  dueAt(step: number): boolean {
    return step % this.#spec.every === 0;
  }

  /** Everything asked for at θ_step. Cost: one forward pass over all examples, and one more for every batch of a drift. */
  async atIterate(step: number, theta: Vector): Promise<StabilityFields> {
    const { drift, every } = this.#spec;
    const point = await this.#pointAt(theta);
    const { loss, logLoss, potential, maxPotential, accuracy } = point;
    const driftDue = drift !== false && step % (every * drift.every) === 0 && Number.isFinite(logLoss);
    const stability: StabilityRecord = {
      logLoss: finiteOrNull(logLoss),
      potential: finiteOrNull(potential),
      maxPotential: finiteOrNull(maxPotential),
      ...(step === 0 ? { problem: stabilityProblem(this.#classifier, theta) } : {}),
      ...(driftDue ? { drift: await this.#drift(step, theta, logLoss, drift.batches) } : {}),
    };
    return { loss: finiteOrNull(loss), accuracy: finiteOrNull(accuracy), stability };
  }

  async #pointAt(theta: Vector): Promise<LossPoint> {
    const { labels, classes, outputs } = this.#classifier;
    this.#losses.evaluate(await outputs(theta), labels, classes);
    return this.#losses.point;
  }

  /** E[L(θ′) | θ]/L(θ) − 1 over every batch with its probability when they are few, else over random ones. */
  async #drift(step: number, theta: Vector, logLoss: number, most: number): Promise<DriftRecord> {
    const law = this.#law;
    const exact = batchCount(law) <= most;
    const batches = exact
      ? allBatches(law)
      : randomBatches({ ...law, seed: this.#seed, purpose: `stability/${step}` });
    const next = (this.#next ??= zeros(this.#objective.dtype, this.#objective.size));
    let [weights, sum, squares, increases, count] = [0, 0, 0, 0, 0];
    for (const { indices, weight } of batches) {
      await this.#objective.descend(theta, isFullBatch(law) ? null : indices, this.#lr, next);
      const change = Math.expm1((await this.#pointAt(next)).logLoss - logLoss);
      weights += weight;
      sum += weight * change;
      squares += weight * change * change;
      if (change > 0) increases += weight;
      if (++count === most && !exact) break;
    }
    const mean = sum / weights;
    const variance = Math.max(0, squares / weights - mean * mean);
    return {
      relative: finiteOrNull(mean),
      stderr: exact ? 0 : finiteOrNull(Math.sqrt(variance / (count - 1))),
      increases: finiteOrNull(increases / weights),
      batches: count,
      exact,
    };
  }
}
