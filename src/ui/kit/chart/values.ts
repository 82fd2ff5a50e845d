// Reading a chart with the cursor: the value of every line at a place, in words.
import { formatNumber, formatTick } from "../../../figures/ticks.ts";
import { nearestIndex } from "./columns.ts";
import type { DrawnLine } from "./lines.ts";

/** A line's point nearest to the cursor. */
export interface Reading {
  readonly line: DrawnLine;
  readonly x: number;
  readonly y: number;
}

/** The nearest point of every readable line. */
export function readings(lines: readonly DrawnLine[], x: number): Reading[] {
  return lines.flatMap((line) => {
    const index = line.readable ? nearestIndex(line.xs, x) : -1;
    return index < 0 ? [] : [{ line, x: line.xs[index]!, y: line.ys[index]! }];
  });
}

/** Most lines that are read aloud; with more, those of the highlighted owner are, else the range of all. */
const MOST_SPOKEN = 6;

/** The readings as a sentence for a screen reader. */
export function describeReadings(found: readonly Reading[], xLabel: string, owner: string | null): string {
  const own = found.filter(({ line }) => line.series.owner === owner);
  const chosen = found.length <= MOST_SPOKEN ? found : own.slice(0, MOST_SPOKEN);
  const first = found[0];
  if (first === undefined) return "";
  const place = `${xLabel} ${formatTick(Number(first.x.toPrecision(6)))}`;
  if (chosen.length > 0) {
    return `${place}: ${chosen.map(({ line, y }) => `${line.label || "value"} ${formatNumber(y)}`).join(", ")}`;
  }
  const values = found.map(({ y }) => y).filter(Number.isFinite);
  if (values.length === 0) return `${place}: no finite value`;
  return `${place}: ${found.length} lines between ${formatNumber(Math.min(...values))} and ${formatNumber(Math.max(...values))}`;
}

/** The next place with a point, `by` points on from `x` along the line with most points. */
export function stepCursor(lines: readonly DrawnLine[], x: number | null, by: number): number | null {
  const longest = lines
    .filter((line) => line.readable && line.xs.length > 0)
    .reduce<DrawnLine | null>(
      (best, line) => (best === null || line.xs.length > best.xs.length ? line : best),
      null,
    );
  if (longest === null) return null;
  const { xs } = longest;
  if (x === null) return by > 0 ? xs[0]! : xs.at(-1)!;
  const at = nearestIndex(xs, x);
  return xs[Math.min(xs.length - 1, Math.max(0, at + by))]!;
}

/** What a chart shows, for those who cannot see it. */
export function describeChart(
  title: string,
  { yLabel, xLabel }: { readonly yLabel: string; readonly xLabel: string },
  lines: readonly DrawnLine[],
): string {
  const named = lines.filter((line) => line.readable);
  if (named.length === 0) return `${title}: nothing to draw yet.`;
  const shown = named.slice(0, 4).map((line) => {
    const last = line.ys.findLast(Number.isFinite);
    return `${line.label || "one line"}${last === undefined ? "" : ` ending at ${formatNumber(last)}`}`;
  });
  const more = named.length > 4 ? ` and ${named.length - 4} more` : "";
  return `${title}: ${yLabel} against ${xLabel}; ${shown.join(", ")}${more}. Arrow keys read values.`;
}
