// Safetensors codec: bytes ⇄ named tensors, with every statement of the header checked against the file.
import { strToU8 } from "fflate";
import { InputError } from "../math/index.ts";
import { parseHeader } from "./safetensors-header.ts";
import {
  ELEMENT_BYTES,
  type NamedTensor,
  type TensorFile,
  bytesOf,
  elementTypeOf,
  elementsFromBytes,
  shapeSize,
} from "./tensor-file.ts";

/** Largest header the format allows. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads a safetensors file.
 *
 * Memory: the header as objects plus one copy of the data (twice the data for half precisions).
 *
 * @param fileName name for messages
 * @returns tensors in header order
 * @throws InputError on anything the format forbids: bad header, unknown type, duplicate names, ranges that
 *   overlap, leave holes, leave the file or disagree with the shape
 */
export function parseSafetensors(bytes: Uint8Array, fileName: string): TensorFile {
  const fail = (message: string, received?: string, allowed?: string): never => {
    throw new InputError(message, {
      file: fileName,
      ...(received === undefined ? {} : { received }),
      ...(allowed === undefined ? {} : { allowed }),
    });
  };
  if (bytes.length < 8) fail("too short for a safetensors file: truncated", `${bytes.length} bytes`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (headerLength > MAX_HEADER_BYTES) {
    fail(
      "not a safetensors file (header too long)",
      `${headerLength} bytes`,
      `at most ${MAX_HEADER_BYTES} bytes`,
    );
  }
  if (8 + headerLength > bytes.length) {
    fail(
      "the file ends inside its header: truncated",
      `${bytes.length} bytes`,
      `${8 + headerLength} or more`,
    );
  }
  const data = bytes.subarray(8 + headerLength);
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fileName);

  let end = 0;
  for (const entry of [...header.entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) {
      throw new InputError(
        entry.begin < end ? "tensors overlap in the file" : "unused bytes before a tensor",
        {
          file: fileName,
          field: entry.name,
          received: `offset ${entry.begin}`,
          allowed: `offset ${end}`,
        },
      );
    }
    end = entry.end;
  }
  if (end !== data.length) {
    fail(
      end > data.length
        ? "the file ends before its last tensor: truncated"
        : "bytes left over after the last tensor: oversized file",
      `${data.length} data bytes`,
      `${end}`,
    );
  }

  const tensors = new Map<string, NamedTensor>();
  for (const { name, type, shape, begin, end } of header.entries) {
    tensors.set(name, { shape, data: elementsFromBytes(type, data.subarray(begin, end)) });
  }
  return { tensors, metadata: header.metadata };
}

/**
 * Writes a safetensors file: header padded to 8 bytes, data ordered so that every tensor is aligned. The same
 * tensors always give the same bytes.
 *
 * @throws InputError when a shape and its data disagree or a tensor has the reserved name `__metadata__`
 */
export function serialiseSafetensors(file: TensorFile): Uint8Array<ArrayBuffer> {
  const all = [...file.tensors].map(([name, tensor]) => ({
    name,
    tensor,
    type: elementTypeOf(tensor.data),
    begin: 0,
  }));
  for (const { name, tensor } of all) {
    if (name === "__metadata__") throw new InputError("reserved tensor name", { field: name });
    if (shapeSize(tensor.shape) !== tensor.data.length) {
      throw new InputError("shape and data disagree", {
        field: name,
        received: `shape [${tensor.shape.join(", ")}] with ${tensor.data.length} elements`,
      });
    }
  }
  let size = 0;
  // Widest elements first keeps everything aligned; header order stays the caller's.
  for (const item of [...all].sort((a, b) => ELEMENT_BYTES[b.type] - ELEMENT_BYTES[a.type])) {
    item.begin = size;
    size += item.tensor.data.byteLength;
  }
  // Written by hand because object keys such as "0" would lose their place.
  const parts = all.map(({ name, tensor, type, begin }) => {
    const info = {
      dtype: type,
      shape: tensor.shape,
      data_offsets: [begin, begin + tensor.data.byteLength],
    };
    return `${JSON.stringify(name)}:${JSON.stringify(info)}`;
  });
  if (Object.keys(file.metadata).length > 0) parts.unshift(`"__metadata__":${JSON.stringify(file.metadata)}`);
  let header = `{${parts.join(",")}}`;
  let encoded = strToU8(header);
  if (encoded.length % 8 !== 0) {
    header += " ".repeat(8 - (encoded.length % 8));
    encoded = strToU8(header);
  }
  const bytes = new Uint8Array(8 + encoded.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(encoded.length), true);
  bytes.set(encoded, 8);
  for (const { tensor, begin } of all) bytes.set(bytesOf(tensor.data), 8 + encoded.length + begin);
  return bytes;
}
