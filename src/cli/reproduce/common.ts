// Pieces several figures share: sharpness rows, fits as rows and as curves, series of runs, notes.
import type { OverlayCurve, SeriesGroup, SeriesRun, SweepPoint } from "../../figures/index.ts";
import {
  type AnalysedGroup,
  type GapAnalysis,
  type GapKind,
  gapOf,
  type GapRun,
  logGrid,
  type Scaling,
  scalingCurve,
  type Statistic,
  type StochasticGroup,
  stochasticGroups,
} from "../../lab/index.ts";
import { powerLawBand } from "../../math/index.ts";
import type { MeasurementEvent, MeasurementPoint } from "../../record/index.ts";
import { formatNumber } from "../format.ts";
import { type ComparisonRow, type Found, found, type Stated } from "./comparison.ts";

/** `b = 50`, or `gradient descent`. */
export function batchLabel(batch: number | "full"): string {
  return batch === "full" ? "gradient descent" : `b = ${batch}`;
}

/** A row per group: S_eq. */
export function sharpnessRows(
  analysis: GapAnalysis,
  stated: (group: AnalysedGroup) => Stated,
  label: (group: AnalysedGroup) => string = ({ batch }) => batchLabel(batch),
): ComparisonRow[] {
  return analysis.groups.map((group) => ({
    quantity: `S_eq, ${label(group)}`,
    paper: stated(group),
    brink: found(group.sharpness),
    ...remark(group),
  }));
}

/** What to doubt about a group's equilibrium, and which runs are not part of it. */
function remark({ unsettled, runs }: AnalysedGroup): { remark?: string } {
  const drifting = runs.filter(({ drift }) => drift?.flagged === true).length;
  const remarks = [
    ...(drifting === 0
      ? []
      : [`still drifting over the averaged records in ${drifting} of ${runs.length} runs`]),
    ...unsettled.map(({ run, reason }) => `without ${run}: ${reason}`),
  ];
  return remarks.length === 0 ? {} : { remark: remarks.join("; ") };
}

/** A row per mini-batch group: its gap, and why there is none. */
export function gapRows(
  analysis: GapAnalysis,
  kind: GapKind,
  of: string,
  stated: (group: StochasticGroup) => Stated = () => null,
  label: (group: StochasticGroup) => string = ({ batch }) => batchLabel(batch),
): ComparisonRow[] {
  return stochasticGroups(analysis).map((group): ComparisonRow => {
    const quantity = `${of}, ${label(group)}`;
    const [paper, brink] = [stated(group), found(gapOf(group, kind))];
    const lacking = group.sharpness.mean !== null && brink === null;
    const remark = "no gradient descent of the same seed in equilibrium";
    return lacking ? { quantity, paper, brink, remark } : { quantity, paper, brink };
  });
}

/** Rows of a fit: exponent, R², p. */
export function fitRows(
  of: string,
  { fit, perSeed, points }: Scaling,
  stated: { readonly exponent: Stated; readonly r2: Stated; readonly p?: Stated },
): ComparisonRow[] {
  const runs = points.flatMap(({ value }) => value.runs);
  const cell = (value: number | null): Found | null =>
    value === null ? null : { value, sd: null, n: seedsOf(points.map(({ value: { n } }) => n)), runs };
  const missing = fit.reason === null ? {} : { remark: fit.reason };
  const exponent = cell(fit.exponent?.value ?? null);
  return [
    {
      quantity: `exponent of ${of}`,
      paper: stated.exponent,
      brink:
        exponent === null || fit.exponent === null
          ? null
          : { ...exponent, sd: perSeed.sd, interval: [fit.exponent.low, fit.exponent.high] },
      ...missing,
    },
    ...(fit.reason === null ? [{ quantity: "  R²", paper: stated.r2, brink: cell(fit.r2) }] : []),
    ...(fit.reason === null && stated.p !== undefined
      ? [{ quantity: "  p (exponent = 0)", paper: stated.p, brink: cell(fit.p) }]
      : []),
  ];
}

/** The exponent where every gap counts alike, in its own units; beside `fitRows`, whose logarithms give the smallest the first say. */
export function curveRows({ curve, curvePerSeed, points }: Scaling, stated: Stated): ComparisonRow[] {
  const quantity = "  by least squares of the gaps themselves";
  if (curve.reason !== null) return [{ quantity, paper: stated, brink: null, remark: curve.reason }];
  const { value, low, high } = curve.exponent;
  const runs = points.flatMap((point) => point.value.runs);
  const n = seedsOf(points.map((point) => point.value.n));
  return [
    { quantity, paper: stated, brink: { value, sd: curvePerSeed.sd, n, runs, interval: [low, high] } },
    {
      quantity: "  R²",
      paper: null,
      brink: curve.r2 === null ? null : { value: curve.r2, sd: null, n, runs },
    },
  ];
}

/** The curve of `curveRows`, over the range of the points. */
export function gapCurve(scaling: Scaling, variable: string): OverlayCurve[] {
  const { exponent } = scaling.curve;
  if (exponent === null) return [];
  const label = `fit of the gaps themselves ${variable}^${formatNumber(exponent.value, 3)}`;
  return [{ label, style: "fit", points: scalingCurve(scaling) }];
}

function seedsOf(counts: readonly number[]): number {
  return Math.max(0, ...counts);
}

/** Points of a figure. */
export function sweepPoint(x: number, { mean, sd, n }: Statistic, label?: string): SweepPoint[] {
  return mean === null ? [] : [{ x, mean, sd, count: n, ...(label === undefined ? {} : { label }) }];
}

/** The fitted power law with its 95 % band, over the range of the fitted points. */
export function fitCurve({ fit }: Scaling, variable: string): OverlayCurve[] {
  if (fit.line === null) return [];
  const x = logGrid(fit.line.points.map((point) => Math.exp(point.x)));
  return [
    {
      label: `fit ${variable}^${formatNumber(fit.exponent.value, 3)}`,
      style: "fit",
      points: powerLawBand(fit, x).map(({ x: at, y, confidence: [low, high] }) => ({ x: at, y, low, high })),
    },
  ];
}

/** A power law of given exponent through the logarithmic centre of the fitted points. */
export function slopeCurve({ fit }: Scaling, exponent: number, label: string): OverlayCurve[] {
  if (fit.line === null) return [];
  const { centerX, intercept, slope, points } = fit.line;
  const centerY = intercept.value + slope.value * centerX;
  const places = logGrid(points.map((point) => Math.exp(point.x)));
  return [
    {
      label,
      style: "slope",
      points: places.map((x) => ({ x, y: Math.exp(centerY + exponent * (Math.log(x) - centerX)) })),
    },
  ];
}

/** A measured quantity over the steps of a run; measurements without it are left out. */
export function seriesOf(
  { id, record }: GapRun,
  pick: (event: MeasurementEvent) => number | null | undefined,
  place: MeasurementPoint = "iterate",
): SeriesRun {
  const measured = record.measurements.flatMap((event) => {
    const value = event.point === place ? pick(event) : undefined;
    return value === undefined ? [] : [{ step: event.step, value }];
  });
  return {
    run: id,
    steps: measured.map(({ step }) => step),
    values: measured.map(({ value }) => value),
  };
}

/** Sharpness over time of every run that got to its end, settled or not, by batch size. */
export function sharpnessGroups({ runs, groups }: GapAnalysis): SeriesGroup[] {
  return groups.flatMap(({ lr, batch }) => {
    const members = runs.filter(
      (run) => run.lr === lr && run.batch === batch && run.record.summary?.status === "finished",
    );
    if (members.length === 0) return [];
    return [
      {
        label: batch === "full" ? "GD" : `b = ${batch}`,
        kind: batch === "full" ? ("gd" as const) : ("sgd" as const),
        runs: members.map((run) => seriesOf(run, solvedSharpness)),
      },
    ];
  });
}

/** The sharpness where it was solved for, not carried along as a Rayleigh quotient. */
export function solvedSharpness({ sharpness, rayleigh }: MeasurementEvent): number | null | undefined {
  return rayleigh === true ? undefined : sharpness;
}

/** 2/η as a reference line; nothing when the runs do not share it. */
export function edgeReference({ groups }: GapAnalysis): { value: number; label: string }[] {
  const thresholds = new Set(groups.map(({ threshold }) => threshold));
  return thresholds.size === 1
    ? [...thresholds].map((value) => ({ value, label: `2/η = ${Number(value.toPrecision(4))}` }))
    : [];
}

/** Runs that do not enter means, said under the figure. */
export function unsettledNotes(analyses: readonly (GapAnalysis | undefined)[]): string[] {
  const all = analyses.flatMap((analysis) => analysis?.groups.flatMap(({ unsettled }) => unsettled) ?? []);
  return all.length === 0
    ? []
    : [`Not in equilibrium, so in no mean: ${all.map(({ run }) => run).join(", ")}.`];
}

/** Plain data of an analysis for numbers.json: every mean with its runs, without the records. */
export function plainAnalysis({ n, runs, groups }: GapAnalysis): Record<string, unknown> {
  return {
    n,
    runs: runs.map(({ id, seed, lr, batch, sampling, threshold, edge, drift, unsettled }) => ({
      id,
      seed,
      lr,
      batch,
      sampling,
      threshold,
      verdict: edge.verdict,
      onset: edge.onset,
      peak: edge.peak,
      equilibrium: edge.final,
      drift,
      unsettled,
    })),
    groups: groups.map(({ runs: members, ...group }) => ({ ...group, runs: members.map(({ id }) => id) })),
  };
}
