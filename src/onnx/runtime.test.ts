// Encoded models as ONNX Runtime reads them: the format's independent oracle.
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import { DATA_TYPE, int64Vector, type ModelProto, type NodeProto, tensorProto } from "./model.ts";

const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: NodeProto["attributes"] = [],
): NodeProto => ({ opType, domain: "", name: `${opType}_${outputs[0]}`, inputs, outputs, attributes });

// y = tanh(2·(x Wᵀ) + ½·b), then reshaped to one row and clipped below by an optional input left out above.
const model: ModelProto = {
  irVersion: 10,
  producerName: "test",
  producerVersion: "1",
  opsetImport: [{ domain: "", version: 21 }],
  metadata: new Map([["purpose", "golden"]]),
  graph: {
    name: "golden",
    nodes: [
      node(
        "Gemm",
        ["x", "w", "b"],
        ["z"],
        [
          { name: "alpha", type: "float", value: 2 },
          { name: "beta", type: "float", value: 0.5 },
          { name: "transA", type: "int", value: 0 },
          { name: "transB", type: "int", value: 1 },
        ],
      ),
      node("Tanh", ["z"], ["t"]),
      node("Reshape", ["t", "row"], ["r"]),
      node(
        "Constant",
        [],
        ["upper"],
        [
          {
            name: "value",
            type: "tensor",
            value: tensorProto("c", DATA_TYPE.float, [], Float32Array.of(0.9)),
          },
        ],
      ),
      node("Clip", ["r", "", "upper"], ["y"]),
    ],
    initializers: [
      tensorProto("w", DATA_TYPE.float, [2, 3], Float32Array.of(0.1, -0.2, 0.3, 0.4, 0.5, -0.6)),
      tensorProto("b", DATA_TYPE.float, [2], Float32Array.of(0.7, -0.8)),
      int64Vector("row", [1, -1]),
    ],
    inputs: [{ name: "x", elementType: DATA_TYPE.float, shape: ["n", 3] }],
    outputs: [{ name: "y", elementType: DATA_TYPE.float, shape: [1, "m"] }],
    valueInfo: [{ name: "z", elementType: DATA_TYPE.float, shape: ["n", 2] }],
  },
};

const x = [1, 2, 3, -1, 0.5, 2];

/** The same numbers from the formula. */
function expected(): number[] {
  const w = [0.1, -0.2, 0.3, 0.4, 0.5, -0.6];
  const b = [0.7, -0.8];
  const y: number[] = [];
  for (let row = 0; row < 2; row++) {
    for (let out = 0; out < 2; out++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += x[row * 3 + k]! * w[out * 3 + k]!;
      y.push(Math.min(0.9, Math.tanh(2 * sum + 0.5 * b[out]!)));
    }
  }
  return y;
}

test("ONNX Runtime runs an encoded model to the closed form's numbers", async () => {
  for (const bytes of [encodeModel(model), encodeModel(decodeModel(encodeModel(model)))]) {
    const session = await ort.InferenceSession.create(bytes);
    const { y } = await session.run({ x: new ort.Tensor("float32", x, [2, 3]) });
    expect(y!.dims).toEqual([1, 4]);
    const got = Array.from(y!.data as Float32Array);
    expected().forEach((value, i) => expect(got[i]).toBeCloseTo(value, 6));
    await session.release();
  }
});

test("ONNX Runtime reads every element type the codec writes", async () => {
  const tensors = [
    tensorProto("double", DATA_TYPE.double, [2], Float64Array.of(0.1, -1e300)),
    tensorProto("int32", DATA_TYPE.int32, [2], Int32Array.of(-5, 2 ** 31 - 1)),
    tensorProto("int64", DATA_TYPE.int64, [2], BigInt64Array.of(-(2n ** 62n), 3n)),
    tensorProto("uint8", DATA_TYPE.uint8, [2], Uint8Array.of(0, 255)),
    tensorProto("int8", DATA_TYPE.int8, [2], Int8Array.of(-128, 127)),
    tensorProto("bool", DATA_TYPE.bool, [2], Uint8Array.of(1, 0)),
    tensorProto("scalar", DATA_TYPE.float, [], Float32Array.of(Math.fround(0.3))),
  ];
  const bytes = encodeModel({
    ...model,
    graph: {
      name: "types",
      nodes: tensors.map(({ name }) => node("Identity", [name], [`${name}_out`])),
      initializers: tensors,
      inputs: [],
      outputs: tensors.map(({ name, dataType, dims }) => ({
        name: `${name}_out`,
        elementType: dataType,
        shape: dims,
      })),
      valueInfo: [],
    },
  });
  const session = await ort.InferenceSession.create(bytes);
  const results = await session.run({});
  for (const { name, data, dims } of tensors) {
    expect(results[`${name}_out`]!.data).toEqual(data);
    expect(results[`${name}_out`]!.dims).toEqual(dims);
  }
  await session.release();
});
