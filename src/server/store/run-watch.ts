// All runs of a folder, kept current: new ones, ones that grow, ones that end or go away, each told to who listens.
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { runLimited } from "../../node/jobs.ts";
import type { RunAction, RunEntry, RunList, StreamEvent } from "../../record/index.ts";
import { findRunFolders } from "./find-runs.ts";
import { ServedRun } from "./served-run.ts";

export interface WatchOptions {
  /** Folder that holds runs; it need not exist yet. */
  readonly root: string;
  /** Tells this server's cursors from an earlier one's; lower-case letters and digits. */
  readonly session: string;
  readonly publish: (event: StreamEvent) => void;
  /** What the queue of experiments knows of a run; nothing where runs are only looked at. */
  readonly control?: (
    id: string,
    entry: RunEntry,
  ) => { readonly paused: boolean; readonly actions: readonly RunAction[] };
  /** Milliseconds between looks where the system does not say that something changed. */
  readonly pollMs?: number;
}

/** Runs to look at. */
export interface RunSource {
  /** Resolves when `list` is complete. */
  readonly ready: Promise<void>;
  /** The entries, oldest first. */
  list(): Pick<RunList, "runs" | "ignored">;
  get(id: string): ServedRun | undefined;
  entry(id: string): RunEntry | undefined;
}

/** Looks follow each other no faster than this, however often files change. */
const SHORTEST_PAUSE_MS = 250;
/** Files looked at together. */
const AT_ONCE = 8;
/** The folder itself is read again now and then even if its time has not changed: some systems count in seconds. */
const RESCAN_LOOKS = 10;

/** Watches until closed. Changes are found by asking; what the system reports only makes the next look come sooner. */
export class RunWatch implements RunSource {
  readonly #options: WatchOptions;
  readonly #runs = new Map<string, ServedRun>();
  readonly #watchers = new Map<string, FSWatcher>();
  #ignored: RunList["ignored"] = [];
  #rootTime = Number.NaN;
  #looks = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** When the next look is due, by `performance.now()`. */
  #dueAt = 0;
  #looking: Promise<void> | null = null;
  #soon = false;
  #closed = false;
  /** Resolves when the small files of all runs have been read once. */
  readonly ready: Promise<void>;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.ready = this.#start();
    // Whoever waits for it is told; nobody waiting is no reason to end the process.
    this.ready.catch(() => {});
  }

  list(): Pick<RunList, "runs" | "ignored"> {
    const runs = [...this.#runs.values()].map((run) => this.#entryOf(run));
    return { runs: runs.sort(byAge), ignored: this.#ignored };
  }

  get(id: string): ServedRun | undefined {
    return this.#runs.get(id);
  }

  entry(id: string): RunEntry | undefined {
    const run = this.#runs.get(id);
    return run === undefined ? undefined : this.#entryOf(run);
  }

  /** Reads a run's small files at once, and tells the listeners: after writing one of them. */
  async reread(id: string): Promise<void> {
    const run = this.#runs.get(id);
    if (run !== undefined && (await run.refresh(true)) !== null) this.#tell(run);
  }

  /** Tells the listeners of a run again: what may be asked of it has changed. */
  retell(id: string): void {
    const run = this.#runs.get(id);
    if (run !== undefined) this.#tell(run);
  }

  /** Makes the next look come at once. */
  wake(): void {
    if (this.#looking !== null) this.#soon = true;
    // A look that is due sooner stays: put off at every change, it would never come while a run keeps writing.
    else if (performance.now() + SHORTEST_PAUSE_MS < this.#dueAt) this.#schedule(SHORTEST_PAUSE_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    await this.ready.catch(() => {});
    await this.#looking?.catch(() => {});
  }

  async #start(): Promise<void> {
    await this.#findRuns();
    this.#schedule(0);
  }

  #entryOf(run: ServedRun): RunEntry {
    const plain = run.entry(false, []);
    const { control } = this.#options;
    if (control === undefined) return plain;
    const { paused, actions } = control(run.id, plain);
    return run.entry(paused, actions);
  }

  #tell(run: ServedRun): void {
    this.#options.publish({ type: "run", entry: this.#entryOf(run) });
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#exclusively(() => this.#look()).finally(() => {
        // Thousands of runs are looked at less often: asking after each must not become work of its own.
        const pause = Math.max(this.#options.pollMs ?? 1000, this.#runs.size);
        this.#schedule(this.#soon ? SHORTEST_PAUSE_MS : pause);
        this.#soon = false;
      });
    }, ms);
  }

  /** One after another: a run must not be read twice at the same time. */
  async #exclusively(action: () => Promise<void>): Promise<void> {
    const before = this.#looking ?? Promise.resolve();
    const mine = before.catch(() => {}).then(() => (this.#closed ? undefined : action()));
    this.#looking = mine;
    try {
      await mine;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#options.publish({ type: "notice", level: "error", text });
    } finally {
      if (this.#looking === mine) this.#looking = null;
    }
  }

  async #look(): Promise<void> {
    await this.#findRuns();
    for (const run of this.#runs.values()) {
      if (this.#closed) return;
      await this.#lookAt(run);
    }
  }

  async #lookAt(run: ServedRun): Promise<void> {
    const wasLive = run.live;
    const changed = await run.refresh();
    if (changed === null) {
      this.#forget(run.id);
      return;
    }
    this.#watchLive(run);
    const unread = run.entry(false, []).series === null;
    const progress = changed || run.live || wasLive || unread ? await run.follow() : null;
    if (progress !== null && !unread) this.#options.publish({ type: "points", id: run.id, ...progress });
    if (changed || progress !== null) this.#tell(run);
  }

  #forget(id: string): void {
    this.#runs.delete(id);
    this.#watchers.get(id)?.close();
    this.#watchers.delete(id);
    this.#options.publish({ type: "removed", id });
  }

  /** Reads the folder when it may hold something new. */
  async #findRuns(): Promise<void> {
    const { root, session } = this.#options;
    const time = await stat(root).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.NaN,
    );
    this.#looks += 1;
    // A folder that is being made is none yet, and what completes it does not change the time of this one.
    const unfinished = this.#ignored.length > 0;
    if (time === this.#rootTime && !unfinished && this.#looks % RESCAN_LOOKS !== 0) return;
    this.#rootTime = time;
    const { runs, ignored } = await findRunFolders(root);
    this.#ignored = ignored;
    this.#watchFolder("", root);
    const found = new Set(runs);
    for (const id of this.#runs.keys()) if (!found.has(id)) this.#forget(id);
    await runLimited(
      runs.filter((id) => !this.#runs.has(id)),
      AT_ONCE,
      async (id) => {
        const run = new ServedRun(join(root, id), session);
        if ((await run.refresh()) === null) return;
        this.#runs.set(id, run);
        if (this.#looks > 1) this.#tell(run);
      },
    );
  }

  /** A run that is being written is watched, so that its points come as they are written. */
  #watchLive(run: ServedRun): void {
    if (run.live) this.#watchFolder(run.id, run.dir);
    else if (this.#watchers.has(run.id)) {
      this.#watchers.get(run.id)?.close();
      this.#watchers.delete(run.id);
    }
  }

  #watchFolder(key: string, folder: string): void {
    if (this.#watchers.has(key) || this.#closed) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.wake());
      watcher.on("error", () => {
        // Gone, or no watches left: asking every second is what remains.
        watcher.close();
        this.#watchers.delete(key);
      });
      this.#watchers.set(key, watcher);
    } catch {
      // Network file systems and missing folders cannot be watched.
    }
  }
}

/** Oldest first, then by name. */
export function byAge(a: RunEntry, b: RunEntry): number {
  return compare(a.createdAt ?? "", b.createdAt ?? "") || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
