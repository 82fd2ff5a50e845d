// The chart all figures share: axes, lines, bands, reference lines, labels at the line ends, notes below.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { bandBuckets, minMaxBuckets } from "./buckets.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import type { Line, LineKind } from "./lines.ts";
import { appendLabels, appendNotes, labelLayout, wrapNotes } from "./annotations.ts";
import type { ChartLabel, Frame } from "./annotations.ts";
import { FONT_FAMILY, FONT_SIZE, INK, MIDPOINT_DASH, PAPER, REFERENCE_DASH, REFERENCE_INK } from "./palette.ts";
import { appendCrosses, appendOnsets } from "./marks.ts";
import { rowsOf } from "./rows.ts";
import { serializeSvg } from "./serialize.ts";
import { formatTick, linearTicks, logTicks } from "./ticks.ts";
import { textWidth } from "./text.ts";
import type { Trace } from "./traces.ts";

/** A horizontal line at a value with a meaning, such as 2/η. */
export interface Reference {
  readonly value: number;
  readonly label: string;
}

/** What a figure hands to the chart. */
export interface ChartSpec {
  readonly name: string;
  readonly title: string;
  readonly alt: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  readonly traces: readonly Trace[];
  readonly references?: readonly Reference[];
  /** Logarithmic y axis: values ≤ 0 are not drawn (they stay in the rows). */
  readonly log?: boolean;
  /** Values the y axis must include. */
  readonly include?: readonly number[];
  /** Greatest value the y axis may reach; lines above it are cut at the frame and a note says so. */
  readonly cap?: { readonly value: number; readonly note: string };
  readonly yFormat?: (value: number) => string;
  /** Draw a tick at the axis where a run first crossed its threshold. */
  readonly onsets?: boolean;
  /** What a reader must know about line styles. */
  readonly notes: readonly string[];
}

const STROKES: Readonly<Record<LineKind, { width: number; opacity: number; dash?: string }>> = {
  faint: { width: 0.8, opacity: 0.35 },
  thin: { width: 0.9, opacity: 0.6 },
  midpoint: { width: 1.8, opacity: 0.9, dash: MIDPOINT_DASH },
  dashed: { width: 1.5, opacity: 1, dash: "2.5 2.5" },
  main: { width: 1.6, opacity: 1 },
};
// Back to front: what carries the message is drawn last.
const LAYERS: readonly LineKind[] = ["faint", "thin", "midpoint", "dashed", "main"];

/** A line as it reaches the screen: clean of undrawable values and thinned. */
interface Drawn {
  readonly line: Line;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Draws a chart. O(total points); the SVG's size depends on its width, not on the number of points. */
export function drawChart(spec: ChartSpec, options: FigureOptions): Figure {
  const width = options.width ?? 640;
  const log = spec.log ?? false;
  const drawable = (value: number): boolean => Number.isFinite(value) && (!log || value > 0);
  const ordered = LAYERS.flatMap((kind) => spec.lines.filter((line) => line.kind === kind));
  const references = (spec.references ?? []).filter((reference) => drawable(reference.value));

  const values = ordered.flatMap((line) => extremes(line, drawable));
  const empty = values.length === 0;
  const labels = empty ? [] : chartLabels(spec, references, drawable);
  const yDomain = verticalDomain(spec, values, references, log);
  const capped = values.some((value) => value > yDomain[1]);
  const xDomain = horizontalDomain(ordered);

  const yFormat = spec.yFormat ?? formatTick;
  const yTicks = log ? logTicks(...yDomain, 7) : linearTicks(...yDomain, 7);
  const tickWidth = Math.max(0, ...yTicks.map((tick) => textWidth(yFormat(tick), FONT_SIZE)));
  const layout = labelLayout(labels, width);
  const onsets = (spec.onsets ?? false) && spec.traces.some((t) => t.runs.some((r) => r.marks.some(isOnset)));
  const notes = wrapNotes(
    [
      ...(empty ? [] : spec.notes),
      ...(ordered.some((line) => line.band) ? [`shaded: mean ± 1 sd over seeds${log ? " (of the logarithm)" : ""}`] : []),
      ...(onsets ? ["tick on the axis: first crossing of the threshold"] : []),
      ...(ordered.some((line) => line.diverged) ? ["×: diverged"] : []),
      ...(capped && spec.cap ? [spec.cap.note] : []),
    ],
    width - 20,
  );
  const frame: Frame = {
    left: Math.ceil(Math.max(34, tickWidth + 16)),
    right: layout.marginRight,
    top: 30,
    bottom: 42 + notes.length * 14,
    width,
    height: Math.max(options.height ?? 400, labels.length * layout.gap + 72 + notes.length * 14),
  };

  const pixels = Math.max(50, Math.floor(width - frame.left - frame.right));
  const drawn = ordered.map((line) => thin(line, pixels, drawable));
  const plot = Plot.plot({
    document: options.document,
    width,
    height: frame.height,
    marginLeft: frame.left,
    marginRight: frame.right,
    marginTop: frame.top,
    marginBottom: frame.bottom,
    x: { type: "linear", domain: xDomain },
    y: { type: log ? "log" : "linear", domain: yDomain },
    marks: [
      Plot.gridY(yTicks, { stroke: INK, strokeOpacity: 0.1 }),
      Plot.ruleX([xDomain[0]], { stroke: INK }),
      Plot.axisY(yTicks, { tickFormat: yFormat, label: null, tickSize: 4 }),
      Plot.axisX(empty ? [] : linearTicks(...xDomain, Math.max(2, pixels / 80)), {
        tickFormat: formatTick,
        label: null,
        tickSize: 4,
      }),
      Plot.frame({ anchor: "bottom", stroke: INK }),
      ...ordered.map((line) => bandMark(line, pixels, capped, drawable)),
      ...drawn.map((each) => lineMark(each, capped)),
      ...references.map((reference) =>
        Plot.ruleY([reference.value], { stroke: REFERENCE_INK, strokeWidth: 1.2, strokeDasharray: REFERENCE_DASH }),
      ),
      ...drawn.map(isolatedPoints),
    ],
  });
  const svg = plot as unknown as SVGSVGElement;
  const toX = plot.scale("x")!.apply as (value: number) => number;
  const toY = plot.scale("y")!.apply as (value: number) => number;
  const positionY = (value: number): number => toY(Math.min(yDomain[1], Math.max(yDomain[0], value)));

  if (onsets) appendOnsets(options.document, svg, spec.traces, options.x ?? "step", toX, frame);
  appendCrosses(options.document, svg, drawn, toX, positionY);
  appendLabels(options.document, svg, labels, layout, positionY, frame);
  appendNotes(options.document, svg, notes, frame, {
    x: options.x === "time" ? "effective time η·step →" : "step →",
    y: `↑ ${spec.yLabel}`,
    ...(empty ? { empty: "No finite values to draw." } : {}),
  });
  dress(options.document, svg, spec);
  return {
    name: spec.name,
    title: spec.title,
    alt: spec.alt,
    svg: serializeSvg(svg, { idPrefix: options.idPrefix ?? spec.name, ink: INK }),
    rows: rowsOf(spec.lines),
  };
}

/** Least and greatest drawable value of a line and its band; empty when there is none. */
function extremes(line: Line, drawable: (value: number) => boolean): number[] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const values of [line.y, ...(line.band ? [line.band.low, line.band.high] : [])]) {
    for (const value of values) {
      if (!drawable(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : [];
}

function verticalDomain(
  spec: ChartSpec,
  values: readonly number[],
  references: readonly Reference[],
  log: boolean,
): [number, number] {
  const all = [...values, ...references.map((reference) => reference.value), ...(spec.include ?? [])];
  if (values.length === 0) return log ? [0.1, 1] : [0, 1];
  let low = Math.min(...all);
  let high = Math.max(...all);
  if (spec.cap && high > spec.cap.value && low < spec.cap.value) high = spec.cap.value;
  if (log) {
    const room = Math.max(1.03, (high / low) ** 0.03);
    return low === high ? [low / 2, high * 2] : [low / room, high * room];
  }
  if (low === high) return [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const room = (high - low) * 0.04;
  // A zero line at the axis itself needs no room below it.
  low = low === 0 ? 0 : low - room;
  return [low, high + room];
}

function horizontalDomain(lines: readonly Line[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const line of lines) {
    if (line.x.length === 0) continue;
    low = Math.min(low, line.x[0]!);
    high = Math.max(high, line.x.at(-1)!);
  }
  if (!(low <= high)) return [0, 1];
  if (low > 0 && low < 0.1 * high) low = 0;
  return low === high ? [low - 1, high + 1] : [low, high];
}

function thin(line: Line, pixels: number, drawable: (value: number) => boolean): Drawn {
  const y = line.y.map((value) => (drawable(value) ? value : Number.NaN));
  const kept = minMaxBuckets(line.x, y, pixels);
  return { line, x: Array.from(kept, (i) => line.x[i]!), y: Array.from(kept, (i) => y[i]!) };
}

function lineMark(drawn: Drawn, clip: boolean): Markish {
  const stroke = STROKES[drawn.line.kind];
  const dash = stroke.dash ?? (drawn.line.kind === "main" ? drawn.line.trace.style.dash : "");
  return Plot.line(
    { length: drawn.x.length },
    {
      x: drawn.x,
      y: drawn.y,
      stroke: drawn.line.trace.style.colour,
      strokeWidth: stroke.width,
      strokeOpacity: stroke.opacity,
      ...(dash === "" ? {} : { strokeDasharray: dash }),
      ...(clip ? { clip: "frame" as const } : {}),
      ariaDescription: [drawn.line.trace.label, drawn.line.series].filter((part) => part !== "").join(", "),
    },
  );
}

function bandMark(line: Line, pixels: number, clip: boolean, drawable: (value: number) => boolean): Markish | null {
  if (!line.band) return null;
  const points = bandBuckets(line.x, line.band.low, line.band.high, pixels).filter(
    (point) => drawable(point.low) && drawable(point.high),
  );
  return Plot.areaY(points, {
    x: "x",
    y1: "low",
    y2: "high",
    fill: line.trace.style.colour,
    fillOpacity: 0.18,
    ...(clip ? { clip: "frame" as const } : {}),
    ariaDescription: "mean ± 1 sd",
  });
}

/** Points with no neighbour to be joined to would be invisible as a line: they become dots. */
function isolatedPoints(drawn: Drawn): Markish | null {
  const alone = drawn.y
    .map((_, i) => i)
    .filter((i) => [drawn.y[i - 1], drawn.y[i + 1]].every((v) => !Number.isFinite(v ?? Number.NaN)))
    .filter((i) => Number.isFinite(drawn.y[i]!));
  if (alone.length === 0) return null;
  return Plot.dot(alone, {
    x: (i: number) => drawn.x[i]!,
    y: (i: number) => drawn.y[i]!,
    r: 2.5,
    fill: drawn.line.trace.style.colour,
    stroke: "none",
    clip: "frame",
  });
}

/** One label per trace (at the end of its foremost line) and per reference line. */
function chartLabels(
  spec: ChartSpec,
  references: readonly Reference[],
  drawable: (value: number) => boolean,
): ChartLabel[] {
  const labels: ChartLabel[] = references.map((reference) => ({
    text: reference.label,
    value: reference.value,
    reachesEdge: true,
    style: { colour: REFERENCE_INK, dash: REFERENCE_DASH },
  }));
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
      style: trace.style,
    });
  }
  return labels;
}

function isOnset(mark: { readonly kind: string }): boolean {
  return mark.kind === "onset";
}

/** Background, font and description; the drawing library's own are replaced so that the file stands alone. */
function dress(document: Document, svg: SVGSVGElement, spec: ChartSpec): void {
  const create = (name: string): Element => document.createElementNS("http://www.w3.org/2000/svg", name);
  const paper = create("rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", PAPER);
  svg.insertBefore(paper, svg.firstChild);
  const title = create("title");
  title.textContent = spec.alt;
  svg.insertBefore(title, paper);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", spec.alt);
  svg.setAttribute("font-family", FONT_FAMILY);
  svg.setAttribute("font-size", String(FONT_SIZE));
  svg.setAttribute("fill", INK);
  svg.setAttribute("style", "max-width:100%;height:auto");
}
