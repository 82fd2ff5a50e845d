// The runs behind the page of gaps, read from disk when somebody looks at it, again only when they have changed.
import { BrinkError } from "../math/index.ts";
import type { GapPage, MarkEvent, MeasurementEvent, RunRecord } from "../record/index.ts";
import { gapPage } from "./gap-page.ts";
import { cursorText } from "./store/event-tail.ts";
import { readEvents } from "./store/read-events.ts";
import type { RunSource } from "./store/run-watch.ts";
import type { ServedRun } from "./store/served-run.ts";

/** Makes the page; what it needs of a run is read once as long as its record stays the same. */
export class GapSource {
  readonly #runs: RunSource;
  #key = "";
  #page: Promise<GapPage> | null = null;

  constructor(runs: RunSource) {
    this.#runs = runs;
  }

  page(): Promise<GapPage> {
    const runs = this.#runs.list().runs.filter(({ status }) => status !== "broken");
    const key = JSON.stringify(
      runs.map(({ id, status }) => [
        id,
        status,
        status === "finished" && cursorText(this.#runs.get(id)!.tail.cursor),
      ]),
    );
    if (key !== this.#key || this.#page === null) {
      this.#key = key;
      this.#page = this.#make(runs.map(({ id }) => id));
      // A failure is told to who asked; the next one tries again.
      this.#page.catch(() => {
        this.#page = null;
      });
    }
    return this.#page;
  }

  async #make(ids: readonly string[]): Promise<GapPage> {
    const records: RunRecord[] = [];
    for (const id of ids) {
      const [run, entry] = [this.#runs.get(id), this.#runs.entry(id)];
      if (run === undefined || entry === undefined) continue;
      // A run that has not ended has no equilibrium: its status is all that is said of it.
      const measured =
        entry.status === "finished" ? await measurementsOf(run) : { measurements: [], marks: [] };
      records.push({ id, config: run.config, summary: entry.summary, steps: [], ...measured });
    }
    return gapPage(records);
  }
}

async function measurementsOf(run: ServedRun): Promise<Pick<RunRecord, "measurements" | "marks">> {
  const measurements: MeasurementEvent[] = [];
  const marks: MarkEvent[] = [];
  try {
    for await (const { events } of readEvents(run.tail.path)) {
      for (const event of events) {
        if (event.type === "measurement") measurements.push(event);
        else if (event.type === "mark") marks.push(event);
      }
    }
  } catch (error) {
    if (!(error instanceof BrinkError)) throw error;
  }
  return { measurements, marks };
}
