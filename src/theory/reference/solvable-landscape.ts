// A landscape on which the predicted dynamics are exact: gradient descent on it is the frozen scalar map itself.
import type { ExampleObjective, HessianOperator } from "../../curvature/index.ts";
import { InputError, type Vector, zeros } from "../../math/index.ts";

/** L(x, y) = −a·y + ½(2/η + c·y)·x², with θ = (x, y). */
export interface SolvableLandscape {
  /** Slope a > 0 along y. */
  readonly a: number;
  /** Rate c > 0 at which the curvature along x grows with y. */
  readonly c: number;
  /** Learning rate η > 0 at which (0, 0) is on the edge. */
  readonly lr: number;
  /** What example i adds to the slope along x; centred here, so that only mini-batches see it. Default one example, 0. */
  readonly noise?: readonly number[];
}

/**
 * The landscape as an objective, in float64. With Y = c·y, gradient descent at η is x′ = −(1 + ηY)x,
 * Y′ = Y + η(α − βx²/2) with α = a·c, β = c², δ² = 2a/c, κ = 0 exactly, and the constrained trajectory stays at
 * the origin. Derivatives are written out by hand: an end-to-end test of everything that predicts.
 */
export function solvableLandscape({ a, c, lr, noise = [0] }: SolvableLandscape): ExampleObjective {
  if (!(a > 0 && c > 0 && lr > 0) || noise.length === 0) {
    throw new InputError("a, c and lr must be positive, and there must be an example", {
      received: `a ${a}, c ${c}, lr ${lr}, ${noise.length} examples`,
    });
  }
  const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
  const offsets = noise.map((value) => value - mean);
  const offsetOf = (indices: Uint32Array | null): number => {
    if (indices === null) return 0;
    let sum = 0;
    for (const i of indices) sum += offsets[i]!;
    return sum / indices.length;
  };
  const gradientAt = (theta: Vector, offset: number, out: Vector): number => {
    const [x, y] = [theta[0]!, theta[1]!];
    const curvature = 2 / lr + c * y;
    out[0] = curvature * x + offset;
    out[1] = -a + (c * x * x) / 2;
    return -a * y + (curvature * x * x) / 2 + offset * x;
  };
  const productAt = (theta: Vector, v: Vector, out: Vector): void => {
    const [x, y] = [theta[0]!, theta[1]!];
    const [vx, vy] = [v[0]!, v[1]!];
    out[0] = (2 / lr + c * y) * vx + c * x * vy;
    out[1] = c * x * vx;
  };
  const scratch = zeros("float64", 2);
  return {
    size: 2,
    dtype: "float64",
    n: offsets.length,
    lossAndGradient: async (theta, gradient) => gradientAt(theta, 0, gradient),
    batchLossAndGradient: async (theta, indices, gradient) => gradientAt(theta, offsetOf(indices), gradient),
    descend: async (theta, indices, rate, out) => {
      const loss = gradientAt(theta, offsetOf(indices), scratch);
      out[0] = theta[0]! - rate * scratch[0]!;
      out[1] = theta[1]! - rate * scratch[1]!;
      return loss;
    },
    evaluate: async (theta, split) => {
      if (split === "test") throw new InputError("there is no test split");
      return { loss: gradientAt(theta, 0, scratch), accuracy: null };
    },
    hessian: async (theta): Promise<HessianOperator> => {
      const at = theta.slice();
      let products = 0;
      return {
        size: 2,
        dtype: "float64",
        get products() {
          return products;
        },
        apply: async (v, out) => {
          products += 1;
          productAt(at, v, out);
        },
      };
    },
    sharpnessGradient: async (theta, u, out) => {
      const [ux, uy] = [u[0]!, u[1]!];
      productAt(theta, u, scratch);
      const curvature = scratch[0]! * ux + scratch[1]! * uy;
      out[0] = 2 * c * ux * uy;
      out[1] = c * ux * ux;
      return curvature;
    },
    batchHessianProduct: async (theta, _indices, v, out) => productAt(theta, v, out),
    batchCurvature: async (theta, _indices, v) => {
      productAt(theta, v, scratch);
      return scratch[0]! * v[0]! + scratch[1]! * v[1]!;
    },
    projections: async (theta, direction) => {
      gradientAt(theta, 0, scratch);
      const shared = scratch[0]! * direction[0]! + scratch[1]! * direction[1]!;
      return Float64Array.from(offsets, (offset) => shared + offset * direction[0]!);
    },
    dispose: async () => {},
  };
}
