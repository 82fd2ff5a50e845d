// What a tracked run needs to go on where it was saved: its batches, and the certainty that the experiment is the same.
import path from "node:path";
import { parse, stringify } from "yaml";
import { type ExperimentConfig, resolveConfig, usesFullBatch } from "../../lab/index.ts";
import { InputError } from "../../math/index.ts";
import { type BatchSampler, batchSampler, resolveBatch, type SamplerState } from "../../optim/index.ts";
import type { TrackState } from "../../theory/index.ts";
import { TRAJECTORY_FILES, type TrajectoryRecord } from "./record.ts";

/** Batches of the run, and of the second run whose noise drives the predictions; null where there are none. */
export interface TrackSamplers {
  readonly sampler: BatchSampler | null;
  readonly separateNoise: BatchSampler | null;
}

/** The samplers of an experiment with n examples, at their beginning or at saved states. */
export function trackSamplers(
  { optimizer, seed }: ExperimentConfig,
  n: number,
  separate: boolean,
  states: TrackState["samplers"] = { real: null, separate: null },
): TrackSamplers {
  const full = usesFullBatch(optimizer, n);
  const sampler = (stream: number, state: SamplerState | null): BatchSampler => {
    const batch = resolveBatch(optimizer.batch, n);
    return batchSampler({ sampling: optimizer.sampling, n, batch, seed: stream }, state ?? undefined);
  };
  return {
    sampler: full ? null : sampler(seed, states.real),
    separateNoise: full || !separate ? null : sampler(seed + 1, states.separate),
  };
}

/** Settings that only decide how the numbers are computed, or what an untracked run would record. */
const BESIDE: ReadonlySet<string> = new Set(["threads", "device", "memory", "report", "measure"]);

/**
 * Checks that a record is of this experiment.
 *
 * @throws InputError when it is not
 */
export function checkSameExperiment(record: TrajectoryRecord, config: ExperimentConfig): void {
  const file = path.join(record.folder, TRAJECTORY_FILES.config);
  // Resolved anew: the record may be older than a setting that has its default here.
  const comparable = (text: string): string =>
    JSON.stringify(Object.entries(resolveConfig(parse(text), file)).filter(([key]) => !BESIDE.has(key)));
  if (comparable(record.read(TRAJECTORY_FILES.config)) === comparable(stringify(config))) return;
  throw new InputError("the experiment is not the one that was tracked here", {
    file,
    hint: "Give the same file and --set as before",
  });
}
