// One step of the predicted dynamics of v̂ ≈ θ − θ†, in the four forms in use.
import type { Objective } from "../../curvature/index.ts";
import { axpy, dot, type Vector, zeros } from "../../math/index.ts";
import type { LocalGeometry } from "../reference/local-geometry.ts";

/**
 * `plain`: the paper's definition for gradient descent, with κ = 0 (arXiv:2209.15594, Definition of the predicted
 * dynamics). `enhanced`: with the κ term, the form that takes SGD's noise (arXiv:2604.21016). `code`: as in the code
 * published with the former, the actual S in place of 2/η and no projection onto the next eigenvector.
 * `generalised`: the code's variant with the exact gradient along u, right when the loss along u is not quadratic.
 */
export type PredictedForm = "plain" | "enhanced" | "code" | "generalised";

/** All forms, best first. */
export const PREDICTED_FORMS: readonly PredictedForm[] = ["generalised", "enhanced", "code", "plain"];

/** x̂ = ⟨u, v̂⟩ and ŷ = ⟨∇S⊥, v̂⟩. */
export interface Coordinates {
  /** [w]: displacement along the top eigenvector, which changes sign every step. */
  readonly x: number;
  /** [L/w²]: what the displacement adds to the sharpness, to first order and without κx. */
  readonly y: number;
}

/** Coordinates of a displacement from a point of the reference trajectory. */
export function coordinates(at: LocalGeometry, v: Vector): Coordinates {
  return { x: dot(at.u, v), y: dot(at.sharpening, v) };
}

/** Half a step: all that can be said before u_{t+1} is known. */
export interface PendingStep {
  /** v̂_{t+1} without what goes along u_{t+1} and without noise; `finishStep` changes it in place. */
  readonly rest: Vector;
  /** Coefficient of u_{t+1}, which `rest` is then projected off; null for the forms that do neither. */
  readonly along: number | null;
}

/**
 * The part of a step that belongs to θ†_t, while its Hessian is linearised. One Hessian product, and one gradient
 * for `generalised`.
 *
 * @param at θ†_t
 * @param v v̂_t; not changed
 */
export async function beginStep(
  form: PredictedForm,
  objective: Objective,
  at: LocalGeometry,
  v: Vector,
  lr: number,
): Promise<PendingStep> {
  const { x, y } = coordinates(at, v);
  const { u, sharpening, delta2, kappa } = at;
  // v̂ without its component along u, unless the code form wants all of it.
  const across = v.slice();
  if (form !== "code") axpy(-x, u, across);
  const rest = zeros(objective.dtype, objective.size);
  await at.hessian.apply(across, rest);
  for (let i = 0; i < rest.length; i++) rest[i] = across[i]! - lr * rest[i]!;
  axpy((lr * (delta2 - x * x)) / 2, sharpening, rest);
  if (form === "plain") return { rest, along: -(1 + lr * y) * x };
  if (form === "enhanced") return { rest, along: -(1 + lr * y) * x - (lr / 2) * kappa * x * x };
  axpy(-lr * x * y, u, rest);
  if (form === "generalised") {
    const theta = at.theta.slice();
    axpy(x, u, theta);
    const gradient = zeros(objective.dtype, objective.size);
    await objective.lossAndGradient(theta, gradient);
    axpy(x - lr * dot(u, gradient), u, rest);
  }
  return { rest, along: null };
}

/**
 * v̂_{t+1}, from half a step and the next eigenvector.
 *
 * @param noise ξ_t = g_B − ∇L of the step taken, or null for gradient descent
 */
export function finishStep(
  { rest, along }: PendingStep,
  uNext: Vector,
  noise: Vector | null,
  lr: number,
): Vector {
  if (along !== null) axpy(along - dot(uNext, rest), uNext, rest);
  if (noise !== null) axpy(-lr, noise, rest);
  return rest;
}
