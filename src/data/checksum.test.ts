// FNV-1a against its published values and a bigint implementation.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fnv1a64 } from "./checksum.ts";

function slow(bytes: Uint8Array): string {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  return hash.toString(16).padStart(16, "0");
}

describe("fnv1a64", () => {
  it("has the published values", () => {
    const text = (value: string): string => fnv1a64(new TextEncoder().encode(value));
    expect(text("")).toBe("cbf29ce484222325");
    expect(text("a")).toBe("af63dc4c8601ec8c");
    expect(text("foobar")).toBe("85944171f73967e8");
  });

  it("agrees with 64-bit arithmetic and hashes several arrays as one", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(fnv1a64(a, b)).toBe(slow(new Uint8Array([...a, ...b])));
      }),
    );
    const floats = new Float32Array([1, 2, 3]).subarray(1);
    expect(fnv1a64(floats)).toBe(slow(new Uint8Array(floats.buffer, 4)));
  });
});
