// What charts draw of runs: curves, thresholds, marks, brackets, means over seeds.
import { expect, test } from "vitest";
import type { RunEntry } from "../../record/serve-api.ts";
import type { Series } from "../../record/series.ts";
import { makeRun, makeSeries } from "../../../test/served-runs.ts";
import { chartData, neededSeries, THRESHOLD } from "./chart-data.ts";
import type { ChartWish } from "./chart-data.ts";
import { recordOf } from "./command-figure.ts";
import { meanColumns } from "./mean-columns.ts";
import { availableCharts, quantityNamed } from "./quantities.ts";
import { makeRunTraces } from "./traces.ts";
import type { Grouping } from "./traces.ts";

const PLAIN: Grouping = { colour: "", dash: "", panel: "", mean: false, paint: [] };

function wish(name: string, more: Partial<ChartWish> = {}): ChartWish {
  return { quantity: quantityNamed(name)!, x: "step", events: true, settled: true, logY: false, ...more };
}

function reader(table: Readonly<Record<string, Series>>): (run: string, name: string) => Series | undefined {
  return (run, name) => table[`${run}: ${name}`];
}

function tracesOf(runs: readonly RunEntry[], grouping: Partial<Grouping> = {}) {
  return makeRunTraces(runs, new Set(runs.map(({ id }) => id)), { ...PLAIN, ...grouping });
}

const SHARPNESS = makeSeries([0, 10, 20], [100, 150, 210]);

test("sharpness with its threshold, onset and cap; effective time is steps times η", () => {
  const run = makeRun("a", {}, { marks: [{ type: "mark", kind: "onset", step: 20, message: "" }] });
  const data = chartData(
    tracesOf([run]),
    reader({ "a: iterate sharpness": SHARPNESS }),
    wish("sharpness", { x: "time" }),
  );
  expect(data.series.map(({ owner, kind, ys }) => [owner, kind, ys])).toEqual([
    ["a", "main", SHARPNESS.values],
  ]);
  expect([...data.series[0]!.xs]).toEqual([0, 0.1, 0.2]);
  expect(data.references).toEqual([{ label: "2/η = 200", value: 200 }]);
  expect(data.marks).toMatchObject([{ x: 0.2, kind: "onset" }]);
  expect(data.capAt).toBe(600);
});

test("runs of one threshold share its line", () => {
  const runs = [makeRun("a"), makeRun("b"), makeRun("c", { "optimizer.lr": 0.02 }, { threshold: 100 })];
  const table = Object.fromEntries(runs.map(({ id }) => [`${id}: iterate sharpness`, SHARPNESS]));
  expect(
    chartData(tracesOf(runs), reader(table), wish("sharpness")).references.map(({ value }) => value),
  ).toEqual([200, 100]);
});

test("relative sharpness is divided by the threshold, by the one of the step where η is scheduled", () => {
  const run = makeRun("a", {}, { series: ["iterate sharpness", THRESHOLD] });
  expect(neededSeries(quantityNamed("relative")!, run)).toEqual(["iterate sharpness", THRESHOLD]);
  const schedule = makeSeries([0, 10], [200, 100]);
  const table = { "a: iterate sharpness": SHARPNESS, [`a: ${THRESHOLD}`]: schedule };
  const data = chartData(tracesOf([run]), reader(table), wish("relative"));
  expect([...data.series[0]!.ys]).toEqual([0.5, 1.5, 2.1]);
  expect(data.marks).toMatchObject([{ x: 10, kind: "change" }]);
  const constant = chartData(
    tracesOf([makeRun("a")]),
    reader({ "a: iterate sharpness": SHARPNESS }),
    wish("relative"),
  );
  expect([...constant.series[0]!.ys]).toEqual([0.5, 0.75, 1.05]);
  const scheduled = chartData(tracesOf([run]), reader(table), wish("sharpness"));
  expect(scheduled.references).toMatchObject([{ owner: "a", ys: schedule.values }]);
});

test("columns keep their identity while nothing is added, so that what was computed of them holds", () => {
  const traces = tracesOf([makeRun("a"), makeRun("b", { seed: 1 })], { mean: true });
  const table = {
    "a: iterate sharpness": SHARPNESS,
    "b: iterate sharpness": makeSeries([0, 10, 20], [0, 1, 2]),
  };
  for (const chart of ["sharpness", "relative"]) {
    const [one, other] = [1, 2].map(
      () => chartData(traces, reader(table), wish(chart, { x: "time" })).series[0]!,
    );
    expect(one!.ys).toBe(other!.ys);
    expect(one!.xs).toBe(other!.xs);
  }
});

test("seeds are averaged with a band; a seed that diverged is drawn by itself", () => {
  const runs = [makeRun("a"), makeRun("b", { seed: 1 }), makeRun("c", { seed: 2 }, { status: "diverged" })];
  const table = {
    "a: iterate sharpness": makeSeries([0, 10, 20], [1, 2, 3]),
    "b: iterate sharpness": makeSeries([0, 10, 20], [3, 4, 5]),
    "c: iterate sharpness": makeSeries([0, 10], [1, 1e9]),
  };
  const [average, diverged] = chartData(
    tracesOf(runs, { mean: true }),
    reader(table),
    wish("sharpness"),
  ).series;
  expect([...average!.ys]).toEqual([2, 3, 4]);
  expect(average!.band!.high[0]).toBeCloseTo(2 + Math.SQRT2, 12);
  expect(diverged).toMatchObject({ diverged: true, owner: average!.owner });
});

test("a run whose record does not say what a step is on an axis is left out, and named", () => {
  const run = makeRun("a");
  const data = chartData(
    tracesOf([run]),
    reader({ "a: iterate sharpness": SHARPNESS }),
    wish("sharpness", { x: "epoch" }),
  );
  expect(data.series).toEqual([]);
  expect(data.notes).toEqual(["a: its record does not say what a step is on this axis"]);
});

test("S_eq brackets span the records averaged", () => {
  const summary = {
    equilibriumSharpness: 180,
    equilibriumSd: 5,
    equilibriumRecords: 2,
  } as RunEntry["summary"];
  const run = makeRun("a", {}, { summary });
  const read = reader({ "a: iterate sharpness": SHARPNESS });
  expect(chartData(tracesOf([run]), read, wish("sharpness")).brackets).toMatchObject([
    { from: 10, to: 20, mean: 180, low: 175, high: 185 },
  ]);
  expect(chartData(tracesOf([run]), read, wish("relative")).brackets).toMatchObject([{ mean: 0.9 }]);
});

test("means are over common steps, geometric on a logarithmic axis, and skip what is not finite", () => {
  const columns = [makeSeries([0, 2, 4, 6], [1, 1, Number.NaN, 100]), makeSeries([0, 3, 4, 6], [4, 1, 1, 1])];
  const { steps, ys } = meanColumns(columns, true);
  expect([...steps]).toEqual([0, 6]);
  expect(ys[0]).toBeCloseTo(2, 12);
  expect(ys[1]).toBeCloseTo(10, 12);
  expect(meanColumns([], false).steps).toHaveLength(0);
});

test("the noise chart takes the batch and sampling of the run; unknown series are charts of their own", () => {
  const series = [
    "iterate noiseVariance.shuffle.20",
    "iterate noiseVariance.shuffle.50",
    "iterate noiseVariance.with.50",
    "iterate new thing",
  ];
  const run = makeRun("a", { "optimizer.sampling": "shuffle" }, { series });
  expect(
    quantityNamed("noiseVariance")!
      .lines(run)
      .map((line) => line.series),
  ).toEqual(["iterate noiseVariance.shuffle.50"]);
  expect(availableCharts([run]).other).toContain("series:iterate new thing");
  expect(quantityNamed("series:iterate new thing")!.lines(run)[0]!.series).toBe("iterate new thing");
  expect(quantityNamed("nonsense")).toBeUndefined();
});

test("a record for the command line's figures is what was recorded", () => {
  const series = [
    "step loss",
    "iterate loss",
    "iterate sharpness",
    "iterate eigenvalues.0",
    "iterate eigenvalues.1",
    "iterate rayleigh",
  ];
  const run = makeRun("a", {}, { series });
  const record = recordOf(
    run,
    reader({
      "a: step loss": makeSeries([1, 2], [0.5, Number.NaN]),
      "a: iterate loss": makeSeries([0, 10], [0.6, 0.4]),
      "a: iterate sharpness": makeSeries([0], [7]),
      "a: iterate eigenvalues.0": makeSeries([0], [7]),
      "a: iterate eigenvalues.1": makeSeries([0], [3]),
      "a: iterate rayleigh": makeSeries([10], [8]),
    }),
  );
  expect(record.steps).toEqual([
    { type: "step", step: 1, loss: 0.5 },
    { type: "step", step: 2, loss: null },
  ]);
  expect(record.measurements).toEqual([
    { type: "measurement", step: 0, point: "iterate", loss: 0.6, sharpness: 7, eigenvalues: [7, 3] },
    { type: "measurement", step: 10, point: "iterate", loss: 0.4 },
    { type: "measurement", step: 10, point: "iterate", rayleigh: true, sharpness: 8 },
  ]);
});
