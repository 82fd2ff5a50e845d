// One run as the server sees it: its small files, its events followed as they come, and the entry made of both.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { BrinkError } from "../../math/index.ts";
import { readPlainConfig, readProvenance, readSummary, runId } from "../../node/read-run.ts";
import { isLocked } from "../../node/run-lock.ts";
import {
  configValues,
  type ConfigValue,
  type PointBlock,
  type Provenance,
  RUN_FILES,
  type RunAction,
  type RunEntry,
  type RunNotes,
  type RunSummary,
  SeriesBuilder,
  SeriesSummary,
  type ServedStatus,
} from "../../record/index.ts";
import { cursorText, EventTail } from "./event-tail.ts";
import { NO_NOTES, readNotes } from "./notes.ts";

/** What the small files say. */
interface Facts {
  readonly config: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, ConfigValue>>;
  readonly summary: RunSummary | null;
  readonly provenance: Provenance | null;
  readonly notes: RunNotes;
  /** Why one of them cannot be read; null when all can. */
  readonly problem: string | null;
}

const NO_FACTS: Facts = {
  config: {},
  values: {},
  summary: null,
  provenance: null,
  notes: NO_NOTES,
  problem: null,
};

/** Points in one message; a reader asks for more than that itself. */
const MOST_POINTS = 20_000;

/** What a look at a run's events brought. */
export interface Progress {
  /** Cursor the points belong behind; null when the record was cut back. */
  readonly after: string | null;
  readonly cursor: string;
  readonly points: PointBlock;
}

/** A run's folder, looked at again and again. Calls of `follow` must not overlap. */
export class ServedRun {
  readonly id: string;
  readonly dir: string;
  readonly tail: EventTail;
  /** Whether a process is writing it. */
  live = false;
  #facts: Facts = NO_FACTS;
  #summary = new SeriesSummary();
  #scanned = false;
  #eventsProblem: string | null = null;
  /** Modification time of the folder when its files were last read: every one of them is replaced by renaming. */
  #readAt = Number.NaN;

  constructor(dir: string, session: string) {
    this.id = runId(dir);
    this.dir = dir;
    this.tail = new EventTail(join(dir, RUN_FILES.events), session);
  }

  get notes(): RunNotes {
    return this.#facts.notes;
  }

  get provenance(): Provenance | null {
    return this.#facts.provenance;
  }

  get config(): Readonly<Record<string, unknown>> {
    return this.#facts.config;
  }

  /**
   * Reads the small files again if they may have changed.
   *
   * @returns whether anything is different; null when the folder is gone
   */
  async refresh(force: boolean = false): Promise<boolean | null> {
    let modified: number;
    try {
      modified = (await stat(this.dir)).mtimeMs;
    } catch {
      return null;
    }
    const changed = force || modified !== this.#readAt;
    const live = changed || this.live ? await isLocked(this.dir) : false;
    const turned = live !== this.live;
    // The last summary may be younger than the time just read: it was saved before the lock was given back. Both change
    // together here, or a run that has just ended would look like a killed one for a moment.
    const facts = changed || turned ? await readFacts(this.dir) : this.#facts;
    this.live = live;
    this.#facts = facts;
    this.#readAt = modified;
    return changed || turned;
  }

  /** Reads the events that came since the last time; null when there are none. The first time gives no points. */
  async follow(): Promise<Progress | null> {
    const first = !this.#scanned;
    const before = cursorText(this.tail.cursor);
    const cut = await this.tail.checkReset();
    if (cut) this.#summary = new SeriesSummary();
    const builder = new SeriesBuilder();
    let events = 0;
    this.#eventsProblem = null;
    try {
      for await (const batch of this.tail.advance()) {
        events += batch.length;
        const wanted = !first && !cut && builder.size < MOST_POINTS;
        for (const event of batch) {
          this.#summary.add(event);
          if (wanted) builder.add(event);
        }
      }
    } catch (error) {
      if (!(error instanceof BrinkError)) throw error;
      this.#eventsProblem = sentence(error, this.dir);
    }
    this.#scanned = true;
    if (events === 0 && !cut && !first) return null;
    const cursor = cursorText(this.tail.cursor);
    if (cut) return { after: null, cursor, points: {} };
    const complete = !first && builder.size < MOST_POINTS;
    return { after: complete ? before : cursor, cursor, points: complete ? builder.points() : {} };
  }

  /** @param paused whether it was paused from the page; @param actions what may be asked of it */
  entry(paused: boolean, actions: readonly RunAction[]): RunEntry {
    const { values, summary, provenance, notes } = this.#facts;
    const problem = this.#facts.problem ?? this.#eventsProblem;
    const { name, steps } = values;
    return {
      id: this.id,
      name: typeof name === "string" ? name : this.id,
      status: problem === null ? this.#status(paused) : "broken",
      problem: problem ?? summary?.message ?? null,
      config: values,
      step: Math.max(this.#summary.step, this.#scanned ? 0 : (summary?.step ?? 0)),
      steps: typeof steps === "number" ? steps : null,
      threshold: summary?.threshold ?? usualThreshold(values),
      summary,
      series: this.#scanned ? this.#summary.series() : null,
      marks: [...this.#summary.marks],
      createdAt: provenance?.createdAt ?? null,
      notes,
      actions: problem === null ? actions : [],
    };
  }

  #status(paused: boolean): ServedStatus {
    const { summary } = this.#facts;
    if (this.live) return "running";
    if (summary === null) return this.#summary.step > 0 ? "killed" : "not started";
    if (summary.status === "running") return "killed";
    return summary.status === "interrupted" && paused ? "paused" : summary.status;
  }
}

async function readFacts(dir: string): Promise<Facts> {
  const problems: string[] = [];
  const orElse = async <T>(reading: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof BrinkError)) throw error;
      problems.push(sentence(error, dir));
      return otherwise;
    }
  };
  const config = await orElse(readPlainConfig(dir), {});
  const summary = await orElse(readSummary(dir), null);
  const provenance = await orElse(readProvenance(dir), null);
  const notes = await readNotes(dir);
  return { config, values: configValues(config), summary, provenance, notes, problem: problems[0] ?? null };
}

/** A message without the path that leads to the folder: a page needs no more than the file's name. */
function sentence(error: BrinkError, dir: string): string {
  return error.message.replaceAll(`${dir}/`, "").replaceAll(dir, "its folder");
}

/** Threshold of a run that has no summary yet, where its optimiser is plain. */
function usualThreshold(values: Facts["values"]): number | null {
  const { "optimizer.lr": lr, "optimizer.name": name } = values;
  return typeof lr === "number" && lr > 0 && (name === "gd" || name === "sgd") ? 2 / lr : null;
}

/** config.yaml as it is; empty when it cannot be read. */
export async function configText(dir: string): Promise<string> {
  return readFile(join(dir, RUN_FILES.config), "utf8").catch(() => "");
}
