// Reading the zip archive inside an .npz file: stored and deflated entries, sizes and checksums verified.
import { strFromU8 } from "fflate";
import { InputError } from "../math/index.ts";
import { crc32 } from "./crc32.ts";
import { inflateExactly } from "./inflate.ts";

const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const ZIP64 = 0xffff_ffff;

/** One archive member as the central directory describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly localOffset: number;
}

/**
 * Entries of the archive, from its central directory. Allocates in proportion to the directory.
 *
 * @throws InputError when the directory is missing, damaged, encrypted or of the zip64 kind (over 4 GiB)
 */
export function readZipDirectory(bytes: Uint8Array, fileName: string): readonly ZipEntry[] {
  const where = { file: fileName };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = bytes.length - END_BYTES;
  const lowest = Math.max(0, end - 65_535);
  while (
    end >= lowest &&
    !(
      view.getUint32(end, true) === 0x0605_4b50 &&
      end + END_BYTES + view.getUint16(end + 20, true) === bytes.length
    )
  ) {
    end--;
  }
  if (end < lowest) {
    const zip = bytes.length >= 4 && view.getUint32(0, true) === 0x0403_4b50;
    throw new InputError(zip ? "the archive has no directory: truncated" : "not an npz (zip) archive", where);
  }
  const count = view.getUint16(end + 10, true);
  const directorySize = view.getUint32(end + 12, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === ZIP64) {
    throw new InputError("zip64 archives (over 4 GiB) are not read; use safetensors", where);
  }
  if (at + directorySize > end)
    throw new InputError("archive directory lies outside the file: corrupt", where);

  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== 0x0201_4b50) {
      throw new InputError("archive directory is damaged", { ...where, received: `entry ${i} of ${count}` });
    }
    const flags = view.getUint16(at + 8, true);
    const nameLength = view.getUint16(at + 28, true);
    const next =
      at + CENTRAL_BYTES + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw new InputError("archive directory is damaged", where);
    const nameBytes = bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameLength);
    const entry: ZipEntry = {
      name: strFromU8(nameBytes, (flags & 0x800) === 0),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      compressed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      localOffset: view.getUint32(at + 42, true),
    };
    if (flags & 1) throw new InputError("encrypted archives are not read", { ...where, field: entry.name });
    if (entry.size === ZIP64 || entry.compressed === ZIP64 || entry.localOffset === ZIP64) {
      throw new InputError("entry is of the zip64 kind (over 4 GiB); use safetensors", {
        ...where,
        field: entry.name,
      });
    }
    entries.push(entry);
    at = next;
  }
  return entries;
}

/** Content of one entry (a view of `bytes` when it is stored). @throws InputError when damaged */
export function readZipEntry(bytes: Uint8Array, entry: ZipEntry, fileName: string): Uint8Array {
  const where = { file: fileName, field: entry.name };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const local = entry.localOffset;
  if (local + LOCAL_BYTES > bytes.length || view.getUint32(local, true) !== 0x0403_4b50) {
    throw new InputError("archive entry is damaged", where);
  }
  const start = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + entry.compressed > bytes.length) throw new InputError("archive entry is cut short", where);
  const packed = bytes.subarray(start, start + entry.compressed);
  if (entry.method !== 0 && entry.method !== 8) {
    throw new InputError("compression method is not supported", {
      ...where,
      received: String(entry.method),
      allowed: "0 (stored), 8 (deflate)",
    });
  }
  if (entry.method === 0 && entry.size !== entry.compressed) {
    throw new InputError("stored entry has two different sizes: corrupt", where);
  }
  const content = entry.method === 0 ? packed : inflateExactly(packed, entry.size, where);
  if (crc32(content) !== entry.crc)
    throw new InputError("checksum does not match: the file is corrupt", where);
  return content;
}
