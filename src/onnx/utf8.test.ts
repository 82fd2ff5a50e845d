// UTF-8 against the platform's own encoder and strict decoder.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

test("encodes as the platform does, lone surrogates included", () => {
  // Code units and code points of every length class, surrogate halves among them.
  const unit = fc.oneof(
    fc.nat(0x7f),
    fc.nat(0x7ff),
    fc.nat(0xffff),
    fc.integer({ min: 0xd7f0, max: 0xe010 }),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(unit, fc.nat(0x10_ffff))), (codes) => {
      const text = String.fromCodePoint(...codes);
      expect(Array.from(encodeUtf8(text))).toEqual(Array.from(new TextEncoder().encode(text)));
    }),
    { numRuns: 300 },
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
      if (decodeUtf8(bytes) !== platform(bytes)) throw new Error(`differs for ${values.join(" ")}`);
    }),
    { numRuns: 3000 },
  );
});

test("decodes text longer than one chunk", () => {
  const text = "aé€😀".repeat(5000);
  expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
});
