// recordRun against a store in memory: order of writes, failures of the run and of the store.
import { expect, it } from "vitest";
import { RunError } from "../math/index.ts";
import type { RunEvent, RunSummary, TensorFile } from "../record/index.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import { type RecordOptions, recordRun } from "./record-run.ts";
import type { RunStore } from "./run-types.ts";

/** Keeps what a disk would: events only once flushed, and a log of the calls. */
class MemoryStore implements RunStore {
  readonly secondsBefore = 0;
  readonly written: RunEvent[] = [];
  readonly log: string[] = [];
  readonly summaries: RunSummary[] = [];
  readonly checkpoints: { step: number; file: TensorFile; keep: number }[] = [];
  #buffer: RunEvent[] = [];

  append(event: RunEvent): void {
    this.#buffer.push(event);
  }

  async flush(): Promise<void> {
    this.written.push(...this.#buffer);
    this.#buffer = [];
  }

  async saveCheckpoint(step: number, file: TensorFile, keep: number): Promise<void> {
    await this.flush();
    this.log.push(`checkpoint ${step}`);
    this.checkpoints.push({ step, file, keep });
  }

  async saveSummary(summary: RunSummary): Promise<void> {
    await this.flush();
    this.log.push(`summary ${summary.status}`);
    this.summaries.push(summary);
  }
}

function options(store: RunStore, more: Partial<RecordOptions> = {}): RecordOptions {
  const { config } = parseExperiment(
    "{steps: 20, optimizer: {lr: 0.02}, measure: {every: 8}, checkpoint: {every: 10, keep: 3}}",
  );
  return {
    config,
    objective: productObjective({ targets: [1, 1.1], dtype: "float32" }),
    solveSharpness: lanczosSharpness,
    theta0: new Float32Array([7.2, 0.15]),
    hasTest: false,
    clock: () => 0,
    store,
    layout: [{ name: "w", shape: [2], offset: 0 }],
    ...more,
  };
}

async function finish(
  run: AsyncGenerator<RunEvent, RunSummary>,
): Promise<{ events: RunEvent[]; summary: RunSummary }> {
  const events: RunEvent[] = [];
  for (;;) {
    const { value, done } = await run.next();
    if (done === true) return { events, summary: value };
    events.push(value);
  }
}

it("writes what it yields, saves checkpoints with their summaries, and ends with the final summary", async () => {
  const store = new MemoryStore();
  const { events, summary } = await finish(recordRun(options(store)));
  expect(store.written).toEqual(events);
  expect(store.log).toEqual([
    "checkpoint 0",
    "summary running",
    "checkpoint 10",
    "summary running",
    "checkpoint 20",
    "summary finished",
    "summary finished",
  ]);
  expect(store.checkpoints.every(({ keep }) => keep === 3)).toBe(true);
  expect(store.summaries.at(-1)).toEqual(summary);
});

it("has every measurement on disk before anyone is told of it", async () => {
  const store = new MemoryStore();
  for await (const event of recordRun(options(store))) {
    if (event.type === "measurement") expect(store.written.at(-1)).toEqual(event);
  }
});

it("records a failing objective as failed, with its message, and throws it on", async () => {
  const store = new MemoryStore();
  const base = options(store);
  let calls = 0;
  const objective: RecordOptions["objective"] = {
    ...base.objective,
    lossAndGradient: async (theta, gradient) => {
      calls += 1;
      if (calls > 12) throw new Error("device lost");
      return base.objective.lossAndGradient(theta, gradient);
    },
  };
  await expect(finish(recordRun({ ...base, objective }))).rejects.toThrow("device lost");
  expect(store.summaries.at(-1)).toMatchObject({ status: "failed", message: "device lost", step: 10 });
  expect(store.written.at(-1)).toMatchObject({ type: "step", step: 12 });
});

it("has a failed summary even when nothing was computed", async () => {
  const store = new MemoryStore();
  const run = recordRun(options(store, { theta0: new Float32Array(5) }));
  await expect(finish(run)).rejects.toThrow(/do not fit/);
  expect(store.summaries).toMatchObject([{ status: "failed", step: 0 }]);
});

it("throws the store's own error, whatever fails after it", async () => {
  const store = new MemoryStore();
  let full = false;
  const failing: RunStore = {
    secondsBefore: 0,
    append: (event) => store.append(event),
    flush: () => store.flush(),
    saveCheckpoint: async (step, file, keep) => {
      if (step === 10) {
        full = true;
        throw new RunError("the disk is full");
      }
      await store.saveCheckpoint(step, file, keep);
    },
    saveSummary: async (summary) => {
      if (full) throw new Error("still full");
      await store.saveSummary(summary);
    },
  };
  await expect(finish(recordRun(options(failing)))).rejects.toThrow("the disk is full");
});

it("keeps what was yielded when the reader leaves early", async () => {
  const store = new MemoryStore();
  for await (const event of recordRun(options(store))) {
    if (event.type === "step" && event.step === 5) break;
  }
  expect(store.written.at(-1)).toMatchObject({ type: "step", step: 5 });
});
