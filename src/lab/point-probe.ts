// Everything beyond loss and sharpness at one point: landscape, gradient noise, curvature along gradients, trace.
import {
  type Assumption,
  BatchCurvatureProbe,
  type BatchEstimate,
  curvatureAlong,
  type ExampleObjective,
  type HessianOperator,
  hutchinson,
  landscape,
  noiseVariance,
  projectedVariance,
  sampledNoiseVariance,
  sharpeningDirection,
  type StopRule,
} from "../curvature/index.ts";
import { norm, type Vector, zeros } from "../math/index.ts";
import type {
  AssumptionRecord,
  EstimateRecord,
  MeasurementEvent,
  MeasurementPoint,
  NoiseRecord,
} from "../record/index.ts";
import type { ExperimentConfig, TraceSpec } from "./config-types.ts";
import { type BatchPlan, type MeasurePlan, measurePlan, type NoisePlan } from "./measure-plan.ts";
import type { SharpnessResult } from "./run-types.ts";
import { finiteOrNull } from "./tracker.ts";

/** Fields of a measurement that are there already when a probe is asked. */
type EarlierField =
  | ("type" | "step" | "point" | "loss" | "accuracy" | "testLoss" | "testAccuracy" | "gradNorm")
  | ("sharpness" | "eigenvalues" | "residuals" | "hvps" | "converged" | "rayleigh");
type Fields = {
  -readonly [K in Exclude<keyof MeasurementEvent, EarlierField>]?: MeasurementEvent[K];
};

/** A point and what is known there already. */
export interface PointInput {
  readonly step: number;
  readonly point: MeasurementPoint;
  readonly theta: Vector;
  /** ∇L(θ); not read unless `needsGradient`. */
  readonly gradient: Vector;
  /** The Hessian at θ, whose kept values are then used; may be null unless `needsHessian`. */
  readonly hessian: HessianOperator | null;
  /** The eigensolver's answer at θ; null when it was not asked. */
  readonly eigen: SharpnessResult | null;
  /** Examples of the step taken at θ, null for all of them; absent where none is taken. */
  readonly stepBatch?: Uint32Array | null;
}

const LANDSCAPE_FIELDS = [
  "alpha",
  "alphaPerp",
  "beta",
  "kappa",
  "delta",
  "epsilon",
  "alignment",
  "newtonOffset",
  "gradSharpnessNorm",
  "eigengap",
] as const;

/**
 * Measures what a configuration asks for, with the same buffers at every point (two vectors with `landscape`, one
 * more with batch sharpness, two with `trace`, and those of `BatchCurvatureProbe`).
 *
 * Random batches and probes come from streams named after the step and the point, so a measurement does not depend
 * on those before it, and a resumed run repeats it to the bit.
 */
export class PointProbe {
  readonly plan: MeasurePlan;
  readonly #objective: ExampleObjective;
  readonly #config: ExperimentConfig;
  readonly #batches: BatchCurvatureProbe | null;
  #sharpnessGradient: Vector | null = null;
  #scratch: Vector | null = null;
  /** Probe and image of the trace. */
  #pair: readonly [Vector, Vector] | null = null;

  /** @throws InputError for a batch size that the data set cannot give */
  constructor(config: ExperimentConfig, objective: ExampleObjective) {
    this.#config = config;
    this.#objective = objective;
    this.plan = measurePlan(config, objective.n);
    const { batches, stepSharpness } = this.plan;
    this.#batches = batches === null && !stepSharpness ? null : new BatchCurvatureProbe(objective);
  }

  /** Whether ∇L is used. */
  get needsGradient(): boolean {
    return this.plan.landscape || this.plan.batches?.batchSharpness === true;
  }

  /** Whether Hessian products are used. */
  get needsHessian(): boolean {
    return this.plan.batches !== null || this.plan.stepSharpness || this.plan.trace !== null;
  }

  /** Eigenpairs the landscape needs: λ₂ tells whether u is well defined. */
  get eigenpairs(): number {
    return this.plan.landscape ? Math.min(2, this.#objective.size) : 1;
  }

  /** ∇S of the last point measured, valid until the next; null without `landscape`. */
  get sharpnessGradient(): Vector | null {
    return this.#sharpnessGradient;
  }

  /** All fields asked for. Undefined and non-finite ones are null. */
  async measure(at: PointInput): Promise<Fields> {
    const { noise, batches, stepSharpness, trace } = this.plan;
    return {
      ...(this.plan.landscape ? await this.#landscape(at) : {}),
      ...(noise === null ? {} : await this.#noise(at, noise)),
      ...(batches === null || at.hessian === null ? {} : await this.#curvature(at, at.hessian, batches)),
      ...(stepSharpness && at.stepBatch !== undefined ? await this.#step(at, at.stepBatch) : {}),
      ...(trace === null || at.hessian === null ? {} : await this.#trace(at, at.hessian, trace)),
    };
  }

  async #landscape({ theta, gradient, eigen, hessian }: PointInput): Promise<Fields> {
    const fields: Fields = {};
    const [sharpness = NaN, lambda2 = null] = eigen?.eigenvalues ?? [];
    const u = eigen?.eigenvectors[0];
    fields.lambda2 = finiteOrNull(lambda2);
    const sharpnessGradient = (this.#sharpnessGradient ??= this.#vector());
    if (u === undefined) sharpnessGradient.fill(NaN);
    else await this.#objective.sharpnessGradient(theta, u, sharpnessGradient, hessian ?? undefined);
    // A diverging iterate has no landscape, but its record still says that one was asked for.
    const finite = [sharpness, lambda2 ?? 0, norm(gradient), norm(sharpnessGradient)].every(Number.isFinite);
    const found =
      u === undefined || !finite
        ? null
        : landscape({
            gradient,
            u,
            sharpness,
            lambda2,
            residual: eigen?.residuals[0] ?? 0,
            sharpnessGradient,
            lr: this.#config.optimizer.lr,
          });
    const failed = new Set(found?.assumptions.filter(({ holds }) => !holds).map(({ name }) => name));
    // Without one top eigenvector all that is made of it would be that of an arbitrary direction.
    const arbitrary = failed.has("simpleTopEigenvalue");
    for (const name of LANDSCAPE_FIELDS) {
      fields[name] = arbitrary && name !== "eigengap" ? null : finiteOrNull(found?.[name] ?? null);
    }
    fields.assumptions = (found?.assumptions ?? [])
      .filter(({ name }) => !implied(failed).includes(name))
      .map(assumptionRecord);
    return fields;
  }

  async #noise({ step, point, theta, eigen, hessian }: PointInput, plan: NoisePlan): Promise<Fields> {
    const u = eigen?.eigenvectors[0];
    const { n } = this.#objective;
    const at = hessian ?? undefined;
    const unknown = (): Float64Array<ArrayBuffer> => new Float64Array(n).fill(NaN);
    const along = u === undefined ? unknown() : await this.#objective.projections(theta, u, at);
    const fields: Fields = { noiseVariance: noiseRecord(projectedVariance(along), n, plan, "oscillating") };
    if (plan.sampled > 0) {
      fields.noiseVarianceSampled = Object.fromEntries(
        plan.batches.map((batch) => {
          const { sampled: batches, sampling } = plan;
          const purpose = `noise ${point} ${step} ${batch}`;
          const { seed } = this.#config;
          const found = sampledNoiseVariance(along, { batch, batches, sampling, seed, purpose });
          const [variance, stderr] = [finiteOrNull(found.variance), finiteOrNull(found.stderr)];
          return [String(batch), { variance, stderr, batches: found.batches, sampling }];
        }),
      );
    }
    if (this.plan.landscape) {
      const direction = (this.#scratch ??= this.#vector());
      // Where ∇S is parallel to u there is no such direction, and so no noise along it.
      const length = u === undefined ? NaN : sharpeningDirection(u, this.#sharpnessGradient!, direction);
      const across = length > 0 ? await this.#objective.projections(theta, direction, at) : unknown();
      fields.sharpeningNoiseVariance = noiseRecord(projectedVariance(across), n, plan, "slow");
    }
    return fields;
  }

  async #curvature(at: PointInput, hessian: HessianOperator, plan: BatchPlan): Promise<Fields> {
    const { step, point, theta, gradient } = at;
    const { n } = this.#objective;
    const fields: Fields = {};
    if (plan.batchSharpness) fields.directionalSharpness = await this.#directional(hessian, gradient);
    const found = [];
    for (const batch of plan.sizes) {
      const stop: StopRule | "all" = noMoreThan({ n, batch, sampling: plan.sampling }, plan.batches)
        ? "all"
        : stopRule(plan.batches, plan.tolerance);
      const { sampling, batchSharpness, interaction } = plan;
      const purpose = `batch curvature ${point} ${step} ${batch}`;
      const { seed } = this.#config;
      const options = { batch, sampling, stop, seed, purpose, batchSharpness, interaction, hessian };
      found.push(await this.#batches!.measure(theta, options));
    }
    if (plan.batchSharpness) {
      fields.batchSharpness = Object.fromEntries(
        found.map(({ batch, sampling, meanOfRatios, ratioOfMeans }) => {
          const ratio = ratioOfMeans ? estimateRecord(ratioOfMeans) : null;
          return [String(batch), { ...estimateRecord(meanOfRatios), sampling, ratioOfMeans: ratio }];
        }),
      );
    }
    if (plan.interaction) {
      fields.gni = Object.fromEntries(found.map(({ batch, gni }) => [String(batch), estimateRecord(gni)]));
      fields.interactionAwareSharpness = Object.fromEntries(
        found.map(({ batch, interactionAware }) => [String(batch), estimateRecord(interactionAware)]),
      );
    }
    return fields;
  }

  async #step({ theta, gradient, hessian }: PointInput, batch: Uint32Array | null): Promise<Fields> {
    if (batch !== null) return { stepSharpness: finiteOrNull(await this.#batches!.step(theta, batch)) };
    return hessian === null ? {} : { stepSharpness: await this.#directional(hessian, gradient) };
  }

  /** g·Hg/‖g‖²; null where it is undefined or not finite. */
  async #directional(hessian: HessianOperator, gradient: Vector): Promise<number | null> {
    return finiteOrNull(await curvatureAlong(hessian, gradient, (this.#scratch ??= this.#vector())));
  }

  async #trace({ step, point }: PointInput, hessian: HessianOperator, spec: TraceSpec): Promise<Fields> {
    const buffers = (this.#pair ??= [this.#vector(), this.#vector()]);
    if (hessian.size <= spec.probes) {
      const trace = finiteOrNull(await exactTrace(hessian, buffers));
      return { trace, traceStderr: trace === null ? null : 0, traceProbes: hessian.size };
    }
    const { trace, probes } = await hutchinson(hessian, {
      stop: stopRule(spec.probes, spec.tolerance),
      seed: this.#config.seed,
      purpose: `trace ${point} ${step}`,
      buffers,
    });
    const [mean, stderr] = [finiteOrNull(trace.mean), finiteOrNull(trace.stderr)];
    return { trace: mean, traceStderr: stderr, traceProbes: probes };
  }

  #vector(): Vector {
    return zeros(this.#objective.dtype, this.#objective.size);
  }
}

/** At most so many samples, fewer when the tolerance is met. */
function stopRule(most: number, tolerance: number): StopRule {
  return tolerance > 0 ? { relative: tolerance, min: Math.min(10, most), max: most } : { samples: most };
}

/** σ²(b) for every listed b and sampling, from the single-example variance. */
function noiseRecord(
  variance: number,
  n: number,
  { batches }: NoisePlan,
  mode: "oscillating" | "slow",
): NoiseRecord {
  const row = (sampling: "with" | "without" | "shuffle"): Record<string, number | null> =>
    Object.fromEntries(
      batches.map((b) => [String(b), finiteOrNull(noiseVariance(variance, n, b, sampling, mode))]),
    );
  return { with: row("with"), without: row("without"), shuffle: row("shuffle") };
}

/** Assumptions not worth a sentence beside the failed ones they follow from, or that have nothing to be checked on. */
function implied(failed: ReadonlySet<Assumption["name"]>): readonly Assumption["name"][] {
  if (failed.has("positiveSharpness")) {
    return ["progressiveSharpening", "secondEigenvalueStable", "eigengap", "simpleTopEigenvalue"];
  }
  return failed.has("simpleTopEigenvalue") ? ["progressiveSharpening", "eigengap"] : [];
}

function assumptionRecord({ name, holds, value, limit, message }: Assumption): AssumptionRecord {
  const record = { name, holds, value: finiteOrNull(value), limit };
  return holds ? record : { ...record, message };
}

function estimateRecord(estimate: BatchEstimate | null | undefined): EstimateRecord {
  if (!estimate) return { mean: null, stderr: null, batches: 0, certified: false };
  const { mean, stderr, batches, certified } = estimate;
  return { mean: finiteOrNull(mean), stderr: finiteOrNull(stderr), batches, certified };
}

/** Whether there are at most `limit` batches in all: subsets, or multisets when drawn with replacement. */
function noMoreThan(
  { n, batch, sampling }: { n: number; batch: number; sampling: BatchPlan["sampling"] },
  limit: number,
): boolean {
  const [from, chosen] = sampling === "with" ? [n + batch - 1, batch] : [n, Math.min(batch, n - batch)];
  let count = 1;
  for (let i = 1; i <= chosen && count <= limit; i++) count = (count * (from - chosen + i)) / i;
  return count <= limit;
}

/** Σᵢ eᵢ·Aeᵢ: one product a dimension. */
async function exactTrace(
  operator: HessianOperator,
  [unit, image]: readonly [Vector, Vector],
): Promise<number> {
  let trace = 0;
  unit.fill(0);
  for (let i = 0; i < operator.size; i++) {
    unit[i] = 1;
    await operator.apply(unit, image);
    trace += image[i]!;
    unit[i] = 0;
  }
  return trace;
}
