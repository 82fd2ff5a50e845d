// Protocol-buffer wire format, writing: one copy of every tensor however deep it sits.
// Source: the public "Encoding" chapter of the Protocol Buffers documentation (varints, fixed32, delimited).
import { InputError, RunError } from "../math/index.ts";
import { WIRE } from "./protobuf-reader.ts";
import { encodeUtf8 } from "./utf8.ts";

/** Protobuf implementations refuse messages of 2 GiB or more. */
const MAX_BYTES = 2 ** 31 - 1;
/** Byte strings at least this long are kept by reference until the message is finished. */
const BY_REFERENCE = 1024;

/**
 * Writes one message. Long byte strings are kept by reference and copied once, by `finish`, so a model costs its
 * own size in memory and time whatever its nesting.
 */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];
  #partBytes = 0;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  #used = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#partBytes + this.#used;
  }

  /** int64, int32 or enum; `value` a safe integer or a bigint within 64 bits. */
  integer(field: number, value: number | bigint): void {
    this.#tag(field, WIRE.varint);
    this.#varint(value);
  }

  /** float; `value` is rounded to float32. */
  float(field: number, value: number): void {
    this.#tag(field, WIRE.fixed32);
    this.#reserve(4);
    new DataView(this.#buffer.buffer).setFloat32(this.#used, value, true);
    this.#used += 4;
  }

  /** bytes; long ones must not change before `finish`. */
  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, WIRE.delimited);
    this.#varint(value.length);
    this.#append(value);
  }

  /** string. */
  string(field: number, value: string): void {
    this.bytes(field, encodeUtf8(value));
  }

  /** An embedded message, filled by `write`. */
  message(field: number, write: (writer: ProtoWriter) => void): void {
    const child = new ProtoWriter();
    write(child);
    this.#tag(field, WIRE.delimited);
    this.#varint(child.length);
    this.#appendWriter(child);
  }

  /** Packed repeated int64; nothing at all when empty. */
  integers(field: number, values: readonly number[]): void {
    this.#packed(field, values.length, (child) => {
      for (const value of values) child.#varint(value);
    });
  }

  /** Packed repeated float; nothing at all when empty. */
  floats(field: number, values: readonly number[]): void {
    this.#packed(field, values.length, (child) => {
      child.#reserve(4 * values.length);
      const view = new DataView(child.#buffer.buffer);
      for (const value of values) {
        view.setFloat32(child.#used, value, true);
        child.#used += 4;
      }
    });
  }

  /** The whole message. Throws `RunError` when it would reach the 2 GiB protobuf allows. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.length > MAX_BYTES) {
      throw new RunError("the message is larger than the 2 GiB a protobuf file may have", {
        received: `${this.length} bytes`,
      });
    }
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    whole.set(this.#buffer.subarray(0, this.#used), at);
    return whole;
  }

  #packed(field: number, count: number, write: (child: ProtoWriter) => void): void {
    if (count > 0) this.message(field, write);
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) {
      let rest = value;
      while (rest >= 0x80) {
        this.#buffer[this.#used++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      this.#buffer[this.#used++] = rest;
      return;
    }
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      throw new InputError("not an integer an ONNX file can hold exactly", { received: String(value) });
    }
    // Negative integers are sign-extended to 64 bits, so they always take ten bytes.
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.#buffer[this.#used++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#used++] = Number(rest);
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length >= BY_REFERENCE) {
      this.#flush();
      this.#parts.push(bytes);
      this.#partBytes += bytes.length;
    } else {
      this.#reserve(bytes.length);
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  #appendWriter(child: ProtoWriter): void {
    for (const part of child.#parts) this.#append(part);
    this.#append(child.#buffer.subarray(0, child.#used));
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#parts.push(this.#buffer.subarray(0, this.#used));
    this.#partBytes += this.#used;
    this.#buffer = new Uint8Array(64);
    this.#used = 0;
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#used + count));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }
}
