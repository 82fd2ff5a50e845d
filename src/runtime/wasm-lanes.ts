// SIMD instructions of WebAssembly for lanes of either precision: four numbers at once, or two.
import type { DType } from "../math/index.ts";
import { type Code, i32, unsigned } from "./wasm-module.ts";

/** Instructions over vectors of 16 bytes. `bits` are the same vectors seen as integers as wide as a lane. */
export interface Lanes {
  readonly dtype: DType;
  /** Numbers in one vector. */
  readonly count: number;
  /** Bytes of one number. */
  readonly bytes: number;
  readonly load: (pointer: Code, offset: number) => Code;
  readonly store: (pointer: Code, offset: number, value: Code) => Code;
  /** One number of memory in every lane. */
  readonly loadSplat: (pointer: Code, offset: number) => Code;
  /** One number on the stack in every lane. */
  readonly splat: (value: Code) => Code;
  readonly constant: (value: number) => Code;
  readonly add: (a: Code, b: Code) => Code;
  readonly sub: (a: Code, b: Code) => Code;
  readonly mul: (a: Code, b: Code) => Code;
  readonly div: (a: Code, b: Code) => Code;
  readonly abs: (a: Code) => Code;
  /** Lanes of ones where a > b, else of zeros. */
  readonly greater: (a: Code, b: Code) => Code;
  readonly bits: {
    readonly constant: (value: bigint) => Code;
    readonly add: (a: Code, b: Code) => Code;
    readonly sub: (a: Code, b: Code) => Code;
    readonly shiftLeft: (a: Code, by: number) => Code;
    /** With the sign. */
    readonly shiftRight: (a: Code, by: number) => Code;
  };
}

/** Bytes of a vector. */
export const VECTOR = 16;

const PREFIX = 0xfd;
/** Natural alignment is not promised. */
const UNALIGNED = 0;

const opcode = (code: number): Code => [PREFIX, ...unsigned(code)];
const unary =
  (code: number) =>
  (a: Code): Code => [...a, ...opcode(code)];
const binary =
  (code: number) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode(code)];
const shift =
  (code: number) =>
  (a: Code, by: number): Code => [...a, ...i32.constant(by), ...opcode(code)];
const reading =
  (code: number) =>
  (pointer: Code, offset: number): Code => [...pointer, ...opcode(code), UNALIGNED, ...unsigned(offset)];
const literal = (buffer: ArrayBuffer): Code => [...opcode(12), ...new Uint8Array(buffer)];

const shared = {
  load: reading(0),
  store: (pointer: Code, offset: number, value: Code): Code => [
    ...pointer,
    ...value,
    ...opcode(11),
    UNALIGNED,
    ...unsigned(offset),
  ],
};

/** 1 where any bit of any lane is set. */
export const any: (a: Code) => Code = unary(83);
export const or: (a: Code, b: Code) => Code = binary(80);
export const and: (a: Code, b: Code) => Code = binary(78);

const single: Lanes = {
  ...shared,
  dtype: "float32",
  count: 4,
  bytes: 4,
  loadSplat: reading(9),
  splat: unary(0x13),
  constant: (value) => literal(new Float32Array(4).fill(value).buffer),
  add: binary(0xe4),
  sub: binary(0xe5),
  mul: binary(0xe6),
  div: binary(0xe7),
  abs: unary(0xe0),
  greater: binary(0x44),
  bits: {
    constant: (value) => literal(new Int32Array(4).fill(Number(value)).buffer),
    add: binary(0xae),
    sub: binary(0xb1),
    shiftLeft: shift(0xab),
    shiftRight: shift(0xac),
  },
};

const double: Lanes = {
  ...shared,
  dtype: "float64",
  count: 2,
  bytes: 8,
  loadSplat: reading(10),
  splat: unary(0x14),
  constant: (value) => literal(new Float64Array(2).fill(value).buffer),
  add: binary(0xf0),
  sub: binary(0xf1),
  mul: binary(0xf2),
  div: binary(0xf3),
  abs: unary(0xec),
  greater: binary(0x4a),
  bits: {
    constant: (value) => literal(new BigInt64Array(2).fill(value).buffer),
    add: binary(0xce),
    sub: binary(0xd1),
    shiftLeft: shift(0xcb),
    shiftRight: shift(0xcc),
  },
};

/** The instructions for numbers of a precision. Little-endian, as WebAssembly is. */
export function lanesOf(dtype: DType): Lanes {
  return dtype === "float32" ? single : double;
}
