// Two runs of gradient descent from one start on two losses (two data sets): how their difference grows, and its bound.
import type { SmoothObjective } from "../../curvature/index.ts";
import { axpy, dot, InputError, norm, RunError, type Vector, zeros } from "../../math/index.ts";
import { averageHessian, type ExcursionOptions, stabilityExcursion } from "./excursion.ts";
import { checkRate } from "./functional.ts";

export interface DeviationOptions {
  /** Learning rate η of both runs. */
  readonly lr: number;
  /** K, steps of each. */
  readonly steps: number;
  /** Whether to solve for the excursions, which bound the deviation: two eigensolves a step. Default false. */
  readonly excursions?: boolean;
  readonly solving?: ExcursionOptions;
}

/** Both runs at step k. δ_k = w_k − w'_k, f_k = ∇L(w'_k) − ∇L'(w'_k). */
export interface DeviationStep {
  readonly step: number;
  /** L(w_k) and L'(w'_k). */
  readonly losses: readonly [number, number];
  /** ‖δ_k‖, [w]. */
  readonly distance: number;
  /** ‖f_k‖, [L/w]: by how much the two gradients differ at one point. */
  readonly forcing: number;
  /** ⟨∇L(w_k) − ∇L(w'_k), δ_k⟩/‖δ_k‖², [L/w²]: above 2/η the deviation overshoots and grows. Null while δ = 0. */
  readonly curvature: number | null;
  /** Of I − ηA_k, A_k the Hessian of L averaged between w'_k and w_k. Null unless asked for. */
  readonly excursion: number | null;
  /** Bound on ‖δ_k‖: Σ_{j<k} η‖f_j‖ exp(Σ_{j<i<k} excursion_i). Null unless asked for. */
  readonly bound: number | null;
  /**
   * ‖A_kδ_k − (∇L(w_k) − ∇L(w'_k))‖ relative to the latter: 0 to rounding and quadrature where L is C² between the
   * two, large across the kinks of ReLU. Null unless excursions are asked for, and while δ = 0.
   */
  readonly residual: number | null;
}

/**
 * Runs gradient descent on L and on L' side by side, K + 1 records. The difference obeys (arXiv 2604.20446)
 *
 *   δ_{k+1} = (I − ηA_k)δ_k − ηf_k,
 *
 * so that it is forced by the losses' disagreement at one point and carried by the curvature between the runs.
 * Costs three gradients a step.
 *
 * @throws InputError when the objectives or the start do not fit together
 * @throws RunError when a loss is no longer finite
 */
export async function* deviations(
  objective: SmoothObjective,
  other: SmoothObjective,
  start: Vector,
  { lr, steps, excursions = false, solving = {} }: DeviationOptions,
): AsyncGenerator<DeviationStep, void> {
  checkRate(lr);
  const { size, dtype } = objective;
  if (other.size !== size || other.dtype !== dtype || start.length !== size) {
    throw new InputError("the two losses and the start do not fit together", {
      received: `${size} × ${dtype}, ${other.size} × ${other.dtype}, start of ${start.length}`,
      allowed: "one number of parameters and one precision",
    });
  }
  const [theta, rival] = [start.slice(), start.slice()];
  const vector = (): Vector => zeros(dtype, size);
  const [gradient, across, rivalGradient, delta, force, image] = [
    vector(),
    vector(),
    vector(),
    vector(),
    vector(),
    vector(),
  ];
  let bound = 0;
  for (let step = 0; step <= steps; step++) {
    const loss = await objective.lossAndGradient(theta, gradient);
    await objective.lossAndGradient(rival, across);
    const rivalLoss = await other.lossAndGradient(rival, rivalGradient);
    if (!Number.isFinite(loss + rivalLoss)) {
      throw new RunError("a loss is not finite: the runs diverged", {
        field: "step",
        received: String(step),
      });
    }
    for (let i = 0; i < size; i++) {
      delta[i] = theta[i]! - rival[i]!;
      force[i] = across[i]! - rivalGradient[i]!;
      across[i] = gradient[i]! - across[i]!;
    }
    const [distance, forcing] = [norm(delta), norm(force)];
    let excursion: number | null = null;
    let residual: number | null = null;
    if (excursions) {
      ({ excursion } = await stabilityExcursion(objective, rival, theta, lr, solving));
      if (distance > 0) {
        await averageHessian(objective, rival, theta, solving.nodes).apply(delta, image);
        axpy(-1, across, image);
        residual = norm(image) / norm(across);
      }
    }
    yield {
      step,
      losses: [loss, rivalLoss],
      distance,
      forcing,
      curvature: distance > 0 ? dot(across, delta) / distance ** 2 : null,
      excursion,
      bound: excursions ? bound : null,
      residual,
    };
    bound = bound * Math.exp(excursion ?? 0) + lr * forcing;
    axpy(-lr, gradient, theta);
    axpy(-lr, rivalGradient, rival);
  }
}

/**
 * Bound on |x_T| of x_{k+1} = m_k x_k − ηf_k from x_0 = 0 with multipliers m_k in [−1, 0], where steps overshoot but do
 * not grow, as along a direction with curvature between 1/η and 2/η: η(|f_{T−1}| + Σ|f_{k+1} − f_k|). A steady force cancels itself every second step,
 * so only its changes add up.
 */
export function oscillationBound(forcing: readonly number[], lr: number): number {
  checkRate(lr);
  const changes = forcing.slice(1).reduce((sum, f, k) => sum + Math.abs(f - forcing[k]!), 0);
  return lr * (Math.abs(forcing.at(-1) ?? 0) + changes);
}
