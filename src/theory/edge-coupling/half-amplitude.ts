// The half-amplitude function of an eigendirection: on which side of 2/λ orbits of period two appear, and how large.
import {
  type LinearOperator,
  minres,
  type MinresResult,
  type SmoothObjective,
} from "../../curvature/index.ts";
import { axpy, dot, type Vector, zeros } from "../../math/index.ts";
import { checkRate } from "./functional.ts";
import { hessianAt } from "./orbit-equations.ts";

/**
 * Bifurcation of orbits m(α) ± αu along a unit eigenvector u at a fixed point w (arXiv 2604.20446): to leading order
 * 2/η = λ + Qα², with m(α) = w − α²z/2.
 */
export interface OrbitDirection {
  readonly u: Vector;
  /** λ, [L/w²], and the learning rate 2/λ at which its direction loses stability; null unless λ > 0. */
  readonly eigenvalue: number;
  readonly criticalRate: number | null;
  /** D³L[u,u,u] and D⁴L[u,u,u,u]. */
  readonly third: number;
  readonly fourth: number;
  /** ½TᵀH⁻¹T, T = D³L[u,u,·]: how a moving centre weakens the quartic. Its part along u itself is third²/(2λ). */
  readonly correction: number;
  readonly ownCorrection: number;
  /** Q = fourth/6 − correction, [L/w⁴]. */
  readonly coefficient: number;
  /**
   * `supercritical`: Q < 0, orbits above 2/λ, growing continuously and attracting when λ is the top eigenvalue;
   * `subcritical`: Q > 0, unstable orbits below 2/λ; `degenerate`: Q = 0 to rounding, higher orders decide.
   */
  readonly kind: "supercritical" | "subcritical" | "degenerate";
  /** Learning rates η with orbits nearby: above or below 2/λ; null when degenerate. */
  readonly side: "above" | "below" | null;
  /** z = H⁻¹T: the centre's shift per α²/2. */
  readonly shift: Vector;
  /** How Hz = T was solved; `singular` when the curvature changes along a valley of minima, so that no orbit is isolated. */
  readonly solve: Pick<MinresResult, "outcome" | "residual" | "products">;
  /**
   * Rayleigh quotient ⟨r, Hr⟩/‖r‖² of what the solve left, r = T − Hz, [L/w²]: how flat the directions are along which the
   * curvature changes. Null where it left nothing.
   */
  readonly flatness: number | null;
}

/**
 * Coefficients of one eigenpair at a fixed point. Costs one fourth-order forward pass, one ∇³L(u,u) and a MINRES solve.
 *
 * @param tol relative residual of the solve; Q is of second order in it
 */
export async function orbitDirection(
  objective: SmoothObjective,
  fixedPoint: Vector,
  eigenvalue: number,
  u: Vector,
  { tol = 1e-8, maxProducts = 500 }: { readonly tol?: number; readonly maxProducts?: number } = {},
): Promise<OrbitDirection> {
  const { dtype, size } = objective;
  const line = await objective.lineDerivatives(fixedPoint, u, 4);
  const bend = zeros(dtype, size);
  await objective.sharpnessGradient(fixedPoint, u, bend);
  const hessian = hessianAt(objective, fixedPoint);
  const solve = await minres(hessian, bend, { tol, maxProducts });
  const [third, fourth] = [line[3]!, line[4]!];
  const correction = dot(bend, solve.x) / 2;
  const coefficient = fourth / 6 - correction;
  const rounding = dtype === "float64" ? 1e-10 : 1e-4;
  const degenerate =
    !Number.isFinite(coefficient) ||
    Math.abs(coefficient) <= rounding * (Math.abs(fourth) / 6 + Math.abs(correction));
  const kind = degenerate ? "degenerate" : coefficient < 0 ? "supercritical" : "subcritical";
  return {
    u,
    eigenvalue,
    criticalRate: eigenvalue > 0 ? 2 / eigenvalue : null,
    third,
    fourth,
    correction,
    ownCorrection: third ** 2 / (2 * eigenvalue),
    coefficient,
    kind,
    side: degenerate ? null : coefficient < 0 ? "above" : "below",
    shift: solve.x,
    solve: { outcome: solve.outcome, residual: solve.residual, products: solve.products },
    flatness: solve.outcome === "converged" ? null : await flatnessOf(hessian, bend, solve.x),
  };
}

async function flatnessOf(hessian: LinearOperator, goal: Vector, solution: Vector): Promise<number | null> {
  const rest = zeros(hessian.dtype, hessian.size);
  await hessian.apply(solution, rest);
  for (let i = 0; i < rest.length; i++) rest[i] = goal[i]! - rest[i]!;
  const squared = dot(rest, rest);
  const image = zeros(hessian.dtype, hessian.size);
  await hessian.apply(rest, image);
  return squared > 0 ? dot(rest, image) / squared : null;
}

/** α with 2/η = λ + Qα²: the half-amplitude at learning rate η, to leading order; null on the side without orbits. */
export function predictedAmplitude(
  { eigenvalue, coefficient }: Pick<OrbitDirection, "eigenvalue" | "coefficient">,
  lr: number,
): number | null {
  checkRate(lr);
  const squared = (2 / lr - eigenvalue) / coefficient;
  return squared > 0 && Number.isFinite(squared) ? Math.sqrt(squared) : null;
}

/** m = w − α²z/2 and a = αu. */
export function orbitGuess(
  { u, shift }: OrbitDirection,
  fixedPoint: Vector,
  amplitude: number,
): { readonly center: Vector; readonly half: Vector } {
  const center = fixedPoint.slice();
  axpy(-(amplitude ** 2) / 2, shift, center);
  return { center, half: u.map((value) => amplitude * value) };
}

/**
 * The half-amplitude function γ(α) = ⟨u, ∇L(m + αu) − ∇L(m − αu)⟩/(2α) with m = m(α) to second order: the threshold
 * 2/η at which ±α is in balance along u. γ(α) = λ + Qα² + o(α²) near 0; where it crosses 2/η there is a guess at an
 * orbit of finite size, also when the leading order predicts none. Two gradients.
 */
export async function halfAmplitudeFunction(
  objective: SmoothObjective,
  direction: OrbitDirection,
  fixedPoint: Vector,
  amplitude: number,
): Promise<number> {
  const { center, half } = orbitGuess(direction, fixedPoint, amplitude);
  const point = center.slice();
  const gradient = zeros(objective.dtype, objective.size);
  let slope = 0;
  for (const sign of [1, -1]) {
    for (let i = 0; i < point.length; i++) point[i] = center[i]! + sign * half[i]!;
    await objective.lossAndGradient(point, gradient);
    slope += sign * dot(gradient, direction.u);
  }
  return slope / (2 * amplitude);
}

/** Length over which the coefficients say that γ(α) changes by λ itself: where to stop looking. */
export function amplitudeScale({ eigenvalue, coefficient, fourth, correction }: OrbitDirection): number {
  const strength = Math.max(Math.abs(coefficient), 0.1 * (Math.abs(fourth) / 6 + Math.abs(correction)));
  return strength > 0 ? Math.sqrt(Math.abs(eigenvalue) / strength) : Infinity;
}
