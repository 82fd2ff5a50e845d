// Axes that do not know their size yet: a range, and the ticks for a given number of pixels.
import { horizontalDomain, verticalDomain } from "./domains.ts";
import type { Line } from "./lines.ts";
import type { Axis } from "./panel.ts";
import { formatTick, linearTicks, logTicks } from "./ticks.ts";

/** An axis before its length is known. */
export interface AxisSpec {
  readonly log: boolean;
  readonly domain: readonly [number, number];
  readonly ticks: (pixels: number) => readonly number[];
  readonly format: (tick: number) => string;
}

/** The axis at its length. */
export function axisAt(axis: AxisSpec, pixels: number): Axis {
  return { ...axis, ticks: axis.ticks(pixels) };
}

/** An axis of plain numbers with a tick about every `spacing` pixels. */
export function numberAxis(domain: readonly [number, number], log: boolean, spacing: number): AxisSpec {
  const ticks = log ? logTicks : linearTicks;
  return {
    log,
    domain,
    ticks: (pixels) => ticks(...domain, Math.max(2, Math.round(pixels / spacing))),
    format: formatTick,
  };
}

/** Vertical axis that shows all `values` with a little room, no further than `cap`. */
export function valueAxis(values: readonly number[], log: boolean, cap?: number): AxisSpec {
  return numberAxis(verticalDomain(values, cap, log), log, 42);
}

/** Horizontal axis of training steps that holds all lines. */
export function stepAxis(lines: readonly Line[]): AxisSpec {
  return numberAxis(horizontalDomain(lines), false, 80);
}

/** An axis that says nothing, where there are only positions. */
export function silentAxis(axis: AxisSpec): AxisSpec {
  return { ...axis, ticks: () => [] };
}

/** The axis without texts at its ticks, for panels above one that has them. */
export function withoutTickLabels(axis: AxisSpec): AxisSpec {
  return { ...axis, format: () => "" };
}
