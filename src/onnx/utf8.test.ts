// UTF-8 against the platform's own encoder and strict decoder.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

test("encodes as the platform does, lone surrogates included", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(0xffff), (text, unit) => {
      const mixed = text + String.fromCharCode(unit);
      expect(Array.from(encodeUtf8(mixed))).toEqual(Array.from(new TextEncoder().encode(mixed)));
    }),
  );
});

test("decodes what the platform decodes and refuses what it refuses", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const platform = (bytes: Uint8Array): string | undefined => {
    try {
      return strict.decode(bytes);
    } catch {
      return undefined;
    }
  };
  // Bytes biased to leads and continuations at the edges of the valid ranges, where the mistakes would be.
  const edge = fc.constantFrom(0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0);
  const high = fc.constantFrom(0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
  fc.assert(
    fc.property(fc.array(fc.oneof(edge, high), { maxLength: 8 }), (values) => {
      const bytes = Uint8Array.from(values);
      expect(decodeUtf8(bytes)).toBe(platform(bytes));
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
      expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    }),
  );
});

test("decodes text longer than one chunk", () => {
  const text = "aé€😀".repeat(5000);
  expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
});
