// The typed, versioned lines of events.jsonl. Both the command line and the browser read only these.
import type { EdgeVerdict } from "../math/index.ts";
import type { Provenance } from "./provenance.ts";
import type { StabilityRecord } from "./stability.ts";

/** First line of every events file. */
export interface HeaderEvent {
  readonly type: "header";
  readonly version: 1;
}

/** One optimiser step that ended at `step` (step 0 is the initial point and has no event of this type). */
export interface StepEvent {
  readonly type: "step";
  readonly step: number;
  /** Loss on the examples the step used, evaluated before the update (full loss for GD). NaN is written as null. */
  readonly loss: number | null;
}

/** Where a measurement was taken: at the iterate, or at w* = (θ₋₁ + 2θ + θ₊₁)/4. */
export type MeasurementPoint = "iterate" | "midpoint";

/** An average over batches. Null where it is undefined or not finite. */
export interface EstimateRecord {
  readonly mean: number | null;
  /** Standard error; 0 when every batch was visited. */
  readonly stderr: number | null;
  readonly batches: number;
  /** Whether `mean` met the tolerance asked for (always when exact, never for a fixed number of batches). */
  readonly certified: boolean;
}

/** How mini-batches are drawn; see docs/conventions.md. */
export type SamplingName = "with" | "without" | "shuffle";

/** Batch sharpness: the mean of g_B·H_B g_B/‖g_B‖² over batches of one size, and the ratio of the two means. */
export interface BatchSharpnessRecord extends EstimateRecord {
  readonly sampling: SamplingName;
  readonly ratioOfMeans: EstimateRecord | null;
}

/** σ²(b) of a batch gradient along a direction, for each sampling, keyed by batch size. */
export type NoiseRecord = Readonly<Record<SamplingName, Readonly<Record<string, number | null>>>>;

/** The estimate of σ_u²(b) from random batches that published measurements use. */
export interface SampledNoiseRecord {
  readonly variance: number | null;
  readonly stderr: number | null;
  readonly batches: number;
  readonly sampling: SamplingName;
}

/** An assumption of the theory, held against the measurement. */
export interface AssumptionRecord {
  readonly name: string;
  readonly holds: boolean;
  readonly value: number | null;
  readonly limit: number;
  /** What is wrong, when it does not hold. */
  readonly message?: string;
}

/**
 * Quantities at the cadence. A field that was not measured is absent; one that came out non-finite is null.
 * `eigenvalues` are descending; `sharpness` is the first of them. Symbols: u top eigenvector, g = ∇L, ∇S the
 * gradient of the sharpness, ∇S⊥ its part orthogonal to u.
 */
export interface MeasurementEvent {
  readonly type: "measurement";
  readonly step: number;
  readonly point: MeasurementPoint;
  readonly loss?: number | null;
  readonly accuracy?: number | null;
  readonly testLoss?: number | null;
  readonly testAccuracy?: number | null;
  readonly gradNorm?: number | null;
  readonly sharpness?: number | null;
  readonly eigenvalues?: readonly (number | null)[];
  readonly residuals?: readonly (number | null)[];
  readonly hvps?: number;
  readonly converged?: boolean;
  /** True when `sharpness` is a Rayleigh quotient of the last eigenvector, not a solve. */
  readonly rayleigh?: boolean;

  /** α = −⟨g, ∇S⟩: rate of progressive sharpening. */
  readonly alpha?: number | null;
  /** −⟨g, ∇S⊥⟩: the same without what the oscillation along u does. */
  readonly alphaPerp?: number | null;
  /** β = ‖∇S⊥‖². */
  readonly beta?: number | null;
  /** κ = ⟨∇S, u⟩. */
  readonly kappa?: number | null;
  /** δ = √(2α/β), the scale of the oscillation; null where α ≤ 0. */
  readonly delta?: number | null;
  /** ε = η√α; null where α ≤ 0. */
  readonly epsilon?: number | null;
  /** −⟨g, ∇S⊥⟩/(‖g‖‖∇S⊥‖). */
  readonly alignment?: number | null;
  /** ⟨u, g⟩/S. */
  readonly newtonOffset?: number | null;
  /** ‖∇S‖. */
  readonly gradSharpnessNorm?: number | null;
  readonly lambda2?: number | null;
  /** S − λ₂. */
  readonly eigengap?: number | null;
  readonly assumptions?: readonly AssumptionRecord[];

  /** σ_u²: variance of ⟨u, g_B⟩. */
  readonly noiseVariance?: NoiseRecord;
  /** σ_s²: variance of ⟨∇S⊥/‖∇S⊥‖, g_B⟩. */
  readonly sharpeningNoiseVariance?: NoiseRecord;
  /** σ_u² as published measurements estimate it, keyed by batch size. */
  readonly noiseVarianceSampled?: Readonly<Record<string, SampledNoiseRecord>>;

  /**
   * g_B·H_B g_B/‖g_B‖² of the batch B whose step was taken at this iterate (at the last one: would be); null where
   * g_B vanishes.
   */
  readonly stepSharpness?: number | null;
  /** g·Hg/‖g‖² of all examples; null where g vanishes. */
  readonly directionalSharpness?: number | null;
  /** Keyed by batch size, as the next two. */
  readonly batchSharpness?: Readonly<Record<string, BatchSharpnessRecord>>;
  /** Gradient–noise interaction E[g_B·H g_B]/‖g‖². */
  readonly gni?: Readonly<Record<string, EstimateRecord>>;
  /** E[g_B·H g_B]/E‖g_B‖². */
  readonly interactionAwareSharpness?: Readonly<Record<string, EstimateRecord>>;

  /** Edge coupling of the steps so far; see `CouplingRecord`. */
  readonly coupling?: CouplingRecord;

  /** Stable sets of cross-entropy; where only they are measured, nothing else but `loss` is there. */
  readonly stability?: StabilityRecord;

  /** tr H, its standard error (0 when exact) and the products it took. */
  readonly trace?: number | null;
  readonly traceStderr?: number | null;
  readonly traceProbes?: number;
}

/** One step d from x to y, by losses and gradients alone (arXiv 2604.20446). Null where the step has length zero. */
export interface CouplingStepRecord {
  /** ‖d‖². */
  readonly stepSquared: number;
  /** A_η(x, y) = L(x) + L(y) − ‖d‖²/(2η). */
  readonly coupling: number;
  readonly lossChange: number;
  /** Curvature along the step, averaged evenly, and with weight 2(1 − τ): the loss falls if and only if r̃ < 2/η. */
  readonly rBar: number | null;
  readonly rTilde: number | null;
  /** The loss change were r̃ equal to r̄. */
  readonly proxy: number;
  /** ‖d − η∇L(y)‖/‖d‖: 0 on an orbit of period two. */
  readonly twoStepReturn: number | null;
  /** ‖d + η∇L(x)‖/‖d‖: rounding, and what rounding may make of it. */
  readonly updateResidual: number | null;
  readonly updateRounding?: number | null;
}

/** The identities of edge coupling that come with a residual. */
export type CouplingIdentity = "telescoping" | "balance" | "forcing" | "update" | "nearPeriodicity";

/**
 * Sums over steps, with the residual of each identity. For gradient descent over every step up to this iterate, under
 * the full loss; for SGD over the measured steps only, each under the loss of its own mini-batch.
 */
export interface CouplingRecord {
  readonly loss: "full" | "batch";
  /** The last step: the one that ended at this iterate (full), or the one that is taken at it (batch). */
  readonly last: CouplingStepRecord | null;
  readonly steps: number;
  /** E = Σ‖d‖². */
  readonly energy: number;
  readonly lossDrop: number;
  /** Σ‖d‖²r̃/E, and what it must be: 2/η − 2·lossDrop/E, a lower bound on the largest r̃. */
  readonly weightedMean: number | null;
  readonly forcedMean: number | null;
  readonly largest: number | null;
  readonly largestStep: number | null;
  /** First step with r̃ ≥ 2/η. */
  readonly firstAbove: number | null;
  /** Σ‖d‖²(2/η − r̃)₊ and Σ‖d‖²(r̃ − 2/η)₊. */
  readonly deficit: number;
  readonly excess: number;
  /** Shares of E within `width` of 2/η, below and above, with the bounds on the latter two. */
  readonly windows: readonly {
    readonly width: number;
    readonly within: number;
    readonly below: number;
    readonly above: number;
    readonly belowBound: number;
    readonly aboveBound: number;
  }[];
  /** Relative; none should exceed rounding (`nearPeriodicity` may be negative). */
  readonly residuals: Readonly<Record<CouplingIdentity, number>>;
  /** What rounding may make of each. */
  readonly roundings?: Readonly<Record<CouplingIdentity, number>>;
}

/**
 * Something that happened once: divergence, first crossing of the threshold, the end. Resuming leaves no mark
 * (a resumed run has the same events as an uninterrupted one); provenance.json lists the sessions.
 */
export interface MarkEvent {
  readonly type: "mark";
  readonly step: number;
  readonly kind: "onset" | "diverged" | "stopped" | "finished" | "warning";
  readonly message: string;
}

export type RunEvent = HeaderEvent | StepEvent | MeasurementEvent | MarkEvent;

/** A sharpness curve against its threshold; see `edge` in math. */
export interface EdgeSummary {
  readonly verdict: EdgeVerdict;
  /** The verdict with its numbers, for a reader. */
  readonly sentence: string;
  /** First step from which the sharpness stayed within tolerance of the threshold, or above it; null when it never did. */
  readonly onset: number | null;
  /** Mean of the last records over the threshold. */
  readonly ratio: number | null;
}

/** At how many measurements an assumption was checked and failed, and what was said the last time it failed. */
export interface AssumptionCount {
  readonly checked: number;
  readonly failed: number;
  readonly message: string;
}

/** Mean of a measured quantity over a run's last records; null where it takes more finite ones than there are. */
export interface MeasuredMean {
  /** Dotted name as in events.jsonl: `alpha`, `noiseVariance.shuffle.50`, `batchSharpness.50`. */
  readonly quantity: string;
  readonly point: MeasurementPoint;
  /** Finite records averaged. */
  readonly n: number;
  readonly mean: number | null;
  readonly sd: number | null;
  /** Standard error of the mean, correlation between records included. */
  readonly stderr: number | null;
  /** Integrated autocorrelation time, in records. */
  readonly tau: number | null;
}

/** Contents of summary.json: written at every checkpoint and at the end. */
export interface RunSummary {
  readonly version: 1;
  readonly status: "running" | "interrupted" | "finished" | "diverged" | "failed";
  readonly step: number;
  readonly steps: number;
  readonly loss: number | null;
  readonly sharpness: number | null;
  /** Stability threshold of the optimiser at its learning rate: 2/η for GD and SGD. */
  readonly threshold: number;
  /** Mean sharpness over the last `equilibriumRecords` solves, and its sample standard deviation. */
  readonly equilibriumSharpness: number | null;
  readonly equilibriumSd: number | null;
  readonly equilibriumRecords: number;
  /** Standard error of that mean, correlation between records included; see `equilibrium` in math. */
  readonly equilibriumStderr?: number | null;
  /** Integrated autocorrelation time of the records, in records; null when there are too few to tell. */
  readonly equilibriumTau?: number | null;
  /** What to doubt about the mean and its error. */
  readonly equilibriumWarning?: string;
  /** How the sharpness stands to the threshold; absent when it was never measured. */
  readonly edge?: EdgeSummary;
  /** By name, at how many measurements the theory's assumptions were checked and failed. */
  readonly assumptions?: Readonly<Record<string, AssumptionCount>>;
  /** Means of what was measured beyond loss and sharpness, over as many of its last records. */
  readonly measured?: readonly MeasuredMean[];
  /** Edge coupling up to the last record of it. */
  readonly coupling?: CouplingRecord;
  readonly accuracy?: number | null;
  readonly testAccuracy?: number | null;
  /** Step of the first solve with S ≥ threshold. */
  readonly onset?: number;
  /** Hessian–vector products so far. */
  readonly hvps?: number;
  /** Seconds of computing, all sessions together. */
  readonly seconds: number;
  readonly message?: string;
}

/** A run as figures and reports read it: everything already parsed, no file handles. */
export interface RunRecord {
  readonly id: string;
  /** Resolved configuration as plain data (config.yaml). */
  readonly config: Readonly<Record<string, unknown>>;
  readonly summary: RunSummary | null;
  readonly steps: readonly StepEvent[];
  readonly measurements: readonly MeasurementEvent[];
  readonly marks: readonly MarkEvent[];
  /** provenance.json; null or absent when it cannot be read. */
  readonly provenance?: Provenance | null;
}
