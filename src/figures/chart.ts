// The chart all figures share: axes, lines, bands, reference lines, labels at the line ends, notes below.
import * as Plot from "@observablehq/plot";
import { bandMark, isolatedPoints, LAYERS, lineMark, thin, touches } from "./chart-lines.ts";
import { drawableOnLinear, drawableOnLog, extremes, horizontalDomain, verticalDomain } from "./domains.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import type { Line } from "./lines.ts";
import { appendLabels, appendNotes, labelLayout, wrapNotes } from "./annotations.ts";
import type { ChartLabel, Frame } from "./annotations.ts";
import { FONT_FAMILY, FONT_SIZE, INK, PAPER, REFERENCE_DASH, REFERENCE_INK } from "./palette.ts";
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
      ...drawn.filter((each) => touches(each, yDomain)).map((each) => lineMark(each, capped)),
      ...references.map((reference) =>
        Plot.ruleY([reference.value], {
          stroke: REFERENCE_INK,
          strokeWidth: 1.2,
          strokeDasharray: REFERENCE_DASH,
        }),
      ),
      ...drawn.map((each) => isolatedPoints(each, yDomain)),
    ],
  });
  const svg = plot as unknown as SVGSVGElement;
  dropPixelOffset(svg);
  const xScale = plot.scale("x")!;
  const yScale = plot.scale("y")!;
  const toX = (value: number): number => xScale.apply(value) as number;
  const toY = (value: number): number => yScale.apply(value) as number;
  const positionY = (value: number): number => toY(Math.min(yDomain[1], Math.max(yDomain[0], value)));

  if (onsets) appendOnsets(options.document, svg, spec.traces, options.x ?? "step", toX, frame);
  appendCrosses(options.document, svg, drawn, toX, toY, frame);
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
      // Dense lines are drawn solid (dashes would break up the oscillation), so their label is too.
      style: line.kind === "dense" ? { ...trace.style, dash: "" } : trace.style,
    });
  }
  return labels;
}

function isOnset(mark: { readonly kind: string }): boolean {
  return mark.kind === "onset";
}

/**
 * Undoes the half pixel by which Plot moves every mark where it finds a screen of low resolution (it looks for
 * a global `window`), so that a figure is the same file in every browser and in Node. Marks have whole-pixel
 * translations otherwise.
 */
function dropPixelOffset(svg: SVGSVGElement): void {
  for (const element of svg.querySelectorAll("g, line")) {
    const match = /^translate\((-?[\d.]+),(-?[\d.]+)\)$/.exec(element.getAttribute("transform") ?? "");
    if (match === null) continue;
    const [x, y] = [Math.floor(Number(match[1])), Math.floor(Number(match[2]))];
    if (x === 0 && y === 0) element.removeAttribute("transform");
    else element.setAttribute("transform", `translate(${x},${y})`);
  }
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
