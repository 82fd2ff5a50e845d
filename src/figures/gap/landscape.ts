// Figure: quantities of the loss landscape over training in panels above each other, raw and smoothed.
import * as Plot from "@observablehq/plot";
import { savitzkyGolay } from "../../math/index.ts";
import { stepAxis, valueAxis, withoutTickLabels } from "../axes.ts";
import type { AxisSpec } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import type { Line } from "../lines.ts";
import { INK } from "../palette.ts";
import { referenceLabels, referenceMarks } from "../references.ts";
import { rowsOf } from "../rows.ts";
import { formatTick } from "../ticks.ts";
import { lineLabels, lineMarks } from "./overlays.ts";
import { rawDots, robustRange } from "./raw.ts";
import { seriesLine } from "./series.ts";
import { hue } from "./styles.ts";
import { drawableOn } from "./sweep.ts";
import type { LandscapePanel, LandscapeSpec } from "./types.ts";

interface Drawn {
  readonly spec: LandscapePanel;
  /** As recorded; values the axis cannot show are NaN. */
  readonly raw: readonly Line[];
  readonly smooth: readonly Line[];
  readonly y: AxisSpec;
}

/**
 * Recorded values as dots and their Savitzky–Golay curve, one panel per quantity on one axis of training steps.
 * Smoothing treats records as equally spaced and works on the logarithm where the axis is logarithmic. A few wild
 * values do not stretch an axis: they are left out and counted in a note.
 *
 * @throws InputError for a smoothing window that is not odd or a degree that does not fit it
 */
export function landscapeFigure(spec: LandscapeSpec, options: FigureOptions): Figure {
  const drawn = spec.panels.map(readPanel);
  const all = drawn.flatMap((panel) => panel.raw);
  const x = stepAxis(all);
  const xMax = Math.max(...all.map((line) => line.x.at(-1) ?? 0));
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt: `Against training step, from top to bottom: ${spec.panels.map(describePanel).join("; ") || "nothing"}.`,
      grid: drawn.map((panel, i) => ({
        height: 105,
        panels: [landscapePanel(panel, x, xMax, i === drawn.length - 1)],
      })),
      notes: [...smoothingNotes(spec.panels), ...drawn.flatMap(lostNotes), ...spec.notes],
      rows: drawn.flatMap((panel) => rowsOf([...panel.raw, ...panel.smooth])),
    },
    options,
  );
}

function readPanel(spec: LandscapePanel): Drawn {
  const log = spec.logY ?? false;
  const drawable = drawableOn(log);
  const raw = spec.series.map(({ label, run }, i) =>
    seriesLine(run, { label, style: hue(i), series: spec.yLabel, kind: "main" }),
  );
  const smooth = raw.map((line) => smoothed(line, spec.smooth, log));
  const into = log ? Math.log : (value: number): number => value;
  const back = log ? Math.exp : (value: number): number => value;
  const range = robustRange(raw.map((line) => line.y.filter(drawable).map((value) => into(value))));
  const values = [
    ...(range ?? []).map(back),
    ...spec.references.map(({ value }) => value).filter(drawable),
    ...((spec.zeroLine ?? false) && !log && range !== undefined ? [0] : []),
  ];
  return { spec, raw, smooth, y: valueAxis(values, log) };
}

function smoothed(line: Line, options: LandscapePanel["smooth"], log: boolean): Line {
  const series = `${line.series}, smoothed`;
  if (!log) return { ...line, series, y: savitzkyGolay(line.y, options) };
  const logarithms = line.y.map((value) => (value > 0 ? Math.log(value) : Number.NaN));
  return { ...line, series, y: savitzkyGolay(logarithms, options).map((value) => Math.exp(value)) };
}

function landscapePanel(
  { spec, raw, smooth, y }: Drawn,
  x: AxisSpec,
  xMax: number,
  last: boolean,
): PanelSpec {
  const drawable = drawableOn(y.log);
  const references = spec.references.filter(({ value }) => drawable(value));
  return {
    xLabel: last ? "step" : "",
    yLabel: spec.yLabel,
    x: last ? x : withoutTickLabels(x),
    y,
    empty: !raw.some((line) => line.y.some(drawable)),
    labels: [...referenceLabels(references), ...lineLabels(smooth, xMax, drawable)],
    marks: (pixels) => [
      ...((spec.zeroLine ?? false) && !y.log ? [Plot.ruleY([0], { stroke: INK, strokeWidth: 0.8 })] : []),
      ...raw.map((line) => rawDots(line, pixels, y)),
      ...referenceMarks(references),
      ...lineMarks(smooth, pixels, y, drawable),
    ],
  };
}

function smoothingNotes(panels: readonly LandscapePanel[]): string[] {
  const filters = new Set(panels.map(({ smooth }) => `${smooth.window} records, degree ${smooth.order}`));
  return filters.size === 0 ? [] : [`dots: as recorded; lines: Savitzky–Golay (${[...filters].join("; ")})`];
}

/** How many values a panel does not show, and why. */
function lostNotes({ spec, raw, y }: Drawn): string[] {
  const values = raw.flatMap((line) => [...line.y]).filter(Number.isFinite);
  const undrawable = values.filter((value) => !drawableOn(y.log)(value)).length;
  const [low, high] = y.domain;
  const beyond = values.filter((value) => value < low || value > high).length - (y.log ? undrawable : 0);
  const of = `of ${formatTick(values.length)} values`;
  return [
    ...(y.log && undrawable > 0
      ? [`${spec.yLabel}: ${formatTick(undrawable)} ${of} not positive, not drawn`]
      : []),
    ...(beyond > 0 ? [`${spec.yLabel}: ${formatTick(beyond)} ${of} beyond the axis`] : []),
  ];
}

function describePanel({ yLabel, series, references }: LandscapePanel): string {
  const labels = [...series.map(({ label }) => label), ...references.map(({ label }) => label)];
  return [yLabel, labels.filter((label) => label !== "").join(", ")]
    .filter((part) => part !== "")
    .join(" of ");
}
