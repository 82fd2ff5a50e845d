// Runs on disk: one folder per run, appended and replaced so that a crash at any moment leaves it resumable.
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Checkpoint, type ExperimentConfig, runLabel, type RunStore } from "../lab/index.ts";
import { InputError, RunError } from "../math/index.ts";
import {
  checkpointName,
  checkpointStep,
  encodeEvent,
  lineOffset,
  parseSafetensors,
  type Provenance,
  RUN_FILES,
  type RunEvent,
  type RunSummary,
  serialiseSafetensors,
  type TensorFile,
} from "../record/index.ts";
import {
  diskFileSystem,
  errorCode,
  fileError,
  type FileSystem,
  removeLeftovers,
  replaceFile,
  syncFolder,
} from "./files.ts";
import { readSummary, runId } from "./read-run.ts";
import { takeLock } from "./run-lock.ts";

/** Step events waiting in memory are written out beyond this many characters. */
const LARGEST_BUFFER = 1 << 20;

/** A new run: its folder under `root` gets a readable unique name, `gap-fc-tanh-b50-s0-7f3a` or `…-7f3a-2`. */
export interface CreateRunOptions {
  /** Folder that holds runs; created when absent. */
  readonly root: string;
  readonly config: ExperimentConfig;
  readonly provenance: Provenance;
  readonly fs?: FileSystem;
}

/**
 * Creates and locks a run's folder with config.yaml and provenance.json. Two runs never share one: the folder is
 * made exclusively, and the next suffix is tried when the name is taken.
 *
 * @throws RunError when the folder cannot be written; nothing of the run is left behind then
 */
export async function createRun(options: CreateRunOptions): Promise<RunFolder> {
  const { root, config, provenance, fs = diskFileSystem } = options;
  const label = runLabel(config);
  try {
    await fs.mkdir(root, { recursive: true });
  } catch (error) {
    throw fileError(error, "cannot create the folder of runs", root);
  }
  const id = await claimFolder(fs, root, label);
  const dir = join(root, id);
  try {
    const unlock = await takeLock(fs, dir);
    await fs.mkdir(join(dir, RUN_FILES.checkpoints));
    await replaceFile(fs, join(dir, RUN_FILES.provenance), `${JSON.stringify(provenance, null, 2)}\n`);
    // Last, because a folder counts as a run once it has a configuration.
    await replaceFile(fs, join(dir, RUN_FILES.config), stringify(config));
    await syncFolder(fs, root);
    return await RunFolder.open(fs, id, dir, unlock);
  } catch (error) {
    await fs.rm(dir, { recursive: true, force: true }).catch(() => {
      // The first error says what is wrong.
    });
    throw fileError(error, "cannot create the run", dir);
  }
}

async function claimFolder(fs: FileSystem, root: string, label: string): Promise<string> {
  for (let i = 1; ; i++) {
    const id = i === 1 ? label : `${label}-${i}`;
    try {
      await fs.mkdir(join(root, id));
      return id;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw fileError(error, "cannot create the run", join(root, id));
    }
  }
}

/**
 * Opens an existing run to go on with it, and locks it. Call `rewind` before anything is appended.
 *
 * @throws InputError when `dir` is no run; RunError when another process is writing it
 */
export async function openRun(dir: string, fs: FileSystem = diskFileSystem): Promise<RunFolder> {
  try {
    await fs.readFile(join(dir, RUN_FILES.config));
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") {
      throw new InputError(`not a run: it has no ${RUN_FILES.config}`, { file: dir });
    }
    throw fileError(error, "cannot read the run", dir);
  }
  const unlock = await takeLock(fs, dir);
  try {
    const checkpoints = join(dir, RUN_FILES.checkpoints);
    await fs.mkdir(checkpoints, { recursive: true });
    await removeLeftovers(fs, dir);
    await removeLeftovers(fs, checkpoints);
    return await RunFolder.open(fs, runId(dir), dir, unlock);
  } catch (error) {
    await unlock();
    throw fileError(error, "cannot open the run", dir);
  }
}

/** A locked run folder being written. */
export class RunFolder implements RunStore {
  readonly id: string;
  readonly dir: string;
  readonly secondsBefore: number;
  readonly #fs: FileSystem;
  readonly #unlock: () => Promise<void>;
  readonly #events: FileHandle;
  readonly #eventsPath: string;
  #buffer = "";
  /** Bytes of events.jsonl known to be whole lines. */
  #length: number;
  #flushing: Promise<void> | null = null;

  private constructor(
    fs: FileSystem,
    id: string,
    dir: string,
    unlock: () => Promise<void>,
    events: FileHandle,
    length: number,
    secondsBefore: number,
  ) {
    this.#fs = fs;
    this.id = id;
    this.dir = dir;
    this.#unlock = unlock;
    this.#events = events;
    this.#eventsPath = join(dir, RUN_FILES.events);
    this.#length = length;
    this.secondsBefore = secondsBefore;
  }

  /** @internal Used by `createRun` and `openRun`. */
  static async open(
    fs: FileSystem,
    id: string,
    dir: string,
    unlock: () => Promise<void>,
  ): Promise<RunFolder> {
    const events = await fs.open(join(dir, RUN_FILES.events), "a+");
    const { size } = await events.stat();
    // A damaged summary costs only the time of earlier sessions; the next one replaces it.
    const summary = await readSummary(dir).catch(() => null);
    return new RunFolder(fs, id, dir, unlock, events, size, summary?.seconds ?? 0);
  }

  /**
   * The newest checkpoint that can be used, with events.jsonl cut to what it accounts for (so a half-written last
   * line goes too) and newer, unusable checkpoints removed. Null when there is none to go on from: the run starts over.
   *
   * @param decode turns a file into a checkpoint, `decodeCheckpoint` with the run's layout and configuration; null for
   *   one not to go on from
   * @throws RunError when there are checkpoints but none can be used; nothing has been changed then
   */
  async rewind(decode: (file: TensorFile, path: string) => Checkpoint | null): Promise<Checkpoint | null> {
    const steps = await this.checkpointSteps();
    const reasons: string[] = [];
    const bytes = await this.#fs.readFile(this.#eventsPath);
    for (const [i, step] of steps.entries()) {
      const path = this.#checkpointPath(step);
      try {
        const checkpoint = decode(parseSafetensors(await this.#fs.readFile(path), path), path);
        if (checkpoint === null) continue;
        const offset = lineOffset(bytes, checkpoint.progress.events);
        if (offset === null) {
          reasons.push(`${path}: ${RUN_FILES.events} has fewer lines than the checkpoint accounts for`);
          continue;
        }
        await this.#truncate(offset);
        await this.#removeCheckpoints(steps.slice(0, i));
        return checkpoint;
      } catch (error) {
        if (!(error instanceof InputError)) throw fileError(error, "cannot read the checkpoint", path);
        reasons.push(error.message);
      }
    }
    if (reasons.length > 0) {
      throw new RunError(`cannot resume, no checkpoint can be used: ${reasons.join("; ")}`, {
        file: this.dir,
      });
    }
    await this.#truncate(0);
    await this.#removeCheckpoints(steps);
    return null;
  }

  async #removeCheckpoints(steps: readonly number[]): Promise<void> {
    for (const step of steps) await this.#fs.rm(this.#checkpointPath(step), { force: true });
  }

  /** Steps of the checkpoints there are, newest first. */
  async checkpointSteps(): Promise<number[]> {
    const names = await this.#fs.readdir(join(this.dir, RUN_FILES.checkpoints));
    return names
      .map(checkpointStep)
      .filter((step) => step !== null)
      .sort((a, b) => b - a);
  }

  #checkpointPath(step: number): string {
    return join(this.dir, RUN_FILES.checkpoints, checkpointName(step));
  }

  async #truncate(length: number): Promise<void> {
    try {
      await this.#events.truncate(length);
      await this.#events.sync();
    } catch (error) {
      throw fileError(error, "cannot repair the events", this.#eventsPath);
    }
    this.#length = length;
  }

  append(event: RunEvent): void {
    this.#buffer += encodeEvent(event);
    if (this.#buffer.length > LARGEST_BUFFER) {
      // Not awaited here; a failure is kept and thrown by the next flush.
      this.#flushing = this.#settle(this.#flushing);
      this.#flushing.catch(() => undefined);
    }
  }

  async flush(): Promise<void> {
    const pending = this.#settle(this.#flushing);
    this.#flushing = pending;
    try {
      await pending;
    } finally {
      if (this.#flushing === pending) this.#flushing = null;
    }
  }

  /** Writes the buffer after `before` has been written; whole lines or nothing. */
  async #settle(before: Promise<void> | null): Promise<void> {
    if (before !== null) await before;
    if (this.#buffer === "") return;
    const text = this.#buffer;
    this.#buffer = "";
    const bytes = Buffer.from(text, "utf8");
    try {
      await this.#events.writeFile(bytes);
      this.#length += bytes.length;
    } catch (error) {
      this.#buffer = text + this.#buffer;
      await this.#events.truncate(this.#length).catch(() => {
        // Then a partial line stays, which readers and `rewind` know how to drop.
      });
      throw fileError(error, "cannot write events", this.#eventsPath);
    }
  }

  async #syncEvents(): Promise<void> {
    await this.flush();
    try {
      await this.#events.sync();
    } catch (error) {
      throw fileError(error, "cannot write events", this.#eventsPath);
    }
  }

  async saveCheckpoint(step: number, file: TensorFile, keep: number): Promise<void> {
    await this.#syncEvents();
    await replaceFile(this.#fs, this.#checkpointPath(step), serialiseSafetensors(file));
    await this.#removeCheckpoints((await this.checkpointSteps()).slice(keep));
  }

  async saveSummary(summary: RunSummary): Promise<void> {
    await this.#syncEvents();
    const text = `${JSON.stringify(summary, null, 2)}\n`;
    await replaceFile(this.#fs, join(this.dir, RUN_FILES.summary), text);
  }

  /** Replaces config.yaml, for a run that goes on with more steps. */
  async saveConfig(config: ExperimentConfig): Promise<void> {
    await replaceFile(this.#fs, join(this.dir, RUN_FILES.config), stringify(config));
  }

  /** Replaces provenance.json, to add the session of a resume. */
  async saveProvenance(provenance: Provenance): Promise<void> {
    const path = join(this.dir, RUN_FILES.provenance);
    await replaceFile(this.#fs, path, `${JSON.stringify(provenance, null, 2)}\n`);
  }

  /** Writes what is buffered, closes the events and gives the lock back. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#events.close();
      await this.#unlock();
    }
  }
}
