// Landscape coefficients at equilibrium, at each labelled place, and the gaps the theory predicts from them.
import { gapPredictions, type GapPredictions } from "../../curvature/index.ts";
import type { MeasurementEvent, MeasurementPoint } from "../../record/index.ts";
import type { GapRun } from "./gap-run.ts";
import type { GapGroup } from "./groups.ts";
import { noiseMeans } from "./noise-means.ts";
import { isFiniteNumber, meanOf, overRuns, type Statistic } from "./statistic.ts";

/** Where coefficients were measured, for a reader. */
export const PLACES: readonly MeasurementPoint[] = ["iterate", "midpoint"];

/** Which α enters a prediction: −⟨g,∇S⟩, or −⟨g,∇S⊥⟩ without what the oscillation along u does to it. */
export type AlphaKind = "alpha" | "alphaPerp";

/** Coefficients of one group of runs at one place: means over seeds of each run's mean over its window. */
export interface LandscapeMeans {
  readonly place: MeasurementPoint;
  readonly alpha: Statistic;
  readonly alphaPerp: Statistic;
  /** Share of measurements with α > 0. */
  readonly alphaPositive: Statistic;
  readonly alphaPerpPositive: Statistic;
  readonly beta: Statistic;
  readonly kappa: Statistic;
  readonly lambda2: Statistic;
  /** σ_u² and σ_s² of the group's own batch size and sampling. */
  readonly noiseU: Statistic;
  readonly noiseS: Statistic;
  /** Predicted 2/η − S from the means above, or why there is none; null for gradient descent and without measurements. */
  readonly predicted: Readonly<Record<AlphaKind, GapPredictions | null>>;
}

/** Coefficients and predictions of a group at one place; null when nothing was measured there. */
export function landscapeMeans(group: GapGroup, place: MeasurementPoint): LandscapeMeans | null {
  const { runs } = group;
  const measured = (run: GapRun): MeasurementEvent[] =>
    run.window[place].filter(({ beta }) => beta !== undefined);
  if (runs.every((run) => measured(run).length === 0)) return null;
  const mean = (pick: (event: MeasurementEvent) => number | null | undefined): Statistic =>
    overRuns(runs, (run) => meanOf(measured(run).map(pick)));
  const positive = (kind: AlphaKind): Statistic =>
    mean((event) => (isFiniteNumber(event[kind]) ? Number(event[kind] > 0) : null));
  const noiseU = overRuns(runs, (run) => noiseMeans(run, place).exact);
  const noiseS = overRuns(runs, (run) => noiseMeans(run, place).sharpening);
  const beta = mean((event) => event.beta);
  const alphas = { alpha: mean((event) => event.alpha), alphaPerp: mean((event) => event.alphaPerp) };
  const predict = (alpha: Statistic): GapPredictions | null =>
    alpha.mean === null || beta.mean === null || noiseU.mean === null
      ? null
      : gapPredictions({
          lr: group.lr,
          alpha: alpha.mean,
          beta: beta.mean,
          noiseU: noiseU.mean,
          noiseS: noiseS.mean ?? 0,
        });
  return {
    place,
    ...alphas,
    alphaPositive: positive("alpha"),
    alphaPerpPositive: positive("alphaPerp"),
    beta,
    kappa: mean((event) => event.kappa),
    lambda2: mean((event) => event.lambda2),
    noiseU,
    noiseS,
    predicted: { alpha: predict(alphas.alpha), alphaPerp: predict(alphas.alphaPerp) },
  };
}
