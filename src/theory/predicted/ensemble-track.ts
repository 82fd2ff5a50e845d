// Several SGD runs along one reference trajectory, each with a prediction driven by its own noise: what averages are taken of.
import { type ExampleObjective, projectedVariance } from "../../curvature/index.ts";
import { axpy, BrinkError, InputError, norm, scale, type Vector } from "../../math/index.ts";
import type { BatchSampler } from "../../optim/index.ts";
import { advanceReference, obstacleTo, startReference } from "../reference/constrained.ts";
import type { LocalGeometry } from "../reference/local-geometry.ts";
import { type Coordinates, coordinates, type PredictedForm } from "./forms.ts";
import { NoisySteps } from "./noisy-steps.ts";
import { Predictor } from "./predictor.ts";
import type { ReferenceRecord, TrackEnd, TrackOptions } from "./track-types.ts";

/** An ensemble to be tracked from the onset of the edge. */
export interface TrackEnsembleOptions extends Pick<
  TrackOptions,
  "theta" | "kick" | "lr" | "steps" | "tol" | "seed" | "warm" | "signal"
> {
  readonly objective: ExampleObjective;
  /** One a run; different streams. */
  readonly samplers: readonly BatchSampler[];
  /** Default: enhanced, the form with κ and noise. */
  readonly form?: PredictedForm;
  /** Measure the noise at θ† every so many steps. Default 25. */
  readonly noiseEvery?: number;
}

/** All runs at step t. */
export interface EnsembleRecord {
  readonly type: "step";
  readonly step: number;
  readonly reference: ReferenceRecord;
  /** x̂ and ŷ by run; a prediction that has blown up is null from then on. */
  readonly predicted: readonly (Coordinates | null)[];
  /** x and y of the SGD runs themselves; null from where one has left every expansion about θ†. */
  readonly real: readonly (Coordinates | null)[];
  /** Population variances of a single example's gradient along u and along ∇S⊥/‖∇S⊥‖, at θ†. */
  readonly noise?: { readonly varianceU: number; readonly varianceS: number };
}

/** As far from θ† as predictions are followed, in units of δ; see `Predictor`. */
const LOST = 1000;

/**
 * Tracks the runs. The reference trajectory knows nothing of the noise, so one serves all. Per step it costs four
 * eigen-solves and four ∇S, and for each run two gradients and one product. Yields steps 0 … steps.
 *
 * @throws InputError for float32 or no runs; RunError when the theory does not apply at the start
 */
export async function* trackEnsemble(
  options: TrackEnsembleOptions,
): AsyncGenerator<EnsembleRecord, TrackEnd> {
  const { objective, lr, steps, samplers, signal, noiseEvery = 25, form = "enhanced" } = options;
  if (objective.dtype !== "float64") {
    throw new InputError("the reference trajectory needs float64", { received: objective.dtype });
  }
  if (samplers.length === 0) throw new InputError("an ensemble needs runs", { received: "none" });
  const geometry = { lr, tol: options.tol ?? 1e-8, seed: options.seed ?? 0 };
  let at = await startReference(objective, options.theta, geometry, options.warm ?? []);
  const theta = options.theta.slice();
  if (options.kick !== undefined) {
    theta.set(at.theta);
    axpy(options.kick * Math.sqrt(at.delta2), at.u, theta);
  }
  const v0 = difference(theta, at.theta);
  const runs = samplers.map((sampler) => ({
    real: new NoisySteps(objective, theta, sampler),
    predictor: new Predictor(form, objective, lr, v0),
    followed: true,
    near: true,
  }));
  for (let step = 0; ; step++) {
    const reach = LOST * Math.sqrt(at.delta2);
    for (const run of runs) {
      run.followed &&= run.predictor.follows(at);
      run.near &&= norm(difference(run.real.theta, at.theta)) <= reach;
    }
    yield {
      type: "step",
      step,
      reference: referenceRecord(at, lr),
      predicted: runs.map(({ followed, predictor }) => (followed ? predictor.coordinates(at) : null)),
      real: runs.map(({ near, real }) => (near ? coordinates(at, difference(real.theta, at.theta)) : null)),
      ...(step % noiseEvery === 0 ? { noise: await noiseAt(objective, at) } : {}),
    };
    if (step === steps) return { status: "finished", step, message: `${steps} steps` };
    if (signal?.aborted === true) return { status: "interrupted", step, message: "interrupted" };
    const lost = runs.filter(({ near }) => !near).length;
    if (lost === runs.length) {
      return { status: "diverged", step, message: `all runs are more than ${LOST}·δ from θ†` };
    }
    for (const { followed, predictor } of runs) if (followed) await predictor.begin(at);
    const noises = new Map<NoisySteps, Vector>();
    for (const { near, real } of runs) {
      if (!near) continue;
      await real.measure();
      const noise = await real.step(lr);
      if (noise !== null) noises.set(real, noise);
    }
    try {
      at = await advanceReference(objective, at, geometry);
    } catch (error) {
      if (!(error instanceof BrinkError)) throw error;
      const message = `the reference trajectory cannot be continued: ${error.message}`;
      return { status: "stopped", step: step + 1, message };
    }
    const obstacle = obstacleTo(at, lr);
    if (obstacle !== null) return { status: "stopped", step: step + 1, message: obstacle };
    for (const run of runs) {
      // Without its run a prediction has no noise to be driven by.
      run.followed &&= run.near;
      if (run.followed) run.predictor.finish(at.u, noises.get(run.real) ?? null);
    }
  }
}

/** The scalars of a point of θ†, for a record. */
export function referenceRecord(at: LocalGeometry, lr: number): ReferenceRecord {
  return {
    loss: at.loss,
    sharpness: at.sharpness,
    lambda2: at.lambda2,
    alpha: at.alpha,
    beta: at.beta,
    kappa: at.kappa,
    delta: Math.sqrt(at.delta2),
    epsilon: lr * Math.sqrt(at.alpha),
    slope: at.slope,
  };
}

async function noiseAt(
  objective: ExampleObjective,
  at: LocalGeometry,
): Promise<{ readonly varianceU: number; readonly varianceS: number }> {
  const across = at.sharpening.slice();
  scale(1 / Math.sqrt(at.beta), across);
  return {
    varianceU: projectedVariance(await objective.projections(at.theta, at.u, at.hessian)),
    varianceS: projectedVariance(await objective.projections(at.theta, across, at.hessian)),
  };
}

function difference(a: Vector, b: Vector): Vector {
  const result = a.slice();
  axpy(-1, b, result);
  return result;
}
