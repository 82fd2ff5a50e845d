// v̂ of one form, carried along a reference trajectory.
import type { Objective } from "../../curvature/index.ts";
import { allFinite, norm, RunError, type Vector } from "../../math/index.ts";
import type { LocalGeometry } from "../reference/local-geometry.ts";
import {
  beginStep,
  type Coordinates,
  coordinates,
  finishStep,
  type PendingStep,
  type PredictedForm,
} from "./forms.ts";

/** Predicted displacements this many δ away have left every expansion the theory makes. */
const LOST = 1000;

/** One predicted trajectory. Per step: `begin` while θ†_t is the linearised point, then `finish`. */
export class Predictor {
  readonly form: PredictedForm;
  readonly #objective: Objective;
  readonly #lr: number;
  #v: Vector;
  #pending: PendingStep | null = null;

  /** @param v0 θ_0 − θ†_0; copied */
  constructor(form: PredictedForm, objective: Objective, lr: number, v0: Vector) {
    this.form = form;
    this.#objective = objective;
    this.#lr = lr;
    this.#v = v0.slice();
  }

  /** v̂_t. */
  get v(): Vector {
    return this.#v;
  }

  /** x̂_t and ŷ_t. */
  coordinates(at: LocalGeometry): Coordinates {
    return coordinates(at, this.#v);
  }

  /** Whether v̂ is still finite and within 1000·δ. */
  follows({ delta2 }: LocalGeometry): boolean {
    return allFinite(this.#v) && norm(this.#v) <= LOST * Math.sqrt(delta2);
  }

  /** First half of the step from t to t + 1; the objective must be linearised at `at` = θ†_t. */
  async begin(at: LocalGeometry): Promise<void> {
    this.#pending = await beginStep(this.form, this.#objective, at, this.#v, this.#lr);
  }

  /** Second half, with u at θ†_{t+1} and ξ_t. @throws RunError without a `begin` before */
  finish(uNext: Vector, noise: Vector | null): void {
    if (this.#pending === null) throw new RunError("a predicted step was finished before it was begun");
    this.#v = finishStep(this.#pending, uNext, noise, this.#lr);
    this.#pending = null;
  }
}
