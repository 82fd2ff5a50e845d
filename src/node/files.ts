// Durable file operations of the run store: atomic replacement, and file errors turned into sentences.
import * as nodeFs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RunError } from "../math/index.ts";

/** The file-system calls the store makes; injected so that tests can make them fail. */
export type FileSystem = Pick<
  typeof nodeFs,
  "mkdir" | "open" | "readFile" | "readdir" | "rename" | "rm" | "unlink"
>;

/** The real file system. */
export const diskFileSystem: FileSystem = nodeFs;

/** The code of a file-system error (`ENOENT`), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** A RunError that says what could not be done to which file, why, and what to do about it. */
export function fileError(error: unknown, action: string, path: string): RunError {
  if (error instanceof RunError) return error;
  const code = errorCode(error);
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new RunError(`${action}: the disk is full`, {
        file: path,
        hint: "Free some space, then resume the run; nothing up to its last checkpoint is lost",
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new RunError(`${action}: no permission to write there (${code})`, {
        file: path,
        hint: "Choose another folder for runs, or change its permissions",
      });
    case "ENOENT":
      return new RunError(`${action}: there is no such file or folder`, { file: path });
    case "ENOTDIR":
      return new RunError(`${action}: a part of this path is a file, not a folder`, { file: path });
    default: {
      const reason = error instanceof Error ? error.message : String(error);
      return new RunError(`${action}: ${reason}`, { file: path });
    }
  }
}

/** Content of a file, or null when there is none. Throws RunError when it cannot be read. */
export async function readIfPresent(path: string): Promise<Buffer | null> {
  try {
    return await diskFileSystem.readFile(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return null;
    throw fileError(error, "cannot read", path);
  }
}

/** Makes renames and creations in a folder survive a power cut; a no-op where folders cannot be opened. */
export async function syncFolder(fs: FileSystem, folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Windows refuses to open folders, some network file systems to sync them: rename is all there is then.
    if (!["EISDIR", "EPERM", "EINVAL", "ENOTSUP", "EBADF"].includes(errorCode(error) ?? "")) throw error;
  }
}

/** Name under which a replacement is written before it takes its place. */
function temporaryName(name: string): string {
  return `.${name}.tmp`;
}

/** Removes what replacements interrupted by a crash have left in a folder. */
export async function removeLeftovers(fs: FileSystem, folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    if (/^\..*\.tmp$/.test(name)) await fs.rm(join(folder, name), { force: true });
  }
}

/**
 * Replaces a file so that readers (and crashes) see the old or the new content, never a part: written beside it,
 * synced, renamed, folder synced. On failure the old content stays and the temporary file is removed.
 */
export async function replaceFile(fs: FileSystem, path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    const handle = await fs.open(temporary, "w");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path);
    await syncFolder(fs, dirname(path));
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {
      // The write error below says what is wrong.
    });
    throw fileError(error, "cannot write", path);
  }
}
