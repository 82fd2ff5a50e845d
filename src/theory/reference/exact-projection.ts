// The nearest point of the stable set, to rounding: a check on the linearised projection, for small networks.
import type { HessianOperator, Objective } from "../../curvature/index.ts";
import { axpy, dot, norm, RunError, scale, type Vector, zeros } from "../../math/index.ts";
import { type GeometryOptions, type LocalGeometry, measureGeometry } from "./local-geometry.ts";

/** The nearest point of M. */
export interface ExactProjection {
  readonly theta: Vector;
  /** ‖θ − θ_0‖. */
  readonly distance: number;
  readonly iterations: number;
}

/** When the iteration ends. */
export interface ExactProjectionOptions extends GeometryOptions {
  /** Movement in one iteration, relative to the distance. Default 1e-10. */
  readonly moveTol?: number;
  /** Default 200. */
  readonly maxIterations?: number;
}

/** Movement below this share of ‖θ‖ is rounding of the eigen-solves. */
const ROUNDING = 1e-13;

/**
 * argmin ½‖θ − θ_0‖² over M = {S ≤ 2/η, ⟨g,u⟩ = 0}, by sequential projection: both constraints are linearised at
 * the present point, and the projection of θ_0 onto the linear set is the next. It converges linearly, the faster
 * the nearer θ_0 is to M (a third per iteration at a distance of 2.5·δ in the 61-parameter oracle). Gradients of the constraints: ∇S, and ∇⟨g,u⟩ = Hu + ∇³L(u, v, ·) with
 * v = (S − H)⁻¹(g − u⟨u,g⟩) on the complement of u (first-order perturbation of u), by conjugate gradients.
 *
 * Each iteration costs an eigen-solve, up to P products and three ∇S: for networks of up to a few thousand parameters.
 *
 * @throws RunError when it does not settle
 */
export async function exactProjection(
  objective: Objective,
  start: Vector,
  options: ExactProjectionOptions,
): Promise<ExactProjection> {
  const { moveTol = 1e-10, maxIterations = 200 } = options;
  const edge = 2 / options.lr;
  let at = await measureGeometry(objective, start, options, [], 1);
  let moved = zeros(objective.dtype, objective.size);
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const wanted = await towards(objective, at, moved, edge);
    const change = wanted.slice();
    axpy(-1, moved, change);
    const length = norm(change);
    if (length <= moveTol * norm(wanted) + ROUNDING * norm(start)) {
      return { theta: at.theta, distance: norm(moved), iterations: iteration };
    }
    moved = wanted;
    const theta = start.slice();
    axpy(1, moved, theta);
    at = await measureGeometry(objective, theta, options, at.eigenvectors, 1);
  }
  throw new RunError("the exact projection onto the stable set did not settle", {
    received: `${maxIterations} iterations`,
    hint: "The start is too far from it",
  });
}

/** θ_new − θ_0 of the projection onto the constraints linearised at `at`, which lies at θ_0 + moved. */
async function towards(
  objective: Objective,
  at: LocalGeometry,
  moved: Vector,
  edge: number,
): Promise<Vector> {
  const sharper = at.sharpening.slice();
  axpy(at.kappa, at.u, sharper);
  const steeper = await slopeGradient(objective, at);
  const [ss, st, tt] = [dot(sharper, sharper), dot(sharper, steeper), dot(steeper, steeper)];
  const toEdge = dot(sharper, moved) - (at.sharpness - edge);
  const toFlat = dot(steeper, moved) - at.slope;
  const determinant = ss * tt - st * st;
  const alongSharper = (tt * toEdge - st * toFlat) / determinant;
  const result = zeros(objective.dtype, objective.size);
  // The sharpness is only ever lowered: a positive multiple of ∇S means that this constraint is not active.
  if (determinant > 0 && alongSharper < 0) {
    axpy(alongSharper, sharper, result);
    axpy((ss * toFlat - st * toEdge) / determinant, steeper, result);
  } else axpy(toFlat / tt, steeper, result);
  return result;
}

/** ∇⟨g,u⟩. The mixed third derivative comes by polarisation of ∇³L(w, w). */
async function slopeGradient(objective: Objective, at: LocalGeometry): Promise<Vector> {
  const { theta, u, sharpness, hessian } = at;
  const v = await resolvent(hessian, at);
  const length = norm(v);
  const result = zeros(objective.dtype, objective.size);
  if (length > 0) {
    scale(1 / length, v);
    const cubic = zeros(objective.dtype, objective.size);
    for (const sign of [1, -1]) {
      const direction = u.slice();
      axpy(sign, v, direction);
      await objective.sharpnessGradient(theta, direction, cubic);
      axpy((sign * length) / 4, cubic, result);
    }
  }
  axpy(sharpness, u, result);
  return result;
}

/** (S − H)⁻¹ g on the complement of u, where the operator is positive definite: conjugate gradients. */
async function resolvent(hessian: HessianOperator, at: LocalGeometry): Promise<Vector> {
  const { u, gradient, sharpness } = at;
  const { size, dtype } = hessian;
  const solution = zeros(dtype, size);
  const residual = gradient.slice();
  axpy(-dot(u, residual), u, residual);
  const direction = residual.slice();
  const image = zeros(dtype, size);
  let squared = dot(residual, residual);
  const target = 1e-24 * squared;
  for (let k = 0; k < 2 * size && squared > target; k++) {
    await hessian.apply(direction, image);
    for (let i = 0; i < size; i++) image[i] = sharpness * direction[i]! - image[i]!;
    axpy(-dot(u, image), u, image);
    const step = squared / dot(direction, image);
    axpy(step, direction, solution);
    axpy(-step, image, residual);
    const before = squared;
    squared = dot(residual, residual);
    for (let i = 0; i < size; i++) direction[i] = residual[i]! + (squared / before) * direction[i]!;
  }
  return solution;
}
