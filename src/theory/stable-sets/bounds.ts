// Rates of the two phases: averages and best iterates before the stable set is reached, the last iterate inside it.
import { checkSetting } from "./constants.ts";
import type { Provenance, StabilitySetting } from "./types.ts";

/** Which bound, and how certain its constants are; for tables and figure notes. */
export interface BoundSource {
  readonly formula: string;
  readonly source: string;
  readonly provenance: Provenance;
}

const paper = "arXiv 2606.30930";

/** Every bound of this folder. Λ(t) = ln((K−1)γ²ηt) + 2κ, θ = η(1 + 1/b), κ the activation's near-homogeneity. */
export const BOUND_SOURCES: Readonly<
  Record<"bestIterate" | "potential" | "lastIterate" | "entrance" | "exit" | "return", BoundSource>
> = {
  bestIterate: {
    formula: "[2 + (Λ(t) + θ)²]/(2γ²ηt)",
    source: `${paper}, theorems 2.2 and 5.3`,
    provenance: "derived",
  },
  potential: {
    formula: "[2Λ(t) + 2θ + √2]/(γ²ηt)",
    source: `${paper}, bound on the gradient potential`,
    provenance: "derived",
  },
  lastIterate: {
    formula: "[2 + 2γ²‖W_s‖² + 2Λ(t−s)²]/(γ²η(t−s))",
    source: `${paper}, theorems 4.1(2) and 5.4(2)`,
    provenance: "reconstructed",
  },
  entrance: {
    formula: "potential(T) ≤ δ·min(1/(2n), l_S/2)",
    source: `${paper}, theorem 4.1(1)`,
    provenance: "reconstructed",
  },
  exit: {
    formula: "2·exp(−bρ²/(2(v + Rρ/3)))",
    source: `${paper}, theorem 4.2(1)`,
    provenance: "reconstructed",
  },
  return: {
    formula: "1/(γ²ηT) + [8(Λ(t₀) + θ)² + 8 + 2(Λ(T) + θ)²]/(2γ²ηT) ≤ δ·l_S",
    source: `${paper}, theorem 4.2(2)`,
    provenance: "reconstructed",
  },
};

/** Λ(t) = ln((K−1)γ²ηt) + 2κ; null while (K−1)γ²ηt < 1, where the comparator of the proofs does not exist. */
export function logHorizon({ classes, lr, model }: StabilitySetting, t: number): number | null {
  const horizon = (classes - 1) * model.margin ** 2 * lr * t;
  return horizon >= 1 ? Math.log(horizon) + 2 * model.nearHomogeneity : null;
}

/** θ = η(1 + 1/b), what large steps cost (times 1/γ in the comparator); γ‖W₀‖ is added for a start elsewhere than at 0. */
export function stepCost({ lr, batch, model, initialNorm = 0 }: StabilitySetting): number {
  return lr * (1 + 1 / batch) + model.margin * initialNorm;
}

/**
 * Bound on min_{k<t} E L(W_k), in fact on the average over k < t: [2 + (Λ(t) + θ)²]/(2γ²ηt), for every step size and
 * batch. Null while it says nothing, (K−1)γ²ηt < 1.
 *
 * @throws InputError as `checkSetting`
 */
export function bestIterateBound(setting: StabilitySetting, t: number): number | null {
  checkSetting(setting);
  const horizon = logHorizon(setting, t);
  if (horizon === null) return null;
  return (2 + (horizon + stepCost(setting)) ** 2) / (2 * setting.model.margin ** 2 * setting.lr * t);
}

/**
 * Bound on the average over k < t of E G(W_k), G the mean of 1 − p_y: [2Λ(t) + 2θ + √2]/(γ²ηt), which for large η tends
 * to 2(1 + 1/b)/(γ²t), whatever η is. Null as for `bestIterateBound`.
 */
export function potentialBound(setting: StabilitySetting, t: number): number | null {
  checkSetting(setting);
  const horizon = logHorizon(setting, t);
  if (horizon === null) return null;
  return (2 * horizon + 2 * stepCost(setting) + Math.SQRT2) / (setting.model.margin ** 2 * setting.lr * t);
}

/**
 * Bound on E L(W_t) when W_s, …, W_t all lie in the stable set. It conditions on a random event, so read it as a
 * diagnostic envelope. Null while (K−1)γ²η·elapsed < 1.
 *
 * @param norm ‖W_s‖_F, divided by √m for the mean-field network
 * @param elapsed t − s
 */
export function lastIterateBound(setting: StabilitySetting, norm: number, elapsed: number): number | null {
  checkSetting(setting);
  const horizon = logHorizon(setting, elapsed);
  if (horizon === null) return null;
  const { margin } = setting.model;
  return (2 + 2 * margin ** 2 * norm ** 2 + 2 * horizon ** 2) / (margin ** 2 * setting.lr * elapsed);
}
