// Batches to average over: drawn at random from a seed, or every possible one with its probability.
import { InputError, randomStream } from "../math/index.ts";

/**
 * How batches are drawn. `with`: b independent draws. `without`: a uniform subset. `shuffle`: epochs of a
 * permutation; a single batch is then a uniform subset too, and only sequences of batches differ.
 */
export type BatchSampling = "with" | "without" | "shuffle";

/** A batch and its weight, proportional to its probability. `indices` is overwritten by the next one. */
export interface WeightedBatch {
  readonly indices: Uint32Array<ArrayBuffer>;
  readonly weight: number;
}

/** Which batches: `batch` of `n` examples. */
export interface BatchLaw {
  readonly n: number;
  readonly batch: number;
  readonly sampling: BatchSampling;
}

/** Most batches `allBatches` agrees to enumerate. */
const ENUMERATION_LIMIT = 100_000;

/** @throws InputError unless 1 ≤ batch ≤ n, both whole */
export function checkBatch(batch: number, n: number): void {
  if (!Number.isInteger(batch) || batch < 1 || batch > n) {
    throw new InputError("impossible batch size", {
      field: "batch",
      received: String(batch),
      allowed: `a whole number from 1 to ${n}, the number of examples`,
    });
  }
}

/** Whether there is only one batch, the whole data set. */
export function isFullBatch({ n, batch, sampling }: BatchLaw): boolean {
  return batch === n && sampling !== "with";
}

/**
 * Independent batches without end, from the stream (seed, purpose). O(b) each after O(n) once.
 *
 * @param purpose separates the streams of different measurements and steps
 */
export function* randomBatches(
  law: BatchLaw & { readonly seed: number; readonly purpose: string },
): Generator<WeightedBatch, never> {
  const { n, batch, sampling } = law;
  checkBatch(batch, n);
  const random = randomStream(law.seed, law.purpose);
  if (sampling === "with") {
    const indices = new Uint32Array(batch);
    for (;;) {
      for (let k = 0; k < batch; k++) indices[k] = random.integer(n);
      yield { indices, weight: 1 };
    }
  }
  const permutation = Uint32Array.from({ length: n }, (_, i) => i);
  const indices = permutation.subarray(0, batch);
  for (;;) {
    random.partialShuffle(permutation, batch);
    yield { indices, weight: 1 };
  }
}

/**
 * Every batch once: subsets, or multisets weighted by how many ordered draws give them.
 *
 * @throws InputError when there are more than 100,000
 */
export function* allBatches(law: BatchLaw): Generator<WeightedBatch, void> {
  const { n, batch, sampling } = law;
  checkBatch(batch, n);
  const repeats = sampling === "with";
  const count = batchCount(law);
  if (count > ENUMERATION_LIMIT) {
    throw new InputError("too many batches to enumerate", {
      received: `about ${count.toPrecision(3)}`,
      allowed: `at most ${ENUMERATION_LIMIT}`,
      hint: "Sample batches instead",
    });
  }
  const indices = Uint32Array.from({ length: batch }, (_, k) => (repeats ? 0 : k));
  for (;;) {
    yield { indices, weight: repeats ? orderings(indices) : 1 };
    // The rightmost entry that can still grow; those after it restart as low as they may.
    let k = batch - 1;
    while (k >= 0 && indices[k] === (repeats ? n - 1 : n - batch + k)) k--;
    if (k < 0) return;
    const next = indices[k]! + 1;
    for (let j = k; j < batch; j++) indices[j] = repeats ? next : next + j - k;
  }
}

/** How many `allBatches` gives: C(n, b) subsets, or C(n + b − 1, b) multisets; possibly Infinity. */
export function batchCount({ n, batch, sampling }: BatchLaw): number {
  return binomial(sampling === "with" ? n + batch - 1 : n, batch);
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}

/** Ordered draws that give a sorted multiset: b!/Π mᵢ!. */
function orderings(sorted: Uint32Array): number {
  let result = 1;
  let run = 0;
  for (let k = 0; k < sorted.length; k++) {
    run = k > 0 && sorted[k] === sorted[k - 1] ? run + 1 : 1;
    result = (result * (k + 1)) / run;
  }
  return result;
}
