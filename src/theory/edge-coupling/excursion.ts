// The Hessian averaged along a segment as an operator, and how far it can stretch a step: the stability excursion.
import { lanczos, type LinearOperator, type SmoothObjective } from "../../curvature/index.ts";
import { axpy, gaussLegendre, InputError, RunError, type Vector, zeros } from "../../math/index.ts";
import { checkRate } from "./functional.ts";

/** Nodes of the average: a segment of one step is short against the length over which curvature changes. */
const NODES = 8;

/**
 * ∫₀¹ H(x + τ(y − x)) dτ by Gauss–Legendre quadrature: one Hessian product a node and application. Where the loss is
 * C² along the segment it maps y − x to ∇L(y) − ∇L(x). `x` and `y` are used, not copied.
 */
export function averageHessian(
  objective: SmoothObjective,
  x: Vector,
  y: Vector,
  nodes: number = NODES,
): LinearOperator {
  const { size, dtype } = objective;
  if (x.length !== size || y.length !== size) {
    throw new InputError("the ends of the segment do not fit the objective", {
      received: `${x.length} and ${y.length} parameters`,
      allowed: String(size),
    });
  }
  const rule = gaussLegendre(nodes);
  const [point, product] = [zeros(dtype, size), zeros(dtype, size)];
  return {
    size,
    dtype,
    apply: async (v, out) => {
      out.fill(0);
      for (const [k, tau] of rule.nodes.entries()) {
        for (let i = 0; i < size; i++) point[i] = x[i]! + tau * (y[i]! - x[i]!);
        await objective.hessianProduct(point, v, product);
        axpy(rule.weights[k]!, product, out);
      }
    },
  };
}

/** How far I − ηA is from being a contraction, for A the Hessian averaged along a segment. */
export interface StabilityExcursion {
  /** Extreme eigenvalues of A, [L/w²]. */
  readonly largest: number;
  readonly smallest: number;
  /** max(0, ηλ_max − 2, −ηλ_min): ‖I − ηA‖ ≤ 1 + excursion ≤ exp(excursion). */
  readonly excursion: number;
}

export interface ExcursionOptions {
  readonly nodes?: number;
  /** Relative residual of the eigenvalues, which is added to the excursion. Default 1e-6. */
  readonly tol?: number;
  /** Products of each of the two eigensolves. Default 300. */
  readonly maxProducts?: number;
}

/**
 * The excursion of the segment from x to y (arXiv 2604.20446). Products of I − ηA_k, which carry steps and deviations
 * along a run, have norm at most exp(Σ excursions).
 *
 * @throws RunError when the Hessian is not finite along the segment
 */
export async function stabilityExcursion(
  objective: SmoothObjective,
  x: Vector,
  y: Vector,
  lr: number,
  { nodes = NODES, tol = 1e-6, maxProducts = 300 }: ExcursionOptions = {},
): Promise<StabilityExcursion> {
  checkRate(lr);
  const average = averageHessian(objective, x, y, nodes);
  const negative: LinearOperator = {
    ...average,
    apply: async (v, out) => {
      await average.apply(v, out);
      for (let i = 0; i < out.length; i++) out[i] = -out[i]!;
    },
  };
  const extreme = async (operator: LinearOperator): Promise<{ value: number; residual: number }> => {
    const { eigenvalues, residuals } = await lanczos(operator, { tol, maxProducts });
    const [value, residual] = [eigenvalues[0], residuals[0]];
    if (value === undefined || residual === undefined || !Number.isFinite(value)) {
      throw new RunError("the Hessian is not finite along the segment");
    }
    return { value, residual };
  };
  const top = await extreme(average);
  const bottom = await extreme(negative);
  const over = lr * (top.value + top.residual) - 2;
  const under = lr * (bottom.value + bottom.residual);
  return { largest: top.value, smallest: -bottom.value, excursion: Math.max(0, over, under) };
}
