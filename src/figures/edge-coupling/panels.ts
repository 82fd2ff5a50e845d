// What the edge-coupling figures share: a panel of plain curves over numbers, with reference lines.
import type { AxisSpec } from "../axes.ts";
import { numberAxis, valueAxis } from "../axes.ts";
import type { PanelSpec } from "../compose.ts";
import { drawableOnLinear, extremes, horizontalDomain } from "../domains.ts";
import { lineLabels, lineMarks } from "../gap/overlays.ts";
import type { Line } from "../lines.ts";
import type { TraceStyle } from "../palette.ts";
import { type Reference, referenceLabels, referenceMarks } from "../references.ts";

/** A curve through given points, in the order given. */
export function curve(
  label: string,
  series: string,
  style: TraceStyle,
  points: readonly (readonly [x: number, y: number])[],
): Line {
  return {
    trace: { label, style },
    series,
    kind: "main",
    runs: [],
    steps: new Float64Array(),
    x: Float64Array.from(points, ([x]) => x),
    y: Float64Array.from(points, ([, y]) => y),
    diverged: false,
  };
}

export interface CurvesPanel {
  readonly title?: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  readonly references: readonly Reference[];
  /** Values the y axis must include. */
  readonly include?: readonly number[];
  /** Default: from the first to the last point. */
  readonly x?: AxisSpec;
}

/** A panel of lines and labelled references on linear axes. */
export function curvesPanel({ lines, references, include = [], ...texts }: CurvesPanel): PanelSpec {
  const [start, end] = horizontalDomain(lines);
  const x = texts.x ?? numberAxis([start, end], false, 80);
  const values = lines.flatMap((line) => extremes(line, drawableOnLinear));
  const y = valueAxis([...values, ...references.map(({ value }) => value), ...include], false);
  return {
    ...texts,
    x,
    y,
    empty: values.length === 0,
    labels: [...referenceLabels(references), ...lineLabels(lines, x.domain[1], drawableOnLinear)],
    marks: (pixels) => [...referenceMarks(references), ...lineMarks(lines, pixels, y, drawableOnLinear)],
  };
}
