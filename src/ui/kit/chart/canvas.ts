// Drawing lines, references, marks and brackets on a canvas that covers the plotting area.
import { extent, lowerBound, visible } from "./columns.ts";
import type { DrawnLine } from "./lines.ts";
import { columnSpans, fillSpans } from "./raster.ts";
import type { ChartBracket, ChartMark, ChartReference, Range } from "./types.ts";

/** The plotting area: its size in CSS pixels, and where values lie. */
export interface Area {
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly range: Range;
  readonly logX: boolean;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

/** What drawings take from the theme. */
export interface Ink {
  readonly colour: (colour: string) => string;
  readonly text: string;
  readonly grid: string;
  readonly paper: string;
  readonly reference: string;
}

/** The last thinning of a column: it holds as long as neither zoom nor width change, whatever else is drawn anew. */
const thinned = new WeakMap<
  Float64Array,
  { readonly xs: Float64Array; readonly key: string; readonly points: Uint32Array }
>();

/** The points of a line that are drawn in an area, ascending. `path` and `points` draw all. */
export function drawnPoints(line: DrawnLine, area: Pick<Area, "range" | "width" | "logX">): Uint32Array {
  const { xs, ys, series } = line;
  if (series.kind === "path" || series.kind === "points") return Uint32Array.from(xs, (_, i) => i);
  const key = `${area.range.join()} ${area.width} ${area.logX}`;
  const known = thinned.get(ys);
  if (known !== undefined && known.xs === xs && known.key === key) return known.points;
  const points = visible(xs, ys, { range: area.range, pixels: Math.round(area.width), logX: area.logX });
  thinned.set(ys, { xs, key, points });
  return points;
}

/** Extremes over the lines and their bands as they are drawn. */
export function drawnExtent(
  lines: readonly DrawnLine[],
  points: readonly Uint32Array[],
  log: boolean,
): number[] {
  const values: number[] = [];
  for (const [i, line] of lines.entries()) {
    for (const column of [line.ys, ...(line.band ? [line.band.low, line.band.high] : [])]) {
      const found = extent(column, points[i]!, log);
      if (found !== null) values.push(...found);
    }
  }
  return values;
}

/** Sizes a canvas to the area and clears it. */
export function prepareCanvas(canvas: HTMLCanvasElement, area: Area): CanvasRenderingContext2D | null {
  const [width, height] = [Math.round(area.width * area.ratio), Math.round(area.height * area.ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context?.setTransform(area.ratio, 0, 0, area.ratio, 0, 0);
  context?.clearRect(0, 0, area.width, area.height);
  return context;
}

/** More lines than this are filled pixel by pixel, without dashes: those could not be told apart any more. */
const MOST_STROKED = 120;

/** Draws all lines of a chart. */
export function drawLines(
  context: CanvasRenderingContext2D,
  lines: readonly DrawnLine[],
  points: readonly Uint32Array[],
  area: Area,
  ink: Ink,
): void {
  const ordered = (line: DrawnLine): boolean => line.series.kind !== "path" && line.series.kind !== "points";
  const many = lines.length > MOST_STROKED;
  if (many)
    fillLines(
      context,
      lines.map((line, i) => [line, points[i]!] as const).filter(([line]) => ordered(line)),
      area,
      ink,
    );
  for (const [i, line] of lines.entries()) {
    if (!many || !ordered(line)) drawLine(context, line, points[i]!, area, ink);
    else if (line.series.diverged === true && line.readable) {
      context.strokeStyle = ink.colour(line.series.colour);
      drawCross(context, line, area, area.y);
    }
  }
}

/** All lines into one image, which must be put on the canvas before anything else. */
function fillLines(
  context: CanvasRenderingContext2D,
  lines: readonly (readonly [DrawnLine, Uint32Array])[],
  area: Area,
  ink: Ink,
): void {
  const { ratio } = area;
  const image = context.createImageData(Math.round(area.width * ratio), Math.round(area.height * ratio));
  for (const [line, points] of lines) {
    const px = Float64Array.from(points, (i) => area.x(line.xs[i]!) * ratio);
    const py = Float64Array.from(points, (i) => area.y(line.ys[i]!) * ratio);
    fillSpans(
      image,
      columnSpans(px, py, image.width),
      rgb(ink.colour(line.series.colour)),
      line.opacity,
      line.width * ratio,
    );
  }
  context.putImageData(image, 0, 0);
}

/** "#0072B2" → [0, 114, 178]. */
function rgb(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Draws one line with its band. `emphasis` > 1 widens it. */
export function drawLine(
  context: CanvasRenderingContext2D,
  line: DrawnLine,
  points: Uint32Array,
  area: Area,
  ink: Ink,
  emphasis = 1,
): void {
  const { xs, ys, band } = line;
  // Far outside, canvases lose precision; the line leaves the area at the same place when cut at a distance.
  const limit = 20 * area.height;
  const y = (value: number): number => Math.min(limit, Math.max(-limit, area.y(value)));
  const colour = ink.colour(line.series.colour);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  if (band !== undefined) drawBand(context, xs, band, points, area, y);
  context.globalAlpha = line.opacity;
  if (line.series.kind === "points") {
    for (const i of points) {
      if (!Number.isFinite(ys[i]!)) continue;
      context.beginPath();
      context.arc(area.x(xs[i]!), y(ys[i]!), (line.width * emphasis) / 2, 0, 2 * Math.PI);
      context.fill();
    }
  } else {
    context.lineWidth = line.width * emphasis;
    context.lineJoin = "bevel";
    context.setLineDash(line.dash as number[]);
    context.beginPath();
    let pen = false;
    for (const [k, i] of points.entries()) {
      const value = y(ys[i]!);
      if (!Number.isFinite(value)) {
        pen = false;
        continue;
      }
      const x = area.x(xs[i]!);
      if (pen) context.lineTo(x, value);
      else {
        context.moveTo(x, value);
        // A point between two gaps would otherwise not be seen at all.
        const alone = k + 1 === points.length || !Number.isFinite(ys[points[k + 1]!]!);
        if (alone) context.rect(x - 1, value - 1, 2, 2);
      }
      pen = true;
    }
    if (line.shade) {
      context.lineWidth = 3;
      context.stroke();
    } else context.stroke();
    context.setLineDash([]);
  }
  if (line.series.diverged === true && line.readable) drawCross(context, line, area, y);
  context.globalAlpha = 1;
}

function drawBand(
  context: CanvasRenderingContext2D,
  xs: Float64Array,
  { low, high }: { readonly low: Float64Array; readonly high: Float64Array },
  points: Uint32Array,
  area: Area,
  y: (value: number) => number,
): void {
  context.globalAlpha = 0.18;
  context.beginPath();
  for (let k = 0; k < points.length;) {
    let end = k;
    while (
      end < points.length &&
      Number.isFinite(y(low[points[end]!]!)) &&
      Number.isFinite(y(high[points[end]!]!))
    )
      end++;
    for (let j = k; j < end; j++) context.lineTo(area.x(xs[points[j]!]!), y(high[points[j]!]!));
    for (let j = end - 1; j >= k; j--) context.lineTo(area.x(xs[points[j]!]!), y(low[points[j]!]!));
    context.closePath();
    k = Math.max(end, k) + 1;
    if (k < points.length) context.moveTo(area.x(xs[points[k]!]!), y(high[points[k]!]!));
  }
  context.fill();
}

function drawCross(
  context: CanvasRenderingContext2D,
  line: DrawnLine,
  area: Area,
  y: (value: number) => number,
): void {
  const last = line.ys.findLastIndex(Number.isFinite);
  if (last < 0) return;
  const x = Math.min(area.width - 5, area.x(line.xs[last]!));
  const at = Math.min(area.height - 6, Math.max(6, y(line.ys[last]!)));
  context.globalAlpha = 1;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 4, at - 4);
  context.lineTo(x + 4, at + 4);
  context.moveTo(x + 4, at - 4);
  context.lineTo(x - 4, at + 4);
  context.stroke();
}

/** Dashed lines at values with a meaning, each labelled once at the right where there is room. */
export function drawReferences(
  context: CanvasRenderingContext2D,
  references: readonly ChartReference[],
  area: Area,
  ink: Ink,
): void {
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  const taken: number[] = [];
  for (const reference of references) {
    const colour = reference.colour === undefined ? ink.reference : ink.colour(reference.colour);
    context.strokeStyle = colour;
    context.lineWidth = 1.2;
    context.setLineDash([6, 4]);
    context.beginPath();
    const at = traceReference(context, reference, area);
    context.stroke();
    context.setLineDash([]);
    if (at === null || at < -1 || at > area.height + 1) continue;
    const text = Math.max(11, at - 4);
    if (reference.label === "" || taken.some((other) => Math.abs(other - text) < 13)) continue;
    taken.push(text);
    // A halo keeps the label legible over lines.
    context.strokeStyle = ink.paper;
    context.lineWidth = 3;
    context.strokeText(reference.label, area.width - 4, text);
    context.fillStyle = colour;
    context.fillText(reference.label, area.width - 4, text);
  }
}

/** Adds the path of a reference; where it is at the right edge, or null when it is nowhere. */
function traceReference(
  context: CanvasRenderingContext2D,
  reference: ChartReference,
  area: Area,
): number | null {
  if (reference.value !== undefined) {
    const at = area.y(reference.value);
    if (!Number.isFinite(at)) return null;
    context.moveTo(0, at);
    context.lineTo(area.width, at);
    return at;
  }
  const { xs = new Float64Array(), ys = new Float64Array() } = reference;
  let last: number | null = null;
  for (let i = Math.max(0, lowerBound(xs, area.range[0]) - 1); i < xs.length; i++) {
    const at = area.y(ys[i]!);
    if (last === null) context.moveTo(area.x(xs[i]!), at);
    // A threshold holds until it changes.
    else {
      context.lineTo(area.x(xs[i]!), last);
      context.lineTo(area.x(xs[i]!), at);
    }
    last = at;
    if (xs[i]! > area.range[1]) break;
  }
  if (last !== null) context.lineTo(area.width, last);
  return last;
}

/** Onsets as ticks at the axis, changes as thin vertical lines. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  marks: readonly ChartMark[],
  area: Area,
  ink: Ink,
): void {
  for (const mark of marks) {
    const x = area.x(mark.x);
    if (!(x >= 0 && x <= area.width)) continue;
    context.strokeStyle = ink.colour(mark.colour);
    context.lineWidth = mark.kind === "onset" ? 2 : 1;
    context.setLineDash(mark.kind === "onset" ? [] : [2, 3]);
    context.beginPath();
    context.moveTo(x, area.height);
    context.lineTo(x, mark.kind === "onset" ? area.height - 8 : 0);
    context.stroke();
    context.setLineDash([]);
  }
}

/** Mean and spread over a stretch: a bar with a shade, ended by small strokes. */
export function drawBrackets(
  context: CanvasRenderingContext2D,
  brackets: readonly ChartBracket[],
  area: Area,
  ink: Ink,
): void {
  for (const { from, to, mean, low, high, colour } of brackets) {
    const [left, right] = [area.x(from), area.x(to)];
    const [at, bottom, top] = [area.y(mean), area.y(low), area.y(high)];
    if (![left, right, at, bottom, top].every(Number.isFinite)) continue;
    context.strokeStyle = ink.colour(colour);
    context.fillStyle = ink.colour(colour);
    context.globalAlpha = 0.15;
    context.fillRect(left, top, right - left, bottom - top);
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(left, at - 4);
    context.lineTo(left, at + 4);
    context.moveTo(left, at);
    context.lineTo(right, at);
    context.moveTo(right, at - 4);
    context.lineTo(right, at + 4);
    context.stroke();
  }
}
