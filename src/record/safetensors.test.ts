// Safetensors: exact bytes of a hand-made file, round trips, every forbidden header, and hostile input.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { parseSafetensors, serialiseSafetensors } from "./safetensors.ts";
import type { NamedTensor, TensorData, TensorFile } from "./tensor-file.ts";

function fileOf(header: string, data: Uint8Array | readonly number[] = []): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const tensorData: fc.Arbitrary<TensorData> = fc.oneof(
  fc.array(fc.float()).map((v) => new Float32Array(v)),
  fc.array(fc.double()).map((v) => new Float64Array(v)),
  fc.array(fc.integer({ min: -128, max: 127 })).map((v) => new Int8Array(v)),
  fc.array(fc.integer({ min: 0, max: 255 })).map((v) => new Uint8Array(v)),
  fc.array(fc.integer({ min: -32_768, max: 32_767 })).map((v) => new Int16Array(v)),
  fc.array(fc.integer({ min: 0, max: 65_535 })).map((v) => new Uint16Array(v)),
  fc.array(fc.integer()).map((v) => new Int32Array(v)),
  fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })).map((v) => new Uint32Array(v)),
  fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((v) => new BigInt64Array(v)),
  fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((v) => new BigUint64Array(v)),
);
const tensor: fc.Arbitrary<NamedTensor> = tensorData.chain((data) =>
  fc.constantFrom<readonly number[]>([data.length], [1, data.length], [data.length, 1, 1]).map((shape) => ({
    shape,
    data,
  })),
);
const tensorFile: fc.Arbitrary<TensorFile> = fc.record({
  tensors: fc
    .array(
      fc.tuple(
        fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__"),
        tensor,
      ),
    )
    .map((entries) => new Map(entries)),
  metadata: fc.dictionary(fc.string(), fc.string()),
});

const one = (range: string, dtype = "F32", shape = "[1]"): string =>
  `{"a":{"dtype":"${dtype}","shape":${shape},"data_offsets":${range}}}`;

const oneTensor = (name: string, shape: number[]): TensorFile => ({
  tensors: new Map([[name, { shape, data: new Float32Array(2) }]]),
  metadata: {},
});

const outcome = (bytes: Uint8Array): void => {
  try {
    const { tensors } = parseSafetensors(bytes, "f");
    let total = 0;
    for (const { data } of tensors.values()) total += data.byteLength;
    expect(total).toBeLessThanOrEqual(2 * bytes.length);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
  }
};

describe("parseSafetensors", () => {
  it("reads a file made by hand, with metadata and unaligned data", () => {
    const data = [7, 0, 0, 128, 63, 0, 0, 0, 192];
    const header = `{"__metadata__":{"format":"pt"},"flag":{"dtype":"U8","shape":[],"data_offsets":[0,1]},
      "0.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[1,9]}}`;
    const file = parseSafetensors(fileOf(header, data), "m.safetensors");
    expect(file.metadata).toEqual({ format: "pt" });
    expect([...file.tensors.keys()]).toEqual(["flag", "0.weight"]);
    expect(file.tensors.get("flag")).toEqual({ shape: [], data: new Uint8Array([7]) });
    expect(file.tensors.get("0.weight")).toEqual({ shape: [1, 2], data: new Float32Array([1, -2]) });
  });

  it("widens half precisions and bools", () => {
    const halves = [0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x7c, 0x00, 0x80];
    const file = parseSafetensors(
      fileOf(
        `{"h":{"dtype":"F16","shape":[6],"data_offsets":[0,12]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]},
          "t":{"dtype":"BOOL","shape":[2],"data_offsets":[16,18]}}`,
        [...halves, 0x80, 0x3f, 0x49, 0xc0, 0, 1],
      ),
      "h",
    );
    expect([...(file.tensors.get("h")!.data as Float32Array)]).toEqual([
      1,
      -2,
      65_504,
      2 ** -24,
      Infinity,
      -0,
    ]);
    expect([...(file.tensors.get("b")!.data as Float32Array)]).toEqual([1, -3.140625]);
    expect(file.tensors.get("t")!.data).toEqual(new Uint8Array([0, 1]));
  });

  it("keeps the order of names that look like numbers", () => {
    const file: TensorFile = {
      tensors: new Map([
        ["10", { shape: [1], data: new Float32Array([1]) }],
        ["2", { shape: [1], data: new Float64Array([2]) }],
        ["__proto__", { shape: [1], data: new Uint8Array([3]) }],
      ]),
      metadata: {},
    };
    const back = parseSafetensors(serialiseSafetensors(file), "f");
    expect([...back.tensors.keys()]).toEqual(["10", "2", "__proto__"]);
    expect(back).toEqual(file);
  });

  it("copies out of a Node Buffer instead of sharing its pool", () => {
    const bytes = Buffer.from(
      serialiseSafetensors({
        tensors: new Map([["a", { shape: [1], data: new Float32Array([5]) }]]),
        metadata: {},
      }),
    );
    const file = parseSafetensors(bytes, "f");
    bytes.fill(0);
    expect(file.tensors.get("a")!.data).toEqual(new Float32Array([5]));
  });

  it.each([
    ["too short", new Uint8Array(5), /too short/],
    ["header beyond the file", fileOf(one("[0,4]"), [0, 0, 0, 0]).subarray(0, 20), /truncated/],
    ["huge header length", new Uint8Array(16).fill(255), /header too long/],
    ["data cut short", fileOf(one("[0,4]"), [0, 0]), /truncated.*2 data bytes/],
    ["data left over", fileOf(one("[0,4]"), [0, 0, 0, 0, 9]), /oversized/],
    ["hole", fileOf(one("[1,5]"), [0, 0, 0, 0, 0]), /unused bytes/],
    [
      "overlap",
      fileOf(
        `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`,
        [1, 2, 3],
      ),
      /f: b: tensors overlap/,
    ],
    ["shape against range", fileOf(one("[0,4]", "F32", "[2]"), [0, 0, 0, 0]), /disagree/],
    ["negative extent", fileOf(one("[0,4]", "F32", "[-1]"), [0, 0, 0, 0]), /non-negative/],
    ["overflowing shape", fileOf(one("[0,0]", "F32", "[9007199254740991,9]")), /non-negative/],
    ["unknown type", fileOf(one("[0,4]", "F8_E4M3", "[4]"), [0, 0, 0, 0]), /not supported.*F8_E4M3/],
    ["reversed offsets", fileOf(one("[4,0]"), [0, 0, 0, 0]), /disagree/],
    ["fractional offsets", fileOf(one("[0.5,4]"), [0, 0, 0, 0]), /integers/],
    ["duplicate names", fileOf(`{"a":1,"\\u0061":2}`), /duplicate name "a"/],
    ["duplicate fields", fileOf(`{"a":{"dtype":"U8","dtype":"F32"}}`), /duplicate name "dtype"/],
    ["extra field", fileOf(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}`), /unknown field/],
    ["not an object", fileOf(`[1]`), /brace/],
    ["not JSON", fileOf(`{"a":}`), /not valid/],
    ["not UTF-8", fileOf("").subarray(0, 8), /brace/],
    ["deep nesting", fileOf(`{"a":${"[".repeat(50_000)}`), /nested too deeply/],
    ["bad metadata", fileOf(`{"__metadata__":{"a":1}}`), /object of strings/],
  ])("rejects %s", (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, "f")).toThrow(InputError);
    expect(() => parseSafetensors(bytes, "f")).toThrow(message);
  });

  it("rejects a header that is not UTF-8", () => {
    const bytes = fileOf(`{"a?":1}`);
    bytes[11] = 0xff;
    expect(() => parseSafetensors(bytes, "f")).toThrow(/UTF-8/);
  });
});

describe("serialiseSafetensors", () => {
  it("gives the bytes the format prescribes", () => {
    const bytes = serialiseSafetensors({
      tensors: new Map<string, NamedTensor>([
        ["b", { shape: [1], data: new Uint8Array([9]) }],
        ["a", { shape: [], data: new Float32Array([1]) }],
      ]),
      metadata: { k: "v" },
    });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect((8 + length) % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { k: "v" },
      b: { dtype: "U8", shape: [1], data_offsets: [4, 5] },
      a: { dtype: "F32", shape: [], data_offsets: [0, 4] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63, 9]);
  });

  it("refuses a reserved name and a shape that does not fit", () => {
    expect(() => serialiseSafetensors(oneTensor("__metadata__", [2]))).toThrow(/reserved/);
    expect(() => serialiseSafetensors(oneTensor("a", [3]))).toThrow(/a: shape and data disagree/);
  });
});

describe("safetensors properties", () => {
  it("reads back what it wrote, bit for bit, and writes the same bytes again", () => {
    fc.assert(
      fc.property(tensorFile, (file) => {
        const bytes = serialiseSafetensors(file);
        const back = parseSafetensors(bytes, "f");
        expect([...back.tensors.keys()]).toEqual([...file.tensors.keys()]);
        expect(back).toEqual(file);
        expect(serialiseSafetensors(back)).toEqual(bytes);
      }),
    );
  });

  it("either reads or throws InputError on damaged files", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), outcome));
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.uint8Array({ maxLength: 20 }), (header, data) =>
        outcome(fileOf(header, data)),
      ),
    );
    fc.assert(fc.property(fc.json({ maxDepth: 4 }), (header) => outcome(fileOf(header))));
    fc.assert(
      fc.property(tensorFile, fc.nat(), fc.nat(7), fc.nat(), (file, position, bit, cut) => {
        const bytes = serialiseSafetensors(file);
        outcome(bytes.subarray(0, cut % bytes.length));
        bytes[position % bytes.length]! ^= 1 << bit;
        outcome(bytes);
      }),
      { numRuns: 300 },
    );
  });
});
