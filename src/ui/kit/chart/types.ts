// What a live chart draws: series as columns, references, marks and brackets, and how the reader looks at them.
import type { LineKind } from "../../../figures/lines.ts";

/** One curve. Charts look at identity: a curve that grew is a new object, with a longer view of the same buffer. */
export interface ChartSeries {
  /** What it belongs to (a run, say): hovering highlights all curves of one owner in every chart of the group. */
  readonly owner: string;
  /** What the legend calls it. */
  readonly label: string;
  /** What its stroke means, said once below the legend: curves with a note behind others have no entry of their own. */
  readonly note?: string;
  /** Name of the quantity, as in the CSV. */
  readonly quantity?: string;
  /** Ascending and finite (for `path` and `points`: in any order). */
  readonly xs: Float64Array;
  /** Same length; NaN breaks the line. */
  readonly ys: Float64Array;
  /** Optimiser steps of the points, for the even/odd split and the CSV; without, points are numbered. */
  readonly steps?: Float64Array;
  /** "#rrggbb". */
  readonly colour: string;
  /** Dash pattern in pixels as in `figures` ("5 2.5"); "" for a solid line. */
  readonly dash?: string;
  /** As in `figures`; besides, `path` joins points in their order and `points` draws dots. Default `main`. */
  readonly kind?: LineKind | "path" | "points";
  readonly hidden?: boolean;
  /** Spread around the curve, same length. */
  readonly band?: { readonly low: Float64Array; readonly high: Float64Array };
  /** Ends because the run diverged: drawn with a cross at its end. */
  readonly diverged?: boolean;
}

/** A line with a meaning, such as 2/η: a constant, or a series where it changes. */
export interface ChartReference {
  readonly label: string;
  readonly value?: number;
  readonly xs?: Float64Array;
  readonly ys?: Float64Array;
  readonly owner?: string;
  readonly colour?: string;
}

/** Something that happened at `x`. An onset is a tick at the axis, a change a vertical line. */
export interface ChartMark {
  readonly x: number;
  readonly kind: "onset" | "change";
  readonly label: string;
  readonly colour: string;
  readonly owner?: string;
}

/** A mean with its spread over a stretch of the axis, such as S_eq over the last records. */
export interface ChartBracket {
  readonly from: number;
  readonly to: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly label: string;
  readonly colour: string;
  readonly owner?: string;
}

/** How the reader looks at a chart. */
export interface ChartView {
  readonly logX: boolean;
  readonly logY: boolean;
  /** Weight of the past in the moving average, 0 (none) to 0.999. */
  readonly smoothing: number;
  /** Under a smoothed line: the extremes of the raw values as a shade instead of the faint raw line. */
  readonly envelope: boolean;
  /** Even and odd steps as two lines. */
  readonly evenOdd: boolean;
  /** Let the axis end at the cap the chart suggests (three times the threshold). */
  readonly capped: boolean;
  /** Draw spreads over seeds. */
  readonly bands: boolean;
}

export const DEFAULT_VIEW: ChartView = {
  logX: false,
  logY: false,
  smoothing: 0,
  envelope: false,
  evenOdd: false,
  capped: true,
  bands: true,
};

/** A stretch of the horizontal axis, in data units. */
export type Range = readonly [number, number];
