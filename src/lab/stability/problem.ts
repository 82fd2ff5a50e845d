// What the theory of large steps needs to know before the first step: sizes, norms, zero inputs, the margin.
import { norm, type Vector } from "../../math/index.ts";
import type { StabilityProblemRecord } from "../../record/index.ts";
import type { Classifier } from "../run-types.ts";

/** Facts about the data and the start; the margin only when asked for, because it takes a solver. */
export function stabilityProblem(
  { inputs, labels, classes }: Classifier,
  theta: Vector,
): StabilityProblemRecord {
  const examples = labels.length;
  const features = inputs.length / examples;
  let largestNorm = 0;
  let zeroInputs = 0;
  for (let i = 0; i < examples; i++) {
    const length = norm(inputs.subarray(i * features, (i + 1) * features));
    largestNorm = Math.max(largestNorm, length);
    if (length === 0) zeroInputs++;
  }
  return { examples, features, classes, largestNorm, zeroInputs, initialNorm: norm(theta) };
}
