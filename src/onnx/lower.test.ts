// Programs as ONNX models: what is emitted and what is not, fusions, names, and the numbers ONNX Runtime gets.
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { direction, worstError } from "../../test/cases-support.ts";
import { InputError, vectorFrom, type DType, type Vector } from "../math/index.ts";
import { evaluate } from "../runtime/index.ts";
import {
  add,
  averagePool2d,
  conv2d,
  createGraph,
  erf,
  exp,
  expand,
  matmul,
  mul,
  neg,
  pad,
  sizeOf,
  slice,
  softplus,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  type Graph,
  type Node,
  type Program,
} from "../tensor/index.ts";
import { decodeModel, encodeModel, lowerProgram, OPSET } from "./index.ts";

const operatorsOf = (program: Program, dtype: DType = "float32"): string[] =>
  lowerProgram(program, dtype).model.graph.nodes.map((node) => node.opType);

const counted = (program: Program, op: string, dtype: DType = "float32"): number =>
  operatorsOf(program, dtype).filter((name) => name === op).length;

/** Runs a program's bytes on ONNX Runtime and compares every output with the interpreter. */
async function expectSameNumbers(program: Program, dtype: DType = "float64"): Promise<void> {
  const { model, inputNames, outputNames } = lowerProgram(program, dtype);
  const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 3 });
  const data = program.inputs.map((input, k) => vectorFrom(dtype, direction(sizeOf(input.shape), k)));
  const feeds = Object.fromEntries(
    program.inputs.map((input, k) => [inputNames[k]!, new ort.Tensor(dtype, data[k]!, input.shape)]),
  );
  const got = await session.run(feeds);
  const expected = evaluate(program, new Map(program.inputs.map((input, k) => [input, data[k]!])));
  expected.forEach((values, k) => {
    const { data: result, dims } = got[outputNames[k]!]!;
    expect(dims).toEqual(program.outputs[k]!.shape);
    expect(worstError(result as Vector, values)).toBeLessThan(dtype === "float64" ? 1e-13 : 1e-5);
  });
  await session.release();
}

function inputs<const Names extends string>(
  graph: Graph,
  shapes: Readonly<Record<Names, readonly number[]>>,
): Record<Names, Node> {
  return Object.fromEntries(
    Object.entries<readonly number[]>(shapes).map(([name, shape]) => [name, graph.input(name, shape)]),
  ) as Record<Names, Node>;
}

describe("what is emitted", () => {
  test("the model names its operator set, types and shapes, and survives its own codec", () => {
    const graph = createGraph();
    const { x } = inputs(graph, { x: [2, 3] });
    const { model } = lowerProgram({ inputs: [x], outputs: [tanh(x)] }, "float64", "named");
    expect(model.graph.name).toBe("named");
    expect(model.opsetImport).toEqual([{ domain: "", version: OPSET }]);
    expect(model.graph.inputs).toEqual([{ name: "x", elementType: 11, shape: [2, 3] }]);
    expect(model.graph.outputs).toEqual([{ name: "out0", elementType: 11, shape: [2, 3] }]);
    expect(decodeModel(encodeModel(model))).toEqual(model);
  });

  test("only what the outputs reach, and every shared value once", () => {
    const graph = createGraph();
    const { x } = inputs(graph, { x: [4] });
    const shared = tanh(x);
    exp(shared);
    const program = { inputs: [x], outputs: [mul(shared, shared), add(tanh(x), 1)] };
    expect(counted(program, "Exp")).toBe(0);
    expect(counted(program, "Tanh")).toBe(1);
  });

  test("constants once, in the program's precision", () => {
    const graph = createGraph();
    const { x } = inputs(graph, { x: [2] });
    const program = {
      inputs: [x],
      outputs: [add(x, 0.1), mul(x, 0.1), add(x, graph.constant([0.1, 2], [2]))],
    };
    const values = (dtype: DType): unknown[] =>
      lowerProgram(program, dtype).model.graph.initializers.map(({ data }) => data);
    expect(values("float64")).toEqual([Float64Array.of(0.1), Float64Array.of(0.1, 2)]);
    expect(values("float32")).toEqual([Float32Array.of(0.1), Float32Array.of(0.1, 2)]);
  });

  test("equal index lists once", () => {
    const graph = createGraph();
    const { x, y } = inputs(graph, { x: [3, 1], y: [3] });
    const program = { inputs: [x, y], outputs: [expand(x, [3, 3]), expand(y, [3, 3])] };
    const { initializers } = lowerProgram(program, "float32").model.graph;
    expect(initializers.map(({ dims, data }) => [dims, data])).toEqual([[[2], BigInt64Array.of(3n, 3n)]]);
  });

  test("float64 uses no operator that ONNX Runtime lacks there", async () => {
    const graph = createGraph();
    const { x, w } = inputs(graph, { x: [2, 2, 5, 4], w: [3, 2, 3, 3] });
    const outputs = [erf(x), softplus(x), conv2d(x, w, 1), averagePool2d(x, 2)];
    const missing = ["Erf", "Conv", "AveragePool"];
    const program = { inputs: [x, w], outputs };
    expect(operatorsOf(program, "float32")).toEqual(expect.arrayContaining(missing));
    for (const op of [...missing, "Softplus"]) expect(counted(program, op, "float64"), op).toBe(0);
    expect(counted(program, "Softplus", "float32"), "slower than what it stands for").toBe(0);
    await expectSameNumbers(program, "float64");
    await expectSameNumbers(program, "float32");
  });
});

describe("products with an addend", () => {
  test.each([
    ["a row", [4]],
    ["a 1×n row", [1, 4]],
    ["a column", [2, 1]],
    ["a matrix", [2, 4]],
    ["a scalar", []],
  ] as const)("%s becomes the third operand of Gemm", async (_, shape) => {
    const graph = createGraph();
    const { a, b, c } = inputs(graph, { a: [2, 3], b: [4, 3], c: shape });
    for (const output of [add(matmul(a, b, false, true), c), add(c, matmul(a, b, false, true))]) {
      const program = { inputs: [a, b, c], outputs: [output] };
      expect(operatorsOf(program)).toEqual(["Gemm", "Identity"]);
      await expectSameNumbers(program);
    }
  });

  test("two products: one absorbs the other", async () => {
    const graph = createGraph();
    const { a, b } = inputs(graph, { a: [2, 3], b: [3, 2] });
    const program = { inputs: [a, b], outputs: [add(matmul(a, b), matmul(b, a, true, true))] };
    expect(operatorsOf(program)).toEqual(["Gemm", "Gemm", "Identity"]);
    await expectSameNumbers(program);
  });

  test("a chain of sums", async () => {
    const graph = createGraph();
    const { a, b, c } = inputs(graph, { a: [2, 2], b: [2, 2], c: [2] });
    const total = add(add(matmul(a, b), c), add(matmul(b, a), add(matmul(a, a), c)));
    const program = { inputs: [a, b, c], outputs: [total] };
    expect(counted(program, "Gemm")).toBe(3);
    await expectSameNumbers(program);
  });

  test("not when the product is used elsewhere, is an output, or is what broadcasts", async () => {
    const graph = createGraph();
    const { a, b, c, cube } = inputs(graph, { a: [1, 3], b: [3, 4], c: [4], cube: [2, 1, 4] });
    const product = matmul(a, b);
    const programs = [
      [add(product, c), tanh(product)],
      [add(product, c), product],
      [add(product, product)],
      [add(product, cube)],
      [add(product, expand(c, [5, 4]))],
    ];
    for (const outputs of programs) {
      const program = { inputs: [a, b, c, cube], outputs };
      expect(counted(program, "Add")).toBe(1);
      await expectSameNumbers(program);
    }
  });

  test("differences and transposes keep their sign and flags", async () => {
    const graph = createGraph();
    const { a, b, c } = inputs(graph, { a: [3, 2], b: [4, 3], c: [4] });
    const product = matmul(transpose(a, [1, 0]), transpose(b, [1, 0]));
    const program = { inputs: [a, b, c], outputs: [sub(product, c), add(neg(product), c), sub(c, product)] };
    expect(counted(program, "Transpose")).toBe(0);
    await expectSameNumbers(program);
  });
});

describe("names", () => {
  test("inputs may be called what the exporter would call its own values", async () => {
    const graph = createGraph();
    const names = ["t0", "t0_", "out0", "scalar_4", "c1", "ints_0", "ints_1_3"];
    const nodes = names.map((name) => graph.input(name, [3]));
    const joined = nodes.reduce((total, node) => add(mul(total, 4), pad(slice(node, [1], [3]), [1], [0])));
    const program = { inputs: nodes, outputs: [sum(joined), expand(joined, [1, 3])] };
    const { inputNames, outputNames, model } = lowerProgram(program, "float64");
    expect(inputNames).toEqual(names);
    const all = [
      ...inputNames,
      ...model.graph.initializers.map(({ name }) => name),
      ...model.graph.nodes.flatMap((node) => node.outputs),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(outputNames).size).toBe(2);
    await expectSameNumbers(program);
  });

  test("inputs nothing uses stay in the signature", async () => {
    const graph = createGraph();
    const { x, y } = inputs(graph, { x: [2], y: [5] });
    const program = { inputs: [y, x], outputs: [stopGradient(x)] };
    expect(lowerProgram(program, "float32").inputNames).toEqual(["y", "x"]);
    await expectSameNumbers(program);
  });
});

describe("programs that cannot be exported", () => {
  const graph = createGraph();
  const { x, y } = inputs(graph, { x: [2], y: [2] });

  test.each([
    ["uses an input it does not list", { inputs: [x], outputs: [add(x, y)] }, /does not list.*received y/],
    ["lists a computed value as an input", { inputs: [add(x, y)], outputs: [x] }, /Input node.*received Add/],
    [
      "lists one name twice",
      { inputs: [x, graph.input("x", [3])], outputs: [x] },
      /share a name.*received x/,
    ],
  ])("one that %s", (_, program, message) => {
    expect(() => lowerProgram(program, "float32")).toThrow(InputError);
    expect(() => lowerProgram(program, "float32")).toThrow(message);
  });
});
