// Recorded series as lines: groups of runs averaged over seeds, single runs as they are.
import { InputError } from "../../math/index.ts";
import { meanOverSeeds } from "../lines.ts";
import type { Line, LineKind } from "../lines.ts";
import type { TraceStyle } from "../palette.ts";
import { formatTick } from "../ticks.ts";
import { countRange } from "./sweep.ts";
import type { SeriesGroup, SeriesRun } from "./types.ts";

/**
 * One run as a line.
 *
 * @throws InputError when it has not as many values as steps
 */
export function seriesLine(
  run: SeriesRun,
  about: {
    readonly label: string;
    readonly style: TraceStyle;
    readonly series: string;
    readonly kind: LineKind;
  },
): Line {
  checkSeries(run, about.series);
  const steps = Float64Array.from(run.steps);
  return {
    trace: { label: about.label, style: about.style },
    series: about.series,
    kind: about.kind,
    runs: [run.run],
    steps,
    x: steps,
    y: seriesValues(run),
    diverged: false,
  };
}

/**
 * The runs of a group as one line: their mean with ±1 sd at the steps all of them have finite values for, a single
 * run as it is. Runs without a step in common are drawn one by one.
 *
 * @throws InputError when a run has not as many values as steps
 */
export function groupLines(group: SeriesGroup, style: TraceStyle, series: string): Line[] {
  const about = { label: group.label, style, series, kind: "main" as const };
  const runs = group.runs.filter((run) =>
    run.values.some((value) => value !== null && Number.isFinite(value)),
  );
  const each = runs.map((run) => seriesLine(run, about));
  if (each.length < 2) return each;
  const mean = meanOverSeeds(
    runs.map((run) => run.steps.map((step, i) => ({ step, value: run.values[i]! }))),
    false,
  );
  if (mean.steps.length === 0) return each;
  return [
    {
      ...each[0]!,
      runs: runs.map((run) => run.run),
      steps: mean.steps,
      x: mean.steps,
      y: mean.y,
      band: { low: mean.low, high: mean.high },
    },
  ];
}

/** What a reader must know about the averaging: how many seeds, and where a mean stops before its longest run. */
export function groupNotes(groups: readonly SeriesGroup[], lines: readonly Line[]): string[] {
  const notes = new Set<string>();
  const counts = lines.filter((line) => line.band !== undefined).map((line) => line.runs.length);
  if (counts.length > 0) {
    notes.add(`shaded: mean ± 1 sd over ${countRange(counts)} seeds`);
    if (lines.some((line) => line.runs.length === 1)) notes.add("without shade: one run");
  }
  for (const line of lines) {
    if (line.band === undefined) continue;
    const runs = groups.flatMap((group) => group.runs).filter((run) => line.runs.includes(run.run));
    const longest = Math.max(...runs.map((run) => run.steps.at(-1) ?? 0));
    const end = line.steps.at(-1)!;
    if (end < 0.98 * longest)
      notes.add(`${line.trace.label}: mean up to step ${formatTick(end)}, where a seed ends`);
  }
  return [...notes];
}

/** The values with NaN for what is missing. */
export function seriesValues(run: SeriesRun): Float64Array {
  return Float64Array.from(run.values, (value) =>
    value !== null && Number.isFinite(value) ? value : Number.NaN,
  );
}

/** Throws InputError when a series has not as many values as steps. */
function checkSeries(run: SeriesRun, series: string): void {
  if (run.steps.length === run.values.length) return;
  throw new InputError(`${series} of a run has another number of values than steps`, {
    field: run.run,
    received: `${run.values.length} values`,
    allowed: `${run.steps.length}, one per step`,
  });
}
