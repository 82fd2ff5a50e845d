// Random separable problems with the weights that separate them, for the tests of the theory of large steps.
import * as fc from "fast-check";
import { randomStream, type RandomStream } from "../src/math/index.ts";
import type { LabelledInputs } from "../src/theory/stable-sets/index.ts";

/** Inputs in the unit ball, and W with ‖W‖_F = 1 that separates them by `margin` (not necessarily the best). */
export interface SeparableProblem {
  readonly inputs: LabelledInputs;
  /** K×d. */
  readonly direction: Float64Array;
  readonly margin: number;
  /** For whatever else the test draws. */
  readonly stream: RandomStream;
}

/** Sizes and a seed. */
export interface ProblemSize {
  readonly seed: number;
  readonly n: number;
  readonly d: number;
  readonly classes: number;
}

/** Small problems, thousands of which take a second. */
export const problemSizes: fc.Arbitrary<ProblemSize> = fc.record({
  seed: fc.integer(),
  n: fc.integer({ min: 2, max: 12 }),
  d: fc.integer({ min: 2, max: 4 }),
  classes: fc.integer({ min: 2, max: 4 }),
});

/**
 * Labels from a random teacher, whose margin of at least `least` is enforced by drawing again. The teacher's columns sum
 * to 0 as those of every optimal W do.
 */
export function separableProblem({ seed, n, d, classes }: ProblemSize, least = 0.05): SeparableProblem {
  const stream = randomStream(seed, "separable");
  const teacher = Float64Array.from({ length: classes * d }, () => stream.normal());
  for (let c = 0; c < d; c++) {
    let mean = 0;
    for (let k = 0; k < classes; k++) mean += teacher[k * d + c]! / classes;
    for (let k = 0; k < classes; k++) teacher[k * d + c]! -= mean;
  }
  const length = Math.hypot(...teacher);
  const direction = teacher.map((value) => value / length);
  const x = new Float64Array(n * d);
  const labels = new Int32Array(n);
  let margin = Infinity;
  for (let i = 0; i < n;) {
    const input = Array.from({ length: d }, () => stream.normal());
    const size = Math.hypot(...input) / Math.sqrt(stream.uniform());
    const scores = Array.from({ length: classes }, (_, k) =>
      input.reduce((sum, value, c) => sum + (value / size) * direction[k * d + c]!, 0),
    );
    const sorted = scores.toSorted((a, b) => b - a);
    const own = sorted[0]! - sorted[1]!;
    // Some teachers leave little room: now and then a smaller margin is let through.
    if (own < least && stream.uniform() > 1e-3) continue;
    margin = Math.min(margin, own);
    labels[i] = scores.indexOf(sorted[0]!);
    input.forEach((value, c) => (x[i * d + c] = value / size));
    i++;
  }
  return { inputs: { n, d, classes, x, labels }, direction, margin, stream };
}

/**
 * Weights of a random size: from nothing learned to fitted far beyond rounding, along the separator or anywhere. Not so
 * far that squares of gradients underflow.
 */
export function randomWeights({ direction, stream }: SeparableProblem): Float64Array {
  const along = stream.uniform() < 0.5 ? 0 : Math.exp(5 * stream.uniform());
  const noise = Math.exp(5 * stream.uniform() - 3);
  return direction.map((value) => along * value + noise * stream.normal());
}
