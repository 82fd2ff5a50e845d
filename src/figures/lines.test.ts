// Seeds become a mean with its spread; divergences stay visible; the CSV holds every value.
import { expect, test } from "vitest";
import { InputError } from "../math/index.ts";
import type { RunRecord } from "../record/index.ts";
import { traceLines } from "./lines.ts";
import type { LineOptions, Sample } from "./lines.ts";
import { rowsOf, toCsv } from "./rows.ts";
import { makeTraces, runThreshold } from "./traces.ts";

function run(
  id: string,
  seed: number,
  losses: readonly (number | null)[],
  extra: Partial<RunRecord> = {},
): RunRecord {
  return {
    id,
    config: { optimizer: { name: "sgd", lr: 0.1, batch: 5 }, seed },
    summary: null,
    steps: losses.map((loss, i) => ({ type: "step", step: i + 1, loss })),
    measurements: [],
    marks: [],
    ...extra,
  };
}

const losses = (record: RunRecord): Sample[] => record.steps.map((e) => ({ step: e.step, value: e.loss }));
const main: LineOptions = { x: "step", kind: "main" };

test("three seeds: mean and sample standard deviation at every step", () => {
  const traces = makeTraces([run("a", 0, [1, 4]), run("b", 1, [2, 4]), run("c", 2, [6, 4])]);
  expect(traces).toHaveLength(1);
  expect(traces[0]!.label).toBe("3 seeds");
  const [line, ...others] = traceLines(traces[0]!, "loss", losses, main);
  expect(others).toEqual([]);
  expect(line!.runs).toEqual(["a", "b", "c"]);
  expect([...line!.y]).toEqual([3, 4]);
  const sd = Math.sqrt(((1 - 3) ** 2 + (2 - 3) ** 2 + (6 - 3) ** 2) / 2);
  expect(line!.band!.low[0]).toBeCloseTo(3 - sd, 12);
  expect(line!.band!.high[0]).toBeCloseTo(3 + sd, 12);
  expect(line!.band!.high[1]).toBe(4);
});

test("on a logarithmic axis the mean is geometric and the band stays positive", () => {
  const [trace] = makeTraces([run("a", 0, [0.001]), run("b", 1, [10])]);
  const [line] = traceLines(trace!, "loss", losses, { ...main, log: true });
  expect(line!.y[0]).toBeCloseTo(0.1, 12);
  expect(line!.band!.low[0]).toBeGreaterThan(0);
});

test("a seed that diverged is drawn on its own and not averaged in", () => {
  const diverged = run("c", 2, [9, null], {
    marks: [{ type: "mark", step: 2, kind: "diverged", message: "" }],
  });
  const [trace] = makeTraces([run("a", 0, [1, 3]), run("b", 1, [3, 5]), diverged]);
  const lines = traceLines(trace!, "loss", losses, main);
  expect(lines.map((line) => [line.runs, [...line.y], line.diverged])).toEqual([
    [["a", "b"], [2, 4], false],
    [["c"], [9, Number.NaN], true],
  ]);
});

test("seeds measured at different steps are drawn one by one", () => {
  const late = run("b", 1, []);
  const shifted = { ...late, steps: [{ type: "step" as const, step: 7, loss: 2 }] };
  const lines = traceLines(makeTraces([run("a", 0, [1]), shifted])[0]!, "loss", losses, main);
  expect(lines.map((line) => line.runs)).toEqual([["a"], ["b"]]);
  expect(lines.every((line) => line.band === undefined)).toBe(true);
});

test("the same seed twice is two traces, not a sample of two", () => {
  const traces = makeTraces([run("a", 0, [1]), run("b", 0, [1])]);
  expect(traces.map((trace) => trace.label)).toEqual(["a", "b"]);
});

test("effective time is η·step, and needs η", () => {
  const [trace] = makeTraces([run("a", 0, [1, 2, 3])]);
  const [line] = traceLines(trace!, "loss", losses, { x: "time", kind: "main" });
  expect([...line!.x].map((x) => x.toFixed(6))).toEqual(["0.100000", "0.200000", "0.300000"]);
  const [without] = makeTraces([run("no-lr", 0, [1], { config: {} })]);
  expect(() => traceLines(without!, "loss", losses, { x: "time", kind: "main" })).toThrow(InputError);
  expect(() => traceLines(without!, "loss", losses, { x: "time", kind: "main" })).toThrow(
    /no-lr.*optimizer\.lr/,
  );
});

test("the threshold is the recorded one, else 2/η for GD and SGD, else unknown", () => {
  const summary = { threshold: 38 } as RunRecord["summary"];
  expect(runThreshold(run("a", 0, [], { summary }))).toBe(38);
  expect(runThreshold(run("a", 0, []))).toBe(20);
  expect(runThreshold(run("a", 0, [], { config: { optimizer: { name: "adam", lr: 0.1 } } }))).toBeUndefined();
});

test("CSV: quoting, missing values, bands, formula injection", () => {
  const trace = { ...makeTraces([run('we"ird, id', 0, [0.1, null])])[0]!, label: "=1+1" };
  const csv = toCsv(rowsOf(traceLines(trace, "loss", losses, main)));
  expect(csv).toBe(
    'run,label,series,step,x,y,low,high\n"we""ird, id",\'=1+1,loss,1,1,0.1,,\n"we""ird, id",\'=1+1,loss,2,2,,,\n',
  );
  const seeds = makeTraces([run("a", 0, [1]), run("b", 1, [3])])[0]!;
  const [, row] = toCsv(rowsOf(traceLines(seeds, "loss", losses, main))).split("\n");
  expect(row).toMatch(/^a b,2 seeds,loss,1,1,2,0\.58\d+,3\.41\d+$/);
});
