// Figure: how a quantity scales with batch size or learning rate, on two logarithmic axes, with fits and residuals.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { numberAxis, withoutTickLabels } from "../axes.ts";
import type { AxisSpec } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelArea, PanelSpec } from "../compose.ts";
import { drawableOnLinear, drawableOnLog } from "../domains.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import type { Line } from "../lines.ts";
import { INK, PAPER } from "../palette.ts";
import { rowsOf } from "../rows.ts";
import { appendInset } from "./inset.ts";
import type { Pixel } from "./inset.ts";
import { lineLabels, lineMarks, overlayLine } from "./overlays.ts";
import { hue, overlayStyles } from "./styles.ts";
import {
  barEnds,
  barNote,
  describePoint,
  pointMarks,
  pointRows,
  sweepAxis,
  sweepValueAxis,
} from "./sweep.ts";
import type { Residual, ScalingSpec, SweepPoint } from "./types.ts";

const COLOUR: string = hue(0).colour;

/**
 * Points with error bars of ±1 sd and overlaid curves on logarithmic axes, an inset, and the residuals of the fit
 * in a panel below. Points that such an axis cannot show are open triangles at the bottom edge, named in a note.
 */
export function scalingFigure(spec: ScalingSpec, options: FigureOptions): Figure {
  const shown = (point: SweepPoint): boolean => drawableOnLog(point.mean) && drawableOnLog(point.x);
  const points = spec.points.filter(shown);
  const outside = [...spec.points.filter((point) => !shown(point)), ...spec.excluded];
  const styles = overlayStyles(spec.curves, 1);
  const lines = spec.curves.map((curve, i) => overlayLine(curve, styles[i]!, spec.yLabel));
  const x = sweepAxis(
    [...points, ...outside],
    lines.flatMap((line) => [...line.x]),
    true,
  );
  const y = sweepValueAxis(points, lines, [], true);
  const residuals = (spec.residuals ?? []).filter((r) => drawableOnLog(r.x) && drawableOnLinear(r.value));
  const main: PanelSpec = {
    xLabel: residuals.length === 0 ? spec.xLabel : "",
    yLabel: spec.yLabel,
    x: residuals.length === 0 ? x : withoutTickLabels(x),
    y,
    empty: points.length === 0 && outside.length === 0 && lines.every((line) => !line.y.some(drawableOnLog)),
    labels: lineLabels(
      lines,
      Math.max(...lines.flatMap((line) => [...line.x]), ...points.map((p) => p.x)),
      drawableOnLog,
    ),
    marks: (pixels) => [
      ...lineMarks(lines, pixels, y, drawableOnLog),
      ...pointMarks(points, COLOUR, "dot", x, y),
      bottomMarks(outside, y),
    ],
    decorate: (area) => {
      if (spec.inset !== undefined) appendInset(area, spec.inset, true, obstaclePaths(area, points, lines));
    },
  };
  const grid = [{ height: 290, panels: [main] }];
  if (residuals.length > 0) grid.push({ height: 76, panels: [residualPanel(spec.xLabel, x, residuals)] });
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt:
        `${spec.yLabel} against ${spec.xLabel}, both logarithmic: ` +
        `${points.length} points${points.length === 0 ? "" : ` (${points.map(describePoint).join("; ")})`}` +
        `${spec.curves.length === 0 ? "" : `, with ${spec.curves.map((curve) => curve.label).join("; ")}`}.`,
      grid,
      notes: [
        ...barNote(points),
        ...(points.some(({ mean, sd }) => sd !== null && mean - sd < y.domain[0])
          ? ["bars that reach below the axis are cut"]
          : []),
        ...(outside.length === 0
          ? []
          : [`△ not positive, so not on the logarithmic axis: ${outside.map(describePoint).join("; ")}`]),
        ...(lines.some((line) => line.band !== undefined) ? ["shaded: 95 % confidence band"] : []),
        ...spec.notes,
      ],
      rows: [
        ...pointRows(spec.points, "measured", spec.yLabel),
        ...pointRows(spec.excluded, "excluded", spec.yLabel),
        ...rowsOf(lines),
        ...(spec.residuals ?? []).map((r) => ({
          run: "",
          label: "measured",
          series: "log residual",
          x: r.x,
          y: r.value,
        })),
        ...(spec.inset === undefined ? [] : pointRows(spec.inset.points, "inset", spec.inset.yLabel)),
      ],
    },
    options,
  );
}

/** Open triangles on the horizontal axis. */
function bottomMarks(points: readonly SweepPoint[], y: AxisSpec): Markish {
  return Plot.dot(
    points.filter((point) => drawableOnLog(point.x)),
    {
      x: "x",
      y: y.domain[0],
      r: 4.5,
      symbol: "triangle",
      fill: PAPER,
      stroke: COLOUR,
      strokeWidth: 1.5,
      ariaDescription: "not positive",
    },
  );
}

function residualPanel(xLabel: string, x: AxisSpec, residuals: readonly Residual[]): PanelSpec {
  const reach = Math.max(0.01, ...residuals.map(({ value }) => Math.abs(value))) * 1.25;
  return {
    xLabel,
    yLabel: "residual of the logarithm",
    x,
    y: numberAxis([-reach, reach], false, 26),
    empty: false,
    labels: [],
    marks: () => [
      Plot.ruleY([0], { stroke: INK, strokeWidth: 1 }),
      Plot.ruleX(residuals, { x: "x", y1: 0, y2: "value", stroke: COLOUR, strokeWidth: 1.2 }),
      Plot.dot(residuals, { x: "x", y: "value", r: 3.2, fill: COLOUR, stroke: PAPER }),
    ],
  };
}

/** What an inset should not hide: points with their bars, and curves. */
function obstaclePaths(area: PanelArea, points: readonly SweepPoint[], lines: readonly Line[]): Pixel[][] {
  return [
    ...points.map((point) => barEnds(point, true).map((y): Pixel => [area.toX(point.x), area.toY(y)])),
    ...lines.map((line) =>
      Array.from(line.x, (x, i): Pixel => [area.toX(x), area.toY(line.y[i]!)]).filter((pixel) =>
        pixel.every(Number.isFinite),
      ),
    ),
  ];
}
