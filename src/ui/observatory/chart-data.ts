// From traces and loaded series to what a chart draws: curves, references, event marks, S_eq brackets.
import { formatTick } from "../../figures/ticks.ts";
import type { RunEntry } from "../../record/serve-api.ts";
import type { Series } from "../../record/series.ts";
import type { ChartBracket, ChartMark, ChartReference, ChartSeries } from "../kit/chart/types.ts";
import { meanColumns } from "./mean-columns.ts";
import type { MeanColumns } from "./mean-columns.ts";
import { recordedLines } from "./quantities.ts";
import type { Quantity } from "./quantities.ts";
import type { RunTrace } from "./traces.ts";
import { scaleColumn, stepLength } from "./x-axis.ts";
import type { XAxisName } from "./x-axis.ts";

/** Reads a loaded series; undefined while it is not there. */
export type ReadSeries = (run: string, name: string) => Series | undefined;

export interface ChartData {
  readonly series: readonly ChartSeries[];
  readonly references: readonly ChartReference[];
  readonly marks: readonly ChartMark[];
  readonly brackets: readonly ChartBracket[];
  /** Three times the largest threshold: where the axis may end. */
  readonly capAt: number | undefined;
  /** Runs left out, with the reason. */
  readonly notes: readonly string[];
}

export interface ChartWish {
  readonly quantity: Quantity;
  readonly x: XAxisName;
  readonly events: boolean;
  readonly settled: boolean;
  readonly logY: boolean;
}

/** Series of a run's threshold where it changes on the way. */
export const THRESHOLD = "iterate threshold";

/** Names of the series of a run that a chart needs. */
export function neededSeries(quantity: Quantity, run: RunEntry): string[] {
  const names = recordedLines(quantity, run).map(({ series }) => series);
  const scheduled = run.series !== null && Object.hasOwn(run.series, THRESHOLD);
  return names.length > 0 && scheduled && quantity.against !== undefined ? [...names, THRESHOLD] : names;
}

/** All a chart draws. Columns keep their identity as long as nothing was added to them. */
export function chartData(traces: readonly RunTrace[], read: ReadSeries, wish: ChartWish): ChartData {
  const notes: string[] = [];
  const usable = traces.filter((trace) => {
    const missing = trace.runs.filter((run) => stepLength(wish.x, run) === null);
    if (missing.length > 0) notes.push(`${trace.label}: its record does not say what a step is on this axis`);
    return missing.length === 0;
  });
  const series = usable.flatMap((trace) => traceSeries(trace, read, wish));
  const owners = new Set(series.map(({ owner }) => owner));
  const drawn = usable.filter(({ owner }) => owners.has(owner));
  const { against } = wish.quantity;
  const references =
    against === "threshold"
      ? thresholds(drawn, read, wish.x)
      : against === "relative"
        ? [{ label: "threshold", value: 1 }]
        : against === "zero"
          ? [{ label: "", value: 0 }]
          : [];
  const largest = Math.max(0, ...drawn.flatMap(({ runs }) => runs.map((run) => run.threshold ?? 0)));
  const capAt = against === "relative" ? 3 : against === "threshold" && largest > 0 ? 3 * largest : undefined;
  return {
    series,
    references,
    marks: wish.events ? drawn.flatMap((trace) => eventMarks(trace, read, wish.x)) : [],
    brackets:
      wish.settled && ["sharpness", "relative"].includes(wish.quantity.name)
        ? drawn.flatMap((trace) => settledBracket(trace, read, wish))
        : [],
    capAt,
    notes,
  };
}

function traceSeries(trace: RunTrace, read: ReadSeries, wish: ChartWish): ChartSeries[] {
  const first = trace.runs[0]!;
  const result: ChartSeries[] = [];
  for (const line of recordedLines(wish.quantity, first)) {
    const loaded = trace.runs.flatMap((run) => {
      const series = read(run.id, line.series);
      return series === undefined || series.steps.length === 0
        ? []
        : [{ run, series: scaledBy(run, series, read, wish) }];
    });
    const alive = loaded.filter(({ run }) => run.status !== "diverged");
    const averaged =
      alive.length > 1
        ? meanOf(
            alive.map(({ series }) => series),
            wish.logY,
          )
        : undefined;
    const common = {
      owner: trace.owner,
      label: trace.label,
      ...(line.note === undefined ? {} : { note: line.note }),
      quantity: line.series,
      colour: trace.colour,
      dash: trace.dash,
      kind: line.kind,
    };
    const length = stepLength(wish.x, first)!;
    // Seeds measured at different steps have nothing in common to average: they are drawn one by one.
    if (averaged !== undefined && averaged.steps.length > 0) {
      result.push({
        ...common,
        steps: averaged.steps,
        xs: scaleColumn(averaged.steps, length),
        ys: averaged.ys,
        ...(line.kind === "faint" || line.kind === "thin" ? {} : { band: averaged }),
      });
    }
    for (const { run, series } of averaged !== undefined && averaged.steps.length > 0
      ? loaded.filter((each) => !alive.includes(each))
      : loaded) {
      result.push({
        ...common,
        steps: series.steps,
        xs: scaleColumn(series.steps, stepLength(wish.x, run)!),
        ys: series.values,
        diverged: run.status === "diverged" && line.kind !== "thin" && line.kind !== "faint",
      });
    }
  }
  return result;
}

/** Divided by the threshold where the chart is of that; a threshold that changes is looked up step by step. */
function scaledBy(run: RunEntry, series: Series, read: ReadSeries, { quantity }: ChartWish): Series {
  if (quantity.against !== "relative") return series;
  const schedule = read(run.id, THRESHOLD);
  if (schedule !== undefined && schedule.steps.length > 0) return dividedByColumn(series, schedule);
  if (run.threshold === null) return { steps: series.steps, values: series.values.map(() => Number.NaN) };
  return { steps: series.steps, values: scaleColumn(series.values, 1 / run.threshold) as Series["values"] };
}

const divided = new WeakMap<Float64Array, { readonly by: Float64Array; readonly result: Series }>();

function dividedByColumn(series: Series, schedule: Series): Series {
  const known = divided.get(series.values);
  if (known?.by === schedule.values) return known.result;
  let place = 0;
  const values = series.values.map((value, i) => {
    while (place + 1 < schedule.steps.length && schedule.steps[place + 1]! <= series.steps[i]!) place++;
    return value / schedule.values[place]!;
  });
  const result = { steps: series.steps, values };
  divided.set(series.values, { by: schedule.values, result });
  return result;
}

const means = new WeakMap<
  Float64Array,
  { readonly of: readonly Series[]; readonly log: boolean; readonly result: MeanColumns }
>();

function meanOf(columns: readonly Series[], log: boolean): MeanColumns {
  const key = columns[0]!.values;
  const known = means.get(key);
  const same =
    known !== undefined &&
    known.log === log &&
    known.of.length === columns.length &&
    known.of.every(({ values }, i) => values === columns[i]!.values);
  if (same) return known.result;
  const result = meanColumns(columns, log);
  means.set(key, { of: columns, log, result });
  return result;
}

/** One line per distinct threshold; for a scheduled η the threshold as it changes. */
function thresholds(traces: readonly RunTrace[], read: ReadSeries, x: XAxisName): ChartReference[] {
  const constants = new Map<number, string>();
  const result: ChartReference[] = [];
  for (const { owner, label, colour, runs } of traces) {
    const run = runs[0]!;
    const schedule = read(run.id, THRESHOLD);
    if (schedule !== undefined && schedule.steps.length > 0) {
      const xs = scaleColumn(schedule.steps, stepLength(x, run)!);
      result.push({ label: `threshold, ${label}`, xs, ys: schedule.values, owner, colour });
    } else if (run.threshold !== null) {
      const plain = ["gd", "sgd"].includes(String(run.config["optimizer.name"]));
      constants.set(run.threshold, plain ? "2/η" : "threshold");
    }
  }
  for (const [value, name] of constants) {
    result.push({ label: `${name} = ${formatTick(Number(value.toPrecision(4)))}`, value });
  }
  return result;
}

function eventMarks({ runs, owner, colour }: RunTrace, read: ReadSeries, x: XAxisName): ChartMark[] {
  return runs.flatMap((run) => {
    const length = stepLength(x, run)!;
    const onsets = run.marks
      .filter(({ kind }) => kind === "onset")
      .map(({ step }): ChartMark => ({
        x: step * length,
        kind: "onset",
        label: "tick: first crossing of the threshold",
        colour,
        owner,
      }));
    const { steps, values } = read(run.id, THRESHOLD) ?? { steps: [], values: [] };
    const changes: ChartMark[] = [];
    for (let i = 1; i < steps.length; i++) {
      if (values[i] === values[i - 1]) continue;
      changes.push({ x: steps[i]! * length, kind: "change", label: "dotted: η changed", colour, owner });
    }
    return [...onsets, ...changes];
  });
}

/** Over the last records the summary averaged: their mean ± 1 sd. Of a single run; a mean of means would be another thing. */
function settledBracket(trace: RunTrace, read: ReadSeries, { x, quantity }: ChartWish): ChartBracket[] {
  return trace.runs.flatMap((run) => {
    const solves = read(run.id, "iterate sharpness");
    const {
      equilibriumSharpness: mean = null,
      equilibriumSd: sd = null,
      equilibriumRecords: records = 0,
    } = run.summary ?? {};
    if (solves === undefined || solves.steps.length === 0 || mean === null || records < 2) return [];
    if (quantity.against === "relative" && run.threshold === null) return [];
    const scale = quantity.against === "relative" ? 1 / run.threshold! : 1;
    const length = stepLength(x, run)!;
    const from = solves.steps[Math.max(0, solves.steps.length - records)]!;
    return [
      {
        from: from * length,
        to: solves.steps.at(-1)! * length,
        mean: mean * scale,
        low: (mean - (sd ?? 0)) * scale,
        high: (mean + (sd ?? 0)) * scale,
        label: `bracket: S_eq, mean of the last ${records} records ± 1 sd`,
        colour: trace.colour,
        owner: trace.owner,
      },
    ];
  });
}
