// Points of a sweep: axis over batch sizes or learning rates, marks with error bars, and what to say about them.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { silentAxis, valueAxis } from "../axes.ts";
import type { AxisSpec } from "../axes.ts";
import { drawableOnLinear, drawableOnLog } from "../domains.ts";
import type { Line } from "../lines.ts";
import { FONT_SIZE, PAPER } from "../palette.ts";
import type { Row } from "../rows.ts";
import { textWidth } from "../text.ts";
import { formatTick } from "../ticks.ts";
import type { SweepPoint } from "./types.ts";

/** How a point is drawn: filled, open (theory), or a square (gradient descent). */
export type PointShape = "dot" | "open" | "square";

/** Which values an axis of this kind can show. */
export function drawableOn(log: boolean): (value: number) => boolean {
  return log ? drawableOnLog : drawableOnLinear;
}

/** Name of a point: its label, else its x. */
export function pointName(point: SweepPoint): string {
  return point.label ?? (Number.isFinite(point.x) ? formatTick(point.x) : "not finite");
}

/** Ends of a point's error bar that the axis can show; the mean itself without a bar. */
export function barEnds(point: SweepPoint, log: boolean): number[] {
  const drawable = drawableOn(log);
  return [point.mean, point.mean - (point.sd ?? 0), point.mean + (point.sd ?? 0)].filter(drawable);
}

/**
 * Horizontal axis with a tick at every setting of the sweep, named as its points are; where names would run
 * into each other the ends win, then the smaller. `also` must be on the axis too.
 */
export function sweepAxis(points: readonly SweepPoint[], also: readonly number[], log: boolean): AxisSpec {
  const drawable = drawableOn(log);
  const names = new Map(
    points.filter((point) => drawable(point.x)).map((point) => [point.x, pointName(point)]),
  );
  const settings = [...names.keys()].toSorted((a, b) => a - b);
  const all = [...settings, ...also.filter(drawable)];
  const low = all.length === 0 ? 1 : Math.min(...all);
  const high = all.length === 0 ? 10 : Math.max(...all);
  const into = log ? Math.log : (value: number): number => value;
  const back = log ? Math.exp : (value: number): number => value;
  const room = low === high ? (log ? Math.LN2 : Math.abs(low) || 1) : 0.06 * (into(high) - into(low));
  const domain: [number, number] = [back(into(low) - room), back(into(high) + room)];
  const format = (tick: number): string => names.get(tick) ?? formatTick(tick);
  return {
    log,
    domain,
    format,
    ticks: (pixels) => {
      const scale = pixels / (into(domain[1]) - into(domain[0]));
      const kept: number[] = [];
      for (const tick of new Set([settings[0], settings.at(-1), ...settings])) {
        if (tick === undefined) continue;
        const apart = kept.every((other) => {
          const needed = (textWidth(format(tick), FONT_SIZE) + textWidth(format(other), FONT_SIZE)) / 2 + 8;
          return Math.abs(into(tick) - into(other)) * scale >= needed;
        });
        if (apart) kept.push(tick);
      }
      return kept.toSorted((a, b) => a - b);
    },
  };
}

/**
 * Vertical axis for points, the curves over them and reference values. Points and references are always on it; a
 * curve, or on a logarithmic axis an error bar that comes near zero, stretches it only so far and is cut there.
 */
export function sweepValueAxis(
  points: readonly SweepPoint[],
  lines: readonly Line[],
  references: readonly number[],
  log: boolean,
): AxisSpec {
  const drawable = drawableOn(log);
  const means = [...points.map((point) => point.mean), ...references];
  const bars = points.flatMap((point) => barEnds(point, log));
  const curves = lines.flatMap((line) => [...line.y]).filter(drawable);
  const core = [...means, ...(log ? [] : bars)].filter(drawable);
  const others = [...bars, ...curves];
  if (core.length === 0) {
    // With nothing that has a height, numbers on the axis would mean nothing.
    return others.length === 0 ? silentAxis(valueAxis([], log)) : valueAxis(others, log);
  }
  const [low, high] = [Math.min(...core), Math.max(...core)];
  const room = (high - low) / 2 || Number.POSITIVE_INFINITY;
  const [floor, ceiling] = log ? [low / 3, high * 3] : [low - room, high + room];
  return valueAxis([...core, ...others.map((value) => Math.min(ceiling, Math.max(floor, value)))], log);
}

/** Error bars (cut at the panel) and marks of the points that lie in it. */
export function pointMarks(
  points: readonly SweepPoint[],
  colour: string,
  shape: PointShape,
  x: AxisSpec,
  y: AxisSpec,
): Markish[] {
  const [low, high] = y.domain;
  const drawable = drawableOn(x.log);
  const placed = points.filter((point) => drawable(point.x));
  const clamp = (value: number): number => Math.min(high, Math.max(low, value));
  const bars = placed.filter(
    ({ mean, sd }) => sd !== null && Number.isFinite(sd) && mean + sd > low && mean - sd < high,
  );
  const dots = placed.filter(({ mean }) => mean >= low && mean <= high);
  const open = shape === "open";
  return [
    Plot.ruleX(bars, {
      x: "x",
      y1: (point: SweepPoint) => clamp(point.mean - point.sd!),
      y2: (point: SweepPoint) => clamp(point.mean + point.sd!),
      stroke: colour,
      strokeWidth: 1.4,
      ariaDescription: "± 1 sd",
    }),
    Plot.dot(dots, {
      x: "x",
      y: "mean",
      r: 4,
      symbol: shape === "square" ? "square" : "circle",
      fill: open ? PAPER : colour,
      stroke: open ? colour : PAPER,
      strokeWidth: open ? 1.6 : 1,
    }),
  ];
}

/** What the error bars are, or why there are none; nothing without points. */
export function barNote(points: readonly SweepPoint[]): string[] {
  if (points.length === 0) return [];
  const single = points.filter((point) => point.sd === null);
  if (single.length === points.length) return ["one seed per point: no error bars"];
  const counts = points.filter((point) => point.sd !== null).map((point) => point.count);
  const bars = `bars: mean ± 1 sd over ${countRange(counts)} seeds`;
  return single.length === 0 ? [bars] : [bars, `no bar: one seed (${single.map(pointName).join(", ")})`];
}

/** `3` or `3–5`. */
export function countRange(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? `${least}` : `${least}–${most}`;
}

/** `2,500: −0.21 ± 0.4`: a point in words. */
export function describePoint(point: SweepPoint): string {
  const spread = point.sd === null ? "" : ` ± ${short(point.sd, 2)}`;
  return `${pointName(point)}: ${short(point.mean, 3)}${spread}`;
}

function short(value: number, digits: number): string {
  return Number.isFinite(value) ? formatTick(Number(value.toPrecision(digits))) : "not finite";
}

/** The points as rows of the figure's table. */
export function pointRows(points: readonly SweepPoint[], label: string, series: string): Row[] {
  return points.map((point) => ({
    run: "",
    label: point.label === undefined ? label : [label, point.label].filter((part) => part !== "").join(", "),
    series,
    x: point.x,
    y: Number.isFinite(point.mean) ? point.mean : null,
    ...(point.sd === null ? {} : { low: point.mean - point.sd, high: point.mean + point.sd }),
  }));
}
