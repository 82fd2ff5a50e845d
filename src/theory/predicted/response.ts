// How a displacement made at step s is felt by the sharpness at t + 1: the kernels β_{s→t} and γ_{s→t}.
import type { Objective } from "../../curvature/index.ts";
import { axpy, dot, RunError, type Vector, zeros } from "../../math/index.ts";
import type { LocalGeometry } from "../reference/local-geometry.ts";

/**
 * A vector carried along the reference trajectory by A_k = (I − ηH_k)(I − u_k u_kᵀ), one Hessian product a step.
 * Started as ∇S⊥_s at step s and advanced through s + 1 … t it gives β_{s→t} = ⟨∇S⊥_{t+1}, A_t ⋯ A_{s+1}∇S⊥_s⟩
 * (arXiv:2209.15594; arXiv:2604.21016): β when nothing changes on the way, less as the memory fades.
 */
export class PropagatedVector {
  readonly #lr: number;
  #vector: Vector;

  /** @param start copied */
  constructor(start: Vector, lr: number) {
    this.#vector = start.slice();
    this.#lr = lr;
  }

  /** A_k ⋯ A_{s+1} applied to the start; live. */
  get vector(): Vector {
    return this.#vector;
  }

  /** Applies A_k; the objective must be linearised at `at` = θ†_k. */
  async advance(at: LocalGeometry): Promise<void> {
    const across = this.#vector;
    axpy(-dot(at.u, across), at.u, across);
    const image = zeros(at.hessian.dtype, across.length);
    await at.hessian.apply(across, image);
    axpy(-this.#lr, image, across);
  }

  /** ⟨∇S⊥ at `next`, this⟩: β_{s→t} when next is θ†_{t+1}. */
  response(next: LocalGeometry): number {
    return dot(next.sharpening, this.#vector);
  }
}

/**
 * γ_{s→t} = ∇S⊥_{t+1}ᵀ A_t ⋯ A_{s+1}(I − u_{s+1}u_{s+1}ᵀ) as a vector: the noise ξ_s changes ŷ_{t+1} by −η⟨γ_{s→t}, ξ_s⟩
 * (arXiv:2604.21016). Goes backwards, so it linearises every θ†_k again: t − s linearisations and products.
 *
 * @param points points[k] is θ†_k, for k up to t + 1
 * @throws RunError when the points do not reach that far
 */
export async function responseCovector(
  objective: Objective,
  points: readonly LocalGeometry[],
  [s, t]: readonly [number, number],
  lr: number,
): Promise<Vector> {
  const last = points[t + 1];
  const first = points[s + 1];
  if (last === undefined || first === undefined || s > t) {
    throw new RunError("no such response", {
      received: `s = ${s}, t = ${t}`,
      allowed: `0 ≤ s ≤ t < ${points.length - 1}`,
    });
  }
  const covector = last.sharpening.slice();
  const image = zeros(objective.dtype, objective.size);
  for (let k = t; k > s; k--) {
    const { theta, u } = points[k]!;
    const hessian = await objective.hessian(theta);
    await hessian.apply(covector, image);
    axpy(-lr, image, covector);
    axpy(-dot(u, covector), u, covector);
  }
  axpy(-dot(first.u, covector), first.u, covector);
  return covector;
}
