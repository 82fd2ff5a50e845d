// Fetching a data set from its official address: resumable, checked, never half there under its final name.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { BrinkError, InputError, RunError, didYouMean } from "../math/index.ts";
import {
  DOWNLOAD_SOURCES,
  type DownloadName,
  type DownloadSource,
  type RemoteFile,
} from "./download-sources.ts";
import { unpackTarGz } from "./download-tar.ts";

/** Connections in a row that may bring (nearly) nothing before the fetch gives up. */
const ATTEMPTS = 5;
/** Bytes a connection must bring to count as progress. */
const PROGRESS = 16_384;

/** State of one download, reported after every piece. */
export interface DownloadProgress {
  readonly file: string;
  readonly received: number;
  /** Full size when the server tells it. */
  readonly total: number | null;
}

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** Other sources than the official ones (a mirror). */
  readonly sources?: Readonly<Record<string, DownloadSource>>;
}

/** What is on disk afterwards. */
export interface FetchedData {
  readonly name: string;
  readonly folder: string;
  readonly files: readonly string[];
  /** True when everything was already there and nothing was downloaded. */
  readonly cached: boolean;
}

/**
 * Fetches a data set into `dir`, where `loadDataset` finds it. A `.part` file left by an earlier, interrupted
 * fetch is continued. Files that are complete are not fetched again.
 *
 * @param dir data folder (see `dataFolder`)
 * @throws InputError for an unknown set; RunError when the network, the server, the checksum or the disk fails,
 *   with the address and where to put the files by hand; the signal's reason when aborted
 */
export async function fetchDataset(name: string, dir: string, options: FetchOptions): Promise<FetchedData> {
  const sources = options.sources ?? DOWNLOAD_SOURCES;
  const source = Object.hasOwn(sources, name) ? sources[name as DownloadName] : undefined;
  if (source === undefined) {
    const hint = didYouMean(name, Object.keys(sources));
    throw new InputError("no such data set to fetch", {
      received: name,
      allowed: Object.keys(sources),
      ...(hint === undefined ? {} : { hint }),
    });
  }
  const folder = join(dir, source.folder);
  const files: string[] = [];
  let cached = true;
  for (const file of source.files) {
    try {
      await mkdir(folder, { recursive: true });
      if (!(await isComplete(file, folder))) {
        cached = false;
        await fetchFile(file, folder, options);
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof BrinkError) throw error;
      throw new RunError(`cannot store the download: ${(error as Error).message}`, { file: folder });
    }
    files.push(...finalNames(file));
  }
  return { name, folder, files, cached };
}

function finalNames({ name, members }: RemoteFile): readonly string[] {
  return members === undefined
    ? [name]
    : [...members.keys()].map((member) => member.slice(member.lastIndexOf("/") + 1));
}

async function isComplete(file: RemoteFile, folder: string): Promise<boolean> {
  if (file.members === undefined) {
    const path = join(folder, file.name);
    return (await sizeOf(path)) > 0 && (await md5Of(path)) === file.md5;
  }
  const sizes = [...file.members.values()];
  const present = await Promise.all(finalNames(file).map((name) => sizeOf(join(folder, name))));
  return present.every((size, i) => size === sizes[i]);
}

async function fetchFile(file: RemoteFile, folder: string, options: FetchOptions): Promise<void> {
  const part = join(folder, `${file.name}.part`);
  const resumed = (await sizeOf(part)) > 0;
  await download(file, part, folder, options);
  let found = await md5Of(part);
  if (found !== file.md5 && resumed) {
    // The old beginning may be of another version of the file: start once more from nothing.
    await rm(part, { force: true });
    await download(file, part, folder, options);
    found = await md5Of(part);
  }
  if (found !== file.md5) {
    await rm(part, { force: true });
    throw failure(file, folder, "the downloaded file has a wrong checksum and was removed", {
      received: `md5 ${found}`,
      allowed: `md5 ${file.md5}`,
    });
  }
  if (file.members === undefined) {
    await rename(part, join(folder, file.name));
  } else {
    await unpackTarGz(part, file.members, folder);
    await rm(part, { force: true });
  }
}

/** Downloads to `part`, continuing it and reconnecting after cuts. */
async function download(
  file: RemoteFile,
  part: string,
  folder: string,
  options: FetchOptions,
): Promise<void> {
  let idle = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const before = await sizeOf(part);
    const outcome = await connect(file, part, folder, options);
    if (outcome === "complete") return;
    idle = (await sizeOf(part)) >= before + PROGRESS ? 0 : idle + 1;
    if (idle === ATTEMPTS) throw failure(file, folder, `download failed: ${outcome}`);
  }
}

/** One connection: "complete", or what went wrong in a way worth another try. */
async function connect(
  file: RemoteFile,
  part: string,
  folder: string,
  options: FetchOptions,
): Promise<string> {
  const have = await sizeOf(part);
  let response: Response;
  try {
    response = await options.fetch(file.url, {
      headers: { "accept-encoding": "identity", ...(have > 0 ? { range: `bytes=${have}-` } : {}) },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    return reason(error);
  }
  if (response.status === 416) {
    await response.body?.cancel();
    // Nothing beyond what is there: complete, or a leftover of something longer. The checksum decides.
    return "complete";
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    const status = `the server answered ${response.status} ${response.statusText}`.trimEnd();
    if (response.status >= 500) return status;
    throw failure(file, folder, status);
  }
  const continues = response.status === 206 && startsAt(response, have);
  if (response.status === 206 && !continues) {
    await response.body.cancel();
    await rm(part, { force: true });
    return "the server sent another range than asked for";
  }
  let received = continues ? have : 0;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const total = Number.isSafeInteger(length) ? received + length : null;
  const handle = await open(part, continues ? "a" : "w");
  try {
    return await store(response.body, handle);
  } finally {
    await handle.close();
  }

  async function store(body: AsyncIterable<Uint8Array>, handle: FileHandle): Promise<string> {
    const pieces = body[Symbol.asyncIterator]();
    for (;;) {
      let piece: IteratorResult<Uint8Array>;
      try {
        piece = await pieces.next();
      } catch (error) {
        options.signal?.throwIfAborted();
        return `the connection was cut after ${received} bytes (${reason(error)})`;
      }
      if (piece.done === true) break;
      if (received + piece.value.length > file.maxBytes) {
        throw failure(file, folder, `the server sent more than ${file.maxBytes} bytes`);
      }
      for (let at = 0; at < piece.value.length;) at += (await handle.write(piece.value, at)).bytesWritten;
      received += piece.value.length;
      options.onProgress?.({ file: file.name, received, total });
    }
    await handle.sync();
    return total !== null && received < total
      ? `the connection ended after ${received} of ${total} bytes`
      : "complete";
  }
}

function startsAt(response: Response, have: number): boolean {
  return new RegExp(`^bytes ${have}-`).test(response.headers.get("content-range") ?? "");
}

function failure(
  file: RemoteFile,
  folder: string,
  message: string,
  detail: { readonly received?: string; readonly allowed?: string } = {},
): RunError {
  const names = finalNames(file).join(", ");
  const how = file.members === undefined ? "" : " unpacked from it";
  return new RunError(message, {
    file: file.url,
    ...detail,
    hint: `Without network: get ${file.url} elsewhere and put ${names}${how} into ${folder}. Fetching again continues where it stopped.`,
  });
}

/** The innermost message: fetch wraps what happened in "fetch failed". */
function reason(error: unknown): string {
  const { cause, message } = error as Error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reason(cause.errors[0]);
  return cause instanceof Error ? cause.message : message;
}

async function sizeOf(path: string): Promise<number> {
  const info = await stat(path).catch(() => null);
  return info?.isFile() === true ? info.size : 0;
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
