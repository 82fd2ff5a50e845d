// Run entries as `brink serve` tells of them, for tests of the pages.
import type { ConfigValue, RunEntry, SeriesStats } from "../src/record/serve-api.ts";

const STATS: SeriesStats = { count: 3, lastStep: 20, last: 1, min: 0.5, minStep: 10, max: 2, maxStep: 0 };

/** A run of some settings that has recorded the series named. */
export function makeRun(
  id: string,
  config: Readonly<Record<string, ConfigValue>> = {},
  more: Partial<Omit<RunEntry, "series">> & { readonly series?: readonly string[] } = {},
): RunEntry {
  const { series = ["step loss", "iterate loss", "iterate sharpness"], ...rest } = more;
  return {
    id,
    name: id,
    status: "finished",
    problem: null,
    config: { "optimizer.name": "sgd", "optimizer.lr": 0.01, "optimizer.batch": 50, seed: 0, ...config },
    step: 20,
    steps: 20,
    threshold: 200,
    summary: null,
    series: Object.fromEntries(series.map((name) => [name, STATS])),
    marks: [],
    createdAt: null,
    notes: { tags: [], text: "" },
    actions: [],
    ...rest,
  };
}

/** A series with these steps and values. */
export function makeSeries(
  steps: readonly number[],
  values: readonly number[],
): { readonly steps: Float64Array<ArrayBuffer>; readonly values: Float64Array<ArrayBuffer> } {
  return { steps: Float64Array.from(steps), values: Float64Array.from(values) };
}
