// The chart all figures share: axes, lines, bands, reference lines, labels at the line ends, notes below.
import { bandMark, isolatedPoints, LAYERS, lineMark, thin, touches } from "./chart-lines.ts";
import { drawableOnLinear, drawableOnLog, extremes, horizontalDomain, verticalDomain } from "./domains.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import type { Line } from "./lines.ts";
import {
  appendLabels,
  appendNotes,
  appendTitles,
  labelLayout,
  NOTE_HEIGHT,
  wrapNotes,
} from "./annotations.ts";
import type { ChartLabel, Frame } from "./annotations.ts";
import { finishFigure } from "./finish.ts";
import { FONT_SIZE } from "./palette.ts";
import { plotPanel } from "./panel.ts";
import { referenceLabels, referenceMarks } from "./references.ts";
import type { Reference } from "./references.ts";
import { appendCrosses, appendOnsets } from "./marks.ts";
import { rowsOf } from "./rows.ts";
import { formatTick, linearTicks, logTicks } from "./ticks.ts";
import { textWidth } from "./text.ts";
import type { Trace } from "./traces.ts";

/** What a figure hands to the chart. */
export interface ChartSpec {
  readonly name: string;
  readonly title: string;
  readonly alt: string;
  readonly yLabel: string;
  /** Default: step, or effective time. */
  readonly xLabel?: string;
  readonly lines: readonly Line[];
  readonly traces: readonly Trace[];
  readonly references?: readonly Reference[];
  /** Logarithmic y axis: values ≤ 0 are not drawn (they stay in the rows). */
  readonly log?: boolean;
  /** Values the y axis must include. */
  readonly include?: readonly number[];
  /** Greatest value the y axis need reach; lines above it are cut at the frame and a note says so. */
  readonly cap?: number;
  readonly yFormat?: (value: number) => string;
  /** Draw a tick at the axis where a run first crossed its threshold. */
  readonly onsets?: boolean;
  /** What a reader must know about line styles. */
  readonly notes: readonly string[];
}

/** Draws a chart. O(total points); the SVG's size depends on its width, not on the number of points. */
export function drawChart(spec: ChartSpec, options: FigureOptions): Figure {
  const width = options.width ?? 640;
  const log = spec.log ?? false;
  const drawable = log ? drawableOnLog : drawableOnLinear;
  const ordered = LAYERS.flatMap((kind) => spec.lines.filter((line) => line.kind === kind));
  const references = (spec.references ?? []).filter((reference) => drawable(reference.value));

  const values = ordered.flatMap((line) => extremes(line, drawable));
  const empty = values.length === 0;
  const labels = empty ? [] : chartLabels(spec, references, drawable);
  const yDomain = verticalDomain(
    [...values, ...references.map((reference) => reference.value), ...(spec.include ?? [])],
    spec.cap,
    log,
  );
  const capped = values.some((value) => value > yDomain[1]);
  const xDomain = horizontalDomain(ordered);

  const yFormat = spec.yFormat ?? formatTick;
  const yTicks = empty ? [] : log ? logTicks(...yDomain, 7) : linearTicks(...yDomain, 7);
  const tickWidth = Math.max(0, ...yTicks.map((tick) => textWidth(yFormat(tick), FONT_SIZE)));
  const layout = labelLayout(labels, width);
  const onsets = (spec.onsets ?? false) && spec.traces.some((t) => t.runs.some((r) => r.marks.some(isOnset)));
  const notes = wrapNotes(
    [
      ...(empty ? [] : spec.notes),
      ...(ordered.some((line) => line.band)
        ? [`shaded: mean ± 1 sd over seeds${log ? " (of the logarithm)" : ""}`]
        : []),
      ...(onsets ? ["tick on the axis: first crossing of the threshold"] : []),
      ...(ordered.some((line) => line.diverged) ? ["×: diverged"] : []),
      ...(capped ? ["values above the axis are cut"] : []),
    ],
    width - 20,
  );
  const frame: Frame = {
    left: Math.ceil(Math.max(34, tickWidth + 16)),
    right: layout.marginRight,
    top: 30,
    bottom: 42 + notes.length * NOTE_HEIGHT,
    width,
    height: Math.max(
      options.height ?? 400,
      layout.heights.reduce((total, height) => total + height, 72) + notes.length * NOTE_HEIGHT,
    ),
  };

  const pixels = Math.max(50, Math.floor(width - frame.left - frame.right));
  const drawn = ordered.map((line) => thin(line, pixels, drawable));
  const { svg, toX, toY } = plotPanel(
    options.document,
    frame,
    {
      log: false,
      domain: xDomain,
      ticks: empty ? [] : linearTicks(...xDomain, Math.max(2, pixels / 80)),
      format: formatTick,
    },
    { log, domain: yDomain, ticks: yTicks, format: yFormat },
    [
      ...ordered.map((line) => bandMark(line, pixels, capped, drawable)),
      ...drawn.filter((each) => touches(each, yDomain)).map((each) => lineMark(each, capped)),
      ...referenceMarks(references),
      ...drawn.map((each) => isolatedPoints(each, yDomain)),
    ],
  );
  const positionY = (value: number): number => toY(Math.min(yDomain[1], Math.max(yDomain[0], value)));

  if (onsets) appendOnsets(options.document, svg, spec.traces, options.x ?? "step", toX, frame);
  appendCrosses(options.document, svg, drawn, toX, toY, frame);
  appendLabels(options.document, svg, labels, layout, positionY, frame);
  appendTitles(options.document, svg, frame, {
    x: `${spec.xLabel ?? (options.x === "time" ? "effective time η·step" : "step")} →`,
    y: `↑ ${spec.yLabel}`,
    ...(empty ? { empty: "No finite values to draw." } : {}),
  });
  appendNotes(options.document, svg, notes, frame.height - NOTE_HEIGHT * notes.length);
  return finishFigure(spec, svg, rowsOf(spec.lines), options);
}

/** One label per trace (at the end of its foremost line) and per reference line. */
function chartLabels(
  spec: ChartSpec,
  references: readonly Reference[],
  drawable: (value: number) => boolean,
): ChartLabel[] {
  const labels = referenceLabels(references);
  const xMax = Math.max(...spec.lines.map((line) => line.x.at(-1) ?? Number.NEGATIVE_INFINITY));
  for (const trace of spec.traces) {
    if (trace.label === "") continue;
    const own = spec.lines.filter((line) => line.trace === trace && line.y.some(drawable));
    const line = own.find((each) => each.kind === "main") ?? own[0];
    if (line === undefined) continue;
    const last = line.y.findLastIndex(drawable);
    labels.push({
      text: trace.label,
      value: line.y[last]!,
      reachesEdge: line.x[last]! >= xMax,
      // Dense lines are drawn solid (dashes would break up the oscillation), so their label is too.
      style: line.kind === "dense" ? { ...trace.style, dash: "" } : trace.style,
    });
  }
  return labels;
}

function isOnset(mark: { readonly kind: string }): boolean {
  return mark.kind === "onset";
}
