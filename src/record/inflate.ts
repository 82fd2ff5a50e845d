// Decompression that never produces more than was announced: deflate for npz entries, gzip for data files.
import { Inflate } from "fflate";
import { type ErrorDetail, InputError } from "../math/index.ts";
import { crc32 } from "./crc32.ts";

/** Deflate cannot expand by more than this factor, so a larger announced size is false. */
const MAX_RATIO = 1032;
/** Compressed bytes fed at a time: bounds what one step can produce to about 17 MB. */
const STEP = 16_384;

/**
 * Size the decompressed data must have: a number, or a function of the first decompressed bytes that returns
 * null while it needs more of them (for formats whose header announces the size).
 */
export type ExpectedSize = number | ((prefix: Uint8Array) => number | null);

/**
 * Decompresses a raw deflate stream to exactly the expected size.
 *
 * Memory: at most about three times the bytes really produced, never more than three times the expected size.
 *
 * @throws InputError when the stream is corrupt, shorter or longer than expected
 */
export function inflateExactly(
  deflated: Uint8Array,
  expected: ExpectedSize,
  where: ErrorDetail,
): Uint8Array<ArrayBuffer> {
  let target = typeof expected === "number" ? checkRatio(expected, deflated.length, where) : null;
  let output = new Uint8Array(Math.min(target ?? Infinity, 4 * deflated.length + 1024));
  let length = 0;
  const append = (chunk: Uint8Array): void => {
    const needed = length + chunk.length;
    if (target !== null && needed > target) {
      throw new InputError("the compressed data is longer than announced: corrupt or wrong file", {
        ...where,
        received: `more than ${target} bytes`,
        allowed: `${target} bytes`,
      });
    }
    if (needed > output.length) {
      const larger = new Uint8Array(Math.min(target ?? Infinity, Math.max(needed, 2 * output.length)));
      larger.set(output.subarray(0, length));
      output = larger;
    }
    output.set(chunk, length);
    length = needed;
    if (target === null && typeof expected === "function") {
      const size = expected(output.subarray(0, length));
      if (size !== null) {
        target = checkRatio(size, deflated.length, where);
        if (length > target) append(new Uint8Array(0));
      }
    }
  };
  try {
    const stream = new Inflate(append);
    let from = 0;
    do {
      stream.push(deflated.subarray(from, from + STEP), from + STEP >= deflated.length);
      from += STEP;
    } while (from < deflated.length);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`corrupt compressed data: ${(error as Error).message}`, where);
  }
  if (target === null || length < target) {
    throw new InputError("the compressed data ends early: truncated file", {
      ...where,
      received: `${length} bytes`,
      ...(target === null ? {} : { allowed: `${target} bytes` }),
    });
  }
  return output.length === length ? output : output.slice(0, length);
}

function checkRatio(size: number, compressed: number, where: ErrorDetail): number {
  if (size > MAX_RATIO * (compressed + 1)) {
    throw new InputError("announced size is impossible for this much compressed data: truncated or corrupt", {
      ...where,
      received: `${size} bytes from ${compressed}`,
    });
  }
  return size;
}

/** Whether the bytes start like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Decompresses a gzip file with one member (RFC 1952), checking its size and CRC-32.
 *
 * @throws InputError when it is not gzip, corrupt, truncated, or not of the expected size
 */
export function gunzipExactly(
  bytes: Uint8Array,
  expected: ExpectedSize,
  where: ErrorDetail,
): Uint8Array<ArrayBuffer> {
  const start = gzipHeaderLength(bytes, where);
  const end = bytes.length - 8;
  const output = inflateExactly(bytes.subarray(start, end), expected, where);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, 8);
  if (trailer.getUint32(4, true) !== output.length >>> 0 || trailer.getUint32(0, true) !== crc32(output)) {
    throw new InputError("gzip checksum does not match: the file is corrupt; fetch it again", where);
  }
  return output;
}

function gzipHeaderLength(bytes: Uint8Array, where: ErrorDetail): number {
  if (!isGzip(bytes) || bytes[2] !== 8) throw new InputError("not a gzip file (wrong magic bytes)", where);
  const flags = bytes[3]!;
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const text of [8, 16]) {
    if (!(flags & text)) continue;
    while (at < bytes.length && bytes[at] !== 0) at++;
    at++;
  }
  if (flags & 2) at += 2;
  if (at + 8 > bytes.length) throw new InputError("gzip header is cut short: truncated file", where);
  return at;
}
