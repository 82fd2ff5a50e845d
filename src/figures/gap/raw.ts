// Raw recorded values as faint dots, and an axis range that a few wild ones do not blow up.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { quantileSorted } from "../../math/index.ts";
import type { AxisSpec } from "../axes.ts";
import { drawableOnLinear } from "../domains.ts";
import { minMaxBuckets } from "../buckets.ts";
import type { Line } from "../lines.ts";

/** Dots at the values of a line that lie in the panel: the extremes of every pixel column. */
export function rawDots(line: Line, pixels: number, y: AxisSpec): Markish {
  const [low, high] = y.domain;
  const inside = [...line.y.keys()].filter((i) => line.y[i]! >= low && line.y[i]! <= high);
  const x = inside.map((i) => line.x[i]!);
  const crowded = inside.length > pixels / 2;
  const values = inside.map((i) => line.y[i]!);
  return Plot.dot(Array.from(minMaxBuckets(x, values, pixels)), {
    x: (k: number) => x[k]!,
    y: (k: number) => values[k]!,
    r: crowded ? 1.4 : 2.2,
    fill: line.trace.style.colour,
    fillOpacity: crowded ? 0.35 : 0.5,
    ariaDescription: "as recorded",
  });
}

/**
 * The range an axis needs to show recorded values: all of them, unless a few lie further from the inner 90 % than
 * one and a half times its width (6.6 standard deviations of normal values); those are left beyond it. `undefined` without drawable values. O(n log n).
 */
export function robustRange(series: readonly ArrayLike<number>[]): [number, number] | undefined {
  const sorted = Float64Array.from(
    series.flatMap((values) => Array.from(values).filter(drawableOnLinear)),
  ).sort();
  if (sorted.length === 0) return undefined;
  const [low, high] = [quantileSorted(sorted, 0.05), quantileSorted(sorted, 0.95)];
  const room = 1.5 * (high - low);
  return [Math.max(sorted[0]!, low - room), Math.min(sorted.at(-1)!, high + room)];
}
