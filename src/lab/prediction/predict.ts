// From measured places to predicted gaps with their uncertainty, place by place.
import { gapPredictions, type GapPredictions, noiseVariance } from "../../curvature/index.ts";
import { jackknife, type JackknifeEstimate, summarize, type Summary } from "../../math/index.ts";
import type { SamplingName } from "../../record/index.ts";
import type { Place, PlaceRecord } from "./candidates.ts";
import { PREDICTION_PLACES } from "./candidates.ts";
import type { SegmentRecord } from "./segments.ts";

/** A predicted gap with its standard error over segments, or why there is none. */
export type UncertainGap =
  | (JackknifeEstimate & { readonly reason: null })
  | { readonly value: null; readonly stderr: null; readonly reason: string };

/** What one place says of a run's gap. */
export interface PlacePrediction {
  readonly place: Place;
  /** Segments measured there. */
  readonly segments: number;
  /** Share of them with α⊥ > 0. */
  readonly positive: number;
  readonly sharpness: Summary;
  readonly lambda2: Summary;
  readonly alpha: Summary;
  readonly alphaPerp: Summary;
  readonly beta: Summary;
  /** σ_u² and σ_s² of the run's batch size and sampling. */
  readonly noiseU: Summary;
  readonly noiseS: Summary;
  /** δ² = 2ᾱ/β̄, the E x² of the theory; null where ᾱ ≤ 0. */
  readonly delta2: number | null;
  readonly gap: Readonly<Record<keyof GapPredictions, UncertainGap>>;
}

/** The predictions of a run. */
export interface RunPrediction {
  readonly places: readonly PlacePrediction[];
  /** Measured E x² along the leading eigenvectors, in order; mean over segments. */
  readonly oscillation: readonly Summary[];
  /**
   * ησ_u²/(2·E x²) with the measured E x² and σ_u² at the average: balance of second moments alone, true of any
   * oscillation at a fixed S whatever holds E x² there. A check on the noise, not on α and β.
   */
  readonly balance: UncertainGap;
}

/** A run's settings. */
export interface PredictionInput {
  readonly lr: number;
  readonly n: number;
  readonly batch: number;
  readonly sampling: SamplingName;
  readonly segments: readonly SegmentRecord[];
}

type Kind = keyof GapPredictions;
const KINDS: readonly Kind[] = ["meanField", "twoNoise", "refined", "ar1"];

/**
 * Predicts 2/η − E S at every place from means of α⊥, β, σ_u² and σ_s² over segments (a mean of ratios would be ruled by
 * the smallest α); errors by leaving out one segment at a time. Pure.
 */
export function predictGap(input: PredictionInput): RunPrediction {
  const { segments, lr } = input;
  const places = PREDICTION_PLACES.flatMap((place): PlacePrediction[] => {
    const records = segments.flatMap((segment) => segment.places.filter((each) => each.place === place));
    return records.length === 0 ? [] : [predictAt(place, records, input)];
  });
  const directions = Math.max(0, ...segments.map(({ oscillation }) => oscillation.length));
  const balanced = segments.flatMap(({ oscillation, places: measured }) => {
    const average = measured.find(({ place }) => place === "average");
    const [x2] = oscillation;
    return average === undefined || x2 === undefined ? [] : [{ x2, noise: noises(average, input).noiseU }];
  });
  return {
    places,
    oscillation: Array.from({ length: directions }, (_, k) =>
      summarize(segments.flatMap(({ oscillation }) => oscillation[k] ?? [])),
    ),
    balance:
      balanced.length === 0
        ? { value: null, stderr: null, reason: "the oscillation was not measured in any segment" }
        : {
            ...jackknife(balanced, (kept) => (lr * sum(kept, "noise")) / (2 * sum(kept, "x2")))!,
            reason: null,
          },
  };
}

function predictAt(place: Place, records: readonly PlaceRecord[], input: PredictionInput): PlacePrediction {
  const { lr } = input;
  const rows = records.map((record) => ({ ...record, ...noises(record, input) }));
  type Row = (typeof rows)[number];
  const over = (pick: (row: Row) => number | null): Summary =>
    summarize(rows.flatMap((row) => pick(row) ?? []));
  const predict = (kept: readonly Row[]): GapPredictions => {
    const mean = (key: "alphaPerp" | "beta" | "noiseU" | "noiseS"): number => sum(kept, key) / kept.length;
    return gapPredictions({
      lr,
      alpha: mean("alphaPerp"),
      beta: mean("beta"),
      noiseU: mean("noiseU"),
      noiseS: mean("noiseS"),
    });
  };
  const all = predict(rows);
  const gap = (kind: Kind): UncertainGap => {
    const { reason } = all[kind];
    if (reason !== null) return { value: null, stderr: null, reason };
    return { ...jackknife(rows, (kept) => predict(kept)[kind].value)!, reason: null };
  };
  const [alpha, beta] = [sum(rows, "alphaPerp"), sum(rows, "beta")];
  return {
    place,
    segments: rows.length,
    positive: rows.filter(({ alphaPerp }) => alphaPerp > 0).length / rows.length,
    sharpness: over(({ sharpness }) => sharpness),
    lambda2: over(({ lambda2 }) => lambda2),
    alpha: over((row) => row.alpha),
    alphaPerp: over(({ alphaPerp }) => alphaPerp),
    beta: over((row) => row.beta),
    noiseU: over(({ noiseU }) => noiseU),
    noiseS: over(({ noiseS }) => noiseS),
    delta2: alpha > 0 && beta > 0 ? (2 * alpha) / beta : null,
    gap: Object.fromEntries(KINDS.map((kind) => [kind, gap(kind)])) as PlacePrediction["gap"],
  };
}

/** σ_u² drives an oscillating mode and σ_s² a slow one; shuffled epochs tell them apart. */
function noises(
  { varianceU, varianceS }: PlaceRecord,
  { n, batch, sampling }: PredictionInput,
): { readonly noiseU: number; readonly noiseS: number } {
  return {
    noiseU: noiseVariance(varianceU, n, batch, sampling, "oscillating"),
    noiseS: noiseVariance(varianceS, n, batch, sampling, "slow"),
  };
}

function sum<Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return rows.reduce((total, row) => total + row[key], 0);
}
