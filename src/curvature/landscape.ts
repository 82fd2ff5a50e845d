// What the sharpness gradient says at one point: progressive sharpening α, stabilisation β, κ, δ, ε, and whether the theory applies.
import { InputError, norm, RunError, type Vector } from "../math/index.ts";
import { landscapeAssumptions, type Assumption } from "./landscape-assumptions.ts";

/** Vectors and scalars measured at one point; vectors have length P. Units: [L] loss, [w] parameters. */
export interface LandscapeInput {
  /** ∇L, [L/w]. */
  readonly gradient: Vector;
  /** Unit top eigenvector of the Hessian. κ changes sign with it, nothing else does. */
  readonly u: Vector;
  /** S = λ₁, [L/w²]. */
  readonly sharpness: number;
  /** λ₂, or null when it was not computed: then nothing is said about the eigengap. */
  readonly lambda2?: number | null;
  /** ‖Hu − Su‖ of the eigensolver, which bounds what the eigengap can be resolved to. */
  readonly residual?: number;
  /** ∇S = ∇³L(u,u,·), [L/w³]. */
  readonly sharpnessGradient: Vector;
  /** Learning rate η, [w²/L]. */
  readonly lr: number;
}

/** Scalars of arXiv 2604.21016 (Definitions 1–2) and arXiv 2209.15594. Null means undefined here, never "not measured". */
export interface Landscape {
  /** α = −⟨∇L, ∇S⟩, [L²/w⁴]: rate at which S grows along the gradient flow. */
  readonly alpha: number;
  /** −⟨∇L, ∇S⊥⟩: equals α where ⟨∇L,u⟩ = 0, and does not follow the oscillation along u elsewhere. */
  readonly alphaPerp: number;
  /** β = ‖∇S⊥‖², [L²/w⁶], where ∇S⊥ = ∇S − κu. */
  readonly beta: number;
  /** κ = ⟨∇S, u⟩, [L/w³]. */
  readonly kappa: number;
  /** δ = √(2α/β), [w]: scale of the oscillation along u. Null when α ≤ 0 or β = 0. */
  readonly delta: number | null;
  /** ε = η√α, dimensionless. Null when α ≤ 0. */
  readonly epsilon: number | null;
  /** −⟨∇L, ∇S⊥⟩/(‖∇L‖‖∇S⊥‖), in [−1, 1]. Null when either vanishes. */
  readonly alignment: number | null;
  /** ⟨u, ∇L⟩/S, [w]: displacement along u from the stationary point of the quadratic model. Null when S ≤ 0. */
  readonly newtonOffset: number | null;
  /** ‖∇S‖. */
  readonly gradSharpnessNorm: number;
  /** S − λ₂; null when λ₂ was not given. */
  readonly eigengap: number | null;
  /** What the theory assumes, each with the measured value. */
  readonly assumptions: readonly Assumption[];
}

/**
 * All scalars from the vectors, in one pass. O(P), no vector is allocated.
 *
 * @throws InputError when the vectors differ in length or lr is not positive
 * @throws RunError when anything measured is not finite (a diverged iterate has no landscape)
 */
export function landscape(input: LandscapeInput): Landscape {
  const { gradient, u, sharpness, lambda2 = null, residual = 0, sharpnessGradient, lr } = input;
  if (u.length !== gradient.length || sharpnessGradient.length !== gradient.length) {
    throw new InputError("the gradient, u and the sharpness gradient differ in length", {
      received: `${gradient.length}, ${u.length}, ${sharpnessGradient.length}`,
    });
  }
  if (!(lr > 0 && Number.isFinite(lr))) {
    throw new InputError("not a learning rate", { field: "lr", received: String(lr), allowed: "> 0" });
  }
  const { alpha, alphaPerp, beta, kappa, along } = contractions(gradient, u, sharpnessGradient);
  const gradSharpnessNorm = norm(sharpnessGradient);
  const gradNorm = norm(gradient);
  if (![alpha, beta, gradNorm, sharpness, lambda2 ?? 0].every((value) => Number.isFinite(value))) {
    throw new RunError("no landscape where the loss, its gradient or the sharpness is not finite");
  }
  const size = gradNorm * Math.sqrt(beta);
  return {
    alpha,
    alphaPerp,
    beta,
    kappa,
    delta: alpha > 0 && beta > 0 ? Math.sqrt((2 * alpha) / beta) : null,
    epsilon: alpha > 0 ? lr * Math.sqrt(alpha) : null,
    alignment: size > 0 ? Math.max(-1, Math.min(1, alphaPerp / size)) : null,
    newtonOffset: sharpness > 0 ? along / sharpness : null,
    gradSharpnessNorm,
    eigengap: lambda2 === null ? null : sharpness - lambda2,
    assumptions: landscapeAssumptions({ alpha, sharpness, lambda2, residual, lr }),
  };
}

/**
 * ∇S⊥/‖∇S⊥‖, the direction along which gradient noise moves the sharpness; returns ‖∇S⊥‖ = √β.
 * `out` is all zeros when ∇S is parallel to u; it may be `sharpnessGradient` itself.
 */
export function sharpeningDirection(u: Vector, sharpnessGradient: Vector, out: Vector): number {
  let kappa = 0;
  for (let i = 0; i < u.length; i++) kappa += sharpnessGradient[i]! * u[i]!;
  for (let i = 0; i < u.length; i++) out[i] = sharpnessGradient[i]! - kappa * u[i]!;
  const length = norm(out);
  const factor = length > 0 ? 1 / length : 0;
  for (let i = 0; i < u.length; i++) out[i] = out[i]! * factor;
  return length;
}

/** The inner products. ∇S⊥ is formed entry by entry: ‖∇S‖² − κ² would cancel when ∇S is nearly parallel to u. */
function contractions(
  gradient: Vector,
  u: Vector,
  sharpnessGradient: Vector,
): Pick<Landscape, "alpha" | "alphaPerp" | "beta" | "kappa"> & { readonly along: number } {
  let kappa = 0;
  let along = 0;
  for (let i = 0; i < u.length; i++) {
    kappa += sharpnessGradient[i]! * u[i]!;
    along += gradient[i]! * u[i]!;
  }
  let beta = 0;
  let alphaPerp = 0;
  for (let i = 0; i < u.length; i++) {
    const perp = sharpnessGradient[i]! - kappa * u[i]!;
    beta += perp * perp;
    alphaPerp -= gradient[i]! * perp;
  }
  return { alpha: alphaPerp - kappa * along, alphaPerp, beta, kappa, along };
}
