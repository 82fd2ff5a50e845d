// Gradient noise along a direction: exact variance for any batch size and sampling, and the sampled estimate of it.
import { InputError } from "../math/index.ts";
import { PairMoments } from "./estimate.ts";
import { checkBatch, isFullBatch, randomBatches, type BatchSampling } from "./noise-batches.ts";

/** Σ(pᵢ − p̄)² and Σ(pᵢ − p̄)⁴. */
interface CentralSums {
  readonly mean: number;
  readonly squares: number;
  readonly fourths: number;
}

/**
 * Population variance (divided by n) of per-example projections pᵢ = ⟨∇ℓᵢ, u⟩: s_u² = uᵀΣ₁u. Two passes, O(n).
 *
 * @throws InputError when there are no projections
 */
export function projectedVariance(projections: ArrayLike<number>): number {
  return centralSums(projections).squares / projections.length;
}

/**
 * What a mode makes of noise: `oscillating`, multiplier near −1 (along u at the edge), adds it up with alternating
 * signs; `slow`, multiplier near +1 (the sharpness), with equal ones. Only `shuffle` tells them apart.
 */
export type NoiseMode = "oscillating" | "slow";

/**
 * Variance of ⟨u, g_B⟩ for batches of b out of n, from the single-example variance s².
 *
 * `with`: s²/b. `without`: s²/b·(n−b)/(n−1). `shuffle`: what a mode much slower than an epoch feels per step. Batches
 * of one epoch are negatively correlated, disjoint ones by −s²/(n−1), so with N = ⌊n/b⌋ batches whose signs add up
 * to σ it is s²/(n−1)·(n/b − σ²/N). Oscillating modes have σ = 0 for even N, hence s²/b·n/(n−1), a pure 1/b, and
 * σ = ±1 for odd N, which at N = 1 is the `without` value. Slow modes have σ = N: nothing is left when b divides n.
 * Zero at b = n except for `with`.
 * Source: sampling without replacement; derived here, as arXiv 2604.21016 leaves the sampling open.
 *
 * @throws InputError when b is not in 1…n or s² is negative
 */
export function noiseVariance(
  s2: number,
  n: number,
  b: number,
  sampling: BatchSampling,
  mode: NoiseMode = "oscillating",
): number {
  checkBatch(b, n);
  if (s2 < 0) throw new InputError("a variance is not negative", { field: "s2", received: String(s2) });
  if (sampling === "with") return s2 / b;
  if (b === n) return 0;
  if (sampling === "without") return ((s2 / b) * (n - b)) / (n - 1);
  const perEpoch = Math.floor(n / b);
  const signs = mode === "slow" ? perEpoch : perEpoch % 2;
  return (s2 / (n - 1)) * (n / b - (signs * signs) / perEpoch);
}

/** σ² for each sampling and each listed batch size, keyed as in a measurement record. */
export type NoiseTable = Readonly<Record<BatchSampling, Readonly<Record<string, number>>>>;

/** `noiseVariance` for every listed b and all samplings. */
export function noiseTable(s2: number, n: number, batches: readonly number[]): NoiseTable {
  const row = (sampling: BatchSampling): Record<string, number> =>
    Object.fromEntries(batches.map((b) => [String(b), noiseVariance(s2, n, b, sampling)]));
  return { with: row("with"), without: row("without"), shuffle: row("shuffle") };
}

/** A variance estimated from sampled batches, as published measurements do it. */
export interface SampledNoise {
  /** Unbiased sample variance of ⟨u, g_B⟩. */
  readonly variance: number;
  /** Standard deviation of that estimator under the given sampling, exact from the projections. */
  readonly stderr: number;
  readonly batches: number;
}

/** Which estimate: `batches` (default 50, the number in arXiv 2604.21016) of size `batch`. */
export interface SampledNoiseOptions {
  readonly batch: number;
  readonly batches?: number;
  readonly sampling: BatchSampling;
  readonly seed: number;
  /** Separates streams of different steps. */
  readonly purpose?: string;
}

/**
 * Variance of ⟨u, g_B⟩ over random batches. ⟨u, g_B⟩ is the mean of the batch's projections, so no gradient is
 * computed: O(n + batches·b). Under `shuffle` the batches are independent subsets (their marginal law), so this
 * estimates the `without` value.
 *
 * @throws InputError when the batch size is not in 1…n or fewer than two batches are asked for
 */
export function sampledNoiseVariance(
  projections: ArrayLike<number>,
  options: SampledNoiseOptions,
): SampledNoise {
  const { batch, batches = 50, sampling, seed, purpose = "noise" } = options;
  const n = projections.length;
  checkBatch(batch, n);
  if (!Number.isInteger(batches) || batches < 2) {
    throw new InputError("a sample variance needs two batches", {
      field: "batches",
      received: String(batches),
      allowed: "2 or more",
    });
  }
  if (isFullBatch({ n, batch, sampling })) return { variance: 0, stderr: 0, batches };
  const sums = centralSums(projections);
  const moments = new PairMoments();
  for (const { indices } of randomBatches({ n, batch, sampling, seed, purpose })) {
    let total = 0;
    for (const i of indices) total += projections[i]! - sums.mean;
    moments.add(total / batch);
    if (moments.count === batches) break;
  }
  const variance = moments.mean().stderr ** 2 * batches;
  return { variance, stderr: varianceError(sums, n, batch, sampling, batches), batches };
}

/** √Var of the unbiased sample variance of M independent batch means: (μ₄ − σ⁴(M−3)/(M−1))/M. */
function varianceError(
  { squares, fourths }: CentralSums,
  n: number,
  b: number,
  sampling: BatchSampling,
  count: number,
): number {
  const variance = noiseVariance(squares / n, n, b, sampling === "with" ? "with" : "without");
  let fourth: number;
  if (sampling === "with") {
    fourth = (b * fourths) / n + 3 * b * (b - 1) * (squares / n) ** 2;
  } else {
    // E(Σ_{i∈B} aᵢ)⁴ by how many of the four indices are distinct; Σa = 0 turns the sums into power sums. in1…in4:
    // probability that 1…4 given examples are all in B.
    const in1 = b / n;
    const in2 = n > 1 ? (in1 * (b - 1)) / (n - 1) : 0;
    const in3 = n > 2 ? (in2 * (b - 2)) / (n - 2) : 0;
    const in4 = n > 3 ? (in3 * (b - 3)) / (n - 3) : 0;
    fourth = fourths * (in1 - 7 * in2 + 12 * in3 - 6 * in4) + 3 * squares * squares * (in2 - 2 * in3 + in4);
  }
  fourth /= b ** 4;
  return Math.sqrt(Math.max(0, (fourth - (variance * variance * (count - 3)) / (count - 1)) / count));
}

function centralSums(values: ArrayLike<number>): CentralSums {
  const n = values.length;
  if (n === 0) throw new InputError("no projections");
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]!;
  mean /= n;
  let squares = 0;
  let fourths = 0;
  // The mean is rounded; the sum of deviations measures by how much, and corrects the squares.
  let rest = 0;
  for (let i = 0; i < n; i++) {
    const deviation = values[i]! - mean;
    const square = deviation * deviation;
    rest += deviation;
    squares += square;
    fourths += square * square;
  }
  return { mean, squares: Math.max(0, squares - (rest * rest) / n), fourths };
}
