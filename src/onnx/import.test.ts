// Models written by others, imported: each operator and each network gives the numbers ONNX Runtime gives.
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { randomStream, type Vector } from "../math/index.ts";
import { grad, type Node, sizeOf, sum, topologicalOrder } from "../tensor/index.ts";
import { encodeModel } from "./encode.ts";
import { type ImportedModel, importModel, type ImportOptions } from "./import.ts";
import {
  type AttributeProto,
  DATA_TYPE,
  int64Vector,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  tensorProto,
  type ValueInfoProto,
} from "./model.ts";

type Values =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: TensorProto };

function attribute(name: string, value: Values): AttributeProto {
  if (typeof value === "number") return { name, type: "int", value };
  if (typeof value === "string") return { name, type: "string", value };
  if ("float" in value) return { name, type: "float", value: value.float };
  if ("tensor" in value) return { name, type: "tensor", value: value.tensor };
  return { name, type: "ints", value };
}

function node(
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Values>> = {},
): NodeProto {
  const list = Object.entries(attributes).map(([name, value]) => attribute(name, value));
  return { opType, domain: "", name: `make_${output}`, inputs, outputs: [output], attributes: list };
}

function floats(name: string, dims: readonly number[], seed = 1): TensorProto {
  const stream = randomStream(seed, name);
  return tensorProto(
    name,
    DATA_TYPE.float,
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => stream.normal()),
  );
}

function scalar(name: string, value: number): TensorProto {
  return tensorProto(name, DATA_TYPE.float, [], Float32Array.of(value));
}

function modelOf(
  nodes: readonly NodeProto[],
  inputs: readonly ValueInfoProto[],
  initializers: readonly TensorProto[] = [],
  opset = 17,
): ModelProto {
  const outputs = [{ name: nodes.at(-1)!.outputs[0]!, elementType: DATA_TYPE.float }];
  return {
    irVersion: 8,
    producerName: "test",
    producerVersion: "",
    opsetImport: [{ domain: "", version: opset }],
    graph: { name: "g", nodes, initializers, inputs, outputs, valueInfo: [] },
    metadata: new Map(),
  };
}

const input = (name: string, shape: ValueInfoProto["shape"]): ValueInfoProto => ({
  name,
  elementType: DATA_TYPE.float,
  ...(shape === undefined ? {} : { shape }),
});

/** Values for the inputs, by name. */
function feedsFor(imported: ImportedModel): Map<string, Vector> {
  return new Map(
    imported.inputs.map(({ name, shape }) => [
      name,
      imported.weights.get(name) ?? (floats(name, shape, 7).data as Vector),
    ]),
  );
}

/** The imported program's values, by the reference kernels. */
function evaluate(outputs: readonly Node[], feeds: ReadonlyMap<string, Vector>): number[][] {
  const values = new Map<Node, Float64Array>();
  for (const node of topologicalOrder(outputs)) {
    const inputs = node.inputs.map((operand) => ({ shape: operand.shape, data: values.get(operand)! }));
    if (node.op === "Constant") values.set(node, node.values!);
    else if (node.op === "Input") values.set(node, Float64Array.from(feeds.get(node.name)!));
    else values.set(node, node.graph.operator(node.op).reference(inputs, node.attributes, node.shape));
  }
  return outputs.map((output) => Array.from(values.get(output)!));
}

async function expectAsRuntime(model: ModelProto, options: ImportOptions = {}): Promise<void> {
  const imported = importModel(model, options);
  const feeds = feedsFor(imported);
  const ours = evaluate(imported.outputs, feeds);
  const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 3 });
  const given = imported.inputs.filter(({ name }) => session.inputNames.includes(name));
  const tensors = given.map(({ name, shape }) => [
    name,
    new ort.Tensor("float32", feeds.get(name) as Float32Array, shape),
  ]);
  const theirs = await session.run(Object.fromEntries(tensors) as Record<string, ort.Tensor>);
  imported.outputNames.forEach((name, k) => {
    const { data, dims } = theirs[name]!;
    expect(imported.outputs[k]!.shape).toEqual(dims);
    expect(ours[k]!.length).toBe(data.length);
    ours[k]!.forEach((value, i) => {
      const target = Number((data as Float32Array)[i]);
      expect(Math.abs(value - target)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(target)));
    });
  });
  await session.release();
}

/** An operator on x (2×3), y (2×3), image (2×3×6×6) and constants; the extra inputs it names. */
type Case = readonly [string, readonly NodeProto[], readonly TensorProto[], opset?: number];

const far = 2 ** 62;
const one = (
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Values>> = {},
): NodeProto[] => [node(op, inputs, "out", attributes)];
const list = (...values: readonly number[]): TensorProto => int64Vector("list", values);

const cases: readonly Case[] = [
  ...["Neg", "Exp", "Tanh", "Sigmoid", "Softplus", "Erf", "Relu", "Abs", "Sign", "Identity", "Flatten"].map(
    (op): Case => [op, one(op, ["x"]), []],
  ),
  ...["Add", "Sub", "Mul", "Div"].map((op): Case => [
    `${op} broadcast`,
    one(op, ["x", "w"]),
    [floats("w", [2, 1])],
  ]),
  ["Log of Abs", [node("Abs", ["x"], "a"), ...one("Log", ["a"])], []],
  ["Sqrt of Abs", [node("Abs", ["x"], "a"), ...one("Sqrt", ["a"])], []],
  ["LeakyRelu", one("LeakyRelu", ["x"], { alpha: { float: 0.2 } }), []],
  ["LeakyRelu default", one("LeakyRelu", ["x"]), []],
  ["Elu", one("Elu", ["x"], { alpha: { float: 1.5 } }), []],
  ["Pow", one("Pow", ["x", "p"]), [scalar("p", 3)]],
  ["Clip both", one("Clip", ["x", "low", "high"]), [scalar("low", -0.5), scalar("high", 0.25)]],
  ["Clip above only", one("Clip", ["x", "", "high"]), [scalar("high", 0.25)]],
  ["Dropout at inference", one("Dropout", ["x"]), []],
  ["Gemm plain", one("Gemm", ["x", "w"]), [floats("w", [3, 4])]],
  [
    "Gemm with everything",
    one("Gemm", ["x", "w", "b"], { alpha: { float: 0.5 }, beta: { float: -2 }, transA: 1, transB: 1 }),
    [floats("w", [4, 2]), floats("b", [1, 4])],
  ],
  ["Gemm with a scalar addend", one("Gemm", ["x", "w", "b"]), [floats("w", [3, 4]), scalar("b", 3)]],
  ["MatMul batched left", one("MatMul", ["image", "w"]), [floats("w", [6, 2])]],
  ["MatMul with a vector", one("MatMul", ["x", "w"]), [floats("w", [3])]],
  ["MatMul of vectors", one("MatMul", ["v", "w"]), [floats("w", [3]), floats("v", [3])]],
  [
    "Conv",
    one("Conv", ["image", "w", "b"], { pads: [1, 1, 1, 1] }),
    [floats("w", [4, 3, 3, 3]), floats("b", [4])],
  ],
  [
    "Conv uneven pads",
    one("Conv", ["image", "w"], { pads: [0, 1, 2, 0], kernel_shape: [3, 2] }),
    [floats("w", [4, 3, 3, 2])],
  ],
  ["Conv SAME_UPPER", one("Conv", ["image", "w"], { auto_pad: "SAME_UPPER" }), [floats("w", [4, 3, 4, 2])]],
  ["Conv SAME_LOWER", one("Conv", ["image", "w"], { auto_pad: "SAME_LOWER" }), [floats("w", [4, 3, 4, 2])]],
  [
    "Conv VALID",
    one("Conv", ["image", "w"], { auto_pad: "VALID", strides: [1, 1], group: 1 }),
    [floats("w", [4, 3, 1, 2])],
  ],
  ["AveragePool", one("AveragePool", ["image"], { kernel_shape: [3, 3], strides: [3, 3] }), []],
  [
    "AveragePool drops a remainder",
    one("AveragePool", ["image"], { kernel_shape: [4, 4], strides: [4, 4] }),
    [],
  ],
  [
    "MaxPool",
    one("MaxPool", ["image"], { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], ceil_mode: 1 }),
    [],
  ],
  [
    "Resize to sizes",
    one("Resize", ["image", "", "", "list"], {
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    }),
    [list(2, 3, 12, 12)],
  ],
  [
    "Resize by scales",
    one("Resize", ["image", "", "w"], { mode: "nearest" }),
    [tensorProto("w", DATA_TYPE.float, [4], Float32Array.of(1, 1, 3, 3))],
  ],
  ["GlobalAveragePool", one("GlobalAveragePool", ["image"]), []],
  ["Softmax last axis", one("Softmax", ["x"]), []],
  ["Softmax first axis", one("Softmax", ["image"], { axis: 1 }), []],
  ["LogSoftmax", one("LogSoftmax", ["x"], { axis: -1 }), []],
  ["ReduceSum axes input", one("ReduceSum", ["image", "list"], { keepdims: 0 }), [list(-1, 1)]],
  ["ReduceSum of everything", one("ReduceSum", ["image"]), []],
  ["ReduceSum of nothing", one("ReduceSum", ["image", "list"], { noop_with_empty_axes: 1 }), [list()]],
  ["ReduceMean axes attribute", one("ReduceMean", ["image"], { axes: [2, -1], keepdims: 0 }), []],
  ["ReduceMean axes input", one("ReduceMean", ["image", "list"]), [list(3, 0)], 18],
  ["ReduceMax", one("ReduceMax", ["image"], { axes: [1] }), []],
  ["Reshape with 0 and −1", one("Reshape", ["image", "list"]), [list(0, -1, 2)]],
  ["Flatten at 2", one("Flatten", ["image"], { axis: 2 }), []],
  ["Flatten at the end", one("Flatten", ["image"], { axis: 4 }), []],
  ["Flatten from the end", one("Flatten", ["image"], { axis: -1 }), []],
  ["Transpose default", one("Transpose", ["image"]), []],
  ["Transpose", one("Transpose", ["image"], { perm: [2, 0, 3, 1] }), []],
  ["Squeeze, Unsqueeze", [node("Unsqueeze", ["x", "list"], "u"), ...one("Squeeze", ["u"])], [list(-1, 1)]],
  ["Squeeze listed", [node("Unsqueeze", ["x", "list"], "u"), ...one("Squeeze", ["u", "list"])], [list(0, 2)]],
  ["Expand both ways", one("Expand", ["w", "list"]), [list(3, 1, 4), floats("w", [2, 1])]],
  [
    "Slice",
    one("Slice", ["image", "from", "to", "list"]),
    [int64Vector("from", [-5, 1]), int64Vector("to", [far, -1]), list(2, -1)],
  ],
  [
    "Slice backwards",
    one("Slice", ["image", "from", "to", "list", "step"]),
    [int64Vector("from", [-2, 0]), int64Vector("to", [-far, 2]), list(3, 1), int64Vector("step", [-1, 1])],
  ],
  ["Pad", one("Pad", ["x", "list"]), [list(1, 0, 0, 2)]],
  [
    "Pad that cuts",
    one("Pad", ["x", "list", "zero"], { mode: "constant" }),
    [list(0, -1, 1, 0), scalar("zero", 0)],
  ],
  ["Concat", one("Concat", ["x", "y", "x"], { axis: -1 }), []],
  [
    "Constant",
    [node("Constant", [], "c", { value: { tensor: floats("k", [3]) } }), ...one("Mul", ["x", "c"])],
    [],
  ],
  [
    "Constant float",
    [node("Constant", [], "c", { value_float: { float: 0.3 } }), ...one("Mul", ["x", "c"])],
    [],
  ],
  // Both sides are 0 where x and y are negative, so ties decide too.
  ...["Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal"].map((op): Case => {
    const sides = [node("Relu", ["x"], "a"), node("Relu", ["y"], "b")];
    return [`Where ${op}`, [...sides, node(op, ["a", "b"], "c"), ...one("Where", ["c", "x", "y"])], []];
  }),
  [
    "Casts to bool and back, Not, And",
    [
      node("Relu", ["x"], "r"),
      node("Cast", ["r"], "p", { to: 9 }),
      node("Less", ["x", "y"], "q"),
      node("Not", ["q"], "n"),
      node("And", ["p", "n"], "a"),
      node("Cast", ["a"], "f", { to: 1 }),
      ...one("Add", ["f", "x"]),
    ],
    [],
  ],
];

for (const [name, nodes, initializers, opset] of cases) {
  test(name, async () => {
    const used = new Set(nodes.flatMap(({ inputs }) => inputs));
    const all = [input("x", [2, 3]), input("y", [2, 3]), input("image", [2, 3, 6, 6])];
    const inputs = all.filter(({ name }) => used.has(name));
    await expectAsRuntime(modelOf(nodes, inputs, initializers, opset));
  });
}

const open = [
  node("Conv", ["x", "w1", "b1"], "c", {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    group: 1,
  }),
  node("Relu", ["c"], "r"),
  node("MaxPool", ["r"], "p", { kernel_shape: [2, 2], strides: [2, 2] }),
  // How PyTorch's tracer writes p.view(p.size(0), -1) with an open batch size.
  node("Shape", ["p"], "s"),
  node("Constant", [], "zero", {
    value: { tensor: tensorProto("", DATA_TYPE.int64, [], BigInt64Array.of(0n)) },
  }),
  node("Gather", ["s", "zero"], "n", { axis: 0 }),
  node("Unsqueeze", ["n", "first"], "n1"),
  node("Concat", ["n1", "rest"], "target", { axis: 0 }),
  node("Reshape", ["p", "target"], "f"),
  node("Gemm", ["f", "w2", "b2"], "z", { alpha: { float: 1 }, beta: { float: 1 }, transB: 1 }),
  node("LogSoftmax", ["z"], "out", { axis: 1 }),
];
const weights = [
  floats("w1", [4, 3, 3, 3]),
  floats("b1", [4]),
  floats("w2", [5, 36]),
  floats("b2", [5]),
  int64Vector("first", [0]),
  int64Vector("rest", [-1]),
];
const network = modelOf(open, [input("x", ["batch", 3, 6, 6])], weights);

test("a traced convolutional network with an open batch size runs at the size given", async () => {
  await expectAsRuntime(network, { shapes: { x: [2, 3, 6, 6] } });
  await expectAsRuntime(network, { shapes: { x: [5, 3, 6, 6] }, initializers: "inputs" });
});

test("initializers as inputs come with their values and have gradients", () => {
  const imported = importModel(network, { shapes: { x: [2, 3, 6, 6] }, initializers: "inputs" });
  expect(imported.inputs.map(({ name }) => name)).toEqual(["x", "w1", "b1", "w2", "b2"]);
  expect([...imported.weights.keys()]).toEqual(["w1", "b1", "w2", "b2"]);
  expect(imported.weights.get("b2")).toEqual(weights[3]!.data);
  const loss = sum(imported.outputs[0]!);
  const bias = imported.inputs.find(({ name }) => name === "b2")!;
  const feeds = feedsFor(imported);
  const [gradient] = evaluate([grad(loss, [bias])[0]!], feeds);
  const step = 1e-3;
  const at = (k: number, delta: number): number => {
    const moved = Float64Array.from(feeds.get("b2")!);
    moved[k]! += delta;
    return evaluate([loss], new Map([...feeds, ["b2", moved]]))[0]![0]!;
  };
  gradient!.forEach((value, k) => expect(value).toBeCloseTo((at(k, step) - at(k, -step)) / (2 * step), 5));
});

test("initializers that only set an operator up do not become inputs", () => {
  const scales = tensorProto("scales", DATA_TYPE.float, [4], Float32Array.of(1, 1, 2, 2));
  const model = modelOf(
    [node("Resize", ["image", "", "scales"], "out")],
    [input("image", [1, 1, 2, 2])],
    [scales],
  );
  const imported = importModel(model, { initializers: "inputs" });
  expect(imported.inputs.map(({ name }) => name)).toEqual(["image"]);
  expect(imported.outputs[0]!.shape).toEqual([1, 1, 4, 4]);
});

test("initializers listed among the inputs, as old files do, are not inputs", () => {
  const nodes = [node("MatMul", ["x", "w"], "out")];
  const model = modelOf(nodes, [input("x", [2, 3]), input("w", [3, 4])], [floats("w", [3, 4])]);
  expect(importModel(model).inputs.map(({ name }) => name)).toEqual(["x"]);
});
