// Curvature along gradients: step sharpness, batch sharpness both ways, gradient–noise interaction, each with its error.
import { dot, zeros, type Vector } from "../math/index.ts";
import type { BatchCurvature, BatchCurvatureOptions, BatchEstimate } from "./batch-curvature-types.ts";
import { isSettled, PairMoments, stopBounds, type MeanError, type StopBounds } from "./estimate.ts";
import {
  allBatches,
  isFullBatch,
  randomBatches,
  type BatchLaw,
  type WeightedBatch,
} from "./noise-batches.ts";
import type { ExampleObjective, GradientCurvature } from "./objective-types.ts";
import type { HessianOperator } from "./operator.ts";

/** Stop rule of arXiv 2412.20553: 0.5 % within 10 … 1000 batches. */
const DEFAULT_STOP = { relative: 0.005, min: 10, max: 1000 } as const;

/** Everything measured about the batches so far. */
interface Averages {
  /** g_B·H_B g_B / ‖g_B‖². */
  readonly ratios: PairMoments;
  /** g_B·H_B g_B and ‖g_B‖². */
  readonly sharpness: PairMoments;
  /** E[g_B·H g_B] and E‖g_B‖², by samples of lower variance; see `#addInteraction`. */
  readonly interaction: PairMoments;
}

/** The full batch: g, Hg, ‖g‖², g·Hg. */
interface FullBatch {
  readonly hessian: HessianOperator;
  readonly gradientSquared: number;
  readonly curvature: number;
}

/** Measures at any θ with the same buffers (1 vector, 4 with interaction). Calls must not overlap. */
export class BatchCurvatureProbe {
  readonly #objective: ExampleObjective;
  readonly #gradient: Vector;
  #full: { gradient: Vector; image: Vector; product: Vector } | null = null;

  constructor(objective: ExampleObjective) {
    this.#objective = objective;
    this.#gradient = zeros(objective.dtype, objective.size);
  }

  /** g·Hg/‖g‖² of the full batch; null where the gradient vanishes. Costs a gradient and a Hessian product. */
  async directional(theta: Vector, hessian?: HessianOperator): Promise<number | null> {
    const { curvature, gradientSquared } = await this.#fullBatch(theta, hessian);
    return quotient(curvature, gradientSquared);
  }

  /** Step sharpness g_B·H_B g_B/‖g_B‖² of one batch; null where g_B vanishes. */
  async step(theta: Vector, indices: Uint32Array): Promise<number | null> {
    const { curvature, squared } = await this.#batch(theta, indices, false);
    return quotient(curvature, squared);
  }

  /**
   * Averages over batches. Per batch: a batch gradient, plus its curvature by forward mode (batch sharpness) and a full
   * Hessian product (interaction).
   *
   * The stopping rule looks at the very values that are returned, after the last batch was added to them: all of
   * them must meet the tolerance (undefined ones aside).
   *
   * @throws InputError for an impossible batch size, stop rule or enumeration
   */
  async measure(theta: Vector, options: BatchCurvatureOptions): Promise<BatchCurvature> {
    const { batch, sampling, stop = DEFAULT_STOP, batchSharpness = true, interaction = false } = options;
    const law: BatchLaw = { n: this.#objective.n, batch, sampling };
    const exact = stop === "all" || isFullBatch(law);
    const bounds: StopBounds = exact ? { relative: 0, min: Infinity, max: Infinity } : stopBounds(stop);
    const batches: Iterable<WeightedBatch> = exact
      ? allBatches(law)
      : randomBatches({ ...law, seed: options.seed ?? 0, purpose: options.purpose ?? "batch curvature" });
    const full = interaction ? await this.#fullBatch(theta, options.hessian) : null;
    const averages: Averages = {
      ratios: new PairMoments(),
      sharpness: new PairMoments(),
      interaction: new PairMoments(),
    };
    let drawn = 0;
    let result: BatchCurvature = { batch, sampling };
    for (const { indices, weight } of batches) {
      const finite = await this.#add(theta, indices, weight, averages, { batchSharpness, full });
      drawn++;
      if (exact && finite) continue;
      if (finite && drawn < bounds.min) continue;
      result = summarise(law, averages, { batchSharpness, full, relative: bounds.relative, exact: false });
      if (!finite || drawn >= bounds.max || allCertified(result)) return result;
    }
    return summarise(law, averages, { batchSharpness, full, relative: 0, exact: true });
  }

  /** Adds one batch to the averages; false when something was not finite. */
  async #add(
    theta: Vector,
    indices: Uint32Array,
    weight: number,
    averages: Averages,
    { batchSharpness, full }: { batchSharpness: boolean; full: FullBatch | null },
  ): Promise<boolean> {
    let finite = true;
    if (batchSharpness) {
      const { curvature, squared } = await this.#batch(theta, indices, full !== null);
      if (squared !== 0) averages.ratios.add(curvature / squared, 1, weight);
      averages.sharpness.add(curvature, squared, weight);
      finite = Number.isFinite(curvature + squared);
    } else {
      await this.#objective.batchLossAndGradient(theta, indices, this.#gradient);
    }
    return full === null
      ? finite
      : (await this.#addInteraction(full, weight, averages.interaction)) && finite;
  }

  /**
   * With ξ = g_B − g the terms linear in ξ of g_B·Hg_B and ‖g_B‖² average to zero exactly, so they are left out of
   * the samples: same means, less variance when the noise is smaller than the gradient.
   */
  async #addInteraction(full: FullBatch, weight: number, moments: PairMoments): Promise<boolean> {
    const { gradient, image, product } = this.#full!;
    await full.hessian.apply(this.#gradient, product);
    const curvature = dot(this.#gradient, product) - 2 * dot(this.#gradient, image) + 2 * full.curvature;
    const squared =
      dot(this.#gradient, this.#gradient) - 2 * dot(this.#gradient, gradient) + 2 * full.gradientSquared;
    moments.add(curvature, squared, weight);
    return Number.isFinite(curvature + squared);
  }

  /** g_B·H_B g_B and ‖g_B‖²; leaves g_B in the gradient buffer where it is `needed`. */
  async #batch(theta: Vector, indices: Uint32Array, needed: boolean): Promise<GradientCurvature> {
    const together = needed ? null : await this.#objective.gradientCurvature?.(theta, indices);
    if (together) return together;
    await this.#objective.batchLossAndGradient(theta, indices, this.#gradient);
    const curvature = await this.#objective.batchCurvature(theta, indices, this.#gradient);
    return { curvature, squared: dot(this.#gradient, this.#gradient) };
  }

  async #fullBatch(theta: Vector, hessian: HessianOperator | undefined): Promise<FullBatch> {
    const { dtype, size } = this.#objective;
    this.#full ??= { gradient: zeros(dtype, size), image: zeros(dtype, size), product: zeros(dtype, size) };
    const { gradient, image } = this.#full;
    await this.#objective.lossAndGradient(theta, gradient);
    const operator = hessian ?? (await this.#objective.hessian(theta));
    await operator.apply(gradient, image);
    return {
      hessian: operator,
      gradientSquared: dot(gradient, gradient),
      curvature: dot(gradient, image),
    };
  }
}

/** g·Hg/‖g‖² by one Hessian product, written to `image`; null where the gradient vanishes. */
export async function curvatureAlong(
  hessian: HessianOperator,
  gradient: Vector,
  image: Vector,
): Promise<number | null> {
  await hessian.apply(gradient, image);
  return quotient(dot(gradient, image), dot(gradient, gradient));
}

function quotient(curvature: number, squared: number): number | null {
  return squared === 0 ? null : curvature / squared;
}

function summarise(
  { batch, sampling }: BatchLaw,
  averages: Averages,
  how: { batchSharpness: boolean; full: FullBatch | null; relative: number; exact: boolean },
): BatchCurvature {
  const { full, exact, relative } = how;
  const estimate = (moments: PairMoments, value: MeanError | null): BatchEstimate | null => {
    if (value === null || moments.count === 0) return null;
    const { mean, stderr } = exact ? { mean: value.mean, stderr: 0 } : value;
    // A fixed number of batches (relative 0) promises nothing, even when its samples happen to agree.
    const certified = exact || (relative > 0 && isSettled({ mean, stderr }, relative));
    return { mean, stderr, batches: moments.count, certified };
  };
  const { ratios, sharpness, interaction } = averages;
  const result: { -readonly [K in keyof BatchCurvature]: BatchCurvature[K] } = { batch, sampling };
  if (how.batchSharpness) {
    result.meanOfRatios = estimate(ratios, ratios.mean());
    result.ratioOfMeans = estimate(sharpness, sharpness.ratio());
  }
  if (full !== null) {
    const numerator = interaction.mean();
    const squared = full.gradientSquared;
    result.gni = estimate(
      interaction,
      squared === 0 ? null : { mean: numerator.mean / squared, stderr: numerator.stderr / squared },
    );
    result.interactionAware = estimate(interaction, interaction.ratio());
  }
  return result;
}

function allCertified(result: BatchCurvature): boolean {
  const { meanOfRatios, ratioOfMeans, gni, interactionAware } = result;
  return [meanOfRatios, ratioOfMeans, gni, interactionAware].every((value) => value?.certified ?? true);
}
