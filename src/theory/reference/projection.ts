// The stable set M = {S ≤ 2/η, ⟨∇L, u⟩ = 0} and the published way onto it: repeated linearised projections.
import type { Objective } from "../../curvature/index.ts";
import { axpy, InputError, type Vector } from "../../math/index.ts";
import {
  GEOMETRY_TOLERANCE,
  type GeometryOptions,
  type LocalGeometry,
  measureGeometry,
} from "./local-geometry.ts";

/** Linearised projections in a row, as in the code published with Damian et al. 2023. */
export const PROJECTION_REPEATS = 3;

/**
 * Intermediate points are soon left again, so their eigenvectors may be worse than those of θ† itself by this factor: an
 * error e of u moves the result by e times the projection's own length, which along a trajectory is a small part of δ.
 */
const PROJECTION_SLACK = 1000;

/** Where a sequence of projections ended. */
export interface Projected {
  readonly theta: Vector;
  /** Eigenvectors at the last point measured on the way, to start the next solve from. */
  readonly eigenvectors: readonly Vector[];
}

/**
 * One linearised projection from a measured point: a Newton step along u onto ⟨∇L,u⟩ = 0, and where S exceeds
 * the edge a first-order correction along ∇S⊥,
 *
 *   θ − max(0, S − 2/η)·∇S⊥/‖∇S⊥‖² − u⟨u,g⟩/S.
 *
 * A correction that overshoots is not undone, so repeating it does not give the nearest point of M (see
 * `exactProjection`). O(P). Damian et al. 2023, arXiv:2209.15594, published code.
 *
 * @param edge 2/η
 * @throws InputError where S ≤ 0 or ∇S⊥ = 0: neither correction is defined there
 */
export function linearisedProjection(at: LocalGeometry, edge: number): Vector {
  const { theta, sharpness, sharpening, beta, slope, u } = at;
  const excess = Math.max(0, sharpness - edge);
  if (!(sharpness > 0)) {
    throw new InputError("no projection onto the stable set where the loss is not convex along u", {
      received: `S = ${sharpness}`,
    });
  }
  if (excess > 0 && !(beta > 0)) {
    throw new InputError("the sharpness cannot be lowered to the edge: ∇S⊥ vanishes here");
  }
  const moved = theta.slice();
  if (excess > 0) axpy(-excess / beta, sharpening, moved);
  axpy(-slope / sharpness, u, moved);
  return moved;
}

/**
 * θ after `repeats` linearised projections, each from freshly measured quantities. Costs that many gradients,
 * eigen-solves and ∇S.
 *
 * @throws what `measureGeometry` and `linearisedProjection` throw
 */
export async function project(
  objective: Objective,
  theta: Vector,
  options: GeometryOptions,
  warm: readonly Vector[] = [],
  repeats: number = PROJECTION_REPEATS,
): Promise<Projected> {
  let at: Projected = { theta, eigenvectors: warm };
  const loose = { ...options, tol: PROJECTION_SLACK * (options.tol ?? GEOMETRY_TOLERANCE) };
  for (let k = 0; k < repeats; k++) {
    const found = await measureGeometry(objective, at.theta, loose, at.eigenvectors, 1);
    // The second eigenvector of the warm start stays: projections move too little to matter for it.
    const eigenvectors = [...found.eigenvectors, ...at.eigenvectors.slice(1)];
    at = { theta: linearisedProjection(found, 2 / options.lr), eigenvectors };
  }
  return at;
}
