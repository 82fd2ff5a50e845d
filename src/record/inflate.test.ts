// Bounded decompression: standard answers, every kind of damage, and no more output than announced.
import { deflateRawSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { crc32 } from "./crc32.ts";
import { gunzipExactly, inflateExactly, isGzip } from "./inflate.ts";

const where = { file: "f.gz" };

describe("crc32", () => {
  it("has the standard check value and agrees with zlib's trailer", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf4_3926);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
        const packed = gzipSync(bytes);
        expect(crc32(bytes)).toBe(packed.readUInt32LE(packed.length - 8));
      }),
    );
  });
});

describe("gunzipExactly", () => {
  it("restores what zlib packed, whatever the level", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 0, max: 9 }),
        fc.nat(40),
        (bytes, level, repeat) => {
          const data = new Uint8Array(bytes.length * repeat);
          for (let i = 0; i < repeat; i++) data.set(bytes, i * bytes.length);
          expect(gunzipExactly(gzipSync(data, { level }), data.length, where)).toEqual(data);
        },
      ),
    );
  });

  it("asks the first bytes for the size", () => {
    const data = new Uint8Array(200_000).fill(7);
    data[0] = 3;
    const asked: number[] = [];
    const result = gunzipExactly(
      gzipSync(data),
      (prefix) => {
        asked.push(prefix.length);
        return prefix.length < 4 ? null : data.length;
      },
      where,
    );
    expect(Buffer.compare(result, data)).toBe(0);
    expect(asked.filter((length) => length >= 4)).toHaveLength(1);
  });

  it("skips names, comments and extra fields", () => {
    const plain = gzipSync(new Uint8Array([1, 2, 3]));
    const header = [0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, 65, 0, 66, 67, 0, 1, 2];
    const bytes = new Uint8Array([...header, ...plain.subarray(10)]);
    expect(gunzipExactly(bytes, 3, where)).toEqual(new Uint8Array([1, 2, 3]));
  });

  const packed = new Uint8Array(gzipSync(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251)));
  const damaged = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = packed.slice();
    change(bytes);
    return bytes;
  };
  it.each<[string, Uint8Array, number, RegExp]>([
    ["not gzip", new Uint8Array(30), 5000, /wrong magic/],
    ["a header alone", packed.subarray(0, 12), 5000, /truncated/],
    ["a truncated file", packed.subarray(0, packed.length - 100), 5000, /corrupt|truncated/],
    ["more data than announced", packed, 4999, /longer than announced/],
    ["less data than announced", packed, 5001, /ends early/],
    ["an impossible announcement", packed, 1e12, /impossible/],
    ["a wrong checksum", damaged((bytes) => (bytes[bytes.length - 8]! ^= 1)), 5000, /checksum/],
    ["a wrong length field", damaged((bytes) => (bytes[bytes.length - 4]! ^= 1)), 5000, /checksum/],
  ])("rejects %s", (_, bytes, size, message) => {
    expect(() => gunzipExactly(bytes, size, where)).toThrow(InputError);
    expect(() => gunzipExactly(bytes, size, where)).toThrow(message);
  });

  it("never returns changed data from a changed file", () => {
    const original = gunzipExactly(packed, 5000, where);
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.nat(7), (position, bit) => {
        const bytes = damaged((copy) => (copy[position]! ^= 1 << bit));
        try {
          expect(gunzipExactly(bytes, 5000, where)).toEqual(original);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("inflateExactly", () => {
  it("survives random streams", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(100_000), (bytes, size) => {
        try {
          expect(inflateExactly(bytes, size, where).length).toBe(size);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("handles data fed in many steps and the empty stream", () => {
    const data = Uint8Array.from({ length: 300_000 }, (_, i) => (Math.imul(i, 0x9e37_79b1) >>> 24) & 0xff);
    expect(Buffer.compare(inflateExactly(deflateRawSync(data), data.length, where), data)).toBe(0);
    expect(inflateExactly(deflateRawSync(new Uint8Array(0)), 0, where)).toHaveLength(0);
    expect(isGzip(gzipSync(data))).toBe(true);
    expect(isGzip(data.subarray(0, 1))).toBe(false);
  });
});
