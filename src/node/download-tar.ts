// Unpacking chosen members of a .tar.gz: only expected names and sizes are ever written.
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { createGunzip } from "node:zlib";
import { InputError, RunError } from "../math/index.ts";

const BLOCK = 512;

interface Member {
  readonly name: string;
  readonly size: number;
  readonly regular: boolean;
}

/**
 * Unpacks the wanted members into `folder` under their base names; others are skipped. Files appear under their
 * final names only when all are complete. Memory does not depend on the archive.
 *
 * @param wanted full member names and their exact sizes in bytes
 * @throws InputError when the archive is damaged, a member is missing or of another size; file system errors
 */
export async function unpackTarGz(
  archive: string,
  wanted: ReadonlyMap<string, number>,
  folder: string,
): Promise<readonly string[]> {
  const fail = (message: string, member?: string): InputError =>
    new InputError(message, { file: archive, ...(member === undefined ? {} : { field: member }) });
  const done = new Map<string, string>();
  let sink: FileHandle | null = null;
  const header = new Uint8Array(BLOCK);
  let headerLength = 0;
  let dataLeft = 0;
  let paddingLeft = 0;

  const begin = async (): Promise<void> => {
    const member = parseHeader(header);
    if (member === "damaged") throw fail("damaged tar header");
    if (member === null) return;
    dataLeft = member.size;
    paddingLeft = (BLOCK - (member.size % BLOCK)) % BLOCK;
    const size = wanted.get(member.name);
    if (size === undefined || !member.regular) return;
    if (size !== member.size) throw fail(`member has ${member.size} bytes instead of ${size}`, member.name);
    if (done.has(member.name)) throw fail("member occurs twice", member.name);
    const temporary = join(folder, `${basename(member.name)}.unpacking`);
    done.set(member.name, temporary);
    sink = await open(temporary, "w");
  };
  const consume = async (chunk: Uint8Array): Promise<void> => {
    for (let at = 0; at < chunk.length;) {
      if (dataLeft > 0) {
        const part = chunk.subarray(at, at + dataLeft);
        if (sink !== null) await writeAll(sink, part);
        at += part.length;
        dataLeft -= part.length;
        if (dataLeft === 0 && sink !== null) {
          await sink.sync();
          await sink.close();
          sink = null;
        }
      } else if (paddingLeft > 0) {
        const skip = Math.min(paddingLeft, chunk.length - at);
        at += skip;
        paddingLeft -= skip;
      } else {
        const part = chunk.subarray(at, at + BLOCK - headerLength);
        header.set(part, headerLength);
        at += part.length;
        headerLength += part.length;
        if (headerLength === BLOCK) {
          headerLength = 0;
          await begin();
        }
      }
    }
  };

  const source = createReadStream(archive);
  const gunzip = createGunzip();
  source.once("error", (error) => gunzip.destroy(error));
  try {
    await mkdir(folder, { recursive: true });
    for await (const chunk of source.pipe(gunzip)) await consume(chunk as Uint8Array);
    const missing = [...wanted.keys()].filter((name) => !done.has(name));
    if (dataLeft > 0) throw fail("archive is truncated");
    if (missing.length > 0) throw fail(`archive lacks ${missing.join(", ")}`);
    for (const [name, temporary] of done) await rename(temporary, join(folder, basename(name)));
    return [...done.keys()].map((name) => basename(name));
  } catch (error) {
    await (sink as FileHandle | null)?.close();
    for (const temporary of done.values()) await rm(temporary, { force: true });
    if (error instanceof InputError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_") === true) throw fail(`corrupt gzip data: ${message}`);
    throw new RunError(`cannot unpack into ${folder}: ${message}`, { file: archive });
  } finally {
    source.destroy();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
}

/** One 512-byte header (POSIX ustar); null for the zero blocks at the end. */
function parseHeader(block: Uint8Array): Member | null | "damaged" {
  if (block.every((byte) => byte === 0)) return null;
  const text = (from: number, to: number): string => {
    const field = Buffer.from(block.subarray(from, to)).toString("latin1");
    const end = field.indexOf("\0");
    return end < 0 ? field : field.slice(0, end);
  };
  const octal = (from: number, to: number): number => {
    const digits = text(from, to).trim();
    return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  };
  // The checksum counts its own field as eight spaces.
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : block[i]!;
  const size = octal(124, 136);
  if (octal(148, 156) !== sum || Number.isNaN(size)) return "damaged";
  const prefix = text(257, 262) === "ustar" ? text(345, 500) : "";
  const name = prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  const type = block[156]!;
  return { name: name.replace(/^\.\//, ""), size, regular: type === 0 || type === 48 };
}
