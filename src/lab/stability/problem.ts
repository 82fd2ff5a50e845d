// What the theory of large steps needs to know before the first step: sizes, norms, zero inputs, the margin.
import { norm, type Vector } from "../../math/index.ts";
import type { MarginRecord, StabilityProblemRecord } from "../../record/index.ts";
import { hardMargin } from "../../theory/index.ts";
import type { Classifier } from "../run-types.ts";
import { labelledInputs } from "./linear-probe.ts";

/** Relative gap of the margin's certificate, and rounds: bounds that stay apart are reported apart. */
const MARGIN_EFFORT = { tol: 1e-6, maxRounds: 60 };

/** Facts about the data and the start; the margin only when asked for, because it takes a solver. */
export function stabilityProblem(
  classifier: Classifier,
  theta: Vector,
  withMargin: boolean,
): StabilityProblemRecord {
  const { inputs, labels, classes } = classifier;
  const examples = labels.length;
  const features = inputs.length / examples;
  let largestNorm = 0;
  let zeroInputs = 0;
  for (let i = 0; i < examples; i++) {
    const length = norm(inputs.subarray(i * features, (i + 1) * features));
    largestNorm = Math.max(largestNorm, length);
    if (length === 0) zeroInputs++;
  }
  return {
    examples,
    features,
    classes,
    largestNorm,
    zeroInputs,
    initialNorm: norm(theta),
    ...(withMargin ? { margin: marginOf(classifier) } : {}),
  };
}

function marginOf(classifier: Classifier): MarginRecord {
  const { labels } = classifier;
  if (labels.every((label) => label === labels[0])) {
    const sentence = "all examples are of one class, so there is no margin between classes";
    return { value: null, lower: 0, upper: 0, sentence };
  }
  const { separable, lower, upper, reason } = hardMargin(labelledInputs(classifier), MARGIN_EFFORT);
  const value = separable === true ? lower : null;
  const sentence = value === null ? reason : `margin γ = ${value.toPrecision(4)}: ${reason}`;
  return { value, lower: Number.isFinite(lower) ? lower : 0, upper, sentence };
}
