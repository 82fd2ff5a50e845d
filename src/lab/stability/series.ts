// The series a run with `measure.stability` recorded, ready for analysis.
import type { DriftRecord, RunRecord, StabilityProblemRecord } from "../../record/index.ts";

/** The conditional drift at one step; values that were not finite are left out. */
export interface DriftSample {
  readonly step: number;
  readonly logLoss: number;
  readonly relative: number;
  readonly stderr: number;
  readonly exact: boolean;
  /** `relative` to second order in the learning rate; null where it was not measured. */
  readonly secondOrder: number | null;
}

/** A value at a step. */
export interface StepValue {
  readonly step: number;
  readonly value: number;
}

/** Series of equal length, one entry an evaluation of the full loss; NaN where it was not finite. */
export interface StabilitySeries {
  readonly steps: readonly number[];
  readonly logLoss: Float64Array;
  readonly potential: Float64Array;
  readonly maxPotential: Float64Array;
  /** NaN where they were not measured, as the next. */
  readonly gradNorm: Float64Array;
  readonly meanSquareGradient: Float64Array;
  readonly drift: readonly DriftSample[];
  /** λ_max where it was solved for. */
  readonly sharpness: readonly StepValue[];
  readonly testAccuracy: readonly StepValue[];
  /** Null when the record begins later than the run. */
  readonly problem: StabilityProblemRecord | null;
}

/** Reads the series. `every` are the steps between evaluations, so that points of other cadences are left out. */
export function stabilitySeries({ measurements }: RunRecord, every: number): StabilitySeries {
  const measured = measurements.flatMap(({ step, point, stability }) =>
    stability === undefined || point !== "iterate" || step % every !== 0 ? [] : [{ step, ...stability }],
  );
  const column = (pick: (record: (typeof measured)[number]) => number | null): Float64Array =>
    Float64Array.from(measured, (record) => pick(record) ?? Number.NaN);
  const values = (
    pick: (event: RunRecord["measurements"][number]) => number | null | undefined,
  ): StepValue[] =>
    measurements.flatMap((event) => {
      const value = pick(event);
      return typeof value === "number" ? [{ step: event.step, value }] : [];
    });
  return {
    steps: measured.map(({ step }) => step),
    logLoss: column(({ logLoss }) => logLoss),
    potential: column(({ potential }) => potential),
    maxPotential: column(({ maxPotential }) => maxPotential),
    gradNorm: column(({ gradNorm }) => gradNorm ?? null),
    meanSquareGradient: column(({ meanSquareGradient }) => meanSquareGradient ?? null),
    drift: measured.flatMap(({ step, logLoss, drift }) => driftSample(step, logLoss, drift)),
    sharpness: values(({ sharpness, rayleigh, point }) =>
      rayleigh === true || point !== "iterate" ? undefined : sharpness,
    ),
    testAccuracy: values(({ testAccuracy }) => testAccuracy),
    problem:
      measurements.find(({ stability }) => stability?.problem !== undefined)?.stability?.problem ?? null,
  };
}

function driftSample(step: number, logLoss: number | null, drift: DriftRecord | undefined): DriftSample[] {
  if (drift === undefined || logLoss === null || drift.relative === null) return [];
  const { relative, stderr, exact, secondOrder = null } = drift;
  return [{ step, logLoss, relative, stderr: stderr ?? Number.NaN, exact, secondOrder }];
}
