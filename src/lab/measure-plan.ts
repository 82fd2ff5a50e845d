// What a configuration asks to measure, for a data set of known size: batch sizes and samplings spelled out.
import { InputError } from "../math/index.ts";
import { resolveBatch, type Sampling } from "../optim/index.ts";
import type { ExperimentConfig, TraceSpec } from "./config-types.ts";

/** Exact noise for these batch sizes, and the sampled estimate of it. */
export interface NoisePlan {
  /** Ascending, without repeats. */
  readonly batches: readonly number[];
  readonly sampled: number;
  /** Of the sampled estimate; the exact values are for every sampling. */
  readonly sampling: Sampling;
}

/** Averages over batches of these sizes. */
export interface BatchPlan {
  /** Examples a batch, ascending, without repeats. */
  readonly sizes: readonly number[];
  readonly sampling: Sampling;
  /** Most batches of a size. */
  readonly batches: number;
  readonly tolerance: number;
  readonly batchSharpness: boolean;
  readonly interaction: boolean;
}

/** Everything beyond loss and sharpness; null or false for what was not asked. */
export interface MeasurePlan {
  readonly landscape: boolean;
  readonly noise: NoisePlan | null;
  readonly batches: BatchPlan | null;
  readonly stepSharpness: boolean;
  readonly trace: TraceSpec | null;
}

/** What `interaction` averages over when `batchSharpness` is off. */
const DEFAULT_BATCHES = { batch: "optimizer", batches: 30, tolerance: 0, sampling: "optimizer" } as const;

/**
 * The plan for n training examples.
 *
 * @throws InputError naming the setting when a batch is larger than the data set
 */
export function measurePlan(config: Pick<ExperimentConfig, "measure" | "optimizer">, n: number): MeasurePlan {
  const { measure, optimizer } = config;
  const { landscape, noise, batchSharpness, interaction, stepSharpness, trace } = measure;
  const own = (): number => resolveBatch(optimizer.batch, n);
  const { batch, batches, tolerance, sampling } = batchSharpness === false ? DEFAULT_BATCHES : batchSharpness;
  return {
    landscape,
    noise:
      noise === false
        ? null
        : {
            batches: sizes(
              noise.batches === "optimizer" ? [1, own()] : noise.batches,
              n,
              "measure.noise.batches",
            ),
            sampled: noise.sampled,
            sampling: optimizer.sampling,
          },
    batches:
      batchSharpness === false && !interaction
        ? null
        : {
            sizes: sizes(batch === "optimizer" ? [own()] : [batch].flat(), n, "measure.batchSharpness.batch"),
            sampling: sampling === "optimizer" ? optimizer.sampling : sampling,
            batches,
            tolerance,
            batchSharpness: batchSharpness !== false,
            interaction,
          },
    stepSharpness,
    trace: trace === false ? null : trace,
  };
}

function sizes(listed: readonly number[], n: number, field: string): readonly number[] {
  const large = listed.find((batch) => batch > n);
  if (large !== undefined) {
    throw new InputError("a batch is larger than the data set", {
      field,
      received: String(large),
      allowed: `at most ${n}, the number of training examples`,
    });
  }
  return [...new Set(listed)].toSorted((a, b) => a - b);
}
