// An objective small enough to check by hand: per-example squared error of x²y², the degree-4 model of edge-of-stability theory.
import type { ExampleObjective, HessianOperator } from "../curvature/index.ts";
import { dot, type DType, InputError, type Vector, zeros } from "../math/index.ts";

export interface ProductObjectiveOptions {
  /** Targets t_i of the training examples. With mean 1 the full gradient is that of (1 − x²y²)²/4. */
  readonly targets: readonly number[];
  readonly testTargets?: readonly number[];
  readonly dtype: DType;
}

/**
 * L(x, y) = mean_i (t_i − x²y²)²/4 with θ = (x, y) (Zhu et al. 2023, with examples added): gradient descent from a
 * sharp start settles just below sharpness 2/η. Derivatives are written out by hand, so it serves to try
 * optimisers, samplers and runs without a network. "Accuracy" is the fraction of |t_i − x²y²| < 1.
 */
export function productObjective(options: ProductObjectiveOptions): ExampleObjective {
  const { targets, testTargets, dtype } = options;
  const mean = average(targets);
  const gradientAt = (theta: Vector, residual: number, gradient: Vector): void => {
    const [x, y] = [theta[0]!, theta[1]!];
    gradient[0] = -residual * x * y * y;
    gradient[1] = -residual * x * x * y;
  };
  const everything = Uint32Array.from(targets, (_, i) => i);
  const scratch = zeros(dtype, 2);
  const batch = (theta: Vector, indices: Uint32Array): { loss: number; residual: number } => {
    const f = output(theta);
    let residual = 0;
    let loss = 0;
    for (const i of indices) {
      residual += targets[i]! - f;
      loss += (targets[i]! - f) ** 2 / 4;
    }
    return { loss: loss / indices.length, residual: residual / indices.length };
  };
  return {
    size: 2,
    dtype,
    n: targets.length,
    lossAndGradient: async (theta, gradient) => {
      const f = output(theta);
      gradientAt(theta, mean - f, gradient);
      return average(targets.map((target) => (target - f) ** 2 / 4));
    },
    batchLossAndGradient: async (theta, indices, gradient) => {
      const { loss, residual } = batch(theta, indices);
      gradientAt(theta, residual, gradient);
      return loss;
    },
    descend: async (theta, indices, rate, out) => {
      const { loss, residual } = batch(theta, indices ?? everything);
      gradientAt(theta, residual, scratch);
      out[0] = theta[0]! - rate * scratch[0]!;
      out[1] = theta[1]! - rate * scratch[1]!;
      return loss;
    },
    evaluate: async (theta, split) => {
      const values = split === "train" ? targets : testTargets;
      if (values === undefined) throw new InputError("there is no test split");
      const f = output(theta);
      return {
        loss: average(values.map((target) => (target - f) ** 2 / 4)),
        accuracy: average(values.map((target) => (Math.abs(target - f) < 1 ? 1 : 0))),
      };
    },
    hessian: async (theta) => hessianAt(theta, mean - output(theta), dtype),
    sharpnessGradient: async (theta, u, out) => {
      const [x, y] = [theta[0]!, theta[1]!];
      const r = mean - output(theta);
      const [a, b] = [u[0]!, u[1]!];
      // Third derivatives: xxx, xxy, xyy, yyy.
      const xxy = 10 * x * x * y ** 3 - 2 * r * y;
      const xyy = 10 * x ** 3 * y * y - 2 * r * x;
      out[0] = a * a * 6 * x * y ** 4 + 2 * a * b * xxy + b * b * xyy;
      out[1] = a * a * xxy + 2 * a * b * xyy + b * b * 6 * x ** 4 * y;
      const { xx, xy, yy } = secondDerivatives(theta, r);
      return a * a * xx + 2 * a * b * xy + b * b * yy;
    },
    batchHessianProduct: async (theta, indices, v, out) => {
      await hessianAt(theta, batch(theta, indices).residual, dtype).apply(v, out);
    },
    batchCurvature: async (theta, indices, v) => {
      const image = zeros(dtype, 2);
      await hessianAt(theta, batch(theta, indices).residual, dtype).apply(v, image);
      return dot(v, image);
    },
    projections: async (theta, direction) => {
      const [x, y] = [theta[0]!, theta[1]!];
      const f = output(theta);
      const slope = x * y * y * direction[0]! + x * x * y * direction[1]!;
      return Float64Array.from(targets, (target) => (f - target) * slope);
    },
    dispose: async () => {},
  };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function output(theta: Vector): number {
  return (theta[0]! * theta[1]!) ** 2;
}

function secondDerivatives(theta: Vector, r: number): { xx: number; xy: number; yy: number } {
  const [x, y] = [theta[0]!, theta[1]!];
  return {
    xx: 2 * x * x * y ** 4 - r * y * y,
    xy: 2 * x ** 3 * y ** 3 - 2 * r * x * y,
    yy: 2 * x ** 4 * y * y - r * x * x,
  };
}

function hessianAt(theta: Vector, r: number, dtype: DType): HessianOperator {
  const { xx, xy, yy } = secondDerivatives(theta, r);
  let products = 0;
  return {
    size: 2,
    dtype,
    get products() {
      return products;
    },
    apply: async (v, out) => {
      products += 1;
      out[0] = xx * v[0]! + xy * v[1]!;
      out[1] = xy * v[0]! + yy * v[1]!;
    },
  };
}
