// The drift of the linear classifier to second order in the step, from three numbers that no batch size changes.
import { resolveBatch } from "../../optim/index.ts";
import type { DriftOptions } from "./types.ts";
import type { LinearModel } from "./linear-model.ts";
import type { Predictions } from "./predictions.ts";

/** What the drift to second order is made of, at one point. */
export interface CurvatureMoments {
  /** ‖∇L‖². */
  readonly gradient: number;
  /** ⟨∇L, H∇L⟩. */
  readonly full: number;
  /** mean ⟨∇ℓ_i, H∇ℓ_i⟩. */
  readonly single: number;
}

/**
 * −η‖∇L‖² + (η²/2)·E⟨g_B, Hg_B⟩; batches enter through the weights of ⟨∇L, H∇L⟩ and of mean ⟨∇ℓ_i, H∇ℓ_i⟩ alone.
 *
 * @throws InputError for an impossible batch
 */
export function secondOrderDrift(
  { gradient, full, single }: CurvatureMoments,
  n: number,
  { lr, batch, sampling }: Pick<DriftOptions, "lr" | "batch" | "sampling">,
): number {
  resolveBatch(batch, n);
  // E⟨g_B, Hg_B⟩ = ⟨∇L, H∇L⟩ + (variance of the mean of b draws): 1/b of the spread of single examples about ∇L.
  const population = sampling === "with" ? 1 : n === 1 ? 0 : (n - batch) / (n - 1);
  return -lr * gradient + ((lr * lr) / 2) * (full + (population / batch) * (single - full));
}

/** All three at the model's weights. O(n²K). Null beyond `GRAM_LIMIT` examples. */
export function curvatureMoments(model: LinearModel): CurvatureMoments | null {
  const { n, classes, labels } = model.inputs;
  const { gram, residuals } = model;
  if (gram === null) return null;
  const moves = new Float64Array(n * classes);
  const move = new Float64Array(classes);
  let single = 0;
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) {
      const product = gram[i * n + j]!;
      for (let k = 0; k < classes; k++) {
        move[k] = product * residuals[i * classes + k]!;
        moves[j * classes + k]! += move[k]! / n;
      }
      single += spread(residuals, j * classes, classes, labels[j]!, move) / n / n;
    }
  }
  return { ...meanMoments(model, moves), single };
}

/** ‖∇L‖² from `moves` = X·∇Lᵀ, n×K. O(nK). */
export function squaredGradient({ inputs, residuals }: Predictions, moves: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < moves.length; at++) sum += moves[at]! * residuals[at]!;
  return sum / inputs.n;
}

/** ‖∇L‖² and ⟨∇L, H∇L⟩ from `moves` = X·∇Lᵀ, n×K. O(nK). */
export function meanMoments(predictions: Predictions, moves: Float64Array): Omit<CurvatureMoments, "single"> {
  const { n, classes, labels } = predictions.inputs;
  const { residuals } = predictions;
  let full = 0;
  const move = new Float64Array(classes);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < classes; k++) move[k] = moves[j * classes + k]!;
    full += spread(residuals, j * classes, classes, labels[j]!, move) / n;
  }
  return { gradient: squaredGradient(predictions, moves), full };
}

/** ⟨∇ℓ_i, H_i∇ℓ_i⟩ of example i's own loss, ‖x_i‖⁴ times the spread of its residuals. */
export function ownCurvature({ inputs, residuals }: Predictions, gram: Float64Array, i: number): number {
  const { n, classes, labels } = inputs;
  const row = i * classes;
  const product = gram[i * n + i]!;
  return (
    product * product * spread(residuals, row, classes, labels[i]!, residuals.subarray(row, row + classes))
  );
}

/** aᵀ(diag p − ppᵀ)a, the variance of a_k under p, without p_y. */
function spread(
  residuals: Float64Array,
  row: number,
  classes: number,
  label: number,
  a: Float64Array,
): number {
  let mean = 0;
  let square = 0;
  for (let k = 0; k < classes; k++) {
    if (k === label) continue;
    const moved = a[k]! - a[label]!;
    const share = residuals[row + k]! * moved;
    mean += share;
    square += share * moved;
  }
  return square - mean * mean;
}
