// Loss and drift of the linear model in float64, without the engine: a drift costs what the losses of its batches cost.
import { randomStream, vectorFrom, type Vector } from "../../math/index.ts";
import type { DriftRecord } from "../../record/index.ts";
import {
  GRAM_LIMIT,
  type LabelledInputs,
  LinearDrift,
  LinearModel,
  secondOrderDrift,
} from "../../theory/index.ts";
import type { Classifier } from "../run-types.ts";
import { finiteOrNull } from "../tracker.ts";
import { driftStream, type LossProbe, type ProbedPoint, type StepSettings } from "./loss-probe.ts";

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

  constructor(classifier: Classifier) {
    this.#model = new LinearModel(labelledInputs(classifier));
    this.#drift = new LinearDrift(this.#model);
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

  drift(step: number, { lr, batch, sampling, seed, batches: samples }: StepSettings): Promise<DriftRecord> {
    const random = randomStream(seed, driftStream(step));
    const options = { lr, batch, sampling, samples, random };
    const { relative, stderr, increaseProbability, batches, exact } = this.#drift.measure(options);
    const second = secondOrderDrift(this.#model, options);
    const { loss } = this.#model.point;
    return Promise.resolve({
      relative: finiteOrNull(relative),
      stderr: exact ? 0 : finiteOrNull(stderr / loss),
      increases: finiteOrNull(increaseProbability),
      batches,
      exact,
      ...(second === null ? {} : { secondOrder: finiteOrNull(second / loss) }),
    });
  }
}
