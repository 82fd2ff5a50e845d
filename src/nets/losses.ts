// Loss functions of one example as tensor programs, what targets they need, and when a prediction is right.
import { InputError, didYouMean } from "../math/index.ts";
import {
  add,
  div,
  equal,
  exp,
  less,
  log,
  max,
  mul,
  neg,
  sameShape,
  square,
  stopGradient,
  sub,
  sum,
  where,
  type Node,
} from "../tensor/index.ts";

/**
 * `mse`: ½·Σ over outputs (Cohen et al. 2021); `mse-sum`: Σ over outputs without the ½ (sharpness and gradient
 * are twice those of `mse`); `ce`: cross-entropy of one-hot targets, natural logarithm; `logistic`:
 * log(1 + exp(−y·f)) of one output and y = ±1. A training objective is the mean over examples.
 */
export type LossName = "mse" | "mse-sum" | "ce" | "logistic";

/** Names of all losses. */
export const LOSS_NAMES: readonly LossName[] = ["mse", "mse-sum", "ce", "logistic"];

function squaredError(outputs: Node, targets: Node): Node {
  return sum(square(sub(outputs, targets)), [1]);
}

/**
 * log(1 + eˣ) whose value and derivatives keep their relative accuracy where it is tiny. The Softplus operator
 * does not: its slope is a Sigmoid, which ONNX Runtime computes to an absolute, not a relative, accuracy.
 */
function log1pExp(x: Node): Node {
  const negative = less(x, 0);
  // Not −|x| and max(x, 0): their slope at 0 is 0, but equal logits are how linear models start.
  const e = exp(where(negative, x, neg(x)));
  const rounded = add(1, e);
  const value = log(rounded);
  // log1p(e) = log(u)·e/(u − 1) with u = 1 + e as rounded (Kahan; Goldberg 1991, theorem 4). The correction is
  // rounding error, so derivatives pass it by.
  const lost = equal(rounded, 1);
  const accurate = where(lost, e, mul(value, div(e, where(lost, 1, sub(rounded, 1)))));
  return add(where(negative, 0, x), add(value, stopGradient(sub(accurate, value))));
}

/**
 * Cross-entropy as softplus(log Σ_{k≠y} exp(z_k − z_y)) rather than log Σ_k exp(z_k) − z_y: the two are equal,
 * but here the residual 1 − p_y is never formed by subtraction, so derivatives keep their digits when an
 * example is fitted and p_y rounds to 1 (naive forms lose all digits below 1e-16).
 */
function crossEntropy(logits: Node, targets: Node): Node {
  const isLabel = equal(targets, 1);
  const label = sum(mul(isLabel, logits), [1], true);
  // Far below every margin, so that exp gives exactly 0 for the label itself.
  const others = where(isLabel, -1e30, sub(logits, label));
  // The shift cancels in value and in every derivative, so derivatives need not see it.
  const shift = stopGradient(max(others, [1], true));
  const logSum = add(log(sum(exp(sub(others, shift)), [1], true)), shift);
  return sum(log1pExp(logSum), [1]);
}

const losses: Readonly<Record<LossName, (outputs: Node, targets: Node) => Node>> = {
  mse: (outputs, targets) => mul(0.5, squaredError(outputs, targets)),
  "mse-sum": squaredError,
  ce: crossEntropy,
  logistic: (outputs, targets) => sum(log1pExp(neg(mul(targets, outputs))), [1]),
};

function checkName(name: string): asserts name is LossName {
  if (Object.hasOwn(losses, name)) return;
  const hint = didYouMean(name, LOSS_NAMES);
  throw new InputError("unknown loss", {
    field: "loss",
    received: name,
    allowed: LOSS_NAMES,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Throws InputError when the loss is unknown or does not go with this number of network outputs. */
export function checkLossOutputs(name: string, outputs: number): void {
  checkName(name);
  if (name === "ce" && outputs < 2) {
    throw new InputError("cross-entropy needs one output a class", {
      field: "loss",
      received: `ce with ${outputs} output`,
      hint: "Use logistic (targets pm1) for two classes and one output",
    });
  }
  if (name === "logistic" && outputs !== 1) {
    throw new InputError("the logistic loss needs exactly one output", {
      field: "loss",
      received: `logistic with ${outputs} outputs`,
      hint: "Use ce, or two classes with targets pm1",
    });
  }
}

/**
 * Losses of all examples.
 *
 * @param logits network outputs, n×outputs
 * @param targets the same shape: one-hot 0/1, ±1, or real values (see LossName)
 * @returns a vector of length n
 * @throws InputError for unknown names and shapes that do not fit
 */
export function perExampleLoss(name: LossName, logits: Node, targets: Node): Node {
  if (logits.shape.length !== 2 || !sameShape(logits.shape, targets.shape)) {
    throw new InputError("network outputs and targets have different shapes", {
      received: `outputs [${logits.shape.join(",")}], targets [${targets.shape.join(",")}]`,
    });
  }
  checkLossOutputs(name, logits.shape[1]!);
  return losses[name](logits, targets);
}

/**
 * Checks the values of targets, which programs cannot: finite; for `ce` exactly one 1 in every row; for
 * `logistic` all ±1. O(n·outputs).
 *
 * @param targets n×outputs, row-major
 * @throws InputError naming the first bad example
 */
export function checkTargets(name: LossName, targets: ArrayLike<number>, outputs: number): void {
  checkLossOutputs(name, outputs);
  const fail = (example: number, what: string): never => {
    const row = Array.from({ length: outputs }, (_, k) => targets[example * outputs + k]!);
    const shown = row.length > 10 ? `${row.slice(0, 10).join(", ")}, …` : row.join(", ");
    throw new InputError(`targets do not suit loss "${name}"`, {
      field: `target of example ${example}`,
      received: shown,
      allowed: what,
    });
  };
  for (let i = 0; i * outputs < targets.length; i++) {
    let ones = 0;
    for (let k = 0; k < outputs; k++) {
      const value = targets[i * outputs + k]!;
      if (value === 1) ones++;
      if (!Number.isFinite(value)) fail(i, "finite numbers");
      if (name === "logistic" && Math.abs(value) !== 1) fail(i, "1 or -1");
      if (name === "ce" && value !== 0 && Math.abs(value) !== 1) fail(i, "one 1, the rest 0");
    }
    if (name === "ce" && ones !== 1) fail(i, "one 1, the rest 0");
  }
}
