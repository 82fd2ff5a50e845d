// Activations against independent formulas, their derivatives to third order, and the leaky constants.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { erf } from "../math/index.ts";
import { evaluate } from "../runtime/index.ts";
import { createGraph, jvp, type Node } from "../tensor/index.ts";
import {
  ACTIVATION_NAMES,
  activate,
  activationConstants,
  checkActivation,
  LEAKY_NAMES,
  type ActivationConfig,
} from "./activations.ts";

const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
const huber = (x: number, h: number): number => (x <= 0 ? 0 : x <= h ? (x * x) / (2 * h) : x - h / 2);
const gelu = (x: number): number => (x / 2) * (1 + erf(x / Math.sqrt(2)));
const leaky =
  (c: number, s: (x: number) => number) =>
  (x: number): number =>
    c * x + (1 - c) * s(x);

/** Definitions written independently of the programs. */
const definitions: readonly [ActivationConfig, (x: number) => number][] = [
  ["tanh", Math.tanh],
  ["relu", (x) => Math.max(x, 0)],
  ["leaky-relu", (x) => (x > 0 ? x : 0.01 * x)],
  [{ name: "leaky-relu", slope: 0.3 }, (x) => (x > 0 ? x : 0.3 * x)],
  ["elu", (x) => (x > 0 ? x : Math.expm1(x))],
  ["hardtanh", (x) => Math.min(1, Math.max(-1, x))],
  ["softplus", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
  ["gelu", gelu],
  ["silu", (x) => x * sigma(x)],
  ["sigmoid", sigma],
  ["identity", (x) => x],
  ["leaky-tanh", leaky(0.5, Math.tanh)],
  [{ name: "leaky-sigmoid", leak: 0.8 }, leaky(0.8, sigma)],
  [{ name: "leaky-softplus", leak: 0.25 }, leaky(0.25, (x) => Math.log1p(Math.exp(x)))],
  [{ name: "leaky-silu", leak: 0.9 }, leaky(0.9, (x) => x * sigma(x))],
  [{ name: "leaky-gelu", leak: 0 }, gelu],
  [{ name: "leaky-huber", leak: 0.5, width: 2 }, leaky(0.5, (x) => huber(x, 2))],
  [{ name: "leaky-huber", leak: 0 }, (x) => huber(x, 1)],
];

/** φ and its first `order` derivatives at each point. */
function derivatives(config: ActivationConfig, points: readonly number[], order: number): number[][] {
  const graph = createGraph();
  const x = graph.input("x", [points.length]);
  const ones = graph.constant(new Float64Array(points.length).fill(1), [points.length]);
  const outputs: Node[] = [activate(config, x)];
  for (let k = 0; k < order; k++) {
    const zero = graph.constant(new Float64Array(points.length), [points.length]);
    outputs.push(jvp([outputs.at(-1)!], new Map([[x, ones]]))[0] ?? zero);
  }
  return evaluate({ inputs: [x], outputs }, new Map([[x, points]])).map((values) => Array.from(values));
}

// Away from every kink (0, ±1, the Huber widths) by more than the difference step.
const points = [-37.3, -8.1, -3.2, -1.4, -0.6, -0.11, 0.13, 0.7, 1.6, 2.9, 8.4, 37.7];

test.each(definitions)("%j is its definition", (config, definition) => {
  const [values] = derivatives(config, points, 0);
  values!.forEach((value, k) => expect(value).toBeCloseTo(definition(points[k]!), 13));
});

test.each(definitions)("derivatives of %j to third order agree with finite differences", (config) => {
  const h = 1e-4;
  const at = derivatives(config, points, 3);
  const shift = (by: number): number[][] =>
    derivatives(
      config,
      points.map((x) => x + by),
      2,
    );
  const [up, down, up2, down2] = [shift(h), shift(-h), shift(2 * h), shift(-2 * h)];
  for (let order = 1; order <= 3; order++) {
    points.forEach((_, k) => {
      const [a, b, c, d] = [up, down, up2, down2].map((side) => side[order - 1]![k]!) as [
        number,
        number,
        number,
        number,
      ];
      // Fourth-order central difference: error about h⁴ plus rounding over h.
      expect(at[order]![k]).toBeCloseTo((8 * (a - b) - (c - d)) / (12 * h), 9);
    });
  }
});

test("every name is covered by a definition above", () => {
  const covered = new Set(definitions.map(([config]) => (typeof config === "string" ? config : config.name)));
  expect([...covered].sort()).toEqual([...ACTIVATION_NAMES].sort());
});

test("slopes at kinks are PyTorch's", () => {
  expect(derivatives("relu", [0], 1)[1]).toEqual([0]);
  expect(derivatives("leaky-relu", [0], 1)[1]).toEqual([0.01]);
  expect(derivatives("elu", [0], 1)[1]).toEqual([1]);
  expect(derivatives("hardtanh", [-1, 1], 1)[1]).toEqual([0, 0]);
});

test.each(ACTIVATION_NAMES)("%s and its slope stay finite and exact far out", (name) => {
  const far = [-1e4, 1e4];
  const [values, slopes] = derivatives(name, far, 1);
  for (const [k, x] of far.entries()) {
    expect(Math.abs(values![k]!)).toBeLessThanOrEqual(Math.abs(x));
    expect(slopes![k]).toBeGreaterThanOrEqual(0);
    expect(slopes![k]).toBeLessThanOrEqual(1);
  }
});

interface BaseConstants {
  readonly min_d: number;
  readonly max_d: number;
  readonly sup_abs_second: number;
  readonly sup_nearhom: number;
}
const oracle = JSON.parse(
  readFileSync(new URL("../../test/oracles/activation_constants.json", import.meta.url), "utf8"),
) as Record<string, BaseConstants>;

test.each(LEAKY_NAMES)("constants of %s agree with the independent numeric oracle", (name) => {
  const base = name.slice("leaky-".length);
  const expected = oracle[base === "huber" ? "huber_relu_h1" : base]!;
  // The oracle scanned a grid, hence nine digits where an extreme falls between its points.
  const pure = activationConstants({ name, leak: 0 });
  expect(pure.lower).toBeCloseTo(expected.min_d, 9);
  expect(pure.upper).toBeCloseTo(expected.max_d, 9);
  expect(pure.smoothness).toBeCloseTo(expected.sup_abs_second, 9);
  expect(pure.nearHomogeneity).toBeCloseTo(expected.sup_nearhom, 9);

  const c = 0.7;
  const mixed = activationConstants({ name, leak: c });
  expect(mixed.lower).toBeCloseTo(c + (1 - c) * expected.min_d, 9);
  expect(mixed.upper).toBeCloseTo(c + (1 - c) * expected.max_d, 9);
  expect(mixed.smoothness).toBeCloseTo((1 - c) * expected.sup_abs_second, 9);
  expect(mixed.nearHomogeneity).toBeCloseTo((1 - c) * expected.sup_nearhom, 9);
});

test.each(LEAKY_NAMES)("constants of %s bound the program and are nearly attained", (name) => {
  for (const rescale of [false, true]) {
    const config = { name, leak: 0.3, rescale };
    const constants = activationConstants(config);
    const grid = Array.from({ length: 4001 }, (_, k) => (k - 2000) / 50 + 1e-7);
    const [values, slopes, curvatures] = derivatives(config, grid, 2);
    const distance = grid.map((z, k) => Math.abs(values![k]! - z * slopes![k]!));
    expect(Math.min(...slopes!)).toBeGreaterThan(constants.lower - 1e-12);
    expect(Math.min(...slopes!)).toBeLessThan(constants.lower + 1e-3);
    expect(Math.max(...slopes!)).toBeLessThan(constants.upper + 1e-12);
    expect(Math.max(...slopes!)).toBeGreaterThan(constants.upper - 1e-3);
    expect(Math.max(...curvatures!.map(Math.abs))).toBeLessThan(constants.smoothness + 1e-12);
    expect(Math.max(...curvatures!.map(Math.abs))).toBeGreaterThan(constants.smoothness - 1e-3);
    expect(Math.max(...distance)).toBeLessThan(constants.nearHomogeneity + 1e-12);
    expect(Math.max(...distance)).toBeGreaterThan(constants.nearHomogeneity - 1e-3);
    if (rescale) expect(constants.upper).toBeCloseTo(1, 15);
  }
});

test("Huber constants follow the width", () => {
  expect(activationConstants({ name: "leaky-huber", leak: 0, width: 4 })).toEqual({
    lower: 0,
    upper: 1,
    smoothness: 0.25,
    nearHomogeneity: 2,
  });
});

test("bad names and parameters are refused with what would do", () => {
  expect(() => checkActivation("tahn")).toThrow(/tahn.*Did you mean "tanh"/s);
  expect(() => checkActivation("leaky-rleu")).toThrow('Did you mean "leaky-relu"');
  expect(() => checkActivation({ name: "tanh", leak: 0.5 })).toThrow(/"tanh" has no such parameter/);
  expect(() => checkActivation({ name: "leaky-tanh", leak: 1.5 })).toThrow(/leak.*1\.5.*0 to 1/s);
  expect(() => checkActivation({ name: "leaky-huber", width: 0 })).toThrow(/width.*positive/s);
  expect(() => checkActivation({ name: "leaky-relu", slope: Number.NaN })).toThrow(/slope.*finite/s);
  expect(() => activationConstants("leaky-relu")).toThrow(/only leaky templates/);
});
