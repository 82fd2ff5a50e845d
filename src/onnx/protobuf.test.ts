// The wire codec against hand-assembled bytes and hostile ones.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { InputError } from "../math/index.ts";
import { ProtoReader } from "./protobuf-reader.ts";
import { ProtoWriter } from "./protobuf-writer.ts";

const place = { file: "f.onnx", path: "" };

function read(bytes: readonly number[]): ProtoReader {
  const reader = new ProtoReader(Uint8Array.from(bytes), place);
  expect(reader.next()).toBe(true);
  return reader;
}

function encode(value: number | bigint): number[] {
  const writer = new ProtoWriter();
  writer.integer(1, value);
  return Array.from(writer.finish());
}

test("integers have the bytes of the format's definition", () => {
  expect(encode(150)).toEqual([0x08, 0x96, 0x01]);
  expect(encode(0)).toEqual([0x08, 0x00]);
  expect(encode(-1)).toEqual([0x08, ...Array.from({ length: 9 }, () => 0xff), 0x01]);
  expect(encode(2 ** 53 - 1)).toEqual([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  expect(encode(2n ** 63n - 1n)).toEqual([0x08, ...Array.from({ length: 8 }, () => 0xff), 0x7f]);
  expect(() => encode(0.5)).toThrow(InputError);
  expect(() => encode(2 ** 60)).toThrow(InputError);
});

test("integers of every size come back", () => {
  const integer = fc.oneof(fc.maxSafeInteger(), fc.integer());
  fc.assert(
    fc.property(integer, fc.array(integer), fc.nat(2 ** 29 - 2), (value, list, field) => {
      const writer = new ProtoWriter();
      writer.integer(field + 1, value);
      writer.integers(2, list);
      const reader = new ProtoReader(writer.finish(), place);
      reader.next();
      expect([reader.field, reader.safeInteger()]).toEqual([field + 1, value]);
      const read: number[] = [];
      while (reader.next()) reader.safeIntegers(read);
      expect(read).toEqual(list);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const writer = new ProtoWriter();
      writer.integer(1, value);
      const values: bigint[] = [];
      const reader = new ProtoReader(writer.finish(), place);
      reader.next();
      reader.bigIntegers(values);
      expect(values).toEqual([value]);
    }),
  );
});

test("int32 values are sign-extended to ten bytes and read back", () => {
  const reader = read([0x08, 0xfe, ...Array.from({ length: 8 }, () => 0xff), 0x01]);
  expect(reader.int32()).toBe(-2);
});

test("repeated numbers are read packed and one by one alike", () => {
  const packed: number[] = [];
  read([0x0a, 0x03, 0x96, 0x01, 0x07]).safeIntegers(packed);
  const single: number[] = [];
  const reader = new ProtoReader(Uint8Array.of(0x08, 0x96, 0x01, 0x08, 0x07), place);
  while (reader.next()) reader.safeIntegers(single);
  expect([packed, single]).toEqual([
    [150, 7],
    [150, 7],
  ]);
  const floats: number[] = [];
  read([0x0a, 0x08, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]).floats(floats);
  read([0x0d, 0, 0, 0x80, 0x3e]).floats(floats);
  expect(floats).toEqual([1, -2, 0.25]);
  const doubles: number[] = [];
  read([0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]).doubles(doubles);
  expect(doubles).toEqual([1]);
});

test("unknown fields of every wire type are passed over", () => {
  const bytes = [0x10, 0x96, 0x01, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x22, 2, 9, 9, 0x2d, 1, 2, 3, 4, 0x08, 0x05];
  const reader = new ProtoReader(Uint8Array.from(bytes), place);
  for (let k = 0; k < 4; k++) {
    reader.next();
    reader.skip();
  }
  expect(reader.next()).toBe(true);
  expect(reader.safeInteger()).toBe(5);
  expect(reader.next()).toBe(false);
});

test("long byte strings inside nested messages keep their place among short fields", () => {
  const long = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  const writer = new ProtoWriter();
  writer.string(1, "before");
  writer.message(2, (outer) => {
    outer.string(1, "a");
    outer.message(2, (inner) => {
      inner.bytes(1, long);
      inner.string(2, "b".repeat(3000));
    });
    outer.string(3, "c");
  });
  writer.string(3, "after");
  expect(writer.length).toBe(writer.finish().length);

  const reader = new ProtoReader(writer.finish(), place);
  const texts: string[] = [];
  const walk = (message: ProtoReader, depth: number): void => {
    while (message.next()) {
      if (message.field === 2 && depth < 2) walk(message.message("m"), depth + 1);
      else if (message.field === 1 && depth === 2) expect(message.bytes()).toEqual(long);
      else texts.push(message.string());
    }
  };
  walk(reader, 0);
  expect(texts).toEqual(["before", "a", "b".repeat(3000), "c", "after"]);
});

test.each([
  ["a tag cut short", [0x88]],
  ["a value cut short", [0x08, 0x96]],
  ["field number 0", [0x00, 0x01]],
  ["a group", [0x0b, 0x0c]],
  ["an unassigned wire type", [0x0f]],
  ["a length past the end", [0x0a, 0x05, 0x01]],
  ["a length of 2⁶³", [0x0a, ...Array.from({ length: 9 }, () => 0x80), 0x01]],
  ["a varint of eleven bytes", [0x08, ...Array.from({ length: 11 }, () => 0x80), 0x00]],
  ["fixed64 cut short", [0x09, 1, 2, 3]],
  ["fixed32 cut short", [0x0d, 1, 2, 3]],
])("refuses %s", (_name, bytes) => {
  expect(() => {
    const reader = new ProtoReader(Uint8Array.from(bytes), place);
    while (reader.next()) reader.skip();
  }).toThrow(InputError);
});

test("refuses values of another kind than asked for", () => {
  expect(() => read([0x0a, 0x00]).safeInteger()).toThrow(/f\.onnx: field 1 has protobuf wire type 2/u);
  expect(() => read([0x08, 0x00]).bytes()).toThrow(InputError);
  expect(() => read([0x0a, 0x01, 0xff]).string()).toThrow(/UTF-8/u);
  expect(() => read([0x08, ...Array.from({ length: 8 }, () => 0xff), 0x7f]).safeInteger()).toThrow(/2⁵³/u);
  expect(() => read([0x0a, 0x05, 0, 0, 0, 0, 0]).floats([])).toThrow(/5 bytes/u);
  expect(() => read([0x0a, 0x01, 0x80]).safeIntegers([])).toThrow(InputError);
  // The packed list is one byte long, but its varint goes on into the next field.
  expect(() => read([0x0a, 0x01, 0x80, 0x01]).safeIntegers([])).toThrow(/past the end/u);
});

test("refuses messages nested without end", () => {
  let bytes = new Uint8Array(0);
  for (let depth = 0; depth < 200; depth++) {
    const writer = new ProtoWriter();
    writer.bytes(1, bytes);
    bytes = writer.finish();
  }
  const descend = (reader: ProtoReader): void => {
    while (reader.next()) descend(reader.message("m"));
  };
  expect(() => descend(new ProtoReader(bytes, place))).toThrow(/nested/u);
});
