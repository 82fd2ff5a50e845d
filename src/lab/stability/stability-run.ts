// Stable sets along a run: the full loss in log space at a cadence of its own, its conditional drift, the data's margin.
import type { ExampleObjective } from "../../curvature/index.ts";
import { InputError, type Vector } from "../../math/index.ts";
import { resolveBatch } from "../../optim/index.ts";
import type { MeasurementEvent, StabilityRecord } from "../../record/index.ts";
import type { ExperimentConfig, StabilitySpec } from "../config-types.ts";
import type { Classifier } from "../run-types.ts";
import { finiteOrNull } from "../tracker.ts";
import { LinearProbe, suitsLinearProbe } from "./linear-probe.ts";
import type { LossProbe, StepSettings } from "./loss-probe.ts";
import { NetworkProbe } from "./network-probe.ts";
import { stabilityProblem } from "./problem.ts";

/** What a measurement of stable sets adds to an event. */
export type StabilityFields = Required<Pick<MeasurementEvent, "loss" | "accuracy" | "stability">>;

/**
 * Measures at iterates; keeps no state that a resumed run would miss, and draws the batches of the drift from streams named
 * after the step, so that it changes nothing of the training.
 */
export class StabilityRun {
  readonly #spec: StabilitySpec;
  readonly #classifier: Classifier;
  readonly #probe: LossProbe;
  readonly #step: StepSettings;

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
    this.#classifier = classifier;
    this.#probe = suitsLinearProbe(classifier)
      ? new LinearProbe(classifier, spec.drift !== false)
      : new NetworkProbe(objective, classifier);
    this.#step = {
      n,
      batch,
      sampling: optimizer.name === "gd" ? "without" : optimizer.sampling,
      lr: optimizer.lr,
      seed,
      batches: spec.drift === false ? 0 : spec.drift.batches,
    };
  }

  /** Whether anything is due between measurements. */
  dueAt(step: number): boolean {
    return step % this.#spec.every === 0;
  }

  /** Frees what measuring opened. */
  dispose(): Promise<void> {
    return this.#probe.dispose();
  }

  /** Everything asked for at θ_step. */
  async atIterate(step: number, theta: Vector): Promise<StabilityFields> {
    const { drift, every } = this.#spec;
    const point = await this.#probe.point(theta);
    const { loss, logLoss, potential, maxPotential, accuracy, gradients = {} } = point;
    const driftDue = drift !== false && step % (every * drift.every) === 0 && Number.isFinite(logLoss);
    const stability: StabilityRecord = {
      logLoss: finiteOrNull(logLoss),
      potential: finiteOrNull(potential),
      maxPotential: finiteOrNull(maxPotential),
      ...gradients,
      ...(step === 0 ? { problem: stabilityProblem(this.#classifier, theta, this.#spec.margin) } : {}),
      ...(driftDue ? { drift: await this.#probe.drift(step, this.#step) } : {}),
    };
    return { loss: finiteOrNull(loss), accuracy: finiteOrNull(accuracy), stability };
  }
}
