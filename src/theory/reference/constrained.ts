// The constrained trajectory θ†: gradient descent projected onto the stable set after every step.
import type { Objective } from "../../curvature/index.ts";
import { axpy, norm, RunError, type Vector } from "../../math/index.ts";
import { type GeometryOptions, type LocalGeometry, measureGeometry } from "./local-geometry.ts";
import { project } from "./projection.ts";

/** S(θ†) this far above the edge, relatively, is not on the stable set. */
const SHARPNESS_TOLERANCE = 0.01;
/** Length of the first projection above which the start is not near the stable set, in units of δ. */
export const FAR_START = 100;

/**
 * θ†_0 = proj(θ_0): the start of a constrained trajectory, measured.
 *
 * @throws RunError when the projections do not reach the stable set, or an assumption of the theory fails there:
 *   α ≤ 0, λ₂ at the edge as well, a repeated top eigenvalue
 */
export async function startReference(
  objective: Objective,
  theta: Vector,
  options: GeometryOptions,
  warm: readonly Vector[] = [],
): Promise<LocalGeometry> {
  const projected = await project(objective, theta, options, warm);
  const found = await measureGeometry(objective, projected.theta, options, projected.eigenvectors);
  const obstacle = obstacleTo(found, options.lr);
  if (obstacle !== null) throw new RunError(`the theory does not apply at the start: ${obstacle}`);
  const moved = theta.slice();
  axpy(-1, found.theta, moved);
  const distance = norm(moved);
  const delta = Math.sqrt(found.delta2);
  if (distance > FAR_START * delta) {
    throw new RunError("the start is far from the stable set", {
      received: `${(distance / delta).toPrecision(3)}·δ`,
      allowed: `at most ${FAR_START}·δ`,
      hint: "Start where the sharpness first reaches 2/η",
    });
  }
  return found;
}

/**
 * One step θ† ← proj(θ† − η∇L(θ†)), measured where it ends. Costs four gradients, eigen-solves and ∇S.
 * The noise of SGD plays no part, so the same θ† serves gradient descent and every SGD run from one start.
 * Damian et al. 2023, arXiv:2209.15594 (Definition 3 and published code).
 */
export async function advanceReference(
  objective: Objective,
  from: LocalGeometry,
  options: GeometryOptions,
): Promise<LocalGeometry> {
  const theta = from.theta.slice();
  axpy(-options.lr, from.gradient, theta);
  const projected = await project(objective, theta, options, from.eigenvectors);
  return measureGeometry(objective, projected.theta, options, projected.eigenvectors);
}

/** Why the theory does not apply at a point of the constrained trajectory, in a sentence; null when it does. */
export function obstacleTo(at: LocalGeometry, lr: number): string | null {
  const { sharpness, alpha, landscape } = at;
  const edge = 2 / lr;
  if (Math.abs(sharpness / edge - 1) > SHARPNESS_TOLERANCE) {
    return `the projected point has sharpness ${short(sharpness)} where the edge is 2/η = ${short(edge)}; it is not on the edge of the stable set`;
  }
  if (!(alpha > 0)) {
    return `α = ${short(alpha)} is not positive, so the gradient flow does not sharpen and nothing drives the cycle (δ and ε are undefined)`;
  }
  // These two are fatal; a merely small eigengap is a warning.
  const fatal = landscape.assumptions.find(
    ({ name, holds }) => !holds && (name === "secondEigenvalueStable" || name === "simpleTopEigenvalue"),
  );
  return fatal === undefined ? null : fatal.message;
}

/** Four significant digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
