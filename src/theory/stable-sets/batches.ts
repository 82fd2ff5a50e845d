// All batches a sampler could draw next, each with its probability, and drift from the losses their steps lead to.
import { InputError, type RandomStream, RunError } from "../../math/index.ts";
import type { Sampling } from "../../optim/index.ts";
import type { Drift } from "./types.ts";

/** At most so many batches are enumerated before drawing them at random is the better use of time. */
export const ENUMERATION_LIMIT = 100_000;

/** A batch that may come next. `indices` is reused by the next one. */
export interface PossibleBatch {
  readonly indices: Uint32Array;
  readonly probability: number;
}

/**
 * Number of different batches of b out of n: C(n, b) subsets, or C(n+b−1, b) multisets when drawn with replacement (the
 * order of the draws changes no gradient). Infinity when not representable.
 */
export function batchCount(n: number, b: number, sampling: Sampling): number {
  const top = sampling === "with" ? n + b - 1 : n;
  let count = 1;
  for (let k = 1; k <= Math.min(b, top - b); k++) {
    count = Math.round((count * (top - k + 1)) / k);
    if (count > Number.MAX_SAFE_INTEGER) return Infinity;
  }
  return count;
}

/**
 * Every batch with its probability; `shuffle` is taken for `without`, which it is for a single step. Indices ascend, and
 * repeat only `with` replacement, where a multiset's probability is its number of orders over n^b.
 *
 * @throws InputError when there are more than `ENUMERATION_LIMIT`
 */
export function* possibleBatches(n: number, b: number, sampling: Sampling): Generator<PossibleBatch> {
  const count = batchCount(n, b, sampling);
  if (count > ENUMERATION_LIMIT) {
    throw new InputError("too many batches to enumerate", {
      field: "batch",
      received: `${b} of ${n}: ${count === Infinity ? "more than 2⁵³" : count} batches`,
      allowed: `at most ${ENUMERATION_LIMIT}`,
    });
  }
  const repeats = sampling === "with";
  const indices = Uint32Array.from({ length: b }, (_, k) => (repeats ? 0 : k));
  for (;;) {
    yield { indices, probability: repeats ? orders(indices) / n ** b : 1 / count };
    // The next ascending sequence: raise the last entry that can be, put the smallest possible behind it.
    let k = b - 1;
    while (k >= 0 && indices[k] === (repeats ? n - 1 : n - b + k)) k--;
    if (k < 0) return;
    const value = indices[k]! + 1;
    for (let l = k; l < b; l++) indices[l] = repeats ? value : value + l - k;
  }
}

/** out ← a random batch of as many as it holds out of n. Depends on the stream alone. O(n). */
export function randomBatch(n: number, sampling: Sampling, random: RandomStream, out: Uint32Array): void {
  if (sampling === "with") {
    for (let k = 0; k < out.length; k++) out[k] = random.integer(n);
    return;
  }
  const indices = Uint32Array.from({ length: n }, (_, i) => i);
  random.partialShuffle(indices, out.length);
  out.set(indices.subarray(0, out.length));
}

/** b!/Π(multiplicities!) of an ascending sequence. */
function orders(indices: Uint32Array): number {
  let count = 1;
  let run = 0;
  for (let k = 0; k < indices.length; k++) {
    run = k > 0 && indices[k] === indices[k - 1] ? run + 1 : 1;
    count = (count * (k + 1)) / run;
  }
  return count;
}

/** The loss after the step of one batch, for `driftOf`. */
export interface BatchOutcome {
  /** L(W′) − L(W), as accurately as it is known. */
  readonly change: number;
  /** Probability of the batch when all are enumerated; 1/M for each of M random ones. */
  readonly probability: number;
}

/**
 * Drift from the outcomes of all batches (`exact`), or of M random ones, with the standard error of their mean.
 *
 * @throws InputError without outcomes, RunError when a change is not finite
 */
export function driftOf(loss: number, outcomes: readonly BatchOutcome[], exact: boolean): Drift {
  const batches = outcomes.length;
  if (batches === 0) throw new InputError("a drift needs at least one batch");
  let value = 0;
  let increaseProbability = 0;
  for (const { change, probability } of outcomes) {
    value += probability * change;
    if (change > 0) increaseProbability += probability;
  }
  checkDrift(value);
  let squares = 0;
  if (!exact) for (const { change } of outcomes) squares += (change - value) ** 2;
  const stderr = exact ? 0 : batches === 1 ? Infinity : Math.sqrt(squares / (batches - 1) / batches);
  return { value, relative: value / loss, stderr, increaseProbability, batches, exact };
}

/** @throws RunError for a drift that double precision cannot hold */
export function checkDrift(value: number): void {
  if (Number.isFinite(value)) return;
  throw new RunError("some step moves the logits beyond the range of double precision", {
    field: "drift",
    received: String(value),
    hint: "Take a smaller step",
  });
}
