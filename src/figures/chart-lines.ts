// How lines, bands and lone points are put on a chart: thinning, strokes, layers.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { bandBuckets, minMaxBuckets } from "./buckets.ts";
import type { Line, LineKind } from "./lines.ts";
import { MIDPOINT_DASH } from "./palette.ts";

const STROKES: Readonly<Record<LineKind, { width: number; opacity: number; dash?: string }>> = {
  faint: { width: 0.8, opacity: 0.35 },
  thin: { width: 0.9, opacity: 0.6 },
  dense: { width: 1, opacity: 0.75 },
  midpoint: { width: 1.8, opacity: 0.9, dash: MIDPOINT_DASH },
  dashed: { width: 1.5, opacity: 1, dash: "2.5 2.5" },
  main: { width: 1.6, opacity: 1 },
};
/** Kinds of lines back to front: what carries the message is drawn last. */
export const LAYERS: readonly LineKind[] = ["faint", "thin", "dense", "midpoint", "dashed", "main"];

/** A line as it reaches the screen: clean of undrawable values and thinned. */
export interface Drawn {
  readonly line: Line;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Reduces a line to what `pixels` columns can show; undrawable values become gaps. */
export function thin(line: Line, pixels: number, drawable: (value: number) => boolean): Drawn {
  const y = line.y.map((value) => (drawable(value) ? value : Number.NaN));
  const kept = minMaxBuckets(line.x, y, pixels);
  return { line, x: Array.from(kept, (i) => line.x[i]!), y: Array.from(kept, (i) => y[i]!) };
}

/** The stroke of a line; `clip` cuts it at the frame. */
export function lineMark(drawn: Drawn, clip: boolean): Markish {
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

/** The shaded band of a line (mean ± sd over seeds), or null when it has none. */
export function bandMark(
  line: Line,
  pixels: number,
  clip: boolean,
  drawable: (value: number) => boolean,
): Markish | null {
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
    ariaDescription: line.bandMeaning ?? "mean ± 1 sd",
  });
}

/** Whether any of a line lies inside the vertical domain, or may on its way from one side to the other. */
export function touches(drawn: Drawn, [low, high]: readonly [number, number]): boolean {
  const finite = drawn.y.filter(Number.isFinite);
  return finite.some((value) => value >= low) && finite.some((value) => value <= high);
}

/**
 * Points with no neighbour to be joined to would be invisible as a line: they become dots. Those outside the
 * domain are left out rather than clipped: resvg aborts on a clipped group that lies wholly off the canvas.
 */
export function isolatedPoints(drawn: Drawn, [low, high]: readonly [number, number]): Markish | null {
  const alone = drawn.y
    .map((_, i) => i)
    .filter((i) => [drawn.y[i - 1], drawn.y[i + 1]].every((v) => !Number.isFinite(v ?? Number.NaN)))
    .filter((i) => drawn.y[i]! >= low && drawn.y[i]! <= high);
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
