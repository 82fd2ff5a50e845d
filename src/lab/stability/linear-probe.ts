// Loss and drift of the linear model in float64, without the engine: a drift costs what the losses of its batches cost.
import { randomStream, vectorFrom, type Vector } from "../../math/index.ts";
import type { DriftRecord } from "../../record/index.ts";
import {
  type Drift,
  type DriftOptions,
  EngineSingleDraws,
  GRAM_LIMIT,
  type LabelledInputs,
  LinearDrift,
  LinearModel,
  secondOrderDrift,
} from "../../theory/index.ts";
import type { Backend } from "../../runtime/index.ts";
import type { Classifier } from "../run-types.ts";
import { finiteOrNull } from "../tracker.ts";
import { driftStream, type LossProbe, type ProbedPoint, type StepSettings } from "./loss-probe.ts";

/** Relative error allowed per change of a loss where the engine computes: of a drift it makes 1e-7 or less, measured (see `bench/stability.ts`). */
const TOLERANCE = 1e-6;
/** From so many examples on the matrix products of small moves are worth their overhead. */
const ENGINE_FROM = 200;

/** Whether the network is a linear model without bias, on few enough examples to keep their inner products. */
export function suitsLinearProbe({ net, labels }: Classifier): boolean {
  const { hidden, channels, bias, outputBias } = net;
  const linear = hidden.length === 0 && channels.length === 0 && bias === false && !outputBias;
  return linear && labels.length <= GRAM_LIMIT;
}

/** The training set as the theory's linear model takes it. */
export function labelledInputs({ inputs, labels, classes }: Classifier): LabelledInputs {
  const n = labels.length;
  const x = vectorFrom("float64", inputs) as Float64Array;
  return { n, d: x.length / n, classes, x, labels };
}

/** Exact drift for b = 1 by the Gram matrix, and wherever batches can be enumerated; see `LinearDrift`. */
export class LinearProbe implements LossProbe {
  readonly #model: LinearModel;
  readonly #drift: LinearDrift;
  readonly #backend: Backend | null;
  #engine: Promise<EngineSingleDraws | null> | null = null;

  constructor(classifier: Classifier) {
    this.#model = new LinearModel(labelledInputs(classifier));
    this.#drift = new LinearDrift(this.#model);
    this.#backend = classifier.labels.length < ENGINE_FROM ? null : (classifier.backend ?? null);
  }

  point(theta: Vector): Promise<ProbedPoint> {
    const model = this.#model;
    model.setWeights(theta);
    const gradients = {
      gradNorm: finiteOrNull(model.gradientNorm),
      meanSquareGradient: finiteOrNull(model.meanSquareGradient),
    };
    return Promise.resolve({ ...model.point, gradients });
  }

  async drift(
    step: number,
    { lr, batch, sampling, seed, batches: samples }: StepSettings,
  ): Promise<DriftRecord> {
    const random = randomStream(seed, driftStream(step));
    const options = { lr, batch, sampling, samples, random };
    const { relative, stderr, increaseProbability, batches, exact } = await this.#measure(options);
    const second = secondOrderDrift(this.#model, options);
    const { loss } = this.#model.point;
    return {
      relative: finiteOrNull(relative),
      stderr: exact ? 0 : finiteOrNull(stderr / loss),
      increases: finiteOrNull(increaseProbability),
      batches,
      exact,
      ...(second === null ? {} : { secondOrder: finiteOrNull(second / loss) }),
    };
  }

  async #measure(options: DriftOptions): Promise<Drift> {
    if (options.batch === 1 && this.#backend !== null) {
      this.#engine ??= EngineSingleDraws.create(this.#model, this.#backend);
      const engine = await this.#engine;
      if (engine !== null) return engine.drift(this.#model, options.lr, TOLERANCE);
    }
    return this.#drift.measure(options);
  }
}
