// Linearise once, apply often: the split computes the same, keeps little, and moves every product it can.
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { hessianVector, programOf, smallCnn, smallMlp, type NetworkCase } from "../../test/cases-networks.ts";
import { direction, worstError } from "../../test/cases-support.ts";
import { vectorFrom } from "../math/index.ts";
import { evaluate, onnxRuntimeBackend } from "../runtime/index.ts";
import {
  add,
  countFlops,
  createGraph,
  exp,
  expand,
  matmul,
  mul,
  partition,
  reshape,
  sizeOf,
  slice,
  sub,
  sum,
  tanh,
  topologicalOrder,
  transpose,
  type Node,
  type Partition,
  type Program,
} from "./index.ts";

/** Runs the two halves one after the other. */
function runSplit(split: Partition, values: ReadonlyMap<Node, Float64Array>): Float64Array[] {
  const kept = evaluate(split.once, values);
  const known = new Map(values);
  const first = split.often.inputs.length - kept.length;
  kept.forEach((value, k) => known.set(split.often.inputs[first + k]!, value));
  return evaluate(split.often, known);
}

function expectSame(program: Program, split: Partition, values: ReadonlyMap<Node, Float64Array>): void {
  const got = runSplit(split, values);
  evaluate(program, values).forEach((expected, k) =>
    expect(worstError(got[k]!, expected)).toBeLessThan(1e-14),
  );
}

/** Work among nodes that do not depend on the probes, anywhere in the program. */
function fixedFlops(program: Program, probes: readonly Node[]): number {
  const moving = new Set<Node>(probes);
  const order = topologicalOrder(program.outputs);
  for (const node of order) if (node.inputs.some((input) => moving.has(input))) moving.add(node);
  return countFlops({ inputs: program.inputs, outputs: order.filter((node) => !moving.has(node)) });
}

function expectSoundSplit(program: Program, split: Partition, probes: readonly Node[]): void {
  const isView = (node: Node): boolean => node.graph.operator(node.op).view === true;
  expect(split.once.outputs).toEqual(split.kept);
  for (const node of split.kept) {
    expect(node.op, "constants and inputs need no keeping").not.toMatch(/^(Constant|Input)$/);
    expect(isView(node), `${node.op} is a view`).toBe(false);
  }
  expect(new Set(split.kept).size).toBe(split.kept.length);
  expect(topologicalOrder(split.once.outputs).some((node) => probes.includes(node))).toBe(false);
  const listed = new Set(split.often.inputs);
  expect(listed.size).toBe(split.often.inputs.length);
  expect(split.often.inputs.slice(0, probes.length)).toEqual(probes);
  for (const node of topologicalOrder(split.often.outputs)) {
    if (node.op === "Input") expect(listed.has(node), node.name).toBe(true);
  }
  expect(fixedFlops(split.often, probes), "nothing heavy is repeated").toBe(0);
  expect(countFlops(split.once) + countFlops(split.often)).toBe(countFlops(program));
}

describe.each([
  ["dense network", smallMlp],
  ["convolutional network", smallCnn],
] as const)("Hessian product of a %s", (_, make) => {
  const item: NetworkCase = make();
  const program = programOf(item, hessianVector(item));
  const split = partition(program, item.probes);

  test("equals the whole, for every new probe", () => {
    expectSame(program, split, item.values);
    const other = new Map(item.values);
    item.probes.forEach((probe, k) => other.set(probe, direction(sizeOf(probe.shape), 300 + k)));
    expectSame(program, split, other);
  });

  test("repeats no product that could be kept, and keeps no views", () => {
    expectSoundSplit(program, split, item.probes);
    expect(split.kept.length).toBeGreaterThan(0);
    expect(countFlops(split.once)).toBeGreaterThan(0);
  });

  test.each([
    ["float64", 1e-13],
    ["float32", 1e-5],
  ] as const)("runs in two halves on ONNX Runtime in %s", async (dtype, tolerance) => {
    const cpu = onnxRuntimeBackend(ort, { device: "cpu", threads: 1 });
    const [once, often] = await Promise.all([
      cpu.compile(split.once, dtype),
      cpu.compile(split.often, dtype),
    ]);
    const valueOf = (node: Node): ReturnType<typeof vectorFrom> => vectorFrom(dtype, item.values.get(node)!);
    const kept = split.kept.map((node) => vectorFrom(dtype, new Float64Array(sizeOf(node.shape))));
    await once.run(split.once.inputs.map(valueOf), kept);
    const results = program.outputs.map((node) => vectorFrom(dtype, new Float64Array(sizeOf(node.shape))));
    const own = split.often.inputs.slice(0, split.often.inputs.length - kept.length).map(valueOf);
    await often.run([...own, ...kept], results);
    evaluate(program, item.values).forEach((expected, k) => {
      expect(worstError(results[k]!, expected)).toBeLessThan(tolerance);
    });
    await once.dispose();
    await often.dispose();
  });
});

test("a dense network's linearised product costs its known flops", () => {
  const item = smallMlp();
  const { often } = partition(programOf(item, hessianVector(item)), item.probes);
  // 6 examples, 5-4-4-3. The first layer's input does not move: one product forward (x·V₁ᵀ) and one back. Every
  // later layer has two terms forward, two in its weights' gradient and two in its input's.
  const [first, second, third] = [2 * 6 * 5 * 4, 2 * 6 * 4 * 4, 2 * 6 * 4 * 3];
  expect(countFlops(often)).toBe(2 * first + 6 * second + 6 * third);
});

describe("corners", () => {
  const graph = createGraph();
  const x = graph.input("x", [2, 3]);
  const v = graph.input("v", [2, 3]);
  const values = new Map([
    [x, direction(6, 1)],
    [v, direction(6, 2)],
  ]);
  const split = (...outputs: Node[]): [Program, Partition] => {
    const program = { inputs: [x, v], outputs };
    return [program, partition(program, [v])];
  };

  test("an output that does not depend on the probe is computed once and passed through", () => {
    const [program, parts] = split(tanh(x), mul(tanh(x), v));
    expectSoundSplit(program, parts, [v]);
    expect(parts.kept).toEqual([tanh(x)]);
    expect(topologicalOrder(parts.often.outputs).map((node) => node.op)).not.toContain("Tanh");
    expectSame(program, parts, values);
  });

  test("no output depends on the probe: everything is kept or a view of it", () => {
    const [program, parts] = split(tanh(x), transpose(tanh(x), [1, 0]), sum(x), x, graph.constant(3));
    expectSoundSplit(program, parts, [v]);
    expectSame(program, parts, values);
  });

  test("nothing to keep: all of it depends on the probe, or on inputs alone", () => {
    const [program, parts] = split(mul(x, tanh(v)), matmul(v, x, false, true));
    expect(parts.kept).toEqual([]);
    expect(parts.once.inputs).toEqual([]);
    expect(parts.often.inputs).toEqual([v, x]);
    expectSoundSplit(program, parts, [v]);
    expectSame(program, parts, values);
  });

  test("views are redone from what they look at, which is kept once", () => {
    const square = exp(x);
    const views = [transpose(square, [1, 0]), transpose(slice(square, [0, 0], [2, 2]), [1, 0])];
    const [program, parts] = split(
      matmul(views[0]!, v),
      matmul(views[1]!, v),
      mul(reshape(square, [3, 2]), reshape(v, [3, 2])),
      add(expand(reshape(square, [1, 2, 3]), [4, 2, 3]), v),
    );
    expect(parts.kept).toEqual([square]);
    expectSoundSplit(program, parts, [v]);
    expectSame(program, parts, values);
  });

  test("views of inputs and constants need no keeping", () => {
    const constant = graph.constant([1, 2, 3], [3]);
    const [program, parts] = split(
      add(mul(transpose(x, [1, 0]), transpose(v, [1, 0])), reshape(constant, [3, 1])),
    );
    expect(parts.kept).toEqual([]);
    expectSame(program, parts, values);
  });

  test("a value used by several moving nodes is kept once", () => {
    const [program, parts] = split(mul(tanh(x), v), sub(v, tanh(x)), mul(exp(tanh(x)), v));
    expect(parts.kept).toEqual([tanh(x), exp(tanh(x))]);
    expectSame(program, parts, values);
  });

  test("inputs only one half needs appear only there", () => {
    const other = graph.input("other", [2, 3]);
    const program = { inputs: [x, other, v], outputs: [mul(add(tanh(x), other), v), mul(other, v)] };
    const parts = partition(program, [v]);
    expect(parts.once.inputs).toEqual([x, other]);
    expect(parts.often.inputs.slice(0, 2)).toEqual([v, other]);
    const more = new Map(values).set(other, direction(6, 3));
    expectSame(program, parts, more);
  });

  test("probes the program does not use stay in the signature", () => {
    const unused = graph.input("unused", [7]);
    const parts = partition({ inputs: [x, v, unused], outputs: [mul(tanh(x), v)] }, [v, unused]);
    expect(parts.often.inputs.slice(0, 2)).toEqual([v, unused]);
  });
});
