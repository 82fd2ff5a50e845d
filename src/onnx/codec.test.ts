// Random models to bytes and back, and bytes that are no model.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { InputError } from "../math/index.ts";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import {
  type AttributeProto,
  DATA_TYPE,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  tensorDataFromBuffer,
  tensorProto,
  type ValueInfoProto,
} from "./model.ts";
import { ProtoWriter } from "./protobuf-writer.ts";

const text = fc
  .array(fc.constantFrom("a", "_", ".", "é", "€", "😀"), { maxLength: 12 })
  .map((chars) => chars.join(""));
const dimension = fc.oneof(fc.nat(2 ** 40), fc.string({ minLength: 1 }), fc.constant(null));
const float32 = fc.float();

const tensor: fc.Arbitrary<TensorProto> = fc
  .record({
    name: text,
    dataType: fc.constantFrom(...Object.values(DATA_TYPE)),
    dims: fc.array(fc.nat(4), { maxLength: 4 }),
    seed: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  })
  .map(({ name, dataType, dims, seed }) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const size = tensorDataFromBuffer(dataType, new ArrayBuffer(0)).BYTES_PER_ELEMENT;
    const bytes = Uint8Array.from({ length: count * size }, (_, i) => (seed[i % 8]! + 31 * i) & 0xff);
    // Booleans must be 0 or 1; elsewhere every bit pattern is an element, NaNs included.
    if (dataType === DATA_TYPE.bool) bytes.forEach((value, i) => (bytes[i] = value & 1));
    return { name, dataType, dims, data: tensorDataFromBuffer(dataType, bytes.buffer) };
  });

const attribute: fc.Arbitrary<AttributeProto> = fc.oneof(
  fc.record({ name: text, type: fc.constant("float" as const), value: float32 }),
  fc.record({ name: text, type: fc.constant("int" as const), value: fc.maxSafeInteger() }),
  fc.record({ name: text, type: fc.constant("string" as const), value: text }),
  fc.record({ name: text, type: fc.constant("tensor" as const), value: tensor }),
  fc.record({ name: text, type: fc.constant("floats" as const), value: fc.array(float32) }),
  fc.record({ name: text, type: fc.constant("ints" as const), value: fc.array(fc.maxSafeInteger()) }),
  fc.record({ name: text, type: fc.constant("strings" as const), value: fc.array(text) }),
);

const valueInfo: fc.Arbitrary<ValueInfoProto> = fc.oneof(
  fc.record({ name: text, elementType: fc.nat(20) }),
  fc.record({ name: text, elementType: fc.nat(20), shape: fc.array(dimension, { maxLength: 4 }) }),
);

const few = { maxLength: 4 };

const graph: fc.Arbitrary<GraphProto> = fc.record({
  name: text,
  nodes: fc.array(
    fc.record({
      opType: text,
      domain: text.filter((domain) => domain !== "ai.onnx"),
      name: text,
      inputs: fc.array(text, few),
      outputs: fc.array(text, few),
      attributes: fc.array(attribute, few),
    }),
    few,
  ),
  initializers: fc.array(tensor, few),
  inputs: fc.array(valueInfo, few),
  outputs: fc.array(valueInfo, few),
  valueInfo: fc.array(valueInfo, few),
});

/** Models with random values in every field. */
const arbitraryModel: fc.Arbitrary<ModelProto> = fc.record({
  irVersion: fc.nat(20),
  producerName: text,
  producerVersion: text,
  opsetImport: fc.array(fc.record({ domain: text, version: fc.nat(30) }), { minLength: 1, maxLength: 3 }),
  graph,
  metadata: fc.array(fc.tuple(text, text), few).map((entries) => new Map(entries)),
});

test("every model comes back equal, bit for bit", () => {
  fc.assert(
    fc.property(arbitraryModel, (model) => {
      const bytes = encodeModel(model);
      const back = decodeModel(bytes);
      expect(back).toEqual(model);
      expect(encodeModel(back)).toEqual(bytes);
    }),
    { numRuns: 150 },
  );
});

test("tensor data is a copy: changing the file's bytes later changes nothing", () => {
  const bytes = encodeModel(withTensor(tensorProto("w", 1, [2], Float32Array.of(1.5, -2))));
  const { data } = decodeModel(bytes).graph.initializers[0]!;
  bytes.fill(0xff);
  expect(data).toEqual(Float32Array.of(1.5, -2));
});

test("a subarray of a larger buffer is written as its own elements only", () => {
  const part = new Float64Array([9, 1, 2, 9]).subarray(1, 3);
  const model = withTensor(tensorProto("w", DATA_TYPE.double, [2], part));
  expect(decodeModel(encodeModel(model)).graph.initializers[0]!.data).toEqual(Float64Array.of(1, 2));
});

test("encoding refuses tensors whose elements do not fit their type or shape", () => {
  const tensor = { name: "w", dims: [3], dataType: DATA_TYPE.float, data: new Float32Array(2) };
  expect(() => encodeModel(withTensor(tensor))).toThrow(/tensor "w".*2 elements, shape \[3\]/u);
  const wrong = { name: "w", dims: [2], dataType: DATA_TYPE.float, data: new Float64Array(2) };
  expect(() => encodeModel(withTensor(wrong))).toThrow(/Float64Array; allowed: Float32Array for float/u);
});

test("a large model of many tensors comes back", () => {
  const tensors = Array.from({ length: 500 }, (_, k) =>
    tensorProto(`w${k}`, DATA_TYPE.float, [100, 100], new Float32Array(10_000).fill(k)),
  );
  const model = withTensor(tensors[0]!);
  const bytes = encodeModel({ ...model, graph: { ...model.graph, initializers: tensors } });
  expect(bytes.length).toBeGreaterThan(2e7);
  const back = decodeModel(bytes).graph.initializers;
  expect(back.length).toBe(500);
  expect(back.every(({ data }, k) => data.every((value) => value === k))).toBe(true);
});

test("documentation, functions and subgraph attributes are passed over", () => {
  const writer = new ProtoWriter();
  writer.integer(1, 10);
  writer.string(6, "doc");
  writer.message(25, (fn) => fn.string(1, "f"));
  writer.message(8, (opset) => opset.integer(2, 21));
  writer.message(7, (graph) => {
    graph.string(10, "doc");
    graph.message(1, (node) => {
      node.string(4, "If");
      node.string(6, "doc");
      node.string(7, "ai.onnx");
      node.message(5, (branch) => {
        branch.string(1, "then_branch");
        branch.message(6, (subgraph) => subgraph.string(2, "sub"));
        branch.integer(20, 5);
      });
      node.message(5, (axis) => {
        axis.string(1, "axis");
        axis.integer(3, -1);
        axis.integer(20, 2);
      });
    });
  });
  const { graph } = decodeModel(writer.finish());
  expect(graph.nodes).toEqual([
    {
      opType: "If",
      domain: "",
      name: "",
      inputs: [],
      outputs: [],
      attributes: [{ name: "axis", type: "int", value: -1 }],
    },
  ]);
});

test("an attribute without a type field is typed by the value it holds", () => {
  const writer = new ProtoWriter();
  writer.message(8, (opset) => opset.integer(2, 21));
  writer.message(7, (graph) => {
    graph.message(1, (node) => {
      node.message(5, (attribute) => {
        attribute.string(1, "axes");
        attribute.integer(8, 3);
        attribute.integer(8, 4);
      });
    });
  });
  expect(decodeModel(writer.finish()).graph.nodes[0]!.attributes).toEqual([
    { name: "axes", type: "ints", value: [3, 4] },
  ]);
});

test("bytes that are no model are an InputError, whatever they are", () => {
  expect(() => decodeModel(new Uint8Array(0), "x.onnx")).toThrow(/x\.onnx: not an ONNX model/u);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodesOrRefuses), { numRuns: 2000 });
});

test("a model cut short or with flipped bits is a model or an InputError", () => {
  const cut = fc.record({ model: arbitraryModel, at: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(cut, ({ model, at }) => {
      const bytes = encodeModel(model);
      decodesOrRefuses(bytes.subarray(0, Math.floor(at * bytes.length)));
    }),
    { numRuns: 150 },
  );
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(arbitraryModel, flips, (model, changes) => {
      const bytes = encodeModel(model);
      for (const [at, bit] of changes) bytes[at % bytes.length]! ^= 1 << bit;
      decodesOrRefuses(bytes);
    }),
    { numRuns: 500 },
  );
});

function decodesOrRefuses(bytes: Uint8Array): void {
  let model: ModelProto;
  try {
    model = decodeModel(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return;
  }
  // Whatever was accepted must be a model of the subset, so it can be written again.
  encodeModel(model);
}

function withTensor(tensor: TensorProto): ModelProto {
  const graph = { name: "g", nodes: [], initializers: [tensor], inputs: [], outputs: [], valueInfo: [] };
  return {
    irVersion: 10,
    producerName: "",
    producerVersion: "",
    opsetImport: [{ domain: "", version: 21 }],
    graph,
    metadata: new Map(),
  };
}
