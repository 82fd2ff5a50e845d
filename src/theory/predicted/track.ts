// Real training, the constrained trajectory, the predicted dynamics and the gradient flow from one start, step by step.
import { lanczos, type Objective } from "../../curvature/index.ts";
import { axpy, BrinkError, dot, InputError, norm, type Vector, zeros } from "../../math/index.ts";
import { advanceReference, obstacleTo, startReference } from "../reference/constrained.ts";
import {
  GEOMETRY_TOLERANCE,
  type GeometryOptions,
  type LocalGeometry,
  measureGeometry,
} from "../reference/local-geometry.ts";
import { couplingErrors, distance, predictedValues } from "./coupling.ts";
import { referenceRecord } from "./ensemble-track.ts";
import { coordinates, type PredictedForm } from "./forms.ts";
import { NoisySteps } from "./noisy-steps.ts";
import { Predictor } from "./predictor.ts";
import { PropagatedVector } from "./response.ts";
import { stateVector, stateVectors, type TrackSaved, type TrackState } from "./track-state.ts";
import type {
  FlowRecord,
  PredictedRecord,
  TrackedStep,
  TrackEnd,
  TrackOptions,
  TrackWarning,
} from "./track-types.ts";

/** ‖v‖ from here on, in units of δ, is beyond what the expansions about θ† were made for. */
const FAR = 10;

/**
 * Tracks a run of (S)GD from the onset of the edge. Yields the state at every step 0 … steps and warnings; returns
 * how it ended. Per step: five gradients, four eigen-solves to `tol` and four ∇S for θ†; one gradient (and one of a
 * batch) and a loose eigen-solve for the real run; about three gradients and an eigen-solve for the flow; one
 * product for every form and every tracked β_{s→t}. A few dozen vectors of memory besides the eigen-solver's.
 *
 * @throws InputError for an objective in float32; RunError when the theory does not apply at the start
 */
export async function* track(
  options: TrackOptions,
): AsyncGenerator<TrackedStep | TrackWarning | TrackSaved, TrackEnd> {
  const { objective, lr, steps, signal, saveDue } = options;
  if (objective.dtype !== "float64") {
    throw new InputError("the reference trajectory needs float64", { received: objective.dtype });
  }
  const run = await TrackedRun.start(options);
  for (let step = options.resume?.step ?? 0; ; step++) {
    const record = await run.record(step);
    if (record === null)
      return { status: "diverged", step, message: "the loss of the real run is not finite" };
    yield record;
    yield* run.warnings(step);
    if (step === steps) return { status: "finished", step, message: `${steps} steps` };
    const obstacle = await run.advance(lr);
    if (obstacle !== null) return { status: "stopped", step: step + 1, message: obstacle };
    // Only here is everything at one and the same step.
    const interrupted = signal?.aborted === true;
    if (saveDue?.(interrupted) === true) yield { type: "state", state: run.state(step + 1) };
    if (interrupted) return { status: "interrupted", step, message: "interrupted" };
  }
}

class TrackedRun {
  readonly #options: TrackOptions;
  readonly #objective: Objective;
  readonly #geometry: GeometryOptions;
  readonly #real: NoisySteps;
  /** The run whose noise drives the predictions; null: the real one. */
  readonly #driver: NoisySteps | null;
  #at: LocalGeometry;
  #predictors: Predictor[];
  #flow: Vector | null;
  /** Top eigenvectors at the real iterate and on the flow. */
  readonly #warm: { real: readonly Vector[]; flow: readonly Vector[] };
  #flowSharpness: number;
  #responses: { readonly from: number; readonly vector: PropagatedVector }[] = [];
  #noise: { readonly zeta: number; readonly norm: number } | null = null;
  #pendingWarnings: string[] = [];
  readonly #warned = new Set<string>();

  static async start(options: TrackOptions): Promise<TrackedRun> {
    const { objective, lr, seed = 0, tol = GEOMETRY_TOLERANCE, warm = [], resume } = options;
    const geometry = { lr, tol, seed };
    if (resume !== undefined) {
      const known = stateVectors(resume, "eigenvector").map(([, vector]) => vector);
      const theta = stateVector(resume, "reference").slice();
      return new TrackedRun(options, geometry, await measureGeometry(objective, theta, geometry, known));
    }
    const at =
      options.reference === undefined
        ? await startReference(objective, options.theta, geometry, warm)
        : await measureGeometry(objective, options.reference.slice(), geometry, warm);
    return new TrackedRun(options, geometry, at);
  }

  private constructor(options: TrackOptions, geometry: GeometryOptions, at: LocalGeometry) {
    const {
      objective,
      kick,
      lr,
      sampler,
      separateNoise = null,
      forms = ["generalised", "enhanced"],
    } = options;
    this.#options = options;
    this.#objective = objective;
    this.#geometry = geometry;
    this.#at = at;
    const { resume } = options;
    if (resume !== undefined) {
      this.#real = new NoisySteps(objective, stateVector(resume, "theta"), sampler);
      this.#driver =
        separateNoise === null
          ? null
          : new NoisySteps(objective, stateVector(resume, "separate"), separateNoise);
      this.#predictors = stateVectors(resume, "predicted").map(
        ([form, v]) => new Predictor(form as PredictedForm, objective, lr, v),
      );
      this.#flow = options.flow === false ? null : stateVector(resume, "flow").slice();
      const warm = (where: string): Vector[] => stateVectors(resume, where).map(([, vector]) => vector);
      this.#warm = { real: warm("real"), flow: warm("flow") };
      this.#flowSharpness = resume.flowSharpness;
      this.#noise = resume.noise;
      this.#responses = stateVectors(resume, "response").map(([from, vector]) => ({
        from: Number(from),
        vector: new PropagatedVector(vector, lr),
      }));
      for (const kind of resume.warned) this.#warned.add(kind);
      return;
    }
    const theta = options.theta.slice();
    if (kick !== undefined) {
      theta.set(at.theta);
      axpy(kick * Math.sqrt(at.delta2), at.u, theta);
    }
    this.#real = new NoisySteps(objective, theta, sampler);
    this.#driver = separateNoise === null ? null : new NoisySteps(objective, theta, separateNoise);
    const v = difference(theta, at.theta);
    this.#predictors = forms.map((form) => new Predictor(form, objective, lr, v));
    this.#flow = options.flow === false ? null : theta.slice();
    this.#warm = { real: [at.u], flow: [at.u] };
    this.#flowSharpness = at.sharpness;
  }

  /** The state at step t, after the halves of the predicted steps that need the Hessian at θ†_t; null when the run has diverged. */
  async record(step: number): Promise<TrackedStep | null> {
    const at = this.#at;
    const { lr } = this.#options;
    const responses = Object.fromEntries(
      this.#responses.map(({ from, vector }) => [String(from), vector.response(at)]),
    );
    await this.#beginAt(at, step);
    const loss = await this.#real.measure();
    if (!Number.isFinite(loss)) return null;
    await this.#driver?.measure();
    const { theta } = this.#real;
    const sharpness = await this.#sharpness("real", theta);
    const v = difference(theta, at.theta);
    const { x, y } = coordinates(at, v);
    if (norm(v) > FAR * Math.sqrt(at.delta2)) {
      this.#warn(
        `far`,
        `‖θ − θ†‖ is ${(norm(v) / Math.sqrt(at.delta2)).toPrecision(3)}·δ: beyond ${FAR}·δ the expansions about θ† do not hold`,
      );
    }
    const predicted = Object.fromEntries(
      this.#predictors.map((predictor): [string, PredictedRecord] => {
        const hat = predictor.coordinates(at);
        const values = predictedValues(at, hat, lr);
        const errors = couplingErrors({ at, v, predicted: predictor.v, values, loss, sharpness, lr });
        const deviation = distance(v, predictor.v);
        return [
          predictor.form,
          { ...hat, loss: values.loss, sharpness: values.sharpness, deviation, errors },
        ];
      }),
    );
    const flow = await this.#flowRecord(theta);
    for (const { name, holds, message } of at.landscape.assumptions) if (!holds) this.#warn(name, message);
    return {
      type: "step",
      step,
      real: { loss, sharpness, x, y, distance: norm(v) },
      reference: referenceRecord(at, lr),
      predicted,
      ...(flow === null ? {} : { flow }),
      ...(this.#noise === null ? {} : { noise: this.#noise }),
      ...(this.#responses.length === 0 || step === 0 ? {} : { responses }),
    };
  }

  /** Warnings that have come up since the last call, each kind once. */
  *warnings(step: number): Generator<TrackWarning> {
    for (const message of this.#pendingWarnings) yield { type: "warning", step, message };
    this.#pendingWarnings = [];
  }

  /** One step of everything; the reason when θ† cannot go on. */
  async advance(lr: number): Promise<string | null> {
    const noise = await this.#real.step(lr);
    const driving = this.#driver === null ? noise : await this.#driver.step(lr);
    if (this.#flow !== null) await this.#flowStep(this.#flow, lr);
    try {
      this.#at = await advanceReference(this.#objective, this.#at, this.#geometry);
    } catch (error) {
      if (error instanceof BrinkError)
        return `the reference trajectory cannot be continued: ${error.message}`;
      throw error;
    }
    const at = this.#at;
    const obstacle = obstacleTo(at, lr);
    if (obstacle !== null) return obstacle;
    this.#noise = driving === null ? null : { zeta: dot(at.u, driving), norm: norm(driving) };
    for (const predictor of this.#predictors) predictor.finish(at.u, driving);
    const lost = this.#predictors.filter((predictor) => !predictor.follows(at));
    for (const { form } of lost)
      this.#warn(form, `the ${form} prediction has blown up and is no longer followed`);
    this.#predictors = this.#predictors.filter((predictor) => !lost.includes(predictor));
    return null;
  }

  /** Everything as it is before `record(step)`. */
  state(step: number): TrackState {
    const numbered = (name: string, vectors: readonly Vector[]): [string, Vector][] =>
      vectors.map((vector, k) => [`${name}.${k}`, vector]);
    const { sampler, separateNoise = null } = this.#options;
    return {
      step,
      vectors: new Map([
        ["theta", this.#real.theta],
        ["reference", this.#at.theta],
        ...(this.#flow === null ? [] : ([["flow", this.#flow]] as const)),
        ...(this.#driver === null ? [] : ([["separate", this.#driver.theta]] as const)),
        ...this.#predictors.map(({ form, v }) => [`predicted.${form}`, v] as const),
        ...this.#responses.map(({ from, vector }) => [`response.${from}`, vector.vector] as const),
        ...numbered("eigenvector", this.#at.eigenvectors),
        ...numbered("real", this.#warm.real),
        ...numbered("flow", this.#warm.flow),
      ]),
      flowSharpness: this.#flowSharpness,
      noise: this.#noise,
      warned: [...this.#warned],
      samplers: { real: sampler?.state() ?? null, separate: separateNoise?.state() ?? null },
    };
  }

  async #beginAt(at: LocalGeometry, step: number): Promise<void> {
    for (const predictor of this.#predictors) await predictor.begin(at);
    for (const { vector } of this.#responses) await vector.advance(at);
    const { responseEvery = 50, lr } = this.#options;
    if (responseEvery > 0 && step % responseEvery === 0) {
      this.#responses.push({ from: step, vector: new PropagatedVector(at.sharpening, lr) });
    }
  }

  async #sharpness(where: "real" | "flow", theta: Vector): Promise<number> {
    const { sharpnessTol = 1e-4, seed = 0 } = this.#options;
    const start = this.#warm[where];
    const solve = await lanczos(await this.#objective.hessian(theta), { tol: sharpnessTol, seed, start });
    if (solve.eigenvectors.length > 0) this.#warm[where] = solve.eigenvectors;
    return solve.eigenvalues[0]!;
  }

  async #flowRecord(theta: Vector): Promise<FlowRecord | null> {
    if (this.#flow === null) return null;
    const { loss } = await this.#objective.evaluate(this.#flow, "train");
    this.#flowSharpness = await this.#sharpness("flow", this.#flow);
    return { loss, sharpness: this.#flowSharpness, distance: distance(theta, this.#flow) };
  }

  /** Euler with ⌈ηS⌉ substeps, each of ηS/⌈ηS⌉ ≤ 1: as the code published with arXiv:2209.15594. */
  async #flowStep(flow: Vector, lr: number): Promise<void> {
    const substeps = Math.max(1, Math.ceil(lr * this.#flowSharpness));
    const next = zeros(this.#objective.dtype, this.#objective.size);
    for (let k = 0; k < substeps; k++) {
      await this.#objective.descend(flow, null, lr / substeps, next);
      flow.set(next);
    }
  }

  #warn(kind: string, message: string): void {
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.#pendingWarnings.push(message);
  }
}

function difference(a: Vector, b: Vector): Vector {
  const result = a.slice();
  axpy(-1, b, result);
  return result;
}
