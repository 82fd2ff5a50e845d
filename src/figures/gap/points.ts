// Figure: panels of points with error bars, curves over them and reference lines.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import type { ChartLabel, Swatch } from "../annotations.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import type { TraceStyle } from "../palette.ts";
import { referenceLabels, referenceMarks } from "../references.ts";
import { rowsOf } from "../rows.ts";
import type { Row } from "../rows.ts";
import { lineLabels, lineMarks, overlayLine } from "./overlays.ts";
import { overlayStyles, styleKey, stylesByLabel } from "./styles.ts";
import {
  barNote,
  describePoint,
  drawableOn,
  pointMarks,
  pointRows,
  sweepAxis,
  sweepValueAxis,
} from "./sweep.ts";
import type { PointShape } from "./sweep.ts";
import type { PointsPanel, PointsSeries, PointsSpec } from "./types.ts";

const SHAPES: Readonly<Record<PointsSeries["kind"], PointShape & Swatch>> = {
  gd: "square",
  sgd: "dot",
  theory: "open",
};

/**
 * Points joined by thin lines with error bars of ±1 sd: gradient descent as black squares, stochastic runs as dots,
 * theory as open circles on dashes. Points that an axis cannot show are named in a note.
 */
export function pointsFigure(spec: PointsSpec, options: FigureOptions): Figure {
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt: spec.panels.map(describePanel).join(" "),
      grid: [{ height: 290, panels: spec.panels.map(pointsPanel) }],
      notes: [...pointsNotes(spec.panels), ...spec.notes],
      rows: spec.panels.flatMap(pointsRows),
    },
    options,
  );
}

/** One panel of points, for figures that have such a panel among others. */
export function pointsPanel(panel: PointsPanel): PanelSpec {
  const drawable = drawableOn(panel.logY);
  const styles = stylesByLabel(panel.series);
  const series = panel.series.map((each) => ({
    ...each,
    points: each.points.filter((point) => isShown(panel, point)).toSorted((a, b) => a.x - b.x),
    style: styles.get(styleKey(each.label, each.kind))!,
  }));
  const coloured = panel.series.filter((each) => each.kind !== "gd").length;
  const curveStyles = overlayStyles(panel.curves, Math.max(1, coloured));
  const lines = panel.curves.map((curve, i) => overlayLine(curve, curveStyles[i]!, panel.yLabel));
  const references = panel.references.filter(({ value }) => drawable(value));
  const points = series.flatMap((each) => each.points);
  const curveValues = lines.flatMap((line) => [...line.y].filter(drawable));
  const x = sweepAxis(
    points,
    lines.flatMap((line) => [...line.x]),
    panel.logX,
  );
  const y = sweepValueAxis(
    points,
    lines,
    references.map(({ value }) => value),
    panel.logY,
  );
  const xMax = Math.max(...points.map((point) => point.x), ...lines.map((line) => line.x.at(-1) ?? 0));
  return {
    ...(panel.title === "" ? {} : { title: panel.title }),
    xLabel: panel.xLabel,
    yLabel: panel.yLabel,
    x,
    y,
    empty: points.length === 0 && curveValues.length === 0,
    labels: [
      ...referenceLabels(references),
      ...lineLabels(lines, xMax, drawable),
      ...series.flatMap((each) => seriesLabel(each, each.style, xMax)),
    ],
    marks: (pixels) => [
      ...referenceMarks(references),
      ...lineMarks(lines, pixels, y, drawable),
      ...series.map((each) => joint(each, each.style)),
      ...series.flatMap((each) => pointMarks(each.points, each.style.colour, SHAPES[each.kind], x, y)),
    ],
  };
}

/** What the bars are in these panels, and which points their axes cannot show. */
export function pointsNotes(panels: readonly PointsPanel[]): string[] {
  const measured = panels.flatMap((panel) =>
    panel.series
      .filter((series) => series.kind !== "theory")
      .flatMap((series) => series.points.filter((point) => isShown(panel, point))),
  );
  const lost = panels.flatMap((panel) =>
    panel.series.flatMap((series) =>
      series.points
        .filter((point) => !isShown(panel, point))
        .map((point) => [series.label, describePoint(point)].filter((part) => part !== "").join(" ")),
    ),
  );
  return [...barNote(measured), ...(lost.length === 0 ? [] : [`not on the axes: ${lost.join("; ")}`])];
}

/** The points and curves of a panel as rows of the figure's table. */
export function pointsRows(panel: PointsPanel): Row[] {
  const quantity = panel.title === "" ? panel.yLabel : `${panel.title}: ${panel.yLabel}`;
  return [
    ...panel.series.flatMap((series) => pointRows(series.points, series.label, quantity)),
    ...rowsOf(panel.curves.map((curve) => overlayLine(curve, { colour: "", dash: "" }, quantity))),
  ];
}

/** A panel of points in words. */
export function describePanel(panel: PointsPanel): string {
  const series = panel.series.map(
    (each) =>
      `${each.label === "" ? "values" : each.label} (${each.points.map(describePoint).join("; ") || "no points"})`,
  );
  const curves = panel.curves.map((curve) => curve.label);
  const references = panel.references.map((reference) => reference.label);
  const shown = [...series, ...curves, ...references].join(", ");
  return `${panel.title === "" ? "" : `${panel.title}: `}${panel.yLabel} against ${panel.xLabel}: ${shown}.`;
}

function isShown(panel: PointsPanel, point: { readonly x: number; readonly mean: number }): boolean {
  return drawableOn(panel.logX)(point.x) && drawableOn(panel.logY)(point.mean);
}

/** The thin line that joins the points of a series. */
function joint({ points, kind }: PointsSeries, { colour, dash }: TraceStyle): Markish {
  const dashes = kind === "theory" ? "4 3" : dash;
  return Plot.line(points, {
    x: "x",
    y: "mean",
    stroke: colour,
    strokeWidth: 1,
    strokeOpacity: 0.7,
    ...(dashes === "" ? {} : { strokeDasharray: dashes }),
  });
}

function seriesLabel({ label, kind, points }: PointsSeries, style: TraceStyle, xMax: number): ChartLabel[] {
  const last = points.at(-1);
  if (last === undefined || label === "") return [];
  const dash = kind === "theory" ? "4 3" : style.dash;
  return [
    {
      text: label,
      value: last.mean,
      reachesEdge: last.x >= xMax,
      style: { colour: style.colour, dash },
      swatch: SHAPES[kind],
    },
  ];
}
