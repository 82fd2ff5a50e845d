// From series and a view to the lines that are drawn: smoothed over faint raw ones, split into even and odd steps.
import { horizontalDomain } from "../../../figures/domains.ts";
import { ofParity, smooth } from "./columns.ts";
import type { ChartSeries, ChartView, Range } from "./types.ts";

/** How a line is drawn. */
export interface DrawnLine {
  readonly series: ChartSeries;
  readonly label: string;
  readonly xs: Float64Array;
  readonly ys: Float64Array;
  readonly dash: readonly number[];
  readonly width: number;
  readonly opacity: number;
  /** Whether the cursor reads values from it. */
  readonly readable: boolean;
  /** Fill between the extremes of each pixel instead of a line. */
  readonly shade: boolean;
  readonly band: ChartSeries["band"] | undefined;
}

const LOOK: Readonly<
  Record<
    NonNullable<ChartSeries["kind"]>,
    { readonly width: number; readonly opacity: number; readonly dash?: string }
  >
> = {
  main: { width: 1.6, opacity: 1 },
  dense: { width: 1.2, opacity: 1, dash: "" },
  faint: { width: 1, opacity: 0.28, dash: "" },
  thin: { width: 1, opacity: 0.6 },
  midpoint: { width: 1.6, opacity: 1, dash: "1.5 3" },
  dashed: { width: 1.6, opacity: 1, dash: "6 3" },
  path: { width: 1, opacity: 0.85 },
  points: { width: 3, opacity: 0.8 },
};

/** Parity as a sign that does not rest on colour: odd steps are dashed. */
const ODD_DASH = [4, 2.5];

/** The lines of the visible series, those to be drawn first in front of the array. */
export function drawnLines(series: readonly ChartSeries[], view: ChartView): DrawnLine[] {
  const behind: DrawnLine[] = [];
  const front: DrawnLine[] = [];
  for (const each of series) {
    if (each.hidden === true || each.xs.length === 0) continue;
    const kind = each.kind ?? "main";
    const look = LOOK[kind];
    const base: DrawnLine = {
      series: each,
      label: each.label,
      xs: each.xs,
      ys: each.ys,
      dash: parseDash(look.dash ?? each.dash ?? ""),
      width: look.width,
      opacity: look.opacity,
      readable: kind !== "path" && kind !== "points",
      shade: false,
      band: view.bands ? each.band : undefined,
    };
    if (kind === "path" || kind === "points") {
      front.push(base);
      continue;
    }
    const parts = view.evenOdd ? split(base) : [base];
    for (const part of parts) {
      if (view.smoothing === 0) {
        (kind === "faint" ? behind : front).push(part);
        continue;
      }
      behind.push({
        ...part,
        readable: false,
        shade: view.envelope,
        opacity: part.opacity * (view.envelope ? 0.22 : 0.25),
        width: 1,
        dash: [],
      });
      front.push({ ...part, ys: smooth(part.ys, view.smoothing), band: undefined });
    }
  }
  return [...behind, ...front];
}

const splits = new WeakMap<ChartSeries, readonly ReturnType<typeof ofParity>[]>();

function split(line: DrawnLine): DrawnLine[] {
  let halves = splits.get(line.series);
  if (halves === undefined)
    splits.set(line.series, (halves = [ofParity(line.series, 0), ofParity(line.series, 1)]));
  const half = (parity: 0 | 1, name: string, dash: readonly number[]): DrawnLine => ({
    ...line,
    xs: halves[parity]!.xs,
    ys: halves[parity]!.ys,
    label: `${line.label} ${name} steps`.trim(),
    dash,
    band: undefined,
  });
  return [half(0, "even", []), half(1, "odd", ODD_DASH)];
}

/** "5 2.5" → [5, 2.5]. */
export function parseDash(dash: string): number[] {
  return dash === "" ? [] : dash.split(/[ ,]+/).map(Number);
}

/** What the horizontal axis spans without zoom; on a logarithmic axis only positive places count. */
export function fullRange(series: readonly ChartSeries[], logX: boolean): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const ordered: { readonly x: Float64Array }[] = [];
  for (const { xs, kind, hidden } of series) {
    if (hidden === true || xs.length === 0) continue;
    if (kind === "path" || kind === "points") {
      for (const x of xs) {
        if (!Number.isFinite(x) || (logX && x <= 0)) continue;
        low = Math.min(low, x);
        high = Math.max(high, x);
      }
    } else if (logX) {
      const first = xs.find((x) => x > 0);
      if (first !== undefined) {
        low = Math.min(low, first);
        high = Math.max(high, xs.at(-1)!);
      }
    } else ordered.push({ x: xs });
  }
  if (low < high) {
    const room = logX ? 1 : (high - low) * 0.04;
    return logX ? [low / 1.02, high * 1.02] : [low - room, high + room];
  }
  if (logX) return low === high ? [low / 2, low * 2] : [0.1, 1];
  return horizontalDomain(ordered);
}
