// Overlaid curves (fits with bands, slopes, theory, the paper's curves) as lines of the chart.
import type { Markish } from "@observablehq/plot";
import type { ChartLabel } from "../annotations.ts";
import type { AxisSpec } from "../axes.ts";
import { bandMark, isolatedPoints, lineMark, thin, touches } from "../chart-lines.ts";
import type { Line } from "../lines.ts";
import type { TraceStyle } from "../palette.ts";
import type { OverlayCurve } from "./types.ts";

/** A curve as a line; `series` is the quantity it is drawn over. Points without a finite x are left out. */
export function overlayLine(curve: OverlayCurve, style: TraceStyle, series: string): Line {
  const points = curve.points.filter((point) => Number.isFinite(point.x)).toSorted((a, b) => a.x - b.x);
  const banded = points.some((point) => point.low !== undefined && point.high !== undefined);
  return {
    trace: { label: curve.label, style },
    series,
    kind: "main",
    runs: [],
    steps: new Float64Array(),
    x: Float64Array.from(points, (point) => point.x),
    y: Float64Array.from(points, (point) => point.y),
    ...(banded
      ? {
          band: {
            low: Float64Array.from(points, (point) => point.low ?? Number.NaN),
            high: Float64Array.from(points, (point) => point.high ?? Number.NaN),
          },
        }
      : {}),
    diverged: false,
  };
}

/**
 * Bands and strokes of lines, the bands behind all strokes. What leaves the panel is cut at its edge: bands by
 * value, since a renderer may not survive a clipped shape that lies wholly outside.
 */
export function lineMarks(
  lines: readonly Line[],
  pixels: number,
  y: AxisSpec,
  drawable: (value: number) => boolean,
): (Markish | null)[] {
  const drawn = lines.map((line) => thin(line, pixels, drawable));
  return [
    ...lines.map((line) => bandMark(withinPanel(line, y.domain), pixels, false, drawable)),
    ...drawn
      .filter((each) => touches(each, y.domain))
      .map((each) => lineMark(each, leaves(each.y, y.domain))),
    ...drawn.map((each) => isolatedPoints(each, y.domain)),
  ];
}

/** One label per line at its last drawable value; lines without a label or a value have none. */
export function lineLabels(
  lines: readonly Line[],
  xMax: number,
  drawable: (value: number) => boolean,
): ChartLabel[] {
  return lines.flatMap((line) => {
    const last = line.y.findLastIndex(drawable);
    if (line.trace.label === "" || last < 0) return [];
    const value = line.y[last]!;
    return [{ text: line.trace.label, value, reachesEdge: line.x[last]! >= xMax, style: line.trace.style }];
  });
}

function leaves(values: readonly number[], [low, high]: readonly [number, number]): boolean {
  return values.some((value) => value < low || value > high);
}

/** The line with its band cut at the domain, and without the parts of it that lie wholly outside. */
function withinPanel(line: Line, [bottom, top]: readonly [number, number]): Line {
  if (line.band === undefined) return line;
  const { low, high } = line.band;
  const inside = low.map((value, i) => (value <= top && high[i]! >= bottom ? 1 : Number.NaN));
  return {
    ...line,
    band: {
      low: low.map((value, i) => Math.max(bottom, value) * inside[i]!),
      high: high.map((value, i) => Math.min(top, value) * inside[i]!),
    },
  };
}
