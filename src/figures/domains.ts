// Which values can be drawn, and the ranges the axes need to show them.
import type { Line } from "./lines.ts";

// Beyond these, the arithmetic of axes (differences, ratios, room at the ends) would leave float64.
const LARGEST = 1e300;
const SMALLEST = 1e-300;

/** Whether a value has a place on a linear axis. */
export function drawableOnLinear(value: number): boolean {
  return Math.abs(value) < LARGEST;
}

/** Whether a value has a place on a logarithmic axis. */
export function drawableOnLog(value: number): boolean {
  return value > SMALLEST && value < LARGEST;
}

/** Least and greatest drawable value of a line and its band; empty when there is none. */
export function extremes(line: Line, drawable: (value: number) => boolean): number[] {
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

/**
 * Range of the vertical axis: all values with a little room, ending at `cap` when they exceed it. A range that
 * starts at zero starts exactly there. [0, 1] (or [0.1, 1]) without values.
 */
export function verticalDomain(
  values: readonly number[],
  cap: number | undefined,
  log: boolean,
): [number, number] {
  if (values.length === 0) return log ? [0.1, 1] : [0, 1];
  const low = Math.min(...values);
  let high = Math.max(...values);
  if (cap !== undefined && high > cap && low < cap) high = cap;
  if (log) {
    if (low === high) return [low / 2, high * 2];
    const room = Math.max(1.03, 10 ** (0.03 * (Math.log10(high) - Math.log10(low))));
    return [low / room, high * room];
  }
  if (low === high) {
    const half = (Math.abs(low) > SMALLEST ? Math.abs(low) : 1) / 2;
    return [low - half, high + half];
  }
  const room = (high - low) * 0.04;
  return [low === 0 ? 0 : low - room, high + room];
}

/** Range of the horizontal axis: from the first to the last point, from zero when that is near. */
export function horizontalDomain(lines: readonly Pick<Line, "x">[]): [number, number] {
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
