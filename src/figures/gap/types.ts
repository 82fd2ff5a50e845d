// What the sharpness-gap figures draw: aggregated numbers, free of records and of how they were measured.
import type { Reference } from "../references.ts";

/** Mean of a quantity over seeds at one batch size or learning rate. */
export interface SweepPoint {
  readonly x: number;
  readonly mean: number;
  /** Sample standard deviation over seeds; null when there is one seed (then no bar is drawn and a note says so). */
  readonly sd: number | null;
  /** Number of seeds. */
  readonly count: number;
  /** Name of the setting where `x` does not say it, e.g. `full` for the batch of all examples. */
  readonly label?: string;
}

/** A point of an overlay, with its confidence band where it has one. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** A curve to overlay: `fit` solid with its band, `slope` dotted, `theory` dashed, `paper` dash-dotted grey. */
export interface OverlayCurve {
  readonly label: string;
  readonly style: "fit" | "slope" | "theory" | "paper";
  readonly points: readonly CurvePoint[];
}

/** ln(y) − ln(fitted y) at one x. */
export interface Residual {
  readonly x: number;
  readonly value: number;
}

/** A small plot inside another one: the same horizontal axis, a linear vertical one. */
export interface Inset {
  readonly yLabel: string;
  readonly points: readonly SweepPoint[];
  readonly references: readonly Reference[];
}

/** Input of {@link scalingFigure}. */
export interface ScalingSpec {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly SweepPoint[];
  /** Points no logarithmic axis can show (a gap ≤ 0): open marks at the bottom edge, named in a note. */
  readonly excluded: readonly SweepPoint[];
  readonly curves: readonly OverlayCurve[];
  /** Drawn in a panel below, against the same x axis. */
  readonly residuals?: readonly Residual[];
  readonly inset?: Inset;
  readonly notes: readonly string[];
}

/** One recorded quantity of one run. Arrays of equal length, steps ascending; null where it was not finite. */
export interface SeriesRun {
  readonly run: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

/** The runs of one setting that differ in their seed only. */
export interface SeriesGroup {
  readonly label: string;
  /** Full-batch gradient descent is drawn black and dashed. */
  readonly kind: "gd" | "sgd";
  readonly runs: readonly SeriesRun[];
}

/** One panel of {@link trajectoriesFigure}. */
export interface SeriesPanel {
  readonly title: string;
  readonly yLabel: string;
  readonly groups: readonly SeriesGroup[];
  readonly references: readonly Reference[];
}

/** Input of {@link trajectoriesFigure}. */
export interface TrajectoriesSpec {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly SeriesPanel[];
  readonly notes: readonly string[];
}

/** Points of one kind in a {@link PointsPanel}; `theory` marks are open and joined by a dashed line. */
export interface PointsSeries {
  readonly label: string;
  readonly kind: "gd" | "sgd" | "theory";
  readonly points: readonly SweepPoint[];
}

/** One panel of {@link pointsFigure}. */
export interface PointsPanel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly series: readonly PointsSeries[];
  readonly curves: readonly OverlayCurve[];
  readonly references: readonly Reference[];
}

/** Input of {@link pointsFigure}. */
export interface PointsSpec {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly PointsPanel[];
  readonly notes: readonly string[];
}

/** Input of {@link anatomyFigure}. */
export interface AnatomySpec {
  readonly name: string;
  readonly title: string;
  /** Above the bars. Default: the gap by what `tracking` has on its horizontal axis. */
  readonly barsTitle?: string;
  /** One bar per batch size, in the order given. */
  readonly bars: readonly SweepPoint[];
  /** Drawn over the bars, at the x of each. */
  readonly curve: OverlayCurve | null;
  readonly tracking: PointsPanel;
  readonly notes: readonly string[];
}

/** One column of {@link batchSharpnessFigure}: the two curvatures of one run. */
export interface BatchSharpnessColumn {
  readonly label: string;
  readonly sharpness: SeriesRun;
  readonly batchSharpness: SeriesRun;
  /** Values per window of the running median, odd. */
  readonly window: number;
  /** First step of the equilibrium phase, which the violins show. */
  readonly equilibriumFrom: number;
}

/** Input of {@link batchSharpnessFigure}. */
export interface BatchSharpnessSpec {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly BatchSharpnessColumn[];
  readonly references: readonly Reference[];
  readonly notes: readonly string[];
}

/** One panel of {@link landscapeFigure}. */
export interface LandscapePanel {
  readonly yLabel: string;
  readonly series: readonly { readonly label: string; readonly run: SeriesRun }[];
  readonly references: readonly Reference[];
  /** Savitzky–Golay filter: values per window (odd) and degree. */
  readonly smooth: { readonly window: number; readonly order: number };
  readonly logY?: boolean;
  /** Draw the axis through zero, for quantities of both signs. */
  readonly zeroLine?: boolean;
}

/** Input of {@link landscapeFigure}. */
export interface LandscapeSpec {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly LandscapePanel[];
  readonly notes: readonly string[];
}
