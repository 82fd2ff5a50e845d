// Protocol-buffer wire format, reading: bounds-checked, over bytes that may be anything.
// Source: the public "Encoding" chapter of the Protocol Buffers documentation (varints, fixed32/64, delimited).
import { InputError } from "../math/index.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Wire types of the format; the deprecated groups (3 and 4) are refused. */
export const WIRE = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** Nesting beyond which a message is refused. ONNX without subgraphs nests six deep. */
const MAX_DEPTH = 32;
/** Where a message sits, for error texts. */
interface Place {
  readonly file: string;
  readonly path: string;
}

/**
 * Reads the fields of one message, in the order they come. `next()` steps to a field and sets `field` and `wire`;
 * then exactly one value method (or `skip`) consumes it. Every method throws `InputError`, naming the file, the
 * message and the byte offset, when the bytes do not hold what it was asked for; none allocates more than a
 * constant times the bytes it consumes.
 */
export class ProtoReader {
  /** Number of the current field. */
  field = 0;
  /** Wire type of the current field, one of `WIRE`. */
  wire = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: Place;
  readonly #depth: number;
  readonly #end: number;
  #position: number;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array, place: Place, start = 0, end: number = bytes.length, depth = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#place = place;
    this.#position = start;
    this.#end = end;
    this.#depth = depth;
  }

  /** An error about this message, at the current byte. */
  error(message: string): InputError {
    const { file, path } = this.#place;
    return new InputError(
      `${message} (byte ${this.#position})`,
      path === "" ? { file } : { file, field: path },
    );
  }

  /** Steps to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#position === this.#end) return false;
    this.#readVarint();
    this.field = this.#low >>> 3;
    this.wire = this.#low & 7;
    if (this.#high !== 0 || this.field === 0) throw this.error("not a protobuf field tag");
    if (this.wire !== WIRE.varint && this.wire !== WIRE.delimited) {
      if (this.wire !== WIRE.fixed64 && this.wire !== WIRE.fixed32) {
        throw this.error(`protobuf wire type ${this.wire} is not supported`);
      }
    }
    return true;
  }

  /** Passes over the current field's value. */
  skip(): void {
    if (this.wire === WIRE.varint) this.#readVarint();
    else if (this.wire === WIRE.fixed64) this.#take(8);
    else if (this.wire === WIRE.fixed32) this.#take(4);
    else this.#take(this.#readLength());
  }

  /** int64 or uint64 below 2⁵³ in size. */
  safeInteger(): number {
    this.#expect(WIRE.varint);
    return this.#readSafeInteger();
  }

  /** int32 or enum. */
  int32(): number {
    this.#expect(WIRE.varint);
    this.#readVarint();
    return this.#low | 0;
  }

  /** float. */
  float(): number {
    this.#expect(WIRE.fixed32);
    return this.#view.getFloat32(this.#take(4), true);
  }

  /** bytes, as a view of the input. */
  bytes(): Uint8Array {
    this.#expect(WIRE.delimited);
    const length = this.#readLength();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** string, or bytes that hold UTF-8. */
  string(): string {
    const text = decodeUtf8(this.bytes());
    if (text === undefined) throw this.error("text is not valid UTF-8");
    return text;
  }

  /** A reader over the embedded message, called `label` in error texts. */
  message(label: string): ProtoReader {
    this.#expect(WIRE.delimited);
    if (this.#depth >= MAX_DEPTH) throw this.error(`messages nested more than ${MAX_DEPTH} deep`);
    const length = this.#readLength();
    const start = this.#take(length);
    const path = this.#place.path === "" ? label : `${this.#place.path}.${label}`;
    return new ProtoReader(
      this.#bytes,
      { file: this.#place.file, path },
      start,
      start + length,
      this.#depth + 1,
    );
  }

  /** Appends the values of a repeated int64 field, packed or not, each below 2⁵³ in size. */
  safeIntegers(into: number[]): void {
    this.#varints(() => into.push(this.#readSafeInteger()));
  }

  /** Appends the values of a repeated int64 field, packed or not. */
  bigIntegers(into: bigint[]): void {
    this.#varints(() => {
      this.#readVarint();
      into.push((BigInt(this.#high | 0) << 32n) | BigInt(this.#low));
    });
  }

  /** Appends the values of a repeated int32 field, packed or not. */
  int32s(into: number[]): void {
    this.#varints(() => {
      this.#readVarint();
      into.push(this.#low | 0);
    });
  }

  /** Appends the values of a repeated float field, packed or not. */
  floats(into: number[]): void {
    this.#fixed(4, (at) => into.push(this.#view.getFloat32(at, true)));
  }

  /** Appends the values of a repeated double field, packed or not. */
  doubles(into: number[]): void {
    this.#fixed(8, (at) => into.push(this.#view.getFloat64(at, true)));
  }

  #varints(read: () => void): void {
    if (this.wire === WIRE.varint) {
      read();
      return;
    }
    this.#expect(WIRE.delimited);
    const stop = this.#readLength() + this.#position;
    while (this.#position < stop) read();
    if (this.#position !== stop) throw this.error("a packed value runs past the end of its list");
  }

  #fixed(size: 4 | 8, read: (at: number) => void): void {
    if (this.wire === (size === 4 ? WIRE.fixed32 : WIRE.fixed64)) {
      read(this.#take(size));
      return;
    }
    this.#expect(WIRE.delimited);
    const length = this.#readLength();
    if (length % size !== 0) throw this.error(`a packed list of ${size}-byte values is ${length} bytes long`);
    const start = this.#take(length);
    for (let at = start; at < start + length; at += size) read(at);
  }

  #expect(wire: number): void {
    if (this.wire !== wire) {
      throw this.error(`field ${this.field} has protobuf wire type ${this.wire}, expected ${wire}`);
    }
  }

  /** Advances by `count` bytes; returns where they start. */
  #take(count: number): number {
    const start = this.#position;
    if (count > this.#end - start) throw this.#cut();
    this.#position = start + count;
    return start;
  }

  #cut(): InputError {
    return this.error("the file is cut short or a length is wrong");
  }

  #readLength(): number {
    this.#readVarint();
    if (this.#high !== 0 || this.#low > this.#end - this.#position) throw this.#cut();
    return this.#low;
  }

  #readSafeInteger(): number {
    this.#readVarint();
    const value = (this.#high | 0) * 2 ** 32 + this.#low;
    if (!Number.isSafeInteger(value)) throw this.error(`integer in field ${this.field} is beyond ±2⁵³`);
    return value;
  }

  /** Reads up to 64 bits into `#low` and `#high` (both unsigned 32 bits). */
  #readVarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#position >= this.#end) throw this.#cut();
      const byte = this.#bytes[this.#position++]!;
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw this.error("a varint is longer than 10 bytes");
  }
}
