// Derivatives of whole networks: symmetries of second and third order, and conventions at kinks and ties.
import { describe, expect, test } from "vitest";
import {
  blockInner,
  curvatureAlong,
  gradientOf,
  hessianVector,
  smallCnn,
  smallMlp,
} from "../../test/cases-networks.ts";
import { direction } from "../../test/cases-support.ts";
import { evaluate } from "../runtime/index.ts";
import { abs, createGraph, grad, jvp, max, maxPool2d, relu, sizeOf, sum, type Node } from "./index.ts";

type Values = ReadonlyMap<Node, ArrayLike<number>>;

const run = (outputs: readonly (Node | null)[], values: Values): number[][] =>
  evaluate({ inputs: [], outputs: outputs.map((node) => node!) }, values).map((data) => Array.from(data));

describe("networks in float64", () => {
  test.each([
    ["dense", smallMlp],
    ["convolutional", smallCnn],
  ] as const)(
    "%s: the Hessian is symmetric",
    (_, make) => {
      const item = make();
      const size = item.parameters.reduce((total, p) => total + sizeOf(p.shape), 0);
      const product = hessianVector(item);
      const columns = Array.from({ length: size }, (__, k) => {
        const values = new Map<Node, Float64Array>(item.values);
        let start = 0;
        for (const probe of item.probes) {
          const basis = new Float64Array(sizeOf(probe.shape));
          if (k >= start && k < start + basis.length) basis[k - start] = 1;
          values.set(probe, basis);
          start += basis.length;
        }
        return run(product, values).flat();
      });
      let worst = 0;
      let largest = 0;
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < i; j++) {
          worst = Math.max(worst, Math.abs(columns[i]![j]! - columns[j]![i]!));
          largest = Math.max(largest, Math.abs(columns[i]![j]!));
        }
      }
      expect(largest).toBeGreaterThan(0.01);
      expect(worst).toBeLessThan(1e-15 * Math.max(1, largest) * 10);
    },
    60_000,
  );

  test.each([
    ["dense", smallMlp],
    ["convolutional", smallCnn],
  ] as const)(
    "%s: third derivatives do not depend on the order of directions, nor on the mode",
    (_, make) => {
      const item = make();
      const { parameters, graph } = item;
      const values = new Map<Node, Float64Array>(item.values);
      const [u, v, w] = ["a", "b", "c"].map((name, which) => {
        const blocks = parameters.map((parameter, k) => graph.input(`${name}${k}`, parameter.shape));
        blocks.forEach((node, k) => values.set(node, direction(sizeOf(node.shape), 500 + 50 * which + k)));
        return new Map(parameters.map((parameter, k) => [parameter, blocks[k]!]));
      }) as [Map<Node, Node>, Map<Node, Node>, Map<Node, Node>];
      const along = (...order: Map<Node, Node>[]): Node =>
        order.reduce((value: Node, tangents) => jvp([value], tangents)[0]!, item.loss);
      const forward = [
        along(u, v, w),
        along(u, w, v),
        along(v, u, w),
        along(v, w, u),
        along(w, u, v),
        along(w, v, u),
      ];
      const reverse = blockInner(gradientOf(along(u, v), parameters), [...w.values()]);
      const mixed = jvp([blockInner(gradientOf(along(w), parameters), [...u.values()])], v)[0]!;
      const results = run([...forward, reverse, mixed], values).flat();
      expect(Math.abs(results[0]!)).toBeGreaterThan(1e-3);
      for (const result of results) expect(result).toBeCloseTo(results[0]!, 12);
    },
  );

  test.each([
    ["dense", smallMlp],
    ["convolutional", smallCnn],
  ] as const)("%s: vᵀHv by forward and by reverse mode", (_, make) => {
    const item = make();
    const [forward, reverse] = run(
      [curvatureAlong(item), blockInner(hessianVector(item), item.probes)],
      item.values,
    ).flat();
    expect(forward).toBeCloseTo(reverse!, 13);
  });
});

describe("kinks and ties", () => {
  const graph = createGraph();
  const x = graph.input("x", [3]);
  const at = (node: Node | null, values: number[]): number[] => run([node], new Map([[x, values]]))[0]!;

  test("relu and abs have slope 0 at 0", () => {
    expect(at(grad(sum(relu(x)), [x])[0]!, [-1, 0, 2])).toEqual([0, 0, 1]);
    expect(at(grad(sum(abs(x)), [x])[0]!, [-1, 0, 2])).toEqual([-1, 0, 1]);
  });

  test("tied maxima share the derivative equally, in both modes", () => {
    const top = sum(max(x, [0]));
    expect(at(grad(top, [x])[0]!, [1, 4, 4])).toEqual([0, 0.5, 0.5]);
    expect(at(grad(top, [x])[0]!, [2, 2, 2]).map((g) => g * 3)).toEqual([1, 1, 1]);
    const tangent = jvp([top], new Map([[x, graph.constant([5, 1, 2], [3])]]))[0]!;
    expect(at(tangent, [1, 4, 4])).toEqual([1.5]);
  });

  test("tied pixels of a pooling window share it too; zeros beyond the last window get nothing", () => {
    const image = graph.input("image", [1, 1, 3, 3]);
    const gradient = grad(sum(maxPool2d(image, 2)), [image])[0]!;
    const pixels = (values: number[]): number[] => run([gradient], new Map([[image, values]]))[0]!;
    expect(pixels([7, 7, 9, 7, 1, 0, 0, 0, 0])).toEqual([1 / 3, 1 / 3, 0, 1 / 3, 0, 0, 0, 0, 0]);
    expect(pixels([0, 0, 0, 0, 0, 0, 0, 0, 0])).toEqual([0.25, 0.25, 0, 0.25, 0.25, 0, 0, 0, 0]);
    expect(pixels([-1, -2, 0, -3, -4, 0, 0, 0, 0])).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
