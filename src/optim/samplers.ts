// Batch samplers: which examples each SGD step uses, resumable to the bit.
import { didYouMean, InputError, type RandomState, RandomStream, randomStream } from "../math/index.ts";

/**
 * `shuffle`: a fresh permutation each epoch, cut into ⌊n/b⌋ batches, the short rest dropped.
 * `without`: an independent uniform subset of b distinct examples each step.
 * `with`: b independent uniform draws each step.
 */
export type Sampling = "shuffle" | "without" | "with";

/** All samplings, in the order help texts list them. */
export const SAMPLINGS: readonly Sampling[] = ["shuffle", "without", "with"];

/** Everything needed to continue a sampler; plain JSON, a few numbers whatever n is. */
export interface SamplerState {
  readonly sampling: Sampling;
  /** Stream state: at the start of the current epoch for `shuffle`, now for the others. */
  readonly random: RandomState;
  /** Examples of the current epoch already handed out (`shuffle`), else 0. */
  readonly position: number;
}

/** An endless sequence of batches. */
export interface BatchSampler {
  readonly n: number;
  readonly batch: number;
  /** Indices of the next batch, in 0..n−1. The array is reused by the next call. */
  next(): Uint32Array<ArrayBuffer>;
  state(): SamplerState;
}

/** Which sampler to build; `batch` examples of `n` at a time, drawn from the stream of `seed`. */
export interface SamplerConfig {
  readonly sampling: Sampling;
  readonly n: number;
  readonly batch: number;
  readonly seed: number;
}

/**
 * Checks a batch size against the number of examples; `"full"` is n. Sampling with replacement also keeps
 * b ≤ n, since a larger batch than the data set is always a mistake here.
 */
export function resolveBatch(batch: number | "full", n: number): number {
  if (batch === "full") return n;
  if (!Number.isSafeInteger(batch) || batch < 1 || batch > n) {
    throw new InputError(batch > n ? "the batch is larger than the training set" : "impossible batch size", {
      field: "optimizer.batch",
      received: String(batch),
      allowed: `whole numbers from 1 to ${n}, or full`,
    });
  }
  return batch;
}

/**
 * A sampler at its start, or where `state` left it.
 *
 * Memory O(n) for `shuffle` and `without`, O(b) for `with`; time per step O(b), plus O(n) once per epoch.
 */
export function batchSampler(config: SamplerConfig, state?: SamplerState): BatchSampler {
  const batch = resolveBatch(config.batch, config.n);
  if (!SAMPLINGS.includes(config.sampling)) {
    const hint = didYouMean(config.sampling, SAMPLINGS);
    throw new InputError("unknown sampling", {
      field: "optimizer.sampling",
      received: JSON.stringify(config.sampling),
      allowed: SAMPLINGS,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  if (state !== undefined && state.sampling !== config.sampling) {
    throw new InputError("the saved sampler state belongs to another sampling", {
      field: "optimizer.sampling",
      received: config.sampling,
      allowed: state.sampling,
    });
  }
  const random =
    state === undefined ? randomStream(config.seed, "batches") : RandomStream.fromState(state.random);
  if (config.sampling === "shuffle")
    return new EpochSampler(config.n, batch, random, state?.position ?? null);
  if (config.sampling === "without") return new SubsetSampler(config.n, batch, random);
  return new ReplacementSampler(config.n, batch, random);
}

function identity(n: number): Uint32Array<ArrayBuffer> {
  const indices = new Uint32Array(n);
  for (let i = 0; i < n; i++) indices[i] = i;
  return indices;
}

class EpochSampler implements BatchSampler {
  readonly n: number;
  readonly batch: number;
  readonly #random: RandomStream;
  readonly #permutation: Uint32Array<ArrayBuffer>;
  readonly #out: Uint32Array<ArrayBuffer>;
  /** Stream state just before the current permutation was drawn: saving it saves the permutation. */
  #epochStart: RandomState;
  /** Examples of the epoch handed out so far. */
  #position: number;

  constructor(n: number, batch: number, random: RandomStream, position: number | null) {
    this.n = n;
    this.batch = batch;
    this.#random = random;
    this.#permutation = identity(n);
    this.#out = new Uint32Array(batch);
    this.#epochStart = random.state();
    this.#position = 0;
    this.#beginEpoch();
    if (position !== null) this.#position = position;
  }

  #beginEpoch(): void {
    this.#epochStart = this.#random.state();
    // From the identity each time, so that the permutation depends on the stream state alone.
    for (let i = 0; i < this.n; i++) this.#permutation[i] = i;
    this.#random.shuffle(this.#permutation);
    this.#position = 0;
  }

  next(): Uint32Array<ArrayBuffer> {
    if (this.#position + this.batch > this.n) this.#beginEpoch();
    for (let i = 0; i < this.batch; i++) this.#out[i] = this.#permutation[this.#position + i]!;
    this.#position += this.batch;
    return this.#out;
  }

  state(): SamplerState {
    return { sampling: "shuffle", random: this.#epochStart, position: this.#position };
  }
}

class SubsetSampler implements BatchSampler {
  readonly n: number;
  readonly batch: number;
  readonly #random: RandomStream;
  /** The identity between calls; swapped and restored within one. */
  readonly #indices: Uint32Array<ArrayBuffer>;
  readonly #out: Uint32Array<ArrayBuffer>;
  readonly #swaps: Uint32Array<ArrayBuffer>;

  constructor(n: number, batch: number, random: RandomStream) {
    this.n = n;
    this.batch = batch;
    this.#random = random;
    this.#indices = identity(n);
    this.#out = new Uint32Array(batch);
    this.#swaps = new Uint32Array(batch);
  }

  next(): Uint32Array<ArrayBuffer> {
    const indices = this.#indices;
    for (let i = 0; i < this.batch; i++) {
      const j = i + this.#random.integer(this.n - i);
      this.#swaps[i] = j;
      this.#out[i] = indices[j]!;
      indices[j] = indices[i]!;
      indices[i] = this.#out[i]!;
    }
    // Undone in reverse, so that a batch depends on the stream state alone and costs O(b), not O(n).
    for (let i = this.batch - 1; i >= 0; i--) {
      const j = this.#swaps[i]!;
      const swap = indices[i]!;
      indices[i] = indices[j]!;
      indices[j] = swap;
    }
    return this.#out;
  }

  state(): SamplerState {
    return { sampling: "without", random: this.#random.state(), position: 0 };
  }
}

class ReplacementSampler implements BatchSampler {
  readonly n: number;
  readonly batch: number;
  readonly #random: RandomStream;
  readonly #out: Uint32Array<ArrayBuffer>;

  constructor(n: number, batch: number, random: RandomStream) {
    this.n = n;
    this.batch = batch;
    this.#random = random;
    this.#out = new Uint32Array(batch);
  }

  next(): Uint32Array<ArrayBuffer> {
    for (let i = 0; i < this.batch; i++) this.#out[i] = this.#random.integer(this.n);
    return this.#out;
  }

  state(): SamplerState {
    return { sampling: "with", random: this.#random.state(), position: 0 };
  }
}
