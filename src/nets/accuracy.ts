// When a prediction counts as right: largest output, or the sign of a single one.

/** `argmax`: the largest output is that of the label; `sign`: the only output has the sign of the target. */
export type AccuracyRule = "argmax" | "sign";

/** The rule for a task, or null for regression (no classes), where accuracy has no meaning. */
export function accuracyRule(classes: number, outputs: number): AccuracyRule | null {
  if (classes === 0) return null;
  return outputs === 1 ? "sign" : "argmax";
}

/** Index of the first largest entry of a row; −1 when the row holds a NaN. */
function argmax(values: ArrayLike<number>, start: number, length: number): number {
  let best = 0;
  for (let k = 0; k < length; k++) {
    const value = values[start + k]!;
    if (Number.isNaN(value)) return -1;
    if (value > values[start + best]!) best = k;
  }
  return best;
}

/**
 * Number of examples predicted right; add up over chunks and divide by n for the accuracy.
 *
 * @param logits network outputs, n×outputs, row-major; may be longer than `targets` (padding is ignored)
 * @param targets n×outputs: one-hot or ±1
 * @returns a count from 0 to n; an output of NaN, or of 0 under `sign`, is wrong
 */
export function countCorrect(
  rule: AccuracyRule,
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  outputs: number,
): number {
  let correct = 0;
  for (let start = 0; start < targets.length; start += outputs) {
    const right =
      rule === "sign"
        ? logits[start]! * targets[start]! > 0
        : argmax(logits, start, outputs) === argmax(targets, start, outputs);
    if (right) correct++;
  }
  return correct;
}
