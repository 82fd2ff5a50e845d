// Loss and drift of the linear model in float64 by inner products of its inputs: a drift costs what the losses of its batches cost.
import { randomStream, vectorFrom, type Vector } from "../../math/index.ts";
import type { DriftRecord } from "../../record/index.ts";
import {
  type CurvatureMoments,
  curvatureMoments,
  type Drift,
  type DriftOptions,
  type DriftThreads,
  gramByEngine,
  GRAM_LIMIT,
  type LabelledInputs,
  LinearDrift,
  LinearEngine,
  LinearModel,
  secondOrderDrift,
  ThreadedSingleDraws,
} from "../../theory/index.ts";
import type { Backend } from "../../runtime/index.ts";
import type { Classifier } from "../run-types.ts";
import { finiteOrNull } from "../tracker.ts";
import { driftStream, type LossProbe, type ProbedPoint, type StepSettings } from "./loss-probe.ts";

/** Relative error allowed per change of a loss: of a drift it makes 3e-7 or less, measured (see `bench/stability.ts`). */
const TOLERANCE = 1e-6;
/** From so many examples on the engine's products are worth their overhead. */
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
  readonly #threads: DriftThreads | undefined;
  readonly #drifts: boolean;
  #products: Promise<LinearEngine> | null = null;
  #singles: ThreadedSingleDraws | null = null;

  /** `drifts`: whether the drift will be asked for. */
  constructor(classifier: Classifier, drifts: boolean) {
    this.#model = new LinearModel(labelledInputs(classifier));
    this.#drift = new LinearDrift(this.#model);
    this.#backend = classifier.labels.length < ENGINE_FROM ? null : (classifier.backend ?? null);
    this.#threads = classifier.driftThreads;
    this.#drifts = drifts;
  }

  async point(theta: Vector): Promise<ProbedPoint> {
    const model = this.#model;
    const products = await this.#engineProducts();
    if (products === null) model.setWeights(theta);
    else await products.setWeights(model, theta);
    const gradients = {
      gradNorm: finiteOrNull(await (products?.gradientNorm(model) ?? model.gradientNorm)),
      meanSquareGradient: finiteOrNull(model.meanSquareGradient),
    };
    return { ...model.point, gradients };
  }

  async drift(
    step: number,
    { lr, batch, sampling, seed, batches: samples }: StepSettings,
  ): Promise<DriftRecord> {
    const model = this.#model;
    const random = randomStream(seed, driftStream(step));
    const options = { lr, batch, sampling, samples, random };
    const { drift, moments } = await this.#measure(options);
    const { relative, stderr, increaseProbability, batches, exact } = drift;
    const { loss } = model.point;
    const second = moments === null ? null : secondOrderDrift(moments, model.inputs.n, options);
    return {
      relative: finiteOrNull(relative),
      stderr: exact ? 0 : finiteOrNull(stderr / loss),
      increases: finiteOrNull(increaseProbability),
      batches,
      exact,
      ...(second === null ? {} : { secondOrder: finiteOrNull(second / loss) }),
    };
  }

  async #measure(options: DriftOptions): Promise<{ drift: Drift; moments: CurvatureMoments | null }> {
    const model = this.#model;
    const products = await this.#engineProducts();
    const singles = await this.#exactSingles();
    if (products === null || singles === null) {
      return { drift: this.#drift.measure(options), moments: curvatureMoments(model) };
    }
    const mean = await products.meanMoments(model);
    if (options.batch !== 1) {
      const single = await singles.meanCurvature(model);
      return { drift: this.#drift.measure(options), moments: { ...mean, single } };
    }
    const { drift, single } = await singles.driftAndCurvature(model, options.lr);
    return { drift, moments: { ...mean, single } };
  }

  #engineProducts(): Promise<LinearEngine | null> {
    if (this.#backend === null) return Promise.resolve(null);
    return (this.#products ??= LinearEngine.create(this.#model, this.#backend, this.#drifts));
  }

  /** Apart from the products, since it takes all inner products of the inputs, which the loss alone does not need. */
  async #exactSingles(): Promise<ThreadedSingleDraws | null> {
    if (this.#backend === null) return null;
    if (this.#singles === null) {
      await gramByEngine(this.#model, this.#backend);
      this.#singles = ThreadedSingleDraws.create(this.#model, TOLERANCE, this.#threads);
    }
    return this.#singles;
  }

  async dispose(): Promise<void> {
    await this.#singles?.dispose();
    await (await this.#products)?.dispose();
  }
}
