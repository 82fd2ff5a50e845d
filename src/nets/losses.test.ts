// Losses: values and derivatives to third order, behaviour at extreme margins, and target checks.
import * as fc from "fast-check";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate, onnxRuntimeBackend } from "../runtime/index.ts";
import { vectorFrom } from "../math/index.ts";
import { createGraph, grad, jvp, sum, type Node } from "../tensor/index.ts";
import { checkLossOutputs, checkTargets, LOSS_NAMES, perExampleLoss, type LossName } from "./losses.ts";

/** Per-example losses, and the directional derivatives of their sum along `direction` up to third order. */
function along(
  name: LossName,
  logits: readonly number[][],
  targets: readonly number[][],
  direction: readonly number[],
): { losses: number[]; slopes: number[] } {
  const graph = createGraph();
  const shape = [logits.length, logits[0]!.length];
  const z = graph.input("z", shape);
  const y = graph.input("y", shape);
  const d = graph.input("d", shape);
  const losses = perExampleLoss(name, z, y);
  const outputs: Node[] = [losses];
  let value: Node | null = sum(losses);
  for (let k = 0; k < 3; k++) {
    value = value && jvp([value], new Map([[z, d]]))[0]!;
    outputs.push(value ?? graph.constant(0));
  }
  const feeds = new Map([
    [z, logits.flat()],
    [y, targets.flat()],
    [d, direction],
  ]);
  const [first, ...slopes] = evaluate({ inputs: [z, y, d], outputs }, feeds);
  return { losses: Array.from(first!), slopes: slopes.map((slope) => slope[0]!) };
}

function gradient(name: LossName, logits: readonly number[], targets: readonly number[]): number[] {
  const graph = createGraph();
  const z = graph.input("z", [1, logits.length]);
  const y = graph.input("y", [1, logits.length]);
  const [g] = grad(sum(perExampleLoss(name, z, y)), [z]);
  const feeds = new Map([
    [z, logits],
    [y, targets],
  ]);
  return Array.from(evaluate({ inputs: [z, y], outputs: [g!] }, feeds)[0]!);
}

const oneHot = (k: number, classes: number): number[] =>
  Array.from({ length: classes }, (_, j) => Number(j === k));

describe("values", () => {
  const z = [
    [1, -2, 0.5],
    [0.25, 3, -1],
  ];
  const y = [oneHot(0, 3), oneHot(2, 3)];

  test("mse is half the squared distance, mse-sum all of it", () => {
    expect(along("mse", z, y, z.flat()).losses).toEqual([(0 + 4 + 0.25) / 2, (0.0625 + 9 + 4) / 2]);
    expect(along("mse-sum", z, y, z.flat()).losses).toEqual([4.25, 13.0625]);
  });

  test("ce is −log softmax of the label", () => {
    const { losses } = along("ce", z, y, z.flat());
    z.forEach((row, i) => {
      const total = row.reduce((s, value) => s + Math.exp(value), 0);
      expect(losses[i]).toBeCloseTo(Math.log(total) - row[y[i]!.indexOf(1)]!, 14);
    });
  });

  test("logistic is −log sigmoid(y·f)", () => {
    const { losses } = along("logistic", [[0.7], [0.7]], [[1], [-1]], [1, 1]);
    expect(losses[0]).toBeCloseTo(Math.log(1 + Math.exp(-0.7)), 14);
    expect(losses[1]).toBeCloseTo(Math.log(1 + Math.exp(0.7)), 14);
  });

  test("two-class ce is logistic of the difference of the logits", () => {
    const ce = along("ce", [[2, 0.5]], [[1, 0]], [1, -1]);
    const logistic = along("logistic", [[1.5]], [[1]], [2]);
    expect(ce.losses[0]).toBeCloseTo(logistic.losses[0]!, 14);
    ce.slopes.forEach((slope, k) => expect(slope).toBeCloseTo(logistic.slopes[k]!, 13));
  });
});

test.each(LOSS_NAMES)("%s: derivatives to third order agree with finite differences", (name) => {
  const outputs = name === "logistic" ? 1 : 4;
  const row = fc.array(fc.double({ min: -4, max: 4, noNaN: true }), {
    minLength: outputs,
    maxLength: outputs,
  });
  fc.assert(
    fc.property(row, row, fc.nat({ max: 3 }), (logits, direction, label) => {
      const target = name === "logistic" ? [label % 2 === 0 ? 1 : -1] : oneHot(label, outputs);
      const at = (t: number): { losses: number[]; slopes: number[] } =>
        along(name, [logits.map((value, k) => value + t * direction[k]!)], [target], direction);
      const { slopes } = at(0);
      const h = 1e-3;
      const levels = [-2, -1, 1, 2].map((k) => at(k * h)).map((one) => one.losses.concat(one.slopes));
      for (let order = 1; order <= 3; order++) {
        const [a, b, c, d] = levels.map((level) => level[order - 1]!) as [number, number, number, number];
        const difference = (a - 8 * b + 8 * c - d) / (12 * h);
        const scale = 1 + Math.max(...direction.map(Math.abs)) ** (order + 4);
        expect(Math.abs(slopes[order - 1]! - difference)).toBeLessThan(1e-8 * scale);
      }
    }),
    { numRuns: 40, seed: 1 },
  );
});

test("ce does not change when all logits move together, nor overflow", () => {
  const base = along("ce", [[3, 1, -2]], [[0, 1, 0]], [1, 2, 3]);
  for (const shift of [-1e4, 1e4]) {
    const moved = along("ce", [[3 + shift, 1 + shift, -2 + shift]], [[0, 1, 0]], [1, 2, 3]);
    expect(moved.losses[0]).toBeCloseTo(base.losses[0]!, 10);
    moved.slopes.forEach((slope, k) => expect(slope).toBeCloseTo(base.slopes[k]!, 10));
  }
  const wrong = along("ce", [[5000, 0, -5000]], [[0, 0, 1]], [1, 0, 0]);
  expect(wrong.losses).toEqual([10_000]);
  expect(wrong.slopes).toEqual([1, 0, 0]);
});

test("residuals of fitted examples keep their digits where 1 − p would round to 0", () => {
  const margin = 60;
  const residual = Math.exp(-margin);
  const ce = gradient("ce", [margin, 0, -1], [1, 0, 0]);
  const others = residual * (1 + Math.exp(-1));
  expect(ce[0]! / -others).toBeCloseTo(1, 12);
  expect(ce[1]! / residual).toBeCloseTo(1, 12);
  expect(ce[2]! / (residual * Math.exp(-1))).toBeCloseTo(1, 12);
  const logistic = gradient("logistic", [margin], [1]);
  expect(logistic[0]! / -residual).toBeCloseTo(1, 12);
});

test.each(["float32", "float64"] as const)("the same on ONNX Runtime in %s, loss included", async (dtype) => {
  const graph = createGraph();
  const z = graph.input("z", [4, 3]);
  const y = graph.input("y", [4, 3]);
  const losses = perExampleLoss("ce", z, y);
  const [g] = grad(sum(losses), [z]);
  const backend = onnxRuntimeBackend(ort, { device: "cpu", threads: 1 });
  const executable = await backend.compile({ inputs: [z, y], outputs: [losses, g!] }, dtype);
  const margins = [2, 9, 20, 60];
  const label = oneHot(0, 3);
  const results = [vectorFrom(dtype, new Float64Array(4)), vectorFrom(dtype, new Float64Array(12))];
  const feeds = [margins.flatMap((margin) => [margin, 0, -1]), margins.flatMap(() => label)];
  await executable.run(
    feeds.map((feed) => vectorFrom(dtype, feed)),
    results,
  );
  await executable.dispose();
  const tolerance = dtype === "float32" ? 3e-6 : 1e-14;
  margins.forEach((margin, i) => {
    const others = Math.exp(-margin) * (1 + Math.exp(-1));
    const residual = others / (1 + others);
    const shares = [-residual, residual / (1 + Math.exp(-1)), residual / (1 + Math.E)];
    expect(Math.abs(results[0]![i]! / Math.log1p(others) - 1)).toBeLessThan(tolerance);
    shares.forEach((share, k) =>
      expect(Math.abs(results[1]![3 * i + k]! / share - 1)).toBeLessThan(tolerance),
    );
  });
});

test("equal logits, where linear models start, have the slopes of uniform probabilities", () => {
  expect(gradient("ce", [0, 0], [0, 1])).toEqual([0.5, -0.5]);
  const three = gradient("ce", [0, 0, 0], [1, 0, 0]);
  [-2 / 3, 1 / 3, 1 / 3].forEach((slope, k) => expect(three[k]).toBeCloseTo(slope, 15));
  const { losses, slopes } = along("logistic", [[0]], [[1]], [1]);
  expect(losses[0]).toBeCloseTo(Math.LN2, 15);
  [-0.5, 0.25, 0].forEach((slope, k) => expect(slopes[k]).toBeCloseTo(slope, 15));
});

test("shapes and names that do not fit are refused", () => {
  const graph = createGraph();
  const z = graph.input("z", [2, 3]);
  expect(() => perExampleLoss("mse", z, graph.input("y", [2, 1]))).toThrow(/\[2,3\].*\[2,1\]/);
  expect(() => checkLossOutputs("cee", 3)).toThrow(/cee.*Did you mean "ce"/s);
  expect(() => checkLossOutputs("ce", 1)).toThrow(/ce with 1 output.*logistic/s);
  expect(() => checkLossOutputs("logistic", 10)).toThrow(/exactly one output.*10/s);
  expect(() => checkLossOutputs("mse", 1)).not.toThrow();
});

test("target values that a loss cannot use are refused, naming the example", () => {
  expect(() => checkTargets("ce", [0, 1, 1, 0], 2)).not.toThrow();
  expect(() => checkTargets("ce", [-1, 1, 1, -1], 2)).not.toThrow();
  expect(() => checkTargets("ce", [0, 1, 0, 0], 2)).toThrow(/example 1.*0, 0.*one 1/s);
  expect(() => checkTargets("ce", [0, 1, 1, 1], 2)).toThrow(/example 1/);
  expect(() => checkTargets("ce", [0.5, 1], 2)).toThrow(/example 0.*0\.5, 1/s);
  expect(() => checkTargets("logistic", [1, -1, 0], 1)).toThrow(/example 2.*1 or -1/s);
  expect(() => checkTargets("mse", [0.3, Number.NaN], 1)).toThrow(/example 1.*finite/s);
  expect(() => checkTargets("mse", [0.3, -7], 1)).not.toThrow();
});
