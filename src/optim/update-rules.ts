// Update rules θ ← θ' as resumable state machines, and the sharpness at which each loses stability.
import { didYouMean, type DType, InputError, type Vector, zeros } from "../math/index.ts";

/** Which rule, at which learning rate. `gd` and `sgd` share the rule θ − η g; they differ in the batches g is taken on. */
export interface UpdateRuleConfig {
  readonly name: "gd" | "sgd";
  /** Learning rate η > 0. */
  readonly lr: number;
}

/**
 * What a rule carries from step to step: named vectors of θ's length and precision (a momentum buffer, say).
 * Empty for plain GD and SGD. Saved in checkpoints as it is, so nothing may live outside it.
 */
export type UpdateState = Readonly<Record<string, Vector>>;

/** One way to turn a gradient into a step. All memory is allocated by `init`; `update` allocates nothing. */
export interface UpdateRule {
  readonly name: string;
  /** Names of the vectors `init` returns, so that a checkpoint can be checked against the rule. */
  readonly stateNames: readonly string[];
  /** State before the first step, for θ of length `size`. */
  init(size: number, dtype: DType): UpdateState;
  /** Changes `theta` (and the vectors of `state`) in place. O(P). `gradient` is left as it was. */
  update(theta: Vector, gradient: Vector, state: UpdateState): void;
  /** η when `update` is exactly θ − η g and nothing else, so that an objective may fuse it with the gradient; else null. */
  readonly plainRate: number | null;
  /** Sharpness above which the rule, linearised about a minimum, oscillates and grows. */
  readonly threshold: number;
}

interface RuleDefinition {
  readonly stateNames: readonly string[];
  readonly isPlain: boolean;
  readonly threshold: (config: UpdateRuleConfig) => number;
  readonly step: (config: UpdateRuleConfig) => UpdateRule["update"];
}

/** θ' = θ − η g, in the precision of θ (the product and difference are rounded once). */
const plain: RuleDefinition = {
  stateNames: [],
  isPlain: true,
  threshold: ({ lr }) => 2 / lr,
  step: ({ lr }) => {
    return (theta, gradient) => {
      for (let i = 0; i < theta.length; i++) theta[i] = theta[i]! - lr * gradient[i]!;
    };
  },
};

// A new rule is one entry here and one name in UpdateRuleConfig.
const RULES: Readonly<Record<UpdateRuleConfig["name"], RuleDefinition>> = { gd: plain, sgd: plain };

/** Names of all update rules. */
export const UPDATE_RULES: readonly UpdateRuleConfig["name"][] = ["gd", "sgd"];

function definition(config: UpdateRuleConfig): RuleDefinition {
  if (!Object.hasOwn(RULES, config.name)) {
    const hint = didYouMean(config.name, UPDATE_RULES);
    throw new InputError("unknown optimiser", {
      field: "optimizer.name",
      received: JSON.stringify(config.name),
      allowed: UPDATE_RULES,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  if (!(config.lr > 0) || !Number.isFinite(config.lr)) {
    throw new InputError("the learning rate must be positive and finite", {
      field: "optimizer.lr",
      received: String(config.lr),
      allowed: "> 0",
    });
  }
  return RULES[config.name];
}

/** The rule a configuration names. Throws InputError for an unknown name or a learning rate ≤ 0. */
export function updateRule(config: UpdateRuleConfig): UpdateRule {
  const { stateNames, isPlain, threshold, step } = definition(config);
  return {
    name: config.name,
    stateNames,
    init: (size, dtype) => Object.fromEntries(stateNames.map((name) => [name, zeros(dtype, size)])),
    update: step(config),
    plainRate: isPlain ? config.lr : null,
    threshold: threshold(config),
  };
}

/**
 * Sharpness at which the optimiser, linearised about a minimum, is marginally stable: 2/η for GD, and for SGD
 * the same reference line (its mean dynamics). Cohen et al. 2021, arXiv:2103.00065.
 */
export function stabilityThreshold(config: UpdateRuleConfig): number {
  return definition(config).threshold(config);
}
