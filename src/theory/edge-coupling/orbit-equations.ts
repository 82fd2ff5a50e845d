// The equations of a period-two orbit in centre and half-difference, with their Jacobian as an operator.
import type { LinearOperator, SmoothObjective } from "../../curvature/index.ts";
import { norm, type Vector, zeros } from "../../math/index.ts";

/** The Hessian at a point, one product at a time. `point` is used, not copied. */
export function hessianAt(objective: SmoothObjective, point: Vector): LinearOperator {
  return {
    size: objective.size,
    dtype: objective.dtype,
    apply: (v, out) => objective.hessianProduct(point, v, out),
  };
}

/**
 * An orbit {m + a, m − a} of gradient descent at threshold γ = 2/η is a zero with a ≠ 0 of
 *
 *   F(m, a) = ( ∇L(m+a) + ∇L(m−a),  ∇L(m+a) − ∇L(m−a) − 2γa ),
 *
 * the gradient of the edge-coupling functional in these coordinates: centre balance, and ∇P(a) = γa for the reduced
 * potential P(a) = (L(m+a) + L(m−a))/2 (arXiv 2604.20446). Its Jacobian is symmetric. Unknowns are one flat
 * vector (m, a) of length 2P. Not reentrant: buffers are shared between calls.
 */
export class OrbitEquations {
  readonly objective: SmoothObjective;
  /** 2P. */
  readonly size: number;
  readonly #x: Vector;
  readonly #y: Vector;
  readonly #p: Vector;
  readonly #q: Vector;
  readonly #atX: Vector;
  readonly #atY: Vector;

  constructor(objective: SmoothObjective) {
    const { size, dtype } = objective;
    this.objective = objective;
    this.size = 2 * size;
    const vector = (): Vector => zeros(dtype, size);
    [this.#x, this.#y, this.#p, this.#q] = [vector(), vector(), vector(), vector()];
    [this.#atX, this.#atY] = [vector(), vector()];
  }

  /** out ← F(z); returns L(m+a) and L(m−a). Two gradients. */
  async residual(z: Vector, threshold: number, out: Vector): Promise<readonly [number, number]> {
    const { size } = this.objective;
    ends(z, this.#x, this.#y);
    const lossX = await this.objective.lossAndGradient(this.#x, this.#atX);
    const lossY = await this.objective.lossAndGradient(this.#y, this.#atY);
    for (let i = 0; i < size; i++) {
      const [gx, gy] = [this.#atX[i]!, this.#atY[i]!];
      out[i] = gx + gy;
      out[size + i] = gx - gy - 2 * threshold * z[size + i]!;
    }
    return [lossX, lossY];
  }

  /** The Jacobian of F at z, until the next `residual` or `jacobian`: two Hessian products an application. */
  jacobian(z: Vector, threshold: number): LinearOperator {
    const { objective } = this;
    const { size, dtype } = objective;
    ends(z, this.#x, this.#y);
    return {
      size: 2 * size,
      dtype,
      apply: async (v, out) => {
        ends(v, this.#p, this.#q);
        await objective.hessianProduct(this.#x, this.#p, this.#atX);
        await objective.hessianProduct(this.#y, this.#q, this.#atY);
        for (let i = 0; i < size; i++) {
          const [hx, hy] = [this.#atX[i]!, this.#atY[i]!];
          out[i] = hx + hy;
          out[size + i] = hx - hy - 2 * threshold * v[size + i]!;
        }
      },
    };
  }
}

/** x ← m + a, y ← m − a. */
export function ends(z: Vector, x: Vector, y: Vector): void {
  const size = x.length;
  for (let i = 0; i < size; i++) {
    const [m, a] = [z[i]!, z[size + i]!];
    x[i] = m + a;
    y[i] = m - a;
  }
}

/** (m, a) as one vector. */
export function joined(center: Vector, half: Vector): Vector {
  const size = center.length;
  const z = zeros(center instanceof Float32Array ? "float32" : "float64", 2 * size);
  z.set(center);
  z.set(half, size);
  return z;
}

/** ‖a‖. */
export function amplitudeOf(z: Vector): number {
  return norm(z.subarray(z.length / 2));
}
