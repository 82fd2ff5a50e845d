// NumPy .npz codec: an archive of .npy arrays, read with a limit on what it may expand to.
import { zipSync } from "fflate";
import { InputError } from "../math/index.ts";
import { parseNpy, serialiseNpy } from "./npy.ts";
import { readZipDirectory, readZipEntry } from "./npz-zip.ts";
import { type NamedTensor, type TensorFile, shapeSize } from "./tensor-file.ts";

/** Arrays of one file may not expand to more than this unless the caller allows it: 4 GiB. */
export const MAX_NPZ_BYTES: number = 2 ** 32;

/**
 * Reads all arrays of an .npz file, named without `.npy`, in archive order. An npz has no metadata.
 *
 * Memory: the arrays, plus about three times the largest compressed one while it is unpacked.
 *
 * @param options.maxBytes limit on the sum of all expanded arrays, checked before anything is unpacked
 * @throws InputError when the archive or an array is damaged, too large, duplicated or of another type
 */
export function parseNpz(
  bytes: Uint8Array,
  fileName: string,
  options: { readonly maxBytes?: number } = {},
): TensorFile {
  const maxBytes = options.maxBytes ?? MAX_NPZ_BYTES;
  const entries = readZipDirectory(bytes, fileName);
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (total > maxBytes) {
    throw new InputError("archive expands to more than the limit", {
      file: fileName,
      received: `${total} bytes`,
      allowed: `at most ${maxBytes}`,
    });
  }
  if (entries.reduce((sum, entry) => sum + entry.compressed, 0) > bytes.length) {
    throw new InputError("archive entries overlap: corrupt", { file: fileName });
  }
  const tensors = new Map<string, NamedTensor>();
  for (const entry of entries) {
    if (!entry.name.endsWith(".npy")) {
      throw new InputError("archive holds something that is not a .npy array", {
        file: fileName,
        field: entry.name,
      });
    }
    const name = entry.name.slice(0, -4);
    if (tensors.has(name)) throw new InputError("duplicate array name", { file: fileName, field: name });
    tensors.set(name, parseNpy(readZipEntry(bytes, entry, fileName), fileName, name));
  }
  return { tensors, metadata: {} };
}

/**
 * Writes an .npz file; the same tensors always give the same bytes. Metadata has no place in the format and is
 * left out.
 *
 * @param options.compress deflate the arrays (default: stored, which numpy can map)
 * @throws InputError when a shape and its data disagree
 */
export function serialiseNpz(
  file: TensorFile,
  options: { readonly compress?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const members: Record<string, Uint8Array> = {};
  for (const [name, tensor] of file.tensors) {
    if (shapeSize(tensor.shape) !== tensor.data.length) {
      throw new InputError("shape and data disagree", {
        field: name,
        received: `shape [${tensor.shape.join(", ")}] with ${tensor.data.length} elements`,
      });
    }
    members[`${name}.npy`] = serialiseNpy(tensor);
  }
  // The format's earliest date, so that the clock does not enter the bytes.
  return zipSync(members, { level: options.compress === true ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
