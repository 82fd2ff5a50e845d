// The lock file of a run's folder: one live process writes it; the lock of a dead one is taken over.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { RunError } from "../math/index.ts";
import { RUN_FILES } from "../record/index.ts";
import { diskFileSystem, errorCode, fileError, type FileSystem } from "./files.ts";

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started (kernel ticks since boot), since pids are reused; null where unknown. */
  readonly started: string | null;
  /** Distinguishes locks of one process. */
  readonly token: string;
}

let counter = 0;

/**
 * Takes the lock of `folder`.
 *
 * @returns a function that gives it back
 * @throws RunError when a live process (or one on another machine) holds it
 */
export async function takeLock(fs: FileSystem, folder: string): Promise<() => Promise<void>> {
  const path = join(folder, RUN_FILES.lock);
  counter += 1;
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    started: processStart(process.pid),
    token: `${process.pid}-${counter}`,
  };
  // Twice: the first attempt may remove a stale lock.
  for (let attempt = 0; ; attempt++) {
    try {
      await create(fs, path, own);
      return () => release(fs, path, own);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw fileError(error, "cannot lock the run", path);
    }
    const holder = await readHolder(fs, path);
    if (holder !== null && (attempt >= 2 || isAlive(holder))) throw held(holder, folder, path);
    await removeStale(fs, path, holder, own);
  }
}

async function create(fs: FileSystem, path: string, own: Holder): Promise<void> {
  const handle = await fs.open(path, "wx");
  try {
    await handle.writeFile(JSON.stringify(own));
  } finally {
    await handle.close();
  }
}

async function release(fs: FileSystem, path: string, own: Holder): Promise<void> {
  const holder = await readHolder(fs, path);
  if (holder?.token === own.token) await fs.rm(path, { force: true });
}

/** The holder; null when the lock is gone or unreadable (its writer died before it was complete). */
async function readHolder(fs: FileSystem, path: string): Promise<Holder | null> {
  try {
    const value = JSON.parse(await fs.readFile(path, "utf8")) as Partial<Holder> | null;
    if (typeof value?.pid !== "number" || typeof value.host !== "string") return null;
    return { pid: value.pid, host: value.host, started: value.started ?? null, token: value.token ?? "" };
  } catch {
    return null;
  }
}

/** Removes a stale lock, unless another process replaced it in the meantime: that one is put back. */
async function removeStale(fs: FileSystem, path: string, stale: Holder | null, own: Holder): Promise<void> {
  const aside = `${path}.stale-${own.token}`;
  try {
    await fs.rename(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw fileError(error, "cannot take over the lock of a dead process", path);
  }
  const moved = await readHolder(fs, aside);
  if (moved?.token === stale?.token) await fs.rm(aside, { force: true });
  else await fs.rename(aside, path);
}

function isAlive(holder: Holder): boolean {
  // Another machine's processes cannot be seen from here: be safe.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
  const started = processStart(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** Start time of a process from /proc (Linux), or null elsewhere. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22; counted after the last ")", because the name in field 2 may contain anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function held(holder: Holder, folder: string, path: string): RunError {
  const elsewhere = holder.host !== hostname();
  return new RunError(
    elsewhere
      ? `the run is locked by process ${holder.pid} on ${holder.host}`
      : `the run is being written by process ${holder.pid}`,
    {
      file: folder,
      hint: elsewhere
        ? `If that process is gone, delete ${path}`
        : "Wait for it to end, or stop it, then resume",
    },
  );
}

/** Whether a live process holds the lock of a run's folder. */
export async function isLocked(folder: string, fs: FileSystem = diskFileSystem): Promise<boolean> {
  const holder = await readHolder(fs, join(folder, RUN_FILES.lock));
  return holder !== null && isAlive(holder);
}
