// Everything the theory reads off one point: loss, gradient, top eigenpair, sharpness gradient and what follows from them.
import {
  type EigenResult,
  followPairs,
  type HessianOperator,
  type Landscape,
  lanczos,
  landscape,
  type Objective,
} from "../../curvature/index.ts";
import { allFinite, axpy, dot, RunError, type Vector, zeros } from "../../math/index.ts";

/** ‖Hu − Su‖/S wanted where nothing else is said. */
export const GEOMETRY_TOLERANCE = 1e-8;

/** How points are measured. */
export interface GeometryOptions {
  /** Learning rate η > 0; the edge is at 2/η. */
  readonly lr: number;
  /** ‖Hu − Su‖ ≤ tol·S. Everything built on u is of first order in it. Default 1e-8. */
  readonly tol?: number;
  /** Hessian products allowed a solve. Default 600. */
  readonly maxProducts?: number;
  /** Seed of the eigensolver's random directions. Default 0. */
  readonly seed?: number;
}

/** One measured point; vectors have length P and belong to the point. Units: [L] loss, [w] parameters. */
export interface LocalGeometry {
  readonly theta: Vector;
  /** L(θ). */
  readonly loss: number;
  /** g = ∇L. */
  readonly gradient: Vector;
  /** Unit top eigenvector; its sign follows the one the solve was started from. */
  readonly u: Vector;
  /** S = λ₁. */
  readonly sharpness: number;
  /** λ₂; null where it was not asked for or P = 1. */
  readonly lambda2: number | null;
  /** ∇S⊥ = ∇S − κu. */
  readonly sharpening: Vector;
  /** α⊥ = −⟨g, ∇S⊥⟩, which is α wherever ⟨g,u⟩ = 0. */
  readonly alpha: number;
  /** β = ‖∇S⊥‖². */
  readonly beta: number;
  /** κ = ⟨∇S, u⟩. */
  readonly kappa: number;
  /** δ² = 2α/β; not positive where α is not. */
  readonly delta2: number;
  /** ⟨g, u⟩: zero on the stable set. */
  readonly slope: number;
  readonly landscape: Landscape;
  /** The Hessian here; valid until the objective linearises elsewhere. */
  readonly hessian: HessianOperator;
  /** Leading eigenvectors, to start the next solve from. */
  readonly eigenvectors: readonly Vector[];
}

/** λ₂ only decides whether the theory applies: two digits will do. */
const SECOND_TOLERANCE = 1e-3;
/** A residual this small still gives u to four digits for every eigengap the theory allows. */
const ACCEPTABLE_RESIDUAL = 1e-5;

/**
 * Measures θ: one gradient, one linearisation, a Lanczos solve warm-started from `warm`, one ∇S.
 *
 * @param warm leading eigenvectors at a nearby point (any number of them)
 * @param eigenpairs 2 to have λ₂ as well
 * @throws RunError when the loss or its derivatives are not finite, or the eigensolver does not converge
 */
export async function measureGeometry(
  objective: Objective,
  theta: Vector,
  options: GeometryOptions,
  warm: readonly Vector[] = [],
  eigenpairs: 1 | 2 = 2,
): Promise<LocalGeometry> {
  const { lr, tol = GEOMETRY_TOLERANCE, maxProducts = 600, seed = 0 } = options;
  const k = objective.size === 1 ? 1 : eigenpairs;
  const gradient = zeros(objective.dtype, objective.size);
  const loss = await objective.lossAndGradient(theta, gradient);
  if (!Number.isFinite(loss) || !allFinite(gradient)) {
    throw new RunError("the loss or its gradient is not finite here");
  }
  const hessian = await objective.hessian(theta);
  const solve = { k, tol: [tol, SECOND_TOLERANCE], maxProducts, seed };
  const found = warm.length === 0 ? await lanczos(hessian, solve) : await followPairs(hessian, warm, solve);
  checkSolve(found);
  const u = found.eigenvectors[0]!;
  const sharpness = found.eigenvalues[0]!;
  const lambda2 = found.eigenvalues[1] ?? null;
  const sharpening = zeros(objective.dtype, objective.size);
  await objective.sharpnessGradient(theta, u, sharpening, hessian);
  const residual = found.residuals[0]!;
  const scalars = landscape({
    gradient,
    u,
    sharpness,
    lambda2,
    residual,
    sharpnessGradient: sharpening,
    lr,
  });
  const { alphaPerp: alpha, beta, kappa } = scalars;
  axpy(-kappa, u, sharpening);
  return {
    theta,
    loss,
    gradient,
    u,
    sharpness,
    lambda2,
    sharpening,
    alpha,
    beta,
    kappa,
    delta2: beta > 0 ? (2 * alpha) / beta : 0,
    slope: dot(gradient, u),
    landscape: scalars,
    hessian,
    eigenvectors: found.eigenvectors,
  };
}

function checkSolve({ eigenvalues, residuals, converged, hvps }: EigenResult): void {
  const [sharpness = Number.NaN] = eigenvalues;
  const [residual = Number.NaN] = residuals;
  if (converged || residual <= ACCEPTABLE_RESIDUAL * Math.abs(sharpness)) return;
  throw new RunError("the top eigenvector did not converge", {
    received: `residual ${residual.toExponential(2)} after ${hvps} Hessian products`,
    allowed: `at most ${ACCEPTABLE_RESIDUAL} of S = ${sharpness}`,
    hint: "Allow more products, or the top two eigenvalues are (nearly) equal",
  });
}
