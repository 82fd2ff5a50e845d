// Sharing, folding, rewriting and accounting: what a program is before anything differentiates or runs it.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { operatorCases } from "../../test/cases.ts";
import { gradientOf, hessianVector, programOf, smallCnn, smallMlp } from "../../test/cases-networks.ts";
import { caseProgram, everything } from "../../test/cases-derivatives.ts";
import { worstError } from "../../test/cases-support.ts";
import { InputError } from "../math/index.ts";
import { evaluate } from "../runtime/index.ts";
import {
  add,
  averagePool2d,
  concat,
  conv2d,
  convWeightGrad,
  countFlops,
  createGraph,
  div,
  exp,
  expand,
  legalise,
  matmul,
  max,
  mean,
  mul,
  neg,
  pad,
  peakElements,
  reshape,
  reverse,
  sizeOf,
  slice,
  sub,
  sum,
  tanh,
  topologicalOrder,
  transpose,
  upsample2d,
  Graph,
  operators,
  type Node,
  type OperatorTable,
} from "./index.ts";

const operatorNames = (outputs: readonly Node[]): string[] =>
  topologicalOrder(outputs).map((node) => node.op);

describe("equal expressions are the same object", () => {
  const graph = createGraph();
  const x = graph.input("x", [2, 3]);
  const y = graph.input("y", [2, 3]);

  test("built twice, from the same inputs", () => {
    expect(graph.input("x", [2, 3])).toBe(x);
    expect(tanh(add(x, y))).toBe(tanh(add(x, y)));
    expect(matmul(x, y, true, false)).toBe(matmul(x, y, true, false));
    expect(sum(mul(x, 3), [1])).toBe(sum(mul(x, 3), [1]));
    expect(graph.constant([1, 2], [2])).toBe(graph.constant(Float64Array.of(1, 2), [2]));
  });

  test("unless anything differs: operands, their order, attributes, shapes", () => {
    const different = [
      add(x, y),
      add(y, x),
      sub(x, y),
      matmul(x, y, true),
      matmul(x, y, false, true),
      sum(x, [0]),
      sum(x, [1]),
      graph.input("x", [3, 2]),
      graph.constant([1, 2], [2]),
      graph.constant([1, 2], [2, 1]),
      graph.constant([1, 2, 1], [3]),
      graph.constant(0),
      graph.constant(-0),
    ];
    expect(new Set(different).size).toBe(different.length);
  });

  test("NaN is one constant, and 12 is not 1 and 2", () => {
    expect(graph.constant(Number.NaN)).toBe(graph.constant(Number.NaN));
    expect(graph.constant([1, 2], [2])).not.toBe(graph.constant([12], [1]));
  });

  test("graphs do not mix, unknown operators and wrong constants are refused with what would fit", () => {
    expect(() => add(x, createGraph().input("x", [2, 3]))).toThrow(/another graph/);
    expect(() => graph.apply("Tan", [x])).toThrow(/received Tan.*Did you mean "Tanh"/);
    expect(() => graph.apply("toString", [x])).toThrow(InputError);
    expect(() => graph.constant([1, 2, 3], [2])).toThrow(/3 values for \[2\]/);
  });
});

describe("rewriting at construction", () => {
  const graph = createGraph();
  const x = graph.input("x", [2, 3]);
  const y = graph.input("y", [2, 3]);
  const row = graph.input("row", [3]);
  const cube = graph.input("cube", [2, 3, 4]);

  test.each<[string, Node, Node]>([
    ["x + 0", add(x, 0), x],
    ["0 + x", add(0, x), x],
    ["x − 0", sub(x, 0), x],
    ["0 − x", sub(0, x), neg(x)],
    ["x · 1", mul(x, 1), x],
    ["x / 1", div(x, 1), x],
    ["−1 · x", mul(-1, x), neg(x)],
    ["−−x", neg(neg(x)), x],
    ["−(x − y)", neg(sub(x, y)), sub(y, x)],
    ["x + (−y)", add(x, neg(y)), sub(x, y)],
    ["x − (−y)", sub(x, neg(y)), add(x, y)],
    ["2 · (3 · x)", mul(2, mul(3, x)), mul(6, x)],
    ["(−x) · y", mul(neg(x), y), neg(mul(x, y))],
    ["x · expanded row", mul(x, expand(row, [2, 3])), mul(x, row)],
    ["(xᵀ)ᵀ", transpose(transpose(x, [1, 0]), [1, 0]), x],
    [
      "a swap of axes after a rotation",
      transpose(transpose(cube, [1, 2, 0]), [1, 0, 2]),
      transpose(cube, [2, 1, 0]),
    ],
    ["xᵀ · y", matmul(transpose(x, [1, 0]), y), matmul(x, y, true)],
    ["x · yᵀ", matmul(x, transpose(y, [1, 0])), matmul(x, y, false, true)],
    ["xᵀ with its flag · y", matmul(transpose(x, [1, 0]), y, true, true), matmul(x, y, false, true)],
    ["reshape of a reshape", reshape(reshape(x, [6]), [3, 2]), reshape(x, [3, 2])],
    ["reshape to itself", reshape(x, [2, 3]), x],
    ["reversed twice", reverse(reverse(x, [1]), [1]), x],
    ["whole slice", slice(x, [0, 0], [2, 3]), x],
    ["no padding", pad(x, [0, 0], [0, 0]), x],
    ["one part", concat([x], 0), x],
    ["sum over no axes", sum(x, []), x],
    ["maximum over a size-1 axis", max(reshape(x, [2, 1, 3]), [1]), x],
    ["transpose of a column", transpose(reshape(row, [3, 1]), [1, 0]), reshape(row, [1, 3])],
  ])("%s", (_, got, expected) => {
    expect(got).toBe(expected);
  });

  test("what looks alike but is not, stays", () => {
    // Broadcasting by the other operand must survive when the dropped one made the shape.
    expect(add(expand(row, [2, 3]), graph.input("scalar", [])).shape).toEqual([2, 3]);
    expect(add(graph.constant([0, 0], [2, 1]), row).shape).toEqual([2, 3]);
    expect(mul(0, x).op, "0 · ∞ is not 0").toBe("Mul");
    expect(reverse(reverse(x, [0]), [1]).op).toBe("Reverse");
  });

  test("constants fold, to the values of the operators", () => {
    const two = graph.constant(2);
    expect(add(two, mul(two, two))).toBe(graph.constant(6));
    expect(tanh(graph.constant([0, 1], [2]))).toBe(graph.constant([0, Math.tanh(1)], [2]));
    expect(sum(expand(graph.constant(3), [2, 2]))).toBe(graph.constant(12));
    expect(operatorNames([mul(x, exp(graph.constant(0)))])).toEqual(["Input"]);
  });

  test("large constant expressions stay expressions, so that programs stay small", () => {
    const big = expand(graph.constant(1), [100, 100]);
    expect(big.op).toBe("Expand");
    expect(sum(big).op).toBe("Reshape");
    expect(evaluate({ inputs: [], outputs: [sum(big)] }, new Map())).toEqual([Float64Array.of(10_000)]);
  });
});

describe("legalise", () => {
  const lacking = new Set(["Conv2d", "ConvWeightGrad", "SumPool2d", "Upsample2d", "Erf", "Softplus"]);

  test.each(Object.entries(operatorCases).map(([op, [item]]) => [op, item!] as const))(
    "keeps the value and all derivatives of %s, and leaves nothing without a kernel",
    (op, definition) => {
      const item = caseProgram(op, definition);
      const program = everything(item);
      const legal = legalise(program, "float64");
      expect(legal.inputs).toEqual(program.inputs);
      expect(operatorNames(legal.outputs).filter((name) => lacking.has(name))).toEqual([]);
      const got = evaluate(legal, item.values);
      evaluate(program, item.values).forEach((values, k) => {
        expect(worstError(got[k]!, values)).toBeLessThan(1e-13);
      });
    },
  );

  test("the weight gradient of a convolution by shifts, whatever the sizes", () => {
    const small = fc.integer({ min: 1, max: 4 });
    const sizes = fc.record({ n: small, c: small, o: small, kh: small, kw: small, h: small, w: small });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 3 }), ({ n, c, o, kh, kw, h, w }, padding) => {
        const [height, width] = [h + kh - 1 - 2 * padding, w + kw - 1 - 2 * padding];
        fc.pre(height >= 1 && width >= 1);
        const graph = createGraph();
        const x = graph.input("x", [n, c, height, width]);
        const g = graph.input("g", [n, o, h, w]);
        const program = { inputs: [x, g], outputs: [convWeightGrad(x, g, padding)] };
        expect(program.outputs[0]!.shape).toEqual([o, c, kh, kw]);
        const wave = (node: Node): Float64Array =>
          Float64Array.from({ length: sizeOf(node.shape) }, (_, k) => Math.sin(1 + 7 * k + node.id));
        const values = new Map(program.inputs.map((node) => [node, wave(node)]));
        const legal = legalise(program, "float64");
        expect(operatorNames(legal.outputs)).not.toContain("ConvWeightGrad");
        const [wanted] = evaluate(program, values);
        expect(worstError(evaluate(legal, values)[0]!, wanted!)).toBeLessThan(1e-13);
      }),
    );
  });

  test("goes on until nothing is left to decompose", () => {
    const custom: OperatorTable = {
      ...operators,
      Outer: { ...operators["Tanh"]!, decompose: ({ inputs: [x] }) => x!.graph.apply("Middle", [exp(x!)]) },
      Middle: {
        ...operators["Tanh"]!,
        decompose: ({ inputs: [x] }) => neg(x!.graph.apply("Softplus", [x!])),
      },
    };
    const graph = new Graph(custom);
    const x = graph.input("x", []);
    const { outputs } = legalise({ inputs: [x], outputs: [graph.apply("Outer", [x])] }, "float64");
    const left = operatorNames(outputs);
    for (const op of ["Outer", "Middle", "Softplus"]) expect(left).not.toContain(op);
    const [value] = evaluate({ inputs: [x], outputs }, new Map([[x, [0.3]]]));
    expect(value![0]).toBeCloseTo(-Math.log(1 + Math.exp(Math.exp(0.3))), 14);
  });

  test("changes nothing where every operator has a kernel", () => {
    const { loss, parameters } = smallMlp();
    const program = { inputs: parameters, outputs: gradientOf(loss, parameters) };
    expect(legalise(program, "float64")).toEqual(program);
    expect(legalise(program, "float32")).toEqual(program);
  });

  test("leaves float32 its own kernels", () => {
    const item = smallCnn();
    const legal = legalise(programOf(item, gradientOf(item.loss, item.parameters)), "float32");
    expect(operatorNames(legal.outputs)).toEqual(expect.arrayContaining(["Conv2d", "ConvWeightGrad", "Erf"]));
  });
});

describe("accounting", () => {
  const graph = createGraph();
  const x = graph.input("x", [5, 7]);
  const w = graph.input("w", [3, 7]);

  test("matrix products count 2 per multiply-add, in every orientation, and once when shared", () => {
    const xw = matmul(x, w, false, true);
    expect(countFlops({ inputs: [x, w], outputs: [xw] })).toBe(2 * 5 * 7 * 3);
    expect(countFlops({ inputs: [x, w], outputs: [matmul(w, x, false, true)] })).toBe(2 * 5 * 7 * 3);
    expect(countFlops({ inputs: [x, w], outputs: [matmul(xw, x, true)] })).toBe(2 * (5 * 7 * 3 + 3 * 5 * 7));
    expect(countFlops({ inputs: [x, w], outputs: [matmul(xw, x, true), tanh(xw)] })).toBe(4 * 5 * 7 * 3);
    expect(countFlops({ inputs: [x], outputs: [add(tanh(x), 1)] })).toBe(0);
  });

  test("convolutions and their weight gradients count every kernel offset at every output", () => {
    const image = graph.input("image", [2, 3, 6, 5]);
    const kernel = graph.input("kernel", [4, 3, 3, 3]);
    const output = conv2d(image, kernel, 1);
    const expected = 2 * (2 * 4 * 6 * 5) * (3 * 3 * 3);
    expect(countFlops({ inputs: [], outputs: [output] })).toBe(expected);
    expect(countFlops({ inputs: [], outputs: [convWeightGrad(image, output, 1)] })).toBe(2 * expected);
  });

  test("a dense network's gradient costs its known products", () => {
    const { loss, parameters } = smallMlp();
    // Three layers on 6 examples, 5-4-4-3: forward, weight gradients, and input gradients but the first layer's.
    const forward = 2 * 6 * (5 * 4 + 4 * 4 + 4 * 3);
    const backward = forward + 2 * 6 * (4 * 4 + 4 * 3);
    expect(countFlops({ inputs: parameters, outputs: [loss] })).toBe(forward);
    expect(countFlops({ inputs: parameters, outputs: gradientOf(loss, parameters) })).toBe(
      forward + backward,
    );
  });

  test("peak memory is what is alive at once, not the sum of all values", () => {
    const v = graph.input("v", [10]);
    let chain: Node = v;
    for (let k = 0; k < 20; k++) chain = k % 2 === 0 ? tanh(chain) : exp(chain);
    expect(peakElements({ inputs: [v], outputs: [chain] })).toBe(20);
    const kept = tanh(v);
    expect(peakElements({ inputs: [v], outputs: [mul(kept, exp(exp(kept)))] })).toBe(30);
    expect(peakElements({ inputs: [v], outputs: [kept, sum(kept)] })).toBeGreaterThanOrEqual(11);
  });

  test("topological order is safe on very deep programs", () => {
    let deep: Node = graph.input("deep", []);
    for (let k = 0; k < 20_000; k++) deep = k % 2 === 0 ? tanh(deep) : exp(deep);
    expect(topologicalOrder([deep]).length).toBe(20_001);
    expect(legalise({ inputs: [], outputs: [deep] }, "float64").outputs).toEqual([deep]);
  });
});

describe("composites are written in the language", () => {
  test("means, pools and repeats equal their definitions", () => {
    const graph = createGraph();
    const x = graph.input("x", [1, 1, 4, 4]);
    const values = new Map([[x, Float64Array.from({ length: 16 }, (_, k) => k)]]);
    const outputs = [mean(x, [2, 3]), averagePool2d(x, 2), upsample2d(averagePool2d(x, 2), 2, 4, 4)];
    const [average, pooled, repeated] = evaluate({ inputs: [x], outputs }, values);
    expect([...average!]).toEqual([7.5]);
    expect([...pooled!]).toEqual([2.5, 4.5, 10.5, 12.5]);
    expect([...repeated!]).toEqual([
      2.5, 2.5, 4.5, 4.5, 2.5, 2.5, 4.5, 4.5, 10.5, 10.5, 12.5, 12.5, 10.5, 10.5, 12.5, 12.5,
    ]);
  });

  test("a Hessian product costs no more flops than two more gradients", () => {
    const item = smallMlp();
    const gradient = countFlops(programOf(item, gradientOf(item.loss, item.parameters)));
    expect(countFlops(programOf(item, hessianVector(item)))).toBeLessThanOrEqual(3 * gradient);
  });
});
