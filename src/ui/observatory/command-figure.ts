// Saving a chart through the very figure function the command line draws it with, from records rebuilt of series.
import type { Figure, FigureOptions } from "../../figures/figure.ts";
import type { MeasurementEvent, RunRecord } from "../../record/events.ts";
import type { RunEntry } from "../../record/serve-api.ts";
import type { ReadSeries } from "./chart-data.ts";
import { nested } from "./traces.ts";
import type { XAxisName } from "./x-axis.ts";

/** Series the figures read, beside eigenvalues. */
const SCALARS = ["loss", "accuracy", "testLoss", "testAccuracy", "gradNorm", "sharpness"] as const;

/** Charts the command line has a figure of. */
const DRAWN: ReadonlySet<string> = new Set([
  "loss",
  "sharpness",
  "relative",
  "testLoss",
  "accuracy",
  "gradNorm",
]);

/** What draws the figure of some runs. */
export type CommandFigure = (
  runs: readonly RunEntry[],
  source: { readonly client: { series: SeriesSource } },
  options: FigureOptions,
) => Promise<Figure>;

type SeriesSource = (
  id: string,
  only: readonly string[],
  from: null,
) => Promise<{ readonly series: ReadonlyMap<string, NonNullable<ReturnType<ReadSeries>>> }>;

/** The command line's figure for a chart, or null where it has none (for the chart or the axis). */
export function commandFigure(chart: string, axis: XAxisName): CommandFigure | null {
  if (!DRAWN.has(chart) || (axis !== "step" && axis !== "time")) return null;
  return async (runs, { client }, options) => {
    const { RUN_FIGURES } = await import("./run-figures.ts");
    const records = await Promise.all(
      runs.map(async (run) => {
        const names = figureSeries(run);
        const { series } = await client.series(run.id, names, null);
        return recordOf(run, (_id, name) => series.get(name));
      }),
    );
    return RUN_FIGURES[chart]!(records, { ...options, x: axis });
  };
}

type MutableMeasurement = { -readonly [K in keyof MeasurementEvent]: MeasurementEvent[K] };

/** Names of the series that a run's figures are drawn from. */
export function figureSeries(run: RunEntry): string[] {
  return Object.keys(run.series ?? {}).filter(
    (name) =>
      name === "step loss" ||
      name === "iterate rayleigh" ||
      /^(?:iterate|midpoint) eigenvalues\.\d+$/.test(name) ||
      SCALARS.some((scalar) => name === `iterate ${scalar}` || name === `midpoint ${scalar}`),
  );
}

/** A record with what figures read of it, from its series. */
export function recordOf(run: RunEntry, read: ReadSeries): RunRecord {
  const steps = read(run.id, "step loss");
  const measurements = new Map<string, MutableMeasurement>();
  const place = (point: "iterate" | "midpoint", kind: string, step: number): MutableMeasurement => {
    const key = `${point} ${kind} ${step}`;
    let event = measurements.get(key);
    if (event === undefined) measurements.set(key, (event = { type: "measurement", step, point }));
    return event;
  };
  for (const name of figureSeries(run)) {
    const [point, short] = name.split(" ") as ["iterate" | "midpoint" | "step", string];
    const series = read(run.id, name);
    if (point === "step" || series === undefined) continue;
    for (const [i, step] of series.steps.entries()) {
      const value = finite(series.values[i]!);
      if (short === "rayleigh")
        Object.assign(place(point, "rayleigh", step), { rayleigh: true, sharpness: value });
      else if (short.startsWith("eigenvalues.")) {
        const event = place(point, "", step);
        const values = [...(event.eigenvalues ?? [])];
        values[Number(short.split(".")[1])] = value;
        event.eigenvalues = values;
      } else Object.assign(place(point, "", step), { [short]: value });
    }
  }
  return {
    id: run.id,
    config: nested(run),
    summary: run.summary,
    steps: [...(steps?.steps ?? [])].map((step, i) => ({
      type: "step",
      step,
      loss: finite(steps!.values[i]!),
    })),
    measurements: [...measurements.values()].sort((a, b) => a.step - b.step),
    marks: run.marks,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
