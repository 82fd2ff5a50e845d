// NumPy .npy codec (versions 1 to 3): one array, either byte order, C or Fortran order read as row-major.
import { strFromU8, strToU8 } from "fflate";
import { InputError } from "../math/index.ts";
import { npyDescr, parseNpyHeader } from "./npy-header.ts";
import {
  ELEMENT_BYTES,
  type NamedTensor,
  type TensorData,
  bytesOf,
  elementTypeOf,
  elementsFromBytes,
  shapeSize,
} from "./tensor-file.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** No array header is longer; structured types, which may be, are not read. */
const MAX_HEADER_BYTES = 65_535;

/**
 * Reads one array. Memory: one copy of the data, two for Fortran order or half precision.
 *
 * @param fileName file for messages; `field` the array's name inside an archive
 * @throws InputError on anything but a complete array of a supported type
 */
export function parseNpy(bytes: Uint8Array, fileName: string, field?: string): NamedTensor {
  const where = field === undefined ? { file: fileName } : { file: fileName, field };
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new InputError("not a .npy array (wrong magic bytes)", where);
  }
  const version = bytes[6] ?? 0;
  const start = version === 1 ? 10 : 12;
  if (version < 1 || version > 3) {
    throw new InputError("unknown .npy version", {
      ...where,
      received: String(version),
      allowed: ["1", "2", "3"],
    });
  }
  if (bytes.length < start) throw new InputError("array header is cut short: truncated file", where);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > MAX_HEADER_BYTES || start + headerLength > bytes.length) {
    throw new InputError("array header is longer than the file or than any header: truncated or corrupt", {
      ...where,
      received: `${headerLength} bytes`,
      allowed: `at most ${Math.min(MAX_HEADER_BYTES, bytes.length - start)}`,
    });
  }
  const text = strFromU8(bytes.subarray(start, start + headerLength), version < 3);
  const header = parseNpyHeader(text, fileName, field);
  const size = shapeSize(header.shape) * ELEMENT_BYTES[header.type];
  const data = bytes.subarray(start + headerLength);
  if (size !== data.length) {
    throw new InputError(
      data.length < size
        ? "the array's data is cut short: truncated"
        : "more data than the shape needs: oversized",
      { ...where, received: `${data.length} bytes`, allowed: `${size} bytes` },
    );
  }
  const ordered = header.bigEndian ? swapBytes(data, ELEMENT_BYTES[header.type]) : data;
  const elements = elementsFromBytes(header.type, ordered);
  return {
    shape: header.shape,
    data: header.fortranOrder && header.shape.length > 1 ? toRowMajor(elements, header.shape) : elements,
  };
}

/** Writes one array, version 1, row-major, data aligned to 64 bytes. */
export function serialiseNpy(tensor: NamedTensor): Uint8Array<ArrayBuffer> {
  const descr = npyDescr(elementTypeOf(tensor.data));
  const shape = tensor.shape.length === 1 ? `(${tensor.shape[0]},)` : `(${tensor.shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(total + tensor.data.byteLength);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, total - 10, true);
  bytes.set(strToU8(`${text.padEnd(total - 11)}\n`, true), 10);
  bytes.set(bytesOf(tensor.data), total);
  return bytes;
}

function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += width) {
    for (let j = 0; j < width; j++) swapped[i + j] = bytes[i + width - 1 - j]!;
  }
  return swapped;
}

/** Column-major to row-major copy: O(size), by an odometer over row-major indices. */
function toRowMajor(source: TensorData, shape: readonly number[]): TensorData {
  const target = source.slice();
  const strides: number[] = [];
  let stride = 1;
  for (const extent of shape) {
    strides.push(stride);
    stride *= extent;
  }
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < target.length; to++) {
    // Source and target are the same kind of array, which the union type cannot say.
    (target as Float64Array)[to] = (source as Float64Array)[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return target;
}
