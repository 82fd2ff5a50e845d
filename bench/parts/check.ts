// Before times are compared: do both sides compute the same function?
import type { Objective } from "brink/curvature";
import { RunError, dot, norm, zeros, type Vector } from "brink/math";
import type { PointCheck } from "../peers/torch-peer.ts";

/** Two float32 sums over thousands of examples, in different orders, agree far better than this. */
const TOLERANCE = 1e-3;

/** L, ‖g‖ and gᵀHg/‖g‖² at θ. */
export async function pointCheck(objective: Objective, theta: Vector): Promise<PointCheck> {
  const gradient = zeros(objective.dtype, objective.size);
  const image = zeros(objective.dtype, objective.size);
  const loss = await objective.lossAndGradient(theta, gradient);
  const hessian = await objective.hessian(theta);
  await hessian.apply(gradient, image);
  return { loss, gradNorm: norm(gradient), curvature: dot(gradient, image) / dot(gradient, gradient) };
}

/** @throws RunError naming the first quantity in which the two sides differ: then their times compare nothing. */
export function requireAgreement(network: string, ours: PointCheck, theirs: PointCheck): void {
  for (const key of ["loss", "gradNorm", "curvature"] as const) {
    const scale = Math.max(Math.abs(ours[key]), Math.abs(theirs[key]));
    if (Math.abs(ours[key] - theirs[key]) <= TOLERANCE * scale) continue;
    throw new RunError("Brink and PyTorch disagree, so their times compare nothing", {
      field: `${network} ${key}`,
      received: `${ours[key]} and ${theirs[key]}`,
      allowed: `a relative difference of ${TOLERANCE}`,
    });
  }
}
