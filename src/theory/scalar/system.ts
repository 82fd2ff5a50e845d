// The scalar system of the edge of stability: oscillation x along u, sharpness y above 2/η, frozen coefficients.
import {
  EPSILON_LIMIT,
  type GapPrediction,
  type GapPredictions,
  gapPredictions,
} from "../../curvature/gap.ts";
import { InputError } from "../../math/index.ts";

/**
 * x′ = −(1 + ηy)x − (η/2)κx² − ηζ and y′ = y + (ηβ/2)(δ² − x²) − ην, with ζ ~ N(0, σ_u²) and ν ~ N(0, σ_y²)
 * independent of each other and of the past.
 *
 * Damian et al., arXiv 2209.15594 (predicted dynamics, frozen coefficients); arXiv 2604.21016 adds κ and the noise.
 * Units: x [w], y [L/w²].
 */
export interface ScalarSystem {
  /** η. */
  readonly lr: number;
  /** β = ‖∇S⊥‖², how strongly the oscillation pushes the sharpness down. */
  readonly beta: number;
  /** δ² = 2α/β, the mean of x² that balances progressive sharpening. */
  readonly delta2: number;
  /** κ = ∇³L(u, u, u). */
  readonly kappa: number;
  /** σ_u²: variance of the gradient noise along u. */
  readonly noiseU: number;
  /** σ_y²: its variance along ∇S⊥, which is β times that along the unit vector (σ_s²). */
  readonly noiseY: number;
}

/** Settings of the simulation in arXiv 2604.21016, noise excepted: β = 1, δ² = ½, η = 0.01. */
export const PAPER_SYSTEM: ScalarSystem = {
  lr: 0.01,
  beta: 1,
  delta2: 0.5,
  kappa: 0,
  noiseU: 0,
  noiseY: 0,
};

/** α = βδ²/2: how fast the sharpness grows when nothing holds it. */
export function alphaOf({ beta, delta2 }: ScalarSystem): number {
  return (beta * delta2) / 2;
}

/** ε = η√α, the small parameter: a cycle takes about 4.44/ε steps. */
export function epsilonOf(system: ScalarSystem): number {
  return system.lr * Math.sqrt(alphaOf(system));
}

/** @throws InputError naming the first coefficient that is not a number of the kind it must be */
export function checkSystem(system: ScalarSystem): void {
  for (const field of ["lr", "beta", "delta2"] as const) {
    const value = system[field];
    if (!(value > 0 && Number.isFinite(value))) {
      throw new InputError("the scalar system needs a positive coefficient", {
        field,
        received: String(value),
        allowed: "> 0",
      });
    }
  }
  for (const field of ["noiseU", "noiseY"] as const) {
    const value = system[field];
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new InputError("not a variance", { field, received: String(value), allowed: "≥ 0" });
    }
  }
  if (!Number.isFinite(system.kappa)) {
    throw new InputError("not a coefficient", {
      field: "kappa",
      received: String(system.kappa),
      allowed: "a finite number",
    });
  }
}

/** What theory expects of the stationary means; the gap below 2/η is −E[y]. */
export interface ScalarPredictions {
  /** E[x²] = δ², exactly. */
  readonly x2: number;
  /** E[x] ≈ −ηκδ²/4: the oscillation is not centred where the loss is not even along u. */
  readonly x: number;
  /** E[y] by formula; see `gapPredictions`. `refined` includes `kappaShift`, the others are for κ = 0. */
  readonly y: Readonly<Record<keyof GapPredictions, GapPrediction>>;
  /** +¾ηκ²δ²: what κ adds to E[y] when x is Gaussian; see `systemDoubts` for when it is not. */
  readonly kappaShift: number;
  /** Var y = α for noise along u only; null with noise on y or without any, for lack of a closed form. */
  readonly varianceY: number | null;
}

/**
 * Stationary means of x and y.
 *
 * κ: a step to the other side maps z to z + (ηκ/2)z², so x_t = (−1)ᵗz − (ηκ/4)z², whence E[x]; and two steps change z by
 * −(η²κ²/2)z³ on top of 2ηyz, so that ⟨y z²⟩ balances (ηκ²/4)E[z⁴] = ¾ηκ²δ⁴.
 *
 * @throws InputError as `checkSystem`
 */
export function scalarPredictions(system: ScalarSystem): ScalarPredictions {
  checkSystem(system);
  const { lr, beta, delta2, kappa, noiseU, noiseY } = system;
  const gap = gapPredictions({ lr, alpha: alphaOf(system), beta, noiseU, noiseS: noiseY / beta });
  const kappaShift = 0.75 * lr * kappa * kappa * delta2;
  return {
    x2: delta2,
    x: (-lr * kappa * delta2) / 4,
    y: {
      meanField: below(gap.meanField),
      twoNoise: below(gap.twoNoise),
      refined: below(gap.refined, kappaShift),
      ar1: below(gap.ar1),
    },
    kappaShift,
    varianceY: noiseU > 0 && noiseY === 0 ? alphaOf(system) : null,
  };
}

/** A gap as a mean of y. */
function below(gap: GapPrediction, shift = 0): GapPrediction {
  return gap.value === null ? gap : { value: shift - gap.value, reason: null };
}

/**
 * Steps in which a disturbance of the averages (E[x²], E[y]) shrinks by 1/e, from the linearised moment equations
 * a′ = −Aa + Bb, b′ = −Ca with A = η²σ_u²/δ², B = 2ηδ², C = ηβ/2. Infinity without noise along u.
 */
export function relaxationSteps({ lr, beta, delta2, noiseU }: ScalarSystem): number {
  const a = (lr * lr * noiseU) / delta2;
  const discriminant = a * a - 4 * lr * lr * beta * delta2;
  // The slower root (A − √…)/2, without its cancellation.
  const rate = discriminant <= 0 ? a / 2 : (2 * lr * lr * beta * delta2) / (a + Math.sqrt(discriminant));
  return 1 / rate;
}

/** What to doubt about a simulation of this system or about the formulas for it; empty when nothing. */
export function systemDoubts(system: ScalarSystem): readonly string[] {
  checkSystem(system);
  const { lr, beta, delta2, kappa, noiseU } = system;
  const doubts: string[] = [];
  const epsilon = epsilonOf(system);
  if (epsilon >= EPSILON_LIMIT) {
    doubts.push(
      `η = ${short(lr)} is beyond blow-up: ε = η√α = ${short(epsilon)}, and from ε = ${EPSILON_LIMIT} on every simulated ensemble lost runs`,
    );
  }
  if (noiseU === 0) return doubts;
  const { ar1, refined } = scalarPredictions(system).y;
  if (ar1.reason !== null) doubts.push(`${ar1.reason}; the runs will blow up`);
  else if (epsilon < EPSILON_LIMIT && refined.reason !== null) doubts.push(refined.reason);
  // κ alone damps the cycle by η²κ²δ²/4 a step, the noise by η²σ_u²/(2δ²).
  const damping = (kappa * kappa * delta2 * delta2) / 2;
  if (noiseU < 2 * damping) {
    doubts.push(
      `κ = ${short(kappa)} shapes the law of x: κ²δ⁴/2 = ${short(damping)} is not small beside σ_u² = ${short(noiseU)}, so that x has less than Gaussian tails and κ shifts E[y] by less than ¾ηκ²δ²`,
    );
  }
  if (noiseU < beta * delta2 * delta2) {
    doubts.push(
      `the noise is weak: σ_u² = ${short(noiseU)} is below βδ⁴ = ${short(beta * delta2 * delta2)}, where finite steps widen the law of y beyond α and only E[x²] = δ² and the finite-step identities hold`,
    );
  }
  return doubts;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
