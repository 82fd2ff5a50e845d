// Curvature of the linear classifier: products with the Hessian (1/n) Σ (diag p_i − p_i p_iᵀ) ⊗ x_i x_iᵀ.
import { lanczos, type LinearOperator } from "../../curvature/index.ts";
import { scale, type Vector } from "../../math/index.ts";
import type { LinearModel } from "./linear-model.ts";
import { addOuterProducts, addProducts } from "./matrix.ts";

/** The Hessian at the model's weights, as an operator on K×d vectors; valid until the model moves. O(ndK) a product. */
export function linearHessian(model: LinearModel): LinearOperator {
  const { n, d, classes, labels } = model.inputs;
  const residuals = model.residuals;
  const moves = new Float64Array(n * classes);
  const sum = new Float64Array(classes * d);
  return {
    size: classes * d,
    dtype: "float64",
    apply: async (v: Vector, out: Vector): Promise<void> => {
      moves.fill(0);
      addProducts(model.inputs, 1, Float64Array.from(v), moves);
      for (let i = 0; i < n; i++) weigh(moves, residuals, i * classes, classes, labels[i]!);
      scale(1 / n, moves);
      sum.fill(0);
      addOuterProducts(model.inputs, moves, sum);
      out.set(sum);
    },
  };
}

/** a ← p∘a − p(p·a) in place; that of the label is minus the sum of the others, as p_y may round to 1. */
function weigh(a: Float64Array, residuals: Float64Array, row: number, classes: number, label: number): void {
  const own = a[row + label]!;
  let mean = 0;
  for (let k = 0; k < classes; k++) if (k !== label) mean += residuals[row + k]! * (a[row + k]! - own);
  let others = 0;
  for (let k = 0; k < classes; k++) {
    if (k === label) continue;
    a[row + k] = residuals[row + k]! * (a[row + k]! - own - mean);
    others += a[row + k]!;
  }
  a[row + label] = -others;
}

/** λ_max of the Hessian at the model's weights, by Lanczos. */
export async function linearSharpness(model: LinearModel, tol = 1e-6): Promise<number> {
  const { eigenvalues } = await lanczos(linearHessian(model), { tol });
  return eigenvalues[0]!;
}
