// Gradient noise along the top eigenvector at equilibrium, run by run: exact, and as published measurements sample it.
import type { MeasurementPoint } from "../../record/index.ts";
import type { GapRun } from "./gap-run.ts";
import { meanOf } from "./statistic.ts";

/** Means over the equilibrium window of one run at one place; null where nothing was measured. */
export interface NoiseMeans {
  /** σ_u² of the run's own batch size under its own sampling, exact. */
  readonly exact: number | null;
  /** The same from random batches: what a published value is. */
  readonly sampled: number | null;
  /** s_u², that of a single example: what changes from run to run because runs sit at different places. */
  readonly single: number | null;
  /** σ_s² of the run's own batch size and sampling, along ∇S⊥. */
  readonly sharpening: number | null;
  /** Measurements averaged. */
  readonly records: number;
}

/** Noise of a run with its own batch size; all null for gradient descent, which has none. */
export function noiseMeans({ window, batch, sampling }: GapRun, place: MeasurementPoint): NoiseMeans {
  const measured = window[place].filter(({ noiseVariance }) => noiseVariance !== undefined);
  const key = String(batch);
  return {
    exact: meanOf(measured.map(({ noiseVariance }) => noiseVariance?.[sampling][key])),
    sampled: meanOf(measured.map(({ noiseVarianceSampled }) => noiseVarianceSampled?.[key]?.variance)),
    single: meanOf(measured.map(({ noiseVariance }) => noiseVariance?.with["1"])),
    sharpening: meanOf(
      measured.map(({ sharpeningNoiseVariance }) => sharpeningNoiseVariance?.[sampling][key]),
    ),
    records: measured.length,
  };
}
