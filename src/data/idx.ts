// IDX, the format of MNIST and its relatives: a big-endian header and bytes, plain or gzipped.
import { InputError } from "../math/index.ts";
import { gunzipExactly, isGzip, shapeSize } from "../record/index.ts";

/** Largest decompressed file that is accepted: 1 GiB, twenty times MNIST. */
export const MAX_IDX_BYTES: number = 2 ** 30;

/** A decoded IDX file of unsigned bytes. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** Π(shape) values, row-major; a view of the (decompressed) file. */
  readonly data: Uint8Array;
}

/**
 * Decodes an IDX file of unsigned bytes. A gzipped one is unpacked to exactly the size its own header announces.
 *
 * @param rank dimensions expected: 3 for images, 1 for labels
 * @throws InputError on wrong magic, another rank or type, corrupt gzip, a truncated or an oversized file
 */
export function parseIdx(bytes: Uint8Array, fileName: string, rank: number): IdxArray {
  const headerLength = 4 + 4 * rank;
  const plain = isGzip(bytes)
    ? gunzipExactly(
        bytes,
        (prefix) => (prefix.length < headerLength ? null : idxSize(prefix, fileName, rank).total),
        { file: fileName },
      )
    : bytes;
  if (plain.length >= 4) checkMagic(plain, fileName, rank);
  if (plain.length < headerLength) {
    throw new InputError("too short for an IDX file: truncated", {
      file: fileName,
      received: `${plain.length} bytes`,
    });
  }
  const { shape, total } = idxSize(plain, fileName, rank);
  if (plain.length !== total) {
    throw new InputError(
      plain.length < total ? "IDX file is truncated" : "IDX file is oversized: bytes after its data",
      {
        file: fileName,
        received: `${plain.length} bytes`,
        allowed: `${total} for shape [${shape.join(", ")}]`,
      },
    );
  }
  return { shape, data: plain.subarray(headerLength) };
}

function idxSize(
  bytes: Uint8Array,
  fileName: string,
  rank: number,
): { readonly shape: readonly number[]; readonly total: number } {
  checkMagic(bytes, fileName, rank);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const total = 4 + 4 * rank + shapeSize(shape);
  if (!(total <= MAX_IDX_BYTES)) {
    throw new InputError("announced size is over the limit: corrupt or oversized file", {
      file: fileName,
      received: `shape [${shape.join(", ")}]`,
      allowed: `at most ${MAX_IDX_BYTES} bytes`,
    });
  }
  return { shape, total };
}

function checkMagic(bytes: Uint8Array, fileName: string, rank: number): void {
  const magic = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  if (magic !== 0x800 + rank) {
    throw new InputError("wrong magic number: not an IDX file of this kind", {
      file: fileName,
      received: `0x${magic.toString(16).padStart(8, "0")}`,
      allowed: `0x${(0x800 + rank).toString(16).padStart(8, "0")} (unsigned bytes, ${rank} ${rank === 1 ? "dimension" : "dimensions"})`,
    });
  }
}
