// The stochastic sharpness gap predicted from landscape and noise: how far below 2/η SGD settles.
import { InputError } from "../math/index.ts";
import { noiseVariance } from "./noise.ts";
import type { BatchSampling } from "./noise-batches.ts";

/** A predicted gap [L/w²], or why there is none. */
export type GapPrediction =
  | { readonly value: number; readonly reason: null }
  | { readonly value: null; readonly reason: string };

/** Coefficients at one labelled place; units as in `Landscape`. */
export interface GapInput {
  /** η. */
  readonly lr: number;
  /** Progressive sharpening α. */
  readonly alpha: number;
  /** Stabilisation β = ‖∇S⊥‖². */
  readonly beta: number;
  /** σ_u²: variance of the batch gradient along u, [L²/w²]. */
  readonly noiseU: number;
  /** σ_s²: its variance along ∇S⊥/‖∇S⊥‖; needed by `twoNoise` and `refined`, taken as 0 when absent. */
  readonly noiseS?: number;
}

/** Predictions of ΔS = 2/η − E[S], in order of what they include. */
export interface GapPredictions {
  /** ηβσ_u²/(4α): arXiv 2604.21016, equilibrium theorem. */
  readonly meanField: GapPrediction;
  /** (ηβ/(4α))(σ_u² + 2σ_s²): with the noise on the sharpness itself, which that theorem leaves out. */
  readonly twoNoise: GapPrediction;
  /** Both noises and a finite step; see `refined`. */
  readonly refined: GapPrediction;
  /** Finite step, S held fixed: the S at which an AR(1) oscillation has variance δ². σ_u² only. */
  readonly ar1: GapPrediction;
}

/** ε = η√α from which simulated ensembles of the dynamics always contained a blow-up. */
export const EPSILON_LIMIT = 0.2;

/**
 * All predictions. With q = η²σ²/δ² = η²βσ²/(2α):
 *
 * - `ar1`: x' = −(1 + ηy)x − ηζ at fixed S has E x² = ησ_u²/(S(2 − ηS)); equal to δ² at S = (1 + √(1 − q_u))/η.
 *   Needs q_u ≤ 1: beyond, no S balances that much noise.
 * - `refined`: the stationary moments of the frozen dynamics, closed with their small-step law
 *   x ~ N(0, δ²), y ~ N(ȳ, α): ȳ = (−1 + √(1 − q_u − 2q_s − 3ε²))/η. Needs q_u > 0 (without noise along u the
 *   dynamics cycle and have no such law), a real root, and ε below `EPSILON_LIMIT`.
 *
 * @throws InputError when lr is not positive, or β or a variance is negative or not finite
 */
export function gapPredictions(input: GapInput): GapPredictions {
  const { lr, alpha, beta, noiseU, noiseS = 0 } = input;
  if (!(lr > 0 && Number.isFinite(lr))) {
    throw new InputError("not a learning rate", { field: "lr", received: String(lr), allowed: "> 0" });
  }
  for (const [field, value] of Object.entries({ beta, noiseU, noiseS })) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new InputError("not a squared size", { field, received: String(value), allowed: "≥ 0" });
    }
  }
  if (!(alpha > 0 && Number.isFinite(alpha))) {
    const undefinedGap = nothing(
      `α = ${short(alpha)} is not positive: without progressive sharpening nothing holds the iterate at the edge`,
    );
    return { meanField: undefinedGap, twoNoise: undefinedGap, refined: undefinedGap, ar1: undefinedGap };
  }
  const perNoise = (lr * beta) / (4 * alpha);
  const noise = 2 * lr * perNoise * noiseU;
  const noiseOnSharpness = 4 * lr * perNoise * noiseS;
  return {
    meanField: { value: perNoise * noiseU, reason: null },
    twoNoise: { value: perNoise * (noiseU + 2 * noiseS), reason: null },
    refined: refined(lr, noise, noiseOnSharpness, lr * Math.sqrt(alpha)),
    ar1:
      noise <= 1
        ? { value: belowEdge(noise, lr), reason: null }
        : nothing(`the noise is too strong for an equilibrium: η²σ_u²/δ² = ${short(noise)} exceeds 1`),
  };
}

function refined(lr: number, noise: number, noiseOnSharpness: number, epsilon: number): GapPrediction {
  if (noise === 0) {
    return nothing("without noise along u the dynamics cycle, and have no stationary law to average over");
  }
  if (epsilon >= EPSILON_LIMIT) {
    return nothing(`ε = η√α = ${short(epsilon)} is not small (limit ${EPSILON_LIMIT}): the dynamics blow up`);
  }
  const total = noise + noiseOnSharpness + 3 * epsilon * epsilon;
  if (total >= 1) {
    return nothing(
      `the noise is too strong for an equilibrium: η²(σ_u² + 2σ_s²)/δ² + 3ε² = ${short(total)} reaches 1`,
    );
  }
  return { value: belowEdge(total, lr), reason: null };
}

/** (1 − √(1 − q))/η without cancellation for small q. */
function belowEdge(q: number, lr: number): number {
  return q / (1 + Math.sqrt(1 - q)) / lr;
}

function nothing(reason: string): GapPrediction {
  return { value: null, reason };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** One batch size of a predicted curve. */
export interface GapPoint {
  readonly batch: number;
  /** σ_u² at this batch size. */
  readonly noiseU: number;
  /** σ_s² at this batch size. */
  readonly noiseS: number;
  readonly gap: GapPredictions;
}

/** `GapInput` with single-example variances, a population, and the batch sizes wanted. */
export interface GapCurveInput extends Omit<GapInput, "noiseU" | "noiseS"> {
  /** s_u²: population variance of ⟨∇ℓᵢ, u⟩. */
  readonly varianceU: number;
  /** s_s²: the same along ∇S⊥/‖∇S⊥‖. Default 0. */
  readonly varianceS?: number;
  /** Examples. */
  readonly n: number;
  readonly batches: readonly number[];
  readonly sampling: BatchSampling;
}

/**
 * Predictions over batch sizes with the exact finite-population noise, to be drawn beside a fitted power law: under
 * `without` the factor (n−b)/(n−1) bends the curve below 1/b, and it is 0 at b = n. σ_u² drives an oscillating
 * mode and σ_s² a slow one, which `shuffle` treats differently; see `noiseVariance`.
 *
 * @throws InputError as `gapPredictions`, and for a batch size outside 1…n
 */
export function gapCurve(input: GapCurveInput): readonly GapPoint[] {
  const { lr, alpha, beta, varianceU, varianceS = 0, n, batches, sampling } = input;
  return batches.map((batch) => {
    const noiseU = noiseVariance(varianceU, n, batch, sampling, "oscillating");
    const noiseS = noiseVariance(varianceS, n, batch, sampling, "slow");
    return { batch, noiseU, noiseS, gap: gapPredictions({ lr, alpha, beta, noiseU, noiseS }) };
  });
}
