// The enhanced dynamics in scalar, unrolled form: x̂ and ŷ as sums over the past with the kernels β_{s→t} and γ_{s→t}.
import { axpy, dot, type Vector } from "../../math/index.ts";
import type { LocalGeometry } from "../reference/local-geometry.ts";
import { type Coordinates, coordinates } from "./forms.ts";
import { PropagatedVector } from "./response.ts";

interface Source {
  /** What the source contributes to ŷ per unit of its response. */
  readonly weight: number;
  readonly vector: PropagatedVector;
}

/**
 *   x̂_{t+1} = −(1 + ηŷ_t)x̂_t − (η/2)κ_t x̂_t² − ηζ_t,   ζ_t = ⟨u_{t+1}, ξ_t⟩
 *   ŷ_{t+1} = I_{t+1} + η Σ_s β_{s→t}(δ_s² − x̂_s²)/2 − η Σ_s ⟨γ_{s→t}, ξ_s⟩
 *
 * (arXiv:2604.21016). Equal to the vector form `enhanced`, and there to be compared with it: every past step keeps
 * its own vector, so step t costs 2t Hessian products. For short stretches and small networks.
 */
export class UnrolledDynamics {
  readonly #lr: number;
  readonly #sources: Source[];
  #state: Coordinates;

  /** @param v0 θ_0 − θ†_0 */
  constructor(start: LocalGeometry, v0: Vector, lr: number) {
    this.#lr = lr;
    this.#state = coordinates(start, v0);
    // I_{t+1}: what is left of the initial displacement.
    this.#sources = [{ weight: 1, vector: new PropagatedVector(v0, lr) }];
  }

  /** x̂_t and ŷ_t. */
  get state(): Coordinates {
    return this.#state;
  }

  /** Carries the past through A_t and adds step t to it; the objective must be linearised at `at` = θ†_t. */
  async begin(at: LocalGeometry): Promise<void> {
    for (const { vector } of this.#sources) await vector.advance(at);
    const weight = (this.#lr * (at.delta2 - this.#state.x ** 2)) / 2;
    this.#sources.push({ weight, vector: new PropagatedVector(at.sharpening, this.#lr) });
  }

  /** x̂_{t+1} and ŷ_{t+1}, after `begin(at)`. */
  finish(at: LocalGeometry, next: LocalGeometry, noise: Vector | null): void {
    const lr = this.#lr;
    const { x, y } = this.#state;
    let zeta = 0;
    if (noise !== null) {
      zeta = dot(next.u, noise);
      const across = noise.slice();
      axpy(-zeta, next.u, across);
      this.#sources.push({ weight: -lr, vector: new PropagatedVector(across, lr) });
    }
    this.#state = {
      x: -(1 + lr * y) * x - (lr / 2) * at.kappa * x * x - lr * zeta,
      y: this.#sources.reduce((sum, { weight, vector }) => sum + weight * vector.response(next), 0),
    };
  }
}
