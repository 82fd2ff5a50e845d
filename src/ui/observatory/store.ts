// What the page knows: runs, their series as far as they are looked at, and how the connection stands. Fed by a client.
import { batch, signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import type { QueuedRun, RunEntry, RunList, ServerInfo, StreamEvent } from "../../record/serve-api.ts";
import type { Client, Connection } from "./client.ts";
import { RunSeries } from "./series-store.ts";

/** Requests for series at a time. */
const AT_ONCE = 4;
/** Milliseconds between redraws for new points at least, and how many times as long as a redraw takes. */
const REDRAW_MS = 120;
const REDRAW_PAUSE = 4;
/** Milliseconds after which a failed request is tried again. */
const RETRY_MS = 4000;

export interface Notice {
  readonly level: "note" | "warning" | "error";
  readonly text: string;
}

export class Store {
  readonly info: Signal<ServerInfo | null> = signal(null);
  /** Oldest first; null until known. */
  readonly runs: Signal<readonly RunEntry[] | null> = signal(null);
  readonly queue: Signal<readonly QueuedRun[]> = signal([]);
  readonly ignored: Signal<RunList["ignored"]> = signal([]);
  readonly connection: Signal<Connection | "snapshot"> = signal("connecting");
  /** Why nothing could be read, as a sentence. */
  readonly problem: Signal<string | null> = signal(null);
  readonly notices: Signal<readonly Notice[]> = signal([]);
  /** Grows when series have grown; read it to be drawn again. */
  readonly changes: Signal<number> = signal(0);
  /** Series being fetched. */
  readonly loading: Signal<number> = signal(0);

  readonly client: Client;
  readonly #series = new Map<string, RunSeries>();
  #wanted: ReadonlyMap<string, readonly string[]> = new Map();
  readonly #dropped = new Map<string, RunEntry>();
  readonly #busy = new Set<string>();
  readonly #waiting = new Set<string>();
  #redrawing = false;
  #cost = 0;
  readonly #afterPaint: (run: () => void) => void;
  #early: StreamEvent[] | null = null;
  #startedAt: string | null = null;

  /** @param afterPaint calls back when what has changed is on the screen */
  constructor(client: Client, afterPaint: (run: () => void) => void) {
    this.client = client;
    this.#afterPaint = afterPaint;
  }

  /** Reads everything and follows what happens; returns how to stop. */
  start(): () => void {
    let stop: (() => void) | undefined;
    let stopped = false;
    const begin = async (): Promise<void> => {
      try {
        const info = await this.client.info();
        this.info.value = info;
        this.#startedAt = info.startedAt;
        await this.#readAll();
        if (stopped) return;
        if (info.mode === "snapshot") this.connection.value = "snapshot";
        else {
          stop = this.client.follow(
            (event) => this.#take(event),
            (state) => (this.connection.value = state),
          );
        }
      } catch (error) {
        if (stopped) return;
        this.problem.value = describe(error);
        const timer = setTimeout(() => void begin(), RETRY_MS);
        stop = () => clearTimeout(timer);
      }
    };
    void begin();
    return () => {
      stopped = true;
      stop?.();
    };
  }

  /** A loaded series, or undefined. */
  read = (run: string, name: string): ReturnType<RunSeries["get"]> => this.#series.get(run)?.get(name);

  /** Says which series are looked at, by run: they are fetched and kept up to date. */
  want(wanted: ReadonlyMap<string, readonly string[]>): void {
    this.#wanted = wanted;
    this.#pump();
  }

  /** Adds runs that were read in the page; the server knows nothing of them. */
  addDropped(entries: readonly RunEntry[]): void {
    for (const entry of entries) {
      this.#dropped.set(entry.id, entry);
      this.#series.delete(entry.id);
      this.setEntry(entry);
    }
  }

  isDropped(id: string): boolean {
    return this.#dropped.has(id);
  }

  /** Replaces a run's entry by a newer one. */
  setEntry(entry: RunEntry): void {
    const runs = this.runs.value ?? [];
    const index = runs.findIndex(({ id }) => id === entry.id);
    this.runs.value = index < 0 ? [...runs, entry] : runs.with(index, entry);
  }

  notice(notice: Notice): void {
    this.notices.value = [...this.notices.value.slice(-4), notice];
  }

  async #readAll(): Promise<void> {
    const { runs, queue, ignored } = await this.client.runs();
    batch(() => {
      this.runs.value = [...runs, ...this.#dropped.values()];
      this.queue.value = queue;
      this.ignored.value = ignored;
      this.problem.value = null;
    });
  }

  #take(event: StreamEvent): void {
    if (this.#early !== null) this.#early.push(event);
    else if (event.type === "hello") void this.#restart(event.info);
    else this.#apply(event);
  }

  /** After a break nobody knows what was missed: the list is read anew, series from where they stand. */
  async #restart(info: ServerInfo): Promise<void> {
    this.#early = [];
    // Cursors of another server mean nothing to this one.
    if (info.startedAt !== this.#startedAt) this.#series.clear();
    this.#startedAt = info.startedAt;
    this.info.value = info;
    try {
      await this.#readAll();
    } catch (error) {
      this.problem.value = describe(error);
    }
    const early = this.#early;
    this.#early = null;
    for (const event of early) this.#take(event);
    this.#pump(true);
  }

  #apply(event: Exclude<StreamEvent, { type: "hello" }>): void {
    switch (event.type) {
      case "run":
        this.setEntry(event.entry);
        break;
      case "removed":
        this.#series.delete(event.id);
        this.runs.value = (this.runs.value ?? []).filter(({ id }) => id !== event.id);
        break;
      case "queue":
        this.queue.value = event.queue;
        break;
      case "notice":
        this.notice(event);
        break;
      case "points":
        if (event.after === null) this.#series.delete(event.id);
        this.#series.get(event.id)?.follow({
          from: event.after,
          cursor: event.cursor,
          points: new Map(Object.entries(event.points)),
        });
        this.#changed();
        this.#pump();
        break;
    }
  }

  #changed(): void {
    if (this.#redrawing) return;
    this.#redrawing = true;
    setTimeout(
      () => {
        this.#redrawing = false;
        const began = performance.now();
        this.changes.value++;
        // Many long runs take long to draw: the page must have time left to answer.
        this.#afterPaint(() => (this.#cost = performance.now() - began));
      },
      Math.max(REDRAW_MS, REDRAW_PAUSE * this.#cost),
    );
  }

  /** Starts requests for what is wanted and not there. `all`: what is there may have fallen behind, too. */
  #pump(all = false): void {
    for (const [id, names] of this.#wanted) {
      if (this.#busy.size >= AT_ONCE) break;
      if (this.#busy.has(id) || this.#waiting.has(id) || names.length === 0) continue;
      let series = this.#series.get(id);
      if (series === undefined) this.#series.set(id, (series = new RunSeries()));
      if (all) series.doubt();
      const missing = series.missing(names);
      if (missing.size > 0) void this.#fetch(id, series, missing);
    }
    this.loading.value = this.#busy.size;
  }

  async #fetch(id: string, series: RunSeries, missing: ReadonlyMap<string | null, string[]>): Promise<void> {
    this.#busy.add(id);
    try {
      for (const [from, names] of missing) {
        const block = await this.client.series(id, names, from);
        const points = [...block.series].map(
          ([name, { steps, values }]) => [name, { steps, values }] as const,
        );
        series.accept({ from: block.from, cursor: block.cursor, points: new Map(points) }, names);
      }
      this.#changed();
    } catch (error) {
      this.notice({ level: "warning", text: `${id}: ${describe(error)}` });
      this.#waiting.add(id);
      setTimeout(() => {
        this.#waiting.delete(id);
        this.#pump();
      }, RETRY_MS);
    } finally {
      this.#busy.delete(id);
      this.#pump();
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
