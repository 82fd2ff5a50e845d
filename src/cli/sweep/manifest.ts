// A sweep's manifest, `sweeps/NAME/sweep.json` under the folder of runs: which run belongs to which configuration.
// It is a shortcut only: every run folder holds its configuration, so a lost or damaged manifest loses nothing.
import { createHash } from "node:crypto";
import path from "node:path";
import type { ExperimentConfig } from "../../lab/index.ts";
import { RunError } from "../../math/index.ts";
import { diskFileSystem, errorCode, fileError, replaceFile } from "../../node/files.ts";
import { isLocked, takeLock } from "../../node/run-lock.ts";

/** Folder under the runs folder that holds sweeps. */
export const SWEEPS_FOLDER = "sweeps";
/** File of a sweep's folder. */
export const MANIFEST_FILE = "sweep.json";

/** One variant of a sweep and the run that is it. */
export interface ManifestEntry {
  /** Name within the experiment. */
  readonly name: string;
  /** Name of the run's folder. */
  readonly run: string;
}

/** What a manifest's file held; `damaged` says what was wrong with it. */
export interface StoredManifest {
  readonly entries: ReadonlyMap<string, ManifestEntry>;
  readonly damaged: string | null;
}

/**
 * 16 hex digits of the SHA-256 of a resolved configuration, whatever the order of its keys. What cannot change a
 * run (`report`) is left out; the name is in, so that every variant of a file is a run of its own.
 */
export function configKey(config: ExperimentConfig): string {
  return createHash("sha256")
    .update(canonical({ ...config, report: undefined }))
    .digest("hex")
    .slice(0, 16);
}

function canonical(config: object): string {
  return JSON.stringify(config, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Folder of the sweep of an experiment of that name. */
export function sweepFolder(root: string, name: string): string {
  return path.join(root, SWEEPS_FOLDER, name.replaceAll(/[^A-Za-z0-9._-]+/g, "-"));
}

/** Reads a manifest. A missing one is empty, and so is a damaged one; RunError when it cannot be read at all. */
export async function readManifest(folder: string): Promise<StoredManifest> {
  const file = path.join(folder, MANIFEST_FILE);
  const nothing = new Map<string, ManifestEntry>();
  let text: string;
  try {
    text = await diskFileSystem.readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") {
      return { entries: nothing, damaged: null };
    }
    throw fileError(error, "cannot read the sweep's manifest", file);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { entries: nothing, damaged: "not JSON" };
  }
  const { version, runs } = (value ?? {}) as { version?: unknown; runs?: unknown };
  if (version !== 1) return { entries: nothing, damaged: "not a manifest, or of another version" };
  const pairs = typeof runs === "object" && runs !== null ? Object.entries(runs) : [];
  const good = pairs.filter((pair): pair is [string, ManifestEntry] => isEntry(pair[1]));
  const bad = pairs.length - good.length;
  return { entries: new Map(good), damaged: bad === 0 ? null : `${bad} bad entries` };
}

/** An entry names a folder beside the sweeps, nothing further away. */
function isEntry(value: unknown): value is ManifestEntry {
  const entry = value as Partial<ManifestEntry> | null;
  return (
    typeof entry?.name === "string" &&
    typeof entry.run === "string" &&
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(entry.run)
  );
}

/** The manifest of a sweep that is at work: locked, replaced atomically at every change. */
export class Manifest {
  readonly file: string;
  readonly #name: string;
  readonly #entries: Map<string, ManifestEntry>;
  readonly #unlock: () => Promise<void>;
  #written: Promise<void> = Promise.resolve();

  private constructor(folder: string, name: string, stored: StoredManifest, unlock: () => Promise<void>) {
    this.file = path.join(folder, MANIFEST_FILE);
    this.#name = name;
    this.#entries = new Map(stored.entries);
    this.#unlock = unlock;
  }

  /**
   * Locks a sweep and reads its manifest.
   *
   * @param onDamage told what was wrong with a manifest that could not be used
   * @throws RunError when the folder cannot be written, or another process is at work on the sweep
   */
  static async open(root: string, name: string, onDamage: (what: string) => void): Promise<Manifest> {
    const folder = sweepFolder(root, name);
    try {
      await diskFileSystem.mkdir(folder, { recursive: true });
    } catch (error) {
      throw fileError(error, "cannot create the folder of the sweep", folder);
    }
    const unlock = await lockSweep(folder);
    try {
      const stored = await readManifest(folder);
      if (stored.damaged !== null) onDamage(`${path.join(folder, MANIFEST_FILE)}: ${stored.damaged}`);
      return new Manifest(folder, name, stored, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /** The run recorded for a configuration. */
  runOf(key: string): string | undefined {
    return this.#entries.get(key)?.run;
  }

  /** Records the runs of configurations. Throws RunError when that cannot be written. */
  async assign(entries: Iterable<readonly [string, ManifestEntry]>): Promise<void> {
    for (const [key, entry] of entries) this.#entries.set(key, entry);
    // One replacement after another: they share a temporary file, and the last must be the newest.
    const write = this.#written.then(() => replaceFile(diskFileSystem, this.file, this.#text()));
    this.#written = write.catch(() => undefined);
    await write;
  }

  #text(): string {
    const runs = [...this.#entries].sort(([, a], [, b]) => (a.name < b.name ? -1 : 1));
    const value = { version: 1, name: this.#name, runs: Object.fromEntries(runs) };
    return `${JSON.stringify(value, null, 2)}\n`;
  }

  /** Gives the lock back. */
  async close(): Promise<void> {
    await this.#written;
    await this.#unlock();
  }
}

async function lockSweep(folder: string): Promise<() => Promise<void>> {
  try {
    return await takeLock(diskFileSystem, folder);
  } catch (error) {
    if (!(await isLocked(folder))) throw error;
    throw new RunError("another process is at work on this sweep", {
      file: folder,
      hint: "Wait for it to end, or stop it, then start this one again",
    });
  }
}
