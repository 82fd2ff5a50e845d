// What every recorded run shares, whoever shows it: the event loop over a problem, and the note of a new session.
import { type Checkpoint, lanczosSharpness, recordRun, type RunStore } from "../lab/index.ts";
import type { Vector } from "../math/index.ts";
import { withSession } from "../node/provenance.ts";
import type { RunFolder } from "../node/run-store.ts";
import type { Provenance, RunEvent, RunSummary } from "../record/index.ts";
import { type Problem, provenanceOf } from "./assemble.ts";
import { classifierOf } from "./classifier.ts";
import { changesSince } from "./provenance.ts";

/** A run over a problem, and where its record goes. */
export interface RecordedProblem {
  readonly problem: Problem;
  readonly store: RunStore;
  /** Initial parameters; those of the checkpoint when resuming. */
  readonly theta0: Vector;
  readonly resume?: Checkpoint | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds from any origin. */
  readonly clock: () => number;
}

/** A step that never leaves the microtask queue (the reference interpreter's) would keep signals and messages waiting. */
const LONGEST_TURN_MS = 50;

/** Trains to the end or to the interruption, handing every event to `onEvent`; returns the final summary. */
export async function recordProblem(
  { problem, store, theta0, resume, signal, clock }: RecordedProblem,
  onEvent: (event: RunEvent) => void | Promise<void>,
): Promise<RunSummary> {
  const { config, objective, dataset, network } = problem;
  const events = recordRun({
    config,
    objective,
    solveSharpness: lanczosSharpness,
    theta0,
    classifier: config.measure.stability === false ? undefined : classifierOf(problem),
    hasTest: dataset.test !== null,
    clock,
    resume,
    signal,
    store,
    layout: network.layout.entries,
  });
  let turnAt = clock();
  for (;;) {
    const item = await events.next();
    if (item.done === true) return item.value;
    await onEvent(item.value);
    if (clock() - turnAt > LONGEST_TURN_MS) {
      await new Promise(setImmediate);
      turnAt = clock();
    }
  }
}

/**
 * Adds this session to provenance.json.
 *
 * @param steps the run's new number of steps, when this session raises it
 * @returns a warning when something that decides the bits has changed since the run began, else null
 */
export async function recordSession(
  store: RunFolder,
  problem: Problem,
  argv: readonly string[],
  before: Provenance | null,
  fromStep: number,
  steps?: number,
): Promise<string | null> {
  const now = await provenanceOf(problem, argv);
  if (before === null) {
    await store.saveProvenance(now);
    return null;
  }
  const changes = changesSince(before, now);
  const { command } = now;
  const session = { now: new Date(), fromStep, command, ...(steps === undefined ? {} : { steps }) };
  await store.saveProvenance(withSession(before, session));
  return changes.length === 0 ? null : `bits may differ from an uninterrupted run: ${changes.join(", ")}`;
}
