// Constants of the stable set: how fast noise may grow, how far a step may move, the threshold of the loss they give.
import { InputError } from "../../math/index.ts";
import type { ActivationConstants } from "../../nets/index.ts";
import type { Sampling } from "../../optim/index.ts";
import type { Constant, ModelConstants, StabilitySetting, StableSet } from "./types.ts";

/** Constants of a linear classifier with margin γ. */
export function linearModelConstants(margin: number): ModelConstants {
  return { margin, hidden: 1, smoothness: 0, nearHomogeneity: 0 };
}

/**
 * γ_eff = φ′_min(1 + γ) − 1: the margin that is left of γ when the slope of the activation varies between φ′_min and 1
 * (arXiv 2606.30930, eq. 8). Not positive unless φ′_min > 1/(1 + γ).
 */
export function effectiveMargin(margin: number, lowerSlope: number): number {
  return lowerSlope * (1 + margin) - 1;
}

/**
 * Constants of the two-layer mean-field network with m hidden units a class on data of margin γ.
 *
 * @throws InputError when the slope of the activation exceeds 1, which every bound excludes
 */
export function meanFieldConstants(
  margin: number,
  hidden: number,
  activation: ActivationConstants,
): ModelConstants {
  if (activation.upper > 1 + 1e-12) {
    throw new InputError("the bounds need an activation whose slope is at most 1", {
      field: "activation",
      received: `slopes up to ${activation.upper.toPrecision(4)}`,
      hint: "Use rescale: true",
    });
  }
  const { smoothness, nearHomogeneity } = activation;
  return { margin: effectiveMargin(margin, activation.lower), hidden, smoothness, nearHomogeneity };
}

/** Whether the theorems say anything about a model, and if not why. */
export interface Applicability {
  readonly applicable: boolean;
  /** Null when applicable. */
  readonly reason: string | null;
}

/**
 * @param margin γ of the data; null when they are not separable
 * @param activation constants of the mean-field network's activation; none for the linear model
 */
export function theoryApplicable(margin: number | null, activation?: ActivationConstants): Applicability {
  const no = (reason: string): Applicability => ({ applicable: false, reason });
  if (margin === null || !(margin > 0)) {
    return no("the data are not linearly separable with a margin, which every theorem assumes");
  }
  if (activation === undefined) return { applicable: true, reason: null };
  if (activation.upper > 1 + 1e-12) {
    return no(`the activation has slopes up to ${activation.upper.toPrecision(4)}, above 1; rescale it`);
  }
  const effective = effectiveMargin(margin, activation.lower);
  if (effective > 0) return { applicable: true, reason: null };
  const needed = 1 / (1 + margin);
  return no(
    `the effective margin ${effective.toPrecision(3)} is not positive: with margin ${margin.toPrecision(3)} the slope of the activation must stay above ${needed.toPrecision(6)}, but falls to ${activation.lower.toPrecision(6)}`,
  );
}

/**
 * C_b with E‖g_B‖² ≤ C_b‖∇L‖² (strong growth): 1 + 2n/(bγ²) for independent draws; for subsets the variance shrinks
 * by the finite-population factor (n−b)/(n−1), which makes it exactly 1 at b = n.
 */
export function noiseGrowth(n: number, batch: number, margin: number, sampling: Sampling): Constant {
  const ratio = (2 * n) / (margin * margin);
  if (sampling === "with") {
    return { value: 1 + ratio / batch, formula: "1 + 2n/(bγ²)", provenance: "reconstructed" };
  }
  const population = batch === n ? 0 : (n - batch) / (batch * (n - 1));
  return {
    value: 1 + population * (ratio - 1),
    formula: "1 + (n − b)/(b(n − 1))·(2n/γ² − 1)",
    provenance: "reconstructed",
  };
}

/**
 * The stable set of the theorem (arXiv 2606.30930, theorem 4.1; 5.4 for the mean-field network): inside it
 * E[L(W′) | W] ≤ L(W) − (η/2)‖∇L‖², with m·η for η in the mean-field network. Very conservative: see the empirical set,
 * drift ≤ 0, beside it.
 *
 * @throws InputError for settings that are no SGD, or a margin that is not positive
 */
export function stableSet(setting: StabilitySetting): StableSet {
  checkSetting(setting);
  const { n, batch, lr, sampling, model } = setting;
  const growth = noiseGrowth(n, batch, model.margin, sampling);
  const descent: Constant = {
    value: Math.E * (1 + model.smoothness),
    formula: model.smoothness === 0 ? "e" : "e(1 + sup|φ″|)",
    provenance: "reconstructed",
  };
  const amplification: Constant =
    sampling === "with"
      ? { value: n, formula: "n", provenance: "derived" }
      : { value: n / batch, formula: "n/b", provenance: "derived" };
  const guard: Constant = {
    value: 1 / (2 * lr * amplification.value),
    formula: "1/(2ηn_b)",
    provenance: "reconstructed",
  };
  const quadratic: Constant = {
    value: 1 / (2 * descent.value * lr * growth.value),
    formula: "1/(2c₀ηC_b)",
    provenance: "reconstructed",
  };
  return {
    threshold: Math.min(guard.value, quadratic.value),
    guard,
    quadratic,
    binding: guard.value <= quadratic.value ? "guard" : "quadratic",
    noiseGrowth: growth,
    descent,
    amplification,
  };
}

/** @throws InputError naming the first field that is not what it must be */
export function checkSetting({ n, classes, lr, batch, model, initialNorm = 0 }: StabilitySetting): void {
  const fail = (field: string, received: number, allowed: string): never => {
    throw new InputError("the bounds do not apply", { field, received: String(received), allowed });
  };
  if (!(Number.isSafeInteger(n) && n >= 1)) fail("n", n, "a positive integer");
  if (!(Number.isSafeInteger(classes) && classes >= 2)) fail("classes", classes, "an integer from 2 on");
  if (!(lr > 0 && Number.isFinite(lr))) fail("lr", lr, "> 0");
  if (!(Number.isSafeInteger(batch) && batch >= 1 && batch <= n)) fail("batch", batch, `1 to ${n}`);
  if (!(model.margin > 0)) fail("margin", model.margin, "> 0: the data must be separable");
  if (!(initialNorm >= 0 && Number.isFinite(initialNorm))) fail("initialNorm", initialNorm, "≥ 0");
}
