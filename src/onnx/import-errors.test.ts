// Models the tensor language cannot express, and models no one should write: clear errors, never a wrong program.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { InputError } from "../math/index.ts";
import {
  conv2d,
  createGraph,
  grad,
  matmul,
  maxPool2d,
  reshape,
  reverse,
  sum,
  tanh,
  where,
} from "../tensor/index.ts";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import { importModel, type ImportOptions } from "./import.ts";
import { lowerProgram } from "./lower.ts";
import {
  type AttributeProto,
  DATA_TYPE,
  int64Vector,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  tensorProto,
} from "./model.ts";

function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly AttributeProto[] = [],
): NodeProto {
  return { opType, domain: "", name: "layer1", inputs, outputs, attributes };
}

/** A model on x (2×3) and image (1×2×6×6) whose last node gives the output. */
function modelOf(nodes: readonly NodeProto[], initializers: readonly TensorProto[] = []): ModelProto {
  return {
    irVersion: 8,
    producerName: "test",
    producerVersion: "",
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "g",
      nodes,
      initializers,
      inputs: [
        { name: "x", elementType: DATA_TYPE.float, shape: [2, 3] },
        { name: "image", elementType: DATA_TYPE.float, shape: [1, 2, 6, 6] },
      ],
      outputs: [{ name: nodes.at(-1)?.outputs[0] ?? "x", elementType: DATA_TYPE.float }],
      valueInfo: [],
    },
    metadata: new Map(),
  };
}

const int = (name: string, value: number): AttributeProto => ({ name, type: "int", value });
const ints = (name: string, value: readonly number[]): AttributeProto => ({ name, type: "ints", value });
const kernel = (...dims: readonly number[]): TensorProto =>
  tensorProto("w", DATA_TYPE.float, dims, new Float32Array(dims.reduce((count, dim) => count * dim, 1)));

const refusals: readonly (readonly [string, readonly NodeProto[], readonly TensorProto[], RegExp])[] = [
  [
    "an unknown operator",
    [node("Tanhh", ["x"], ["out"])],
    [],
    /\(Tanhh\): this operator.*Did you mean "Tanh"/u,
  ],
  ["an operator named like a method", [node("toString", ["x"], ["out"])], [], /\(toString\): this operator/u],
  [
    "an operator of another domain",
    [{ ...node("Relu", ["x"], ["out"]), domain: "a.b" }],
    [],
    /\(a\.b\.Relu\)/u,
  ],
  [
    "an unknown attribute",
    [node("Relu", ["x"], ["out"], [int("leak", 1)])],
    [],
    /attribute "leak" is not supported/u,
  ],
  [
    "an attribute of another type",
    [node("Softmax", ["x"], ["out"], [ints("axis", [1])])],
    [],
    /is ints, expected int/u,
  ],
  ["a missing input", [node("Add", ["x"], ["out"])], [], /input 2 is missing/u],
  ["a second output", [node("Dropout", ["x"], ["out", "mask"])], [], /output "mask" is not supported/u],
  [
    "shapes that do not fit",
    [node("MatMul", ["x", "x"], ["out"])],
    [],
    /layer1.*\(MatMul\): matrix product/u,
  ],
  [
    "shapes that do not broadcast",
    [node("Add", ["x", "image"], ["out"])],
    [],
    /\(Add\): shapes do not broadcast/u,
  ],
  ["a value from nowhere", [node("Relu", ["y"], ["out"])], [], /"y" is used before any node defines it/u],
  ["a value from a later node", [node("Relu", ["t"], ["s"]), node("Relu", ["x"], ["t"])], [], /used before/u],
  ["a value defined twice", [node("Relu", ["x"], ["x"])], [], /"x" is defined twice/u],
  [
    "a strided convolution",
    [node("Conv", ["image", "w"], ["out"], [ints("strides", [2, 2])])],
    [kernel(1, 2, 3, 3)],
    /strides of 1/u,
  ],
  [
    "a grouped convolution",
    [node("Conv", ["image", "w"], ["out"], [int("group", 2)])],
    [kernel(2, 1, 3, 3)],
    /grouped/u,
  ],
  [
    "overlapping pooling",
    [node("MaxPool", ["image"], ["out"], [ints("kernel_shape", [3, 3]), ints("strides", [2, 2])])],
    [],
    /square windows/u,
  ],
  [
    "incomplete windows",
    [
      node(
        "MaxPool",
        ["image"],
        ["out"],
        [ints("kernel_shape", [4, 4]), ints("strides", [4, 4]), int("ceil_mode", 1)],
      ),
    ],
    [],
    /incomplete windows/u,
  ],
  [
    "a shape known only when running",
    [node("Reshape", ["x", "x"], ["out"])],
    [],
    /input 2 \("x"\) must be a constant list/u,
  ],
  [
    "a reshape that does not divide",
    [node("Reshape", ["x", "s"], ["out"])],
    [int64Vector("s", [4, -1])],
    /cannot give/u,
  ],
  ["an axis out of range", [node("Softmax", ["x"], ["out"], [int("axis", 2)])], [], /no such axis/u],
  ["an axis twice", [node("ReduceSum", ["x", "s"], ["out"])], [int64Vector("s", [1, -1])], /listed twice/u],
  [
    "a stride in a slice",
    [node("Slice", ["x", "a", "b", "a", "c"], ["out"])],
    [int64Vector("a", [0]), int64Vector("b", [3]), int64Vector("c", [2])],
    /steps 1 and -1/u,
  ],
  [
    "a float64 constant in a float32 model",
    [node("Add", ["x", "d"], ["out"])],
    [tensorProto("d", DATA_TYPE.double, [1], new Float64Array(1))],
    /"d" is double in a float model/u,
  ],
  ["integers as an output", [node("Shape", ["x"], ["out"])], [], /output "out": a tensor of integers/u],
  [
    "an exponent with no product form",
    [node("Pow", ["x", "p"], ["out"])],
    [tensorProto("p", DATA_TYPE.float, [], Float32Array.of(2.5))],
    /exponents 1 to 8/u,
  ],
  [
    "smooth resampling",
    [node("Resize", ["image", "", "", "s"], ["out"], [{ name: "mode", type: "string", value: "linear" }])],
    [int64Vector("s", [1, 2, 12, 12])],
    /only repeating elements is supported \(received linear/u,
  ],
  [
    "an enlargement by half",
    [node("Resize", ["image", "", "", "s"], ["out"])],
    [int64Vector("s", [1, 2, 9, 9])],
    /only one whole factor/u,
  ],
  ["an empty constant", [node("Constant", [], ["out"])], [], /a constant needs/u],
];

for (const [name, nodes, initializers, message] of refusals) {
  test(`refuses ${name}, naming file and node`, () => {
    const model = modelOf(nodes, initializers);
    const attempt = (): unknown => importModel(model, { fileName: "net.onnx" });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(/^net\.onnx: /u);
  });
}

test("refuses operator sets with other meanings", () => {
  const model = modelOf([node("Relu", ["x"], ["out"])]);
  expect(() => importModel({ ...model, opsetImport: [{ domain: "", version: 12 }] })).toThrow(
    /received 12.*13 or newer/u,
  );
  expect(() => importModel({ ...model, opsetImport: [{ domain: "a.b", version: 17 }] })).toThrow(
    /none of ai\.onnx/u,
  );
});

function shapesOf(model: ModelProto, options: ImportOptions): unknown {
  return importModel(model, options).outputs.map(({ shape }) => shape);
}

test("asks for shapes the file leaves open and checks those given", () => {
  const model = modelOf([node("Relu", ["x"], ["out"])]);
  const opened = (shape?: readonly (number | string | null)[]): ModelProto => ({
    ...model,
    graph: {
      ...model.graph,
      inputs: [{ name: "x", elementType: 1, ...(shape === undefined ? {} : { shape }) }],
    },
  });
  expect(() => importModel(opened(["n", 3]))).toThrow(
    /input "x": the file leaves the shape open \(received \[n, 3\]\)/u,
  );
  expect(() => importModel(opened([null, 3]))).toThrow(/\[\?, 3\]/u);
  expect(() => importModel(opened())).toThrow(/leaves the shape open/u);
  expect(() => importModel(opened([0, 3]))).toThrow(/leaves the shape open/u);
  expect(() => importModel(opened(["n", 3]), { shapes: { x: [2, 4] } })).toThrow(/\[2, 4\] for \[n, 3\]/u);
  expect(() => importModel(opened(["n", 3]), { shapes: { x: [0, 3] } })).toThrow(/does not fit/u);
  expect(() => importModel(opened(["n", 3]), { shapes: { xx: [2, 3] } })).toThrow(
    /no such input.*Did you mean "x"/u,
  );
  expect(shapesOf(opened(["n", 3]), { shapes: { x: [7, 3] } })).toEqual([[7, 3]]);
  expect(shapesOf(opened(), { shapes: { x: [4] } })).toEqual([[4]]);
});

test("refuses inputs that are not floats of one type", () => {
  const model = modelOf([node("Relu", ["x"], ["out"])]);
  const typed = (elementType: number): ModelProto => ({
    ...model,
    graph: { ...model.graph, inputs: [model.graph.inputs[0]!, { name: "k", elementType, shape: [1] }] },
  });
  expect(() => importModel(typed(DATA_TYPE.int64))).toThrow(/input "k".*received int64; allowed: float/u);
  expect(() => importModel(typed(DATA_TYPE.double))).toThrow(/received double/u);
});

test("a shape computation that doubles forever is refused, not carried out", () => {
  const nodes = [node("Shape", ["x"], ["s0"])];
  for (let k = 0; k < 60; k++)
    nodes.push(node("Concat", [`s${k}`, `s${k}`], [`s${k + 1}`], [int("axis", 0)]));
  nodes.push(node("Reshape", ["x", "s60"], ["out"]));
  expect(() => importModel(modelOf(nodes))).toThrow(/shape computation has more than 1024/u);
});

test("damaged models import or are refused with an InputError", () => {
  const graph = createGraph();
  const image = graph.input("image", [1, 2, 4, 4]);
  const w = graph.input("w", [2, 2, 3, 3]);
  const v = graph.input("v", [8, 3]);
  const pooled = maxPool2d(tanh(conv2d(image, w, 1)), 2);
  const scores = matmul(reshape(reverse(pooled, [2, 3]), [1, 8]), v);
  const loss = sum(where(graph.apply("Less", [scores, graph.constant(0.5)]), scores, tanh(scores)));
  const outputs = [loss, ...grad(loss, [w, v]).map((gradient) => gradient!)];
  const { model } = lowerProgram({ inputs: [image, w, v], outputs }, "float32");

  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(flips, (changes) => {
      const bytes = encodeModel(model);
      for (const [at, bit] of changes) bytes[at % bytes.length]! ^= 1 << bit;
      importsOrRefuses(() => importModel(decodeModel(bytes)));
    }),
    { numRuns: 400 },
  );

  // Well-formed nodes wired and parametrised at random reach deeper than damaged bytes do.
  const { nodes, initializers } = model.graph;
  const names = [...model.graph.inputs, ...initializers].map(({ name }) => name);
  const values = [...names, ...nodes.flatMap((entry) => entry.outputs), "", "nowhere"];
  const edit = fc.record({
    at: fc.nat(nodes.length - 1),
    input: fc.nat(3),
    value: fc.constantFrom(...values),
    opType: fc.option(
      fc.constantFrom(...nodes.map((entry) => entry.opType), "Shape", "Gather", "Squeeze", "Cast"),
    ),
  });
  const list = fc.record({
    at: fc.nat(),
    index: fc.nat(),
    value: fc.constantFrom(-(2 ** 40), -1, 0, 1, 3, 2 ** 53, 2 ** 62),
  });
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 3 }), fc.array(list, { maxLength: 2 }), (edits, lists) => {
      const wired = [...nodes];
      for (const { at, input, value, opType } of edits) {
        const entry = wired[at]!;
        const inputs = [...entry.inputs];
        inputs[Math.min(input, inputs.length)] = value;
        wired[at] = { ...entry, inputs, opType: opType ?? entry.opType };
      }
      const constants = [...initializers];
      for (const { at, index, value } of lists) {
        const tensor = constants[at % constants.length]!;
        if (tensor.data.length === 0 || !(tensor.data instanceof BigInt64Array)) continue;
        const data = tensor.data.slice();
        data[index % data.length] = BigInt(value);
        constants[at % constants.length] = { ...tensor, data };
      }
      importsOrRefuses(() =>
        importModel({ ...model, graph: { ...model.graph, nodes: wired, initializers: constants } }),
      );
    }),
    { numRuns: 600 },
  );
});

function importsOrRefuses(attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
  }
}
