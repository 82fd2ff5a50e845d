// Loss and drift of any network: outputs by its programs, the loss of them in log space.
import {
  allBatches,
  batchCount,
  type ExampleObjective,
  isFullBatch,
  randomBatches,
} from "../../curvature/index.ts";
import { type Vector, zeros } from "../../math/index.ts";
import type { DriftRecord } from "../../record/index.ts";
import { Losses } from "../../theory/index.ts";
import type { Classifier } from "../run-types.ts";
import { finiteOrNull } from "../tracker.ts";
import { driftStream, type LossProbe, type ProbedPoint, type StepSettings } from "./loss-probe.ts";

/** One forward pass over all examples a point, and one more (with a step) for every batch of a drift. */
export class NetworkProbe implements LossProbe {
  readonly #objective: ExampleObjective;
  readonly #classifier: Classifier;
  readonly #losses: Losses;
  #theta: Vector | null = null;
  #next: Vector | null = null;
  #logLoss = Number.NaN;

  constructor(objective: ExampleObjective, classifier: Classifier) {
    this.#objective = objective;
    this.#classifier = classifier;
    this.#losses = new Losses(objective.n);
  }

  async point(theta: Vector): Promise<ProbedPoint> {
    const point = await this.#pointAt(theta);
    this.#theta = theta;
    this.#logLoss = point.logLoss;
    return point;
  }

  async dispose(): Promise<void> {
    // The objective is its owner's.
  }

  /** Exact when there are no more batches than are allowed. */
  async drift(step: number, { batches: most, lr, seed, ...law }: StepSettings): Promise<DriftRecord> {
    const exact = batchCount(law) <= most;
    const batches = exact ? allBatches(law) : randomBatches({ ...law, seed, purpose: driftStream(step) });
    const next = (this.#next ??= zeros(this.#objective.dtype, this.#objective.size));
    let [weights, sum, squares, increases, count] = [0, 0, 0, 0, 0];
    for (const { indices, weight } of batches) {
      await this.#objective.descend(this.#theta!, isFullBatch(law) ? null : indices, lr, next);
      const change = Math.expm1((await this.#pointAt(next)).logLoss - this.#logLoss);
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

  async #pointAt(theta: Vector): Promise<ProbedPoint> {
    const { labels, classes, outputs } = this.#classifier;
    this.#losses.evaluate(await outputs(theta), labels, classes);
    return this.#losses.point;
  }
}
