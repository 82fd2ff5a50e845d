// Sharpness as a run measures it: gradient descent between solves, each solve started from the last eigenvector.
import { lanczos, type Objective } from "brink/curvature";
import { vectorFrom, zeros, type Vector } from "brink/math";
import { timed } from "../harness.ts";

/** How far the iterate moves and how exactly its sharpness is found. */
export interface WarmPlan {
  readonly lr: number;
  /** Steps before the first solve, which is cold and not counted. */
  readonly settle: number;
  /** Steps between one solve and the next: the cadence of a run's `measure.every`. */
  readonly between: number;
  /** Warm solves. */
  readonly solves: number;
  /** Relative accuracy of the eigenvalue at which a solve stops (its eigenvector may be less exact). */
  readonly accuracy: number;
}

/** One warm solve: linearisation at the new point and Lanczos to the tolerance, in ms. */
export interface WarmSolve {
  readonly ms: number;
  readonly products: number;
  readonly sharpness: number;
  /** ‖Hu − λu‖ / |λ|. */
  readonly relativeResidual: number;
  /** |λ − λ*| / |λ*| against a solve to a relative residual of 1e-5 at the same point. */
  readonly relativeError: number;
}

/** Full-batch gradient descent in place. */
async function descend(objective: Objective, theta: Vector, lr: number, steps: number): Promise<void> {
  const next = zeros(objective.dtype, objective.size);
  for (let step = 0; step < steps; step++) {
    await objective.descend(theta, null, lr, next);
    theta.set(next);
  }
}

/** The point reached, the top eigenvector there, and every warm solve on the way. */
export interface WarmResult {
  readonly theta: Vector;
  readonly eigenvector: Vector;
  readonly solves: readonly WarmSolve[];
}

/** Follows the plan from `theta0` (left unchanged). */
export async function warmSharpness(
  objective: Objective,
  theta0: Vector,
  plan: WarmPlan,
): Promise<WarmResult> {
  const theta = vectorFrom(objective.dtype, theta0);
  const solve = async (start: readonly Vector[]): ReturnType<typeof lanczos> =>
    lanczos(await objective.hessian(theta), { k: 1, tol: 1e-5, accuracy: plan.accuracy, start, seed: 0 });
  await descend(objective, theta, plan.lr, plan.settle);
  let state = await solve([]);
  const solves: WarmSolve[] = [];
  for (let k = 0; k < plan.solves; k++) {
    await descend(objective, theta, plan.lr, plan.between);
    const previous = state.eigenvectors;
    const ms = await timed(async () => {
      state = await solve(previous);
    });
    const sharpness = state.eigenvalues[0]!;
    const relativeResidual = state.residuals[0]! / Math.abs(sharpness);
    const exact = await lanczos(await objective.hessian(theta), { tol: 1e-5, start: state.eigenvectors });
    const relativeError = Math.abs(sharpness / exact.eigenvalues[0]! - 1);
    solves.push({ ms, products: state.hvps, sharpness, relativeResidual, relativeError });
  }
  return { theta, eigenvector: state.eigenvectors[0]!, solves };
}
