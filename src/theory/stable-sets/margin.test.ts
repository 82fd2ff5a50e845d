// The hard margin: closed forms, the independent oracles, certificates, data without a margin.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { unitInputs } from "./inputs.ts";
import { hardMargin } from "./margin.ts";
import type { LabelledInputs } from "./types.ts";

interface Oracle {
  readonly X: number[][];
  readonly y: number[];
  readonly K: number;
  readonly gamma: number;
  readonly W_star: number[][];
}
const oracle = (name: string): Oracle =>
  JSON.parse(readFileSync(new URL(`../../../test/oracles/${name}.json`, import.meta.url), "utf8")) as Oracle;

function inputsOf(
  x: readonly (readonly number[])[],
  labels: readonly number[],
  classes: number,
): LabelledInputs {
  return {
    n: labels.length,
    d: x[0]!.length,
    classes,
    x: Float64Array.from(x.flat()),
    labels: Int32Array.from(labels),
  };
}

/** min (w_y − w_k)ᵀx by definition. */
function marginOf({ n, d, classes, x, labels }: LabelledInputs, w: Float64Array): number {
  let least = Infinity;
  for (let i = 0; i < n; i++) {
    const score = (k: number): number => {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += w[k * d + c]! * x[i * d + c]!;
      return sum;
    };
    for (let k = 0; k < classes; k++) {
      if (k !== labels[i]) least = Math.min(least, score(labels[i]!) - score(k));
    }
  }
  return least;
}

describe("closed forms", () => {
  test.each([2, 3, 5, 10])("the simplex X = I has margin 1/√(K−1), K = %i", (classes) => {
    const x = Array.from({ length: classes }, (_, i) =>
      Array.from({ length: classes }, (__, c) => Number(c === i)),
    );
    const labels = x.map((_, i) => i);
    const { lower, upper, separable } = hardMargin(inputsOf(x, labels, classes));
    expect(separable).toBe(true);
    expect(lower).toBeCloseTo(1 / Math.sqrt(classes - 1), 8);
    expect(upper).toBeCloseTo(1 / Math.sqrt(classes - 1), 8);
  });

  test("antipodal inputs have margin √2, the largest possible", () => {
    const { lower, upper } = hardMargin(inputsOf([[1], [-1]], [0, 1], 2));
    expect(lower).toBeCloseTo(Math.SQRT2, 10);
    expect(upper).toBeCloseTo(Math.SQRT2, 10);
  });

  test("two classes: √2 times the binary margin", () => {
    // The binary margin of x₁ ≥ 0.1 against x₁ ≤ −0.1 is 0.1.
    const x = [
      [0.1, 0.9],
      [0.1, -0.8],
      [-0.1, 0.3],
      [-0.1, -0.7],
      [0.5, 0.2],
    ];
    expect(hardMargin(inputsOf(x, [0, 0, 1, 1, 0], 2)).lower).toBeCloseTo(0.1 * Math.SQRT2, 8);
  });
});

test.each(["linear_ce", "planar_ce"])("%s: margin and W* of the independent solver", (name) => {
  const { X, y, K, gamma, W_star } = oracle(name);
  const { lower, upper, gap, direction } = hardMargin(inputsOf(X, y, K));
  expect(Math.abs(lower / gamma - 1)).toBeLessThan(1e-8);
  expect(Math.abs(upper / gamma - 1)).toBeLessThan(1e-8);
  expect(gap).toBeLessThan(1e-8);
  W_star.forEach((row, c) => {
    row.forEach((w, k) => expect(direction![k * W_star.length + c]).toBeCloseTo(w, 6));
  });
});

test("separable data: the bounds close on each other, and the direction achieves the lower one", () => {
  const problem = fc.record({
    seed: fc.integer(),
    n: fc.integer({ min: 2, max: 25 }),
    d: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 2, max: 5 }),
  });
  fc.assert(
    fc.property(problem, ({ seed, n, d, classes }) => {
      const stream = randomStream(seed, "margin-test");
      const teacher = Array.from({ length: classes * d }, () => stream.normal());
      // Labels by a teacher, ambiguous inputs pushed away from its boundaries by rejection.
      const x: number[][] = [];
      const labels: number[] = [];
      for (let tries = 0; labels.length < n && tries < 50 * n; tries++) {
        const input = Array.from({ length: d }, () => stream.normal() / Math.sqrt(d));
        const scores = Array.from({ length: classes }, (_, k) =>
          input.reduce((sum, value, c) => sum + value * teacher[k * d + c]!, 0),
        );
        const sorted = scores.toSorted((a, b) => b - a);
        if (sorted[0]! - sorted[1]! < 0.1) continue;
        x.push(input);
        labels.push(scores.indexOf(sorted[0]!));
      }
      if (labels.length < 2 || new Set(labels).size < 2) return;
      const inputs = unitInputs(x.flat(), labels, classes);
      const { separable, lower, gap, direction } = hardMargin(inputs);
      expect(separable).toBe(true);
      expect(gap).toBeLessThan(1e-7);
      expect(marginOf(inputs, direction!)).toBeCloseTo(lower, 12);
      expect(Math.hypot(...direction!)).toBeCloseTo(1, 12);
      expect(lower).toBeLessThanOrEqual(Math.SQRT2 + 1e-12);
    }),
    { numRuns: 60 },
  );
});

describe("no margin", () => {
  test("the same input in two classes", () => {
    const x = [
      [1, 0],
      [0.5, 0.5],
      [0.5, 0.5],
    ];
    const { separable, upper, reason } = hardMargin(inputsOf(x, [0, 0, 1], 2));
    expect(separable).toBe(false);
    expect(upper).toBeLessThan(1e-9);
    expect(reason).toMatch(/not linearly separable/);
  });

  test("exclusive or", () => {
    const x = [
      [1, 1],
      [-1, -1],
      [1, -1],
      [-1, 1],
    ];
    expect(hardMargin(inputsOf(x, [0, 0, 1, 1], 2)).separable).toBe(false);
  });

  test("a zero input is named", () => {
    const { separable, reason } = hardMargin(inputsOf([[1], [0]], [0, 1], 2));
    expect(separable).toBe(false);
    expect(reason).toMatch(/input 1 is zero/);
  });

  test("overlapping random classes", () => {
    const stream = randomStream(5, "overlap");
    const x = Array.from({ length: 60 }, () => [stream.normal(), stream.normal(), stream.normal()]);
    const labels = x.map((_, i) => i % 3);
    const { separable, lower } = hardMargin(inputsOf(x, labels, 3));
    expect(separable).toBe(false);
    expect(lower).toBeLessThanOrEqual(0);
  });
});
