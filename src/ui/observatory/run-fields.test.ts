// Fields of runs, their order, the table's sorting, the eyes, the views, the difference of configurations.
import { expect, test } from "vitest";
import { compareSettings } from "./compare.ts";
import { isShown, showAll, showOnly, toggle } from "./eyes.ts";
import { compareFields, fieldOf, showField } from "./run-fields.ts";
import { sortRuns } from "./sort-runs.ts";
import { makeRun } from "../../../test/served-runs.ts";
import { viewOf, withView } from "./views.ts";
import { DEFAULT_VIEW } from "../kit/chart/types.ts";

test("settings, state, summary and statistics are fields of one namespace", () => {
  const run = makeRun("a", {}, { notes: { tags: ["x", "y"], text: "" } });
  expect(fieldOf(run, "optimizer.lr")).toBe(0.01);
  expect(fieldOf(run, "status")).toBe("finished");
  expect(showField(fieldOf(run, "tags"))).toBe("x-y");
  expect(fieldOf(run, "max.sharpness")).toBe(2);
  expect(fieldOf(run, "maxStep.sharpness")).toBe(0);
  expect(fieldOf(run, "last.alpha")).toBeUndefined();
  expect(fieldOf(run, "gap")).toBeUndefined();
  expect(fieldOf(run, "toString")).toBeUndefined();
});

test("sorting: numbers by size, words after them, missing last both ways, ties in order", () => {
  const runs = [
    makeRun("full", { "optimizer.batch": "full" }),
    makeRun("b100", { "optimizer.batch": 100 }),
    makeRun("b20", { "optimizer.batch": 20 }),
    makeRun("none", { "optimizer.batch": null }),
  ];
  const order = (sort: string): string[] => sortRuns(runs, sort).map(({ id }) => id);
  expect(order("optimizer.batch")).toEqual(["b20", "b100", "full", "none"]);
  expect(order("-optimizer.batch")).toEqual(["full", "b100", "b20", "none"]);
  expect(order("")).toEqual(["full", "b100", "b20", "none"]);
  expect(order("seed")).toEqual(["full", "b100", "b20", "none"]);
  expect(compareFields("b10", "b9")).toBeGreaterThan(0);
});

test("eyes: all, all but some, only some", () => {
  expect(isShown(showAll(), "a")).toBe(true);
  const without = toggle(showAll(), "a");
  expect([isShown(without, "a"), isShown(without, "b")]).toEqual([false, true]);
  expect(toggle(without, "a")).toEqual(showAll());
  const only = showOnly(["b"]);
  expect([isShown(only, "a"), isShown(only, "b")]).toEqual([false, true]);
  expect(isShown(toggle(only, "a"), "a")).toBe(true);
  expect(isShown(toggle(only, "b"), "b")).toBe(false);
  // A run called "+" or "-x" is a run like any other.
  expect(isShown(toggle(showAll(), "-x"), "-x")).toBe(false);
});

test("a view is short in the address and comes back", () => {
  const start = { logY: true };
  const view = { ...DEFAULT_VIEW, logY: false, evenOdd: true, smoothing: 0.97, bands: false };
  const views = withView(["other:lx"], "loss", view, start);
  expect(views).toEqual(["other:lx", "loss:nly-eo-nsd-s0.97"]);
  expect(viewOf(views, "loss", start)).toEqual(view);
  expect(withView(views, "loss", { ...DEFAULT_VIEW, ...start }, start)).toEqual(["other:lx"]);
  expect(viewOf(["loss:s7-zz-nly"], "loss", start)).toEqual(DEFAULT_VIEW);
});

test("configurations side by side: what differs, and what some do not have", () => {
  const runs = [makeRun("a", { seed: 1, "net.widths": [3, 4] }), makeRun("b", { seed: 2 })];
  const settings = compareSettings(runs);
  expect(settings.filter(({ differs }) => differs)).toEqual([
    { key: "seed", values: ["1", "2"], differs: true },
    { key: "net.widths", values: ["3-4", ""], differs: true },
  ]);
  expect(settings.map(({ key }) => key)).toContain("optimizer.lr");
});
