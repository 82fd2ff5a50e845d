// How far to go along a Newton step: by the residual, or where that misleads by the correction it would still need.
import { allFinite, axpy, norm, type Vector } from "../../math/index.ts";

export interface NewtonStep {
  /** Where the step starts, its residual F(z) there, and the direction to add. */
  readonly from: Vector;
  readonly force: Vector;
  readonly direction: Vector;
  /** Share of the direction to try first; may be negative, or above 1. Default 1. */
  readonly length?: number;
  /** Writes F(trial) into `trialForce`. */
  readonly evaluate: (trial: Vector) => Promise<void>;
  readonly trialForce: Vector;
  /** J(from)⁻¹·trialForce, approximately. */
  readonly correct: () => Promise<Vector>;
  /** Factor on residual and correction at a point, for deflation. Default 1. */
  readonly weight?: (point: Vector) => number;
}

/** Halvings tried by the residual, and of those by the correction, which costs a solve each. */
const HALVINGS = 12;
const CORRECTED = 5;

/**
 * The first point along the step, halved again and again, at which the residual falls; or at which the simplified
 * Newton correction J(z)⁻¹F(trial) is shorter than the step itself (the natural monotonicity test, Deuflhard 2004,
 * "Newton Methods for Nonlinear Problems", §3.1). Along a narrow curved valley every useful step raises the
 * residual, by the stiff directions it leaves the floor in, and one correction takes that back.
 *
 * @returns null when there is none; whether any trial was finite in `finite`. `trialForce` is F at the point.
 */
export async function newtonTrial(
  step: NewtonStep,
): Promise<{ readonly point: Vector | null; readonly finite: boolean }> {
  const { from, force, direction, evaluate, trialForce, correct, weight = (): number => 1 } = step;
  const atStart = weight(from);
  const [residual, correction] = [norm(force) * atStart, norm(direction) * atStart];
  let finite = false;
  let length = step.length ?? 1;
  for (let halving = 0; halving < HALVINGS; halving++, length /= 2) {
    const point = from.slice();
    axpy(length, direction, point);
    await evaluate(point);
    if (!allFinite(trialForce)) continue;
    finite = true;
    const here = weight(point);
    if (norm(trialForce) * here < residual) return { point, finite };
    if (halving >= CORRECTED) continue;
    const remaining = norm(await correct()) * here;
    if (remaining < (1 - Math.min(1, Math.abs(length)) / 4) * correction) return { point, finite };
  }
  return { point: null, finite };
}
