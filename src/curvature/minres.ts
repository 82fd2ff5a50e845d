// MINRES: solving symmetric, possibly indefinite or singular systems with products alone and seven vectors.
import { axpy, dot, InputError, norm, scale, type Vector, zeros } from "../math/index.ts";
import type { LinearOperator } from "./operator.ts";

export interface MinresOptions {
  /** Stop when ‖b − Ax‖ ≤ tol·‖b‖. Default 1e-8. */
  readonly tol?: number;
  /** Products allowed. Default 500. */
  readonly maxProducts?: number;
}

export interface MinresResult {
  /** The solution of least length when the system is singular and consistent. */
  readonly x: Vector;
  /** ‖b − Ax‖/‖b‖, as the recurrence has it; 0 for b = 0. */
  readonly residual: number;
  readonly products: number;
  /**
   * `converged`; `singular`: b has a part outside the range of A, to rounding, and x about minimises the residual;
   * `budget`; `not-finite`.
   */
  readonly outcome: "converged" | "singular" | "budget" | "not-finite";
}

/** Condition number, as a power of the rounding unit, at which a system counts as singular: 3·10¹⁰, in float32 4·10⁴. */
const CONDITION = -2 / 3;

/**
 * Solves Ax = b for symmetric A (Paige & Saunders 1975, "Solution of sparse indefinite systems of linear
 * equations"). The residual falls monotonically, so a truncated solve is still a step in the right direction.
 *
 * @throws InputError when b does not have the operator's size
 */
export async function minres(
  operator: LinearOperator,
  b: Vector,
  { tol = 1e-8, maxProducts = 500 }: MinresOptions = {},
): Promise<MinresResult> {
  const { size, dtype } = operator;
  if (b.length !== size) {
    throw new InputError("right-hand side has the wrong length", {
      received: String(b.length),
      allowed: String(size),
    });
  }
  const x = zeros(dtype, size);
  const length = norm(b);
  if (length === 0) return { x, residual: 0, products: 0, outcome: "converged" };
  const rounding = dtype === "float32" ? 2 ** -23 : 2 ** -52;
  // Lanczos vectors v, search directions w; "before" and "older" are one and two steps back.
  let [before, v, image] = [zeros(dtype, size), b.slice(), zeros(dtype, size)];
  scale(1 / length, v);
  let [older, recent, w] = [zeros(dtype, size), zeros(dtype, size), zeros(dtype, size)];
  let beta = 0;
  // The last two Givens rotations, and what of ‖b‖ is left after them.
  let [cosBefore, sinBefore, cos, sin] = [1, 0, 1, 0];
  let remaining = length;
  let largest = 0;

  for (let products = 1; ; products++) {
    await operator.apply(v, image);
    const alpha = dot(v, image);
    if (!Number.isFinite(alpha)) return { x, residual: remaining / length, products, outcome: "not-finite" };
    axpy(-alpha, v, image);
    if (beta > 0) axpy(-beta, before, image);
    const next = norm(image);
    const diagonal = cos * alpha - cosBefore * sin * beta;
    const above = sin * alpha + cosBefore * cos * beta;
    const farAbove = sinBefore * beta;
    const pivot = Math.hypot(diagonal, next);
    largest = Math.max(largest, Math.hypot(alpha, next, beta));
    if (pivot <= 8 * rounding * largest) {
      return { x, residual: Math.abs(remaining) / length, products, outcome: "singular" };
    }
    [cosBefore, sinBefore, cos, sin] = [cos, sin, diagonal / pivot, next / pivot];
    for (let i = 0; i < size; i++) w[i] = (v[i]! - farAbove * older[i]! - above * recent[i]!) / pivot;
    // Search directions grow without bound where the Krylov space closes in on a kernel in which b has a part.
    if (largest * norm(w) > rounding ** CONDITION) {
      return { x, residual: Math.abs(remaining) / length, products, outcome: "singular" };
    }
    axpy(cos * remaining, w, x);
    remaining *= -sin;
    const residual = Math.abs(remaining) / length;
    if (residual <= tol) return { x, residual, products, outcome: "converged" };
    if (next <= rounding * largest) return { x, residual, products, outcome: "singular" };
    if (products >= maxProducts) return { x, residual, products, outcome: "budget" };
    [older, recent, w] = [recent, w, older];
    scale(1 / next, image);
    [before, v, image] = [v, image, before];
    beta = next;
  }
}
