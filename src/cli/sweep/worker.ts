// One run of a sweep, in a process of its own: started or resumed, recorded, reported to the sweep as messages.
import { type Checkpoint, decodeCheckpoint } from "../../lab/index.ts";
import type { Vector } from "../../math/index.ts";
import type { JobSide } from "../../node/jobs-child.ts";
import { readProvenance } from "../../node/read-run.ts";
import { createRun, openRun, type RunFolder } from "../../node/run-store.ts";
import type { RunEvent, RunSummary } from "../../record/index.ts";
import { assemble, loadData, type Problem, provenanceOf, startingPoint } from "../assemble.ts";
import type { Io } from "../output.ts";
import { recordProblem, recordSession } from "../record-problem.ts";
import type { WorkInput, WorkMessage } from "./messages.ts";

type Side = JobSide<WorkInput, WorkMessage>;

/** Milliseconds between progress messages. */
const PROGRESS_MS = 200;

/** Does the job; what goes wrong is a message too. Returns the process exit code. */
export async function work(io: Io, side: Side): Promise<number> {
  try {
    const summary = await trainOne(io, side);
    if (summary !== null) await side.send({ type: "done", summary });
    return 0;
  } catch (error) {
    await side.send({ type: "error", message: error instanceof Error ? error.message : String(error) });
    return 1;
  } finally {
    side.close();
  }
}

/** Null when it was stopped before there was anything to keep. */
async function trainOne(io: Io, side: Side): Promise<RunSummary | null> {
  const { config, resume } = side.input;
  // The thread count decides the order of sums: a resumed run keeps the one it began with.
  const before = resume === null ? null : await readProvenance(resume);
  const threads = before?.threads ?? config.threads;
  const problem = await assemble({ ...config, threads }, await loadData(config, io));
  try {
    // A folder made for nobody: the sweep run again might not see it in time, and make another.
    if (side.signal.aborted) return null;
    return resume === null
      ? await startNew(io, side, problem)
      : await goOn(io, side, problem, resume, before);
  } finally {
    await problem.objective.dispose();
  }
}

async function startNew(io: Io, side: Side, problem: Problem): Promise<RunSummary> {
  const { config, root, argv } = side.input;
  const { theta, notes } = await startingPoint(problem, io);
  for (const text of notes) await side.send({ type: "note", text });
  const store = await createRun({ root, config, provenance: await provenanceOf(problem, argv) });
  try {
    await side.send({ type: "run", run: store.id, dir: store.dir, fromStep: 0 });
    return await record(io, side, problem, store, theta);
  } finally {
    await store.close();
  }
}

async function goOn(
  io: Io,
  side: Side,
  problem: Problem,
  dir: string,
  before: Awaited<ReturnType<typeof readProvenance>>,
): Promise<RunSummary> {
  const { config, argv } = side.input;
  const store = await openRun(dir);
  try {
    const layout = problem.network.layout.entries;
    const checkpoint = await store.rewind((file, name) => decodeCheckpoint(file, layout, config, name));
    const theta0 = checkpoint?.theta ?? (await startingPoint(problem, io)).theta;
    const fromStep = checkpoint?.step ?? 0;
    const changed = await recordSession(store, problem, argv, before, fromStep);
    if (changed !== null) await side.send({ type: "warning", text: changed });
    await side.send({ type: "run", run: store.id, dir: store.dir, fromStep });
    return await record(io, side, problem, store, theta0, checkpoint ?? undefined);
  } finally {
    await store.close();
  }
}

async function record(
  io: Io,
  side: Side,
  problem: Problem,
  store: RunFolder,
  theta0: Vector,
  resume?: Checkpoint,
): Promise<RunSummary> {
  const state = {
    step: resume?.step ?? 0,
    loss: resume?.progress.loss ?? null,
    sharpness: resume?.progress.sharpness ?? null,
  };
  const note = async (event: RunEvent): Promise<void> => {
    if (event.type === "step") {
      state.step = event.step;
      state.loss = event.loss;
    } else if (event.type !== "header") {
      if (event.type === "measurement" && event.point === "iterate") {
        state.sharpness = event.sharpness ?? state.sharpness;
      }
      await side.send({ type: "event", event });
    }
  };
  let sentAt = -Infinity;
  const clock = io.now;
  return recordProblem({ problem, store, theta0, resume, signal: side.signal, clock }, async (event) => {
    await note(event);
    const now = clock();
    if (now - sentAt <= PROGRESS_MS) return;
    await side.send({ type: "progress", ...state });
    sentAt = now;
  });
}
