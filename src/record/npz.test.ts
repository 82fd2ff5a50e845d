// npy and npz: archives written by NumPy, round trips, every refusal, and hostile input.
import { readFileSync } from "node:fs";
import { gzipSync, zipSync } from "fflate";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { parseNpy, serialiseNpy } from "./npy.ts";
import { parseNpz, serialiseNpz } from "./npz.ts";
import type { NamedTensor, TensorFile } from "./tensor-file.ts";

const fixture = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** A .npy file with any header text and data. */
function npyOf(header: string, data: readonly number[] = [], version = 1): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const length =
    version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return new Uint8Array([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    version,
    0,
    ...length,
    ...text,
    ...data,
  ]);
}
const dictionary = (descr: string, shape: string, order = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe("parseNpz on NumPy's own archives", () => {
  // Written by numpy 2.4: savez_compressed and savez (whose local headers are of the zip64 kind).
  const { tensors } = parseNpz(fixture("numpy-compressed.npz"), "a.npz");
  it.each<[string, readonly number[], ArrayLike<number | bigint>]>([
    ["f8", [2, 3], new Float64Array([0, 0.25, 0.5, 0.75, 1, 1.25])],
    ["big", [2, 3], new Float32Array([0, 1.5, 3, 4.5, 6, 7.5])],
    ["fort", [2, 3], new Int32Array([0, 1, 2, 3, 4, 5])],
    [
      "half",
      [9],
      new Float32Array([0, -0, 1, -2, 65_504, 5.960464477539063e-8, Infinity, Number.NaN, 0.3330078125]),
    ],
    ["i8", [2], new BigInt64Array([-(2n ** 62n), 7n])],
    ["u1", [2], new Uint8Array([255, 0])],
    ["flag", [2], new Uint8Array([1, 0])],
    ["scalar", [], new Float64Array([3.5])],
    ["empty", [0, 4], new Float32Array(0)],
    ["fort3", [2, 3, 4], new Int16Array(Array.from({ length: 24 }, (_, i) => i))],
  ])("reads %s", (name, shape, data) => {
    expect(tensors.get(name)).toEqual({ shape, data });
  });

  it("reads stored entries and keeps their order", () => {
    const file = parseNpz(fixture("numpy-stored.npz"), "b.npz");
    expect([...file.tensors]).toEqual([
      ["x", { shape: [2, 2], data: new Float32Array([1, 1, 1, 1]) }],
      ["y", { shape: [2], data: new BigInt64Array([0n, 1n]) }],
    ]);
  });
});

describe("parseNpy", () => {
  it("reads versions 2 and 3 and headers in another key order", () => {
    const header = `{"shape": (2,), 'descr': '<i2', 'fortran_order': False}`;
    for (const version of [1, 2, 3]) {
      expect(parseNpy(npyOf(header, [1, 0, 255, 255], version), "f")).toEqual({
        shape: [2],
        data: new Int16Array([1, -1]),
      });
    }
  });

  it.each([
    ["wrong magic", new Uint8Array(80), /magic/],
    ["unknown version", npyOf("{}", [], 9), /version/],
    ["cut header", npyOf(dictionary("<f4", "(1,)"), [0, 0, 0, 0]).subarray(0, 30), /truncated/],
    ["cut data", npyOf(dictionary("<f4", "(1,)"), [0, 0, 0]), /cut short.*3 bytes.*4 bytes/],
    ["data left over", npyOf(dictionary("<f4", "(1,)"), [0, 0, 0, 0, 0]), /oversized/],
    ["strings", npyOf(dictionary("<U5", "(1,)"), [0]), /not supported.*<U5/],
    ["complex", npyOf(dictionary("<c8", "(1,)"), [0]), /not supported/],
    [
      "structured",
      npyOf(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}`),
      /not supported/,
    ],
    ["negative extent", npyOf(dictionary("<f4", "(-1,)")), /bad npy header/],
    ["overflowing shape", npyOf(dictionary("<f4", "(9007199254740991, 9007199254740991)")), /non-negative/],
    ["no shape", npyOf(`{'descr': '<f4', 'fortran_order': False}`), /shape must be/],
    ["code", npyOf(`{'descr': __import__('os')}`), /bad npy header/],
    ["text after", npyOf(`{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} {`), /bad npy header/],
  ])("rejects %s", (_, bytes, message) => {
    expect(() => parseNpy(bytes, "f", "a")).toThrow(InputError);
    expect(() => parseNpy(bytes, "f", "a")).toThrow(message);
  });

  it("writes what it reads, data aligned to 64 bytes", () => {
    const tensor = { shape: [3], data: new Float64Array([1, Number.NaN, -0]) };
    const bytes = serialiseNpy(tensor);
    expect(bytes.length % 64).toBe(24);
    expect(parseNpy(bytes, "f")).toEqual(tensor);
  });
});

const tensors: fc.Arbitrary<TensorFile> = fc
  .array(
    fc.tuple(
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.oneof(
        fc.array(fc.double()).map((v): NamedTensor => ({ shape: [v.length], data: new Float64Array(v) })),
        fc.array(fc.float()).map((v): NamedTensor => ({ shape: [1, v.length], data: new Float32Array(v) })),
        fc
          .array(fc.bigInt({ min: 0n, max: 9n }))
          .map((v): NamedTensor => ({ shape: [v.length, 1, 1], data: new BigUint64Array(v) })),
        fc.uint8Array().map((v): NamedTensor => ({ shape: [v.length], data: new Uint8Array(v) })),
      ),
    ),
  )
  .map((entries) => ({ tensors: new Map(entries), metadata: {} }));

describe("parseNpz", () => {
  const good = serialiseNpz({
    tensors: new Map([["x", { shape: [4], data: new Float32Array([1, 2, 3, 4]) }]]),
    metadata: {},
  });
  const flipped = good.slice();
  flipped[60]! ^= 1;
  it.each([
    ["no archive", new Uint8Array(100), /not an npz/],
    ["empty file", new Uint8Array(0), /not an npz/],
    ["truncated archive", good.subarray(0, good.length - 30), /truncated/],
    ["a flipped bit", flipped, /checksum/],
    ["another member", zipSync({ "readme.txt": new Uint8Array(3) }), /readme.txt: archive holds something/],
    ["a gzip file", gzipSync(good), /not an npz/],
  ])("rejects %s", (_, bytes, message) => {
    expect(() => parseNpz(bytes, "f.npz")).toThrow(InputError);
    expect(() => parseNpz(bytes, "f.npz")).toThrow(message);
  });

  it("rejects duplicate names", () => {
    // Renaming "y.npy" to "x.npy" in place, in the local and the central header.
    const bytes = serialiseNpz({
      tensors: new Map([
        ["x", { shape: [1], data: new Uint8Array([1]) }],
        ["y", { shape: [1], data: new Uint8Array([2]) }],
      ]),
      metadata: {},
    });
    const text = Buffer.from(bytes).toString("latin1").replaceAll("y.npy", "x.npy");
    expect(() => parseNpz(Buffer.from(text, "latin1"), "f")).toThrow(/x: duplicate array name/);
  });

  it("rejects entries that share the same bytes", () => {
    const bytes = serialiseNpz({
      tensors: new Map([
        ["x", { shape: [1000], data: new Uint8Array(1000) }],
        ["y", { shape: [1], data: new Uint8Array([2]) }],
      ]),
      metadata: {},
    });
    // The second directory entry is made to claim the first one's data as well.
    const view = new DataView(bytes.buffer);
    const first = view.getUint32(bytes.length - 22 + 16, true);
    const second = first + 46 + "x.npy".length;
    for (const field of [20, 24, 42])
      view.setUint32(second + field, view.getUint32(first + field, true), true);
    expect(() => parseNpz(bytes, "f")).toThrow(/overlap/);
  });

  it("stops at the expansion limit and at sizes deflate cannot reach", () => {
    const bomb = serialiseNpz(
      { tensors: new Map([["x", { shape: [1 << 20], data: new Uint8Array(1 << 20) }]]), metadata: {} },
      { compress: true },
    );
    expect(bomb.length).toBeLessThan(3000);
    expect(() => parseNpz(bomb, "f", { maxBytes: 1 << 20 })).toThrow(/more than the limit/);
    expect(parseNpz(bomb, "f", { maxBytes: 1 << 21 }).tensors.get("x")!.data.length).toBe(1 << 20);
    // An entry that announces less than it holds, and one that announces more than it can.
    const end = bomb.length - 22;
    const view = new DataView(bomb.buffer);
    const directory = view.getUint32(end + 16, true);
    view.setUint32(directory + 24, 1000, true);
    expect(() => parseNpz(bomb, "f")).toThrow(/longer than announced/);
    view.setUint32(directory + 24, 3_000_000_000, true);
    expect(() => parseNpz(bomb, "f")).toThrow(/impossible/);
    view.setUint32(directory + 24, (1 << 20) + 2000, true);
    expect(() => parseNpz(bomb, "f")).toThrow(/ends early/);
  });

  it("reads back what it wrote, stored or compressed", () => {
    fc.assert(
      fc.property(tensors, fc.boolean(), (file, compress) => {
        const bytes = serialiseNpz(file, { compress });
        const back = parseNpz(bytes, "f");
        expect([...back.tensors]).toEqual([...file.tensors]);
        expect(serialiseNpz(back, { compress })).toEqual(bytes);
      }),
      { numRuns: 50 },
    );
  });

  it("either reads or throws InputError on damaged files", () => {
    const limit = 1 << 20;
    const outcome = (bytes: Uint8Array): void => {
      try {
        let total = 0;
        for (const { data } of parseNpz(bytes, "f", { maxBytes: limit }).tensors.values()) {
          total += data.byteLength;
        }
        expect(total).toBeLessThanOrEqual(2 * limit);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    };
    const damage = fc.tuple(fc.nat(), fc.nat(255), fc.nat(), fc.nat(255));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), outcome));
    fc.assert(
      fc.property(tensors, fc.boolean(), damage, fc.nat(), (file, compress, [p, u, q, v], cut) => {
        const bytes = serialiseNpz(file, { compress });
        outcome(bytes.subarray(0, cut % bytes.length));
        bytes[p % bytes.length] = u;
        bytes[q % bytes.length] = v;
        outcome(bytes);
      }),
      { numRuns: 100 },
    );
    const numpy = fixture("numpy-compressed.npz");
    fc.assert(
      fc.property(damage, ([p, u, q, v]) => {
        const bytes = new Uint8Array(numpy);
        bytes[p % bytes.length] = u;
        bytes[q % bytes.length] = v;
        outcome(bytes);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), fc.uint8Array({ maxLength: 9 }), (header, data) => {
        try {
          parseNpy(npyOf(header, [...data]), "f");
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});
