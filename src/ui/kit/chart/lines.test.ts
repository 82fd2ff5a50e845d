// What becomes of series under a view: which lines, in which order, over which range.
import { expect, test } from "vitest";
import { drawnLines, fullRange, parseDash } from "./lines.ts";
import { DEFAULT_VIEW } from "./types.ts";
import type { ChartSeries } from "./types.ts";
import { describeChart, describeReadings, readings, stepCursor } from "./values.ts";

const xs = Float64Array.of(0, 1, 2, 3);
const series = (more: Partial<ChartSeries> = {}): ChartSeries => ({
  owner: "a",
  label: "run a",
  xs,
  ys: Float64Array.of(1, -1, 1, -1),
  colour: "#000000",
  ...more,
});

test("smoothing keeps the raw line, faint and behind, and the cursor reads the smoothed one", () => {
  const lines = drawnLines([series(), series({ owner: "b" })], { ...DEFAULT_VIEW, smoothing: 0.5 });
  expect(lines.map(({ readable }) => readable)).toEqual([false, false, true, true]);
  expect(lines[0]!.opacity).toBeLessThan(0.5);
  expect([...lines[0]!.ys]).toEqual([1, -1, 1, -1]);
  expect(Math.abs(lines[2]!.ys[3]!)).toBeLessThan(0.5);
});

test("even and odd steps are two lines that dashes tell apart", () => {
  const [even, odd] = drawnLines([series()], { ...DEFAULT_VIEW, evenOdd: true });
  expect([...even!.ys]).toEqual([1, 1]);
  expect([...odd!.ys]).toEqual([-1, -1]);
  expect(even!.dash).not.toEqual(odd!.dash);
  expect(odd!.label).toBe("run a odd steps");
});

test("hidden and empty series are not drawn, bands only when wanted", () => {
  const band = { low: xs, high: xs };
  const all = [
    series({ hidden: true }),
    series({ xs: new Float64Array(), ys: new Float64Array() }),
    series({ band }),
  ];
  expect(drawnLines(all, DEFAULT_VIEW).map((line) => line.band)).toEqual([band]);
  expect(drawnLines(all, { ...DEFAULT_VIEW, bands: false })[0]!.band).toBeUndefined();
});

test("the full range covers all drawn series; a logarithmic one begins above zero", () => {
  const far = series({ xs: Float64Array.of(5, 50), ys: Float64Array.of(1, 1) });
  expect(
    fullRange([series(), far, series({ hidden: true, xs: Float64Array.of(900), ys: xs })], false),
  ).toEqual([0, 50]);
  const [low, high] = fullRange([series(), far], true);
  expect(low).toBeGreaterThan(0.9);
  expect(low).toBeLessThanOrEqual(1);
  expect(high).toBeGreaterThanOrEqual(50);
  const path = series({ kind: "path", xs: Float64Array.of(3, -2, 1), ys: xs });
  expect(fullRange([path], false)[0]).toBeLessThan(-2);
  expect(fullRange([], false)).toEqual([0, 1]);
});

test("the cursor reads, steps and speaks", () => {
  const lines = drawnLines(
    [series(), series({ owner: "b", label: "run b", ys: Float64Array.of(1, 2, 3, Number.NaN) })],
    DEFAULT_VIEW,
  );
  expect(readings(lines, 1.6).map(({ y }) => y)).toEqual([1, 3]);
  expect(describeReadings(readings(lines, 3), "step", null)).toBe("step 3: run a −1.000, run b not finite");
  const many = drawnLines(
    Array.from({ length: 9 }, (_, i) => series({ owner: `r${i}`, label: `r${i}`, ys: xs.map((x) => x + i) })),
    DEFAULT_VIEW,
  );
  expect(describeReadings(readings(many, 1), "step", null)).toBe("step 1: 9 lines between 1.000 and 9.000");
  expect(describeReadings(readings(many, 1), "step", "r3")).toBe("step 1: r3 4.000");
  expect(stepCursor(lines, null, 1)).toBe(0);
  expect(stepCursor(lines, 2, 5)).toBe(3);
  expect(stepCursor([], 2, 5)).toBeNull();
  expect(describeChart("Loss", { yLabel: "loss", xLabel: "step" }, lines)).toBe(
    "Loss: loss against step; run a ending at −1.000, run b ending at 3.000. Arrow keys read values.",
  );
});

test("dash patterns are numbers", () => {
  expect(parseDash("9 2.5 2.5")).toEqual([9, 2.5, 2.5]);
  expect(parseDash("")).toEqual([]);
});
