// A run bound to a store: every event appended, every checkpoint saved, the summary kept current.
import { stabilityThreshold } from "../optim/index.ts";
import type { RunEvent, RunSummary } from "../record/index.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import { runExperiment } from "./runner.ts";
import type { LayoutEntry, RunOptions, RunStore } from "./run-types.ts";
import { Tracker } from "./tracker.ts";

export interface RecordOptions extends Omit<RunOptions, "secondsBefore"> {
  readonly store: RunStore;
  /** Names and shapes of the parameters, for checkpoints. */
  readonly layout: readonly LayoutEntry[];
}

/**
 * Runs an experiment and records it; yields the events for a progress display and returns the final summary.
 * An error is recorded as status `failed` as far as the store still works, then thrown; leaving the loop early
 * keeps what was yielded.
 */
export async function* recordRun(options: RecordOptions): AsyncGenerator<RunEvent, RunSummary> {
  const { store, layout, config } = options;
  let latest: RunSummary | null = null;
  let settled = false;
  try {
    const items = runExperiment({ ...options, secondsBefore: store.secondsBefore });
    for (;;) {
      const { value: item, done } = await items.next();
      if (done === true) {
        await store.saveSummary(item);
        settled = true;
        return item;
      }
      if (item.type === "checkpoint") {
        latest = item.summary;
        const { step } = item.checkpoint;
        await store.saveCheckpoint(step, encodeCheckpoint(item.checkpoint, layout), config.checkpoint.keep);
        await store.saveSummary(item.summary);
      } else {
        store.append(item);
        if (!isDense(item)) await store.flush();
        yield item;
      }
    }
  } catch (error) {
    settled = true;
    const message = error instanceof Error ? error.message : String(error);
    try {
      await store.saveSummary({ ...(latest ?? startSummary(options)), status: "failed", message });
    } catch {
      // The store is what failed, or fails too: the first error is the one to report.
    }
    throw error;
  } finally {
    if (!settled) await store.flush();
  }
}

const STABILITY_ALONE: ReadonlySet<string> = new Set([
  "type",
  "step",
  "point",
  "loss",
  "accuracy",
  "stability",
]);

/** Whether an event may come at every step: it is written out together with the next rarer one. */
function isDense(event: RunEvent): boolean {
  if (event.type === "step") return true;
  return "stability" in event && Object.keys(event).every((key) => STABILITY_ALONE.has(key));
}

/** Summary of a run that has not reached a checkpoint in this session. */
function startSummary({ config, clock, resume, store }: RecordOptions): RunSummary {
  const threshold = stabilityThreshold(config.optimizer);
  const tracker = new Tracker(config, threshold, clock, resume?.progress, store.secondsBefore);
  return tracker.summary("running", resume?.step ?? 0);
}
