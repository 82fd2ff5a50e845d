// Tensors as other writers store them, and tensors no reader should accept.
import { expect, test } from "vitest";
import { InputError } from "../math/index.ts";
import { decodeModel } from "./decode.ts";
import { DATA_TYPE, type ModelProto } from "./model.ts";
import { ProtoWriter } from "./protobuf-writer.ts";

test("typed data fields are read as raw data is", () => {
  const cases: readonly [number, (writer: ProtoWriter) => void, ArrayLike<number | bigint>][] = [
    [DATA_TYPE.float, (w) => w.floats(4, [1.5, -2]), Float32Array.of(1.5, -2)],
    [DATA_TYPE.int32, (w) => w.integers(5, [7, -7]), Int32Array.of(7, -7)],
    [DATA_TYPE.int8, (w) => w.integers(5, [127, -128]), Int8Array.of(127, -128)],
    [DATA_TYPE.uint8, (w) => w.integers(5, [255, 0]), Uint8Array.of(255, 0)],
    [DATA_TYPE.bool, (w) => w.integers(5, [1, 0]), Uint8Array.of(1, 0)],
    [DATA_TYPE.int64, (w) => w.integers(7, [-1, 2 ** 40]), BigInt64Array.of(-1n, 2n ** 40n)],
    [DATA_TYPE.double, (w) => w.bytes(10, bytesOf(Float64Array.of(0.1, 1e300))), Float64Array.of(0.1, 1e300)],
  ];
  for (const [type, write, expected] of cases) {
    const bytes = rawModel((tensor) => {
      tensor.integers(1, [2]);
      tensor.integer(2, type);
      write(tensor);
    });
    expect(decodeModel(bytes).graph.initializers[0]!.data).toEqual(expected);
  }
});

test.each<[string, RegExp, (tensor: ProtoWriter) => void]>([
  ["float16 elements", /float16/u, (w) => w.integer(2, 10)],
  ["no element type", /undefined/u, () => undefined],
  ["external data", /another file/u, (w) => w.integer(14, 1)],
  ["segments", /segments/u, (w) => w.bytes(3, new Uint8Array(0))],
  [
    "too few elements",
    /holds 1 float elements, its shape says 6/u,
    (w) => {
      w.integers(1, [2, 3]);
      w.integer(2, 1);
      w.floats(4, [1]);
    },
  ],
  [
    "a shape no memory could hold",
    /impossible shape/u,
    (w) => {
      w.integers(1, [2 ** 40, 2 ** 40]);
      w.integer(2, 1);
    },
  ],
  [
    "a negative size",
    /impossible shape/u,
    (w) => {
      w.integers(1, [-1]);
      w.integer(2, 1);
    },
  ],
  [
    "raw data of a broken length",
    /holds 1.25 float elements/u,
    (w) => {
      w.integers(1, [1]);
      w.integer(2, 1);
      w.bytes(9, new Uint8Array(5));
    },
  ],
  [
    "a byte out of range",
    /holds 300, which no uint8 can be/u,
    (w) => {
      w.integers(1, [1]);
      w.integer(2, 2);
      w.integers(5, [300]);
    },
  ],
  [
    "a boolean of 2",
    /boolean/u,
    (w) => {
      w.integers(1, [1]);
      w.integer(2, 9);
      w.bytes(9, Uint8Array.of(2));
    },
  ],
])("refuses a tensor with %s, naming the file and the place", (_name, message, write) => {
  const attempt = (): ModelProto => decodeModel(rawModel(write), "net.onnx");
  expect(attempt).toThrow(InputError);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(/net\.onnx: graph\.initializer\[0\]/u);
});

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A model file whose one initializer is written by hand. */
function rawModel(write: (tensor: ProtoWriter) => void): Uint8Array {
  const writer = new ProtoWriter();
  writer.message(8, (opset) => opset.integer(2, 21));
  writer.message(7, (graph) => graph.message(5, write));
  return writer.finish();
}
