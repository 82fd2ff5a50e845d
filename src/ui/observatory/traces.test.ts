// What is drawn as one line, and how: styles that stay, groups by settings, means over seeds.
import { expect, test } from "vitest";
import { COLOURS } from "../../figures/palette.ts";
import { makeRunTraces, nested, paintNext } from "./traces.ts";
import type { Grouping } from "./traces.ts";
import { makeRun } from "../../../test/served-runs.ts";

const PLAIN: Grouping = { colour: "", dash: "", panel: "", mean: false, paint: [] };
const RUNS = [
  makeRun("a0", { seed: 0 }),
  makeRun("a1", { seed: 1 }),
  makeRun("b0", { "optimizer.batch": 100, seed: 0 }),
  makeRun("b1", { "optimizer.batch": 100, seed: 1 }),
];
const ALL = new Set(RUNS.map(({ id }) => id));

test("hiding runs never changes the colour of the others", () => {
  const style = (ids: ReadonlySet<string>) =>
    Object.fromEntries(
      makeRunTraces(RUNS, ids, PLAIN).map(({ owner, colour, dash }) => [owner, colour + dash]),
    );
  const all = style(ALL);
  expect(new Set(Object.values(all)).size).toBe(4);
  expect(style(new Set(["b1"]))).toEqual({ b1: all["b1"] });
});

test("labels say what differs among the shown", () => {
  expect(makeRunTraces(RUNS, ALL, PLAIN).map(({ label }) => label)).toEqual([
    "batch 50 seed 0",
    "batch 50 seed 1",
    "batch 100 seed 0",
    "batch 100 seed 1",
  ]);
  expect(makeRunTraces(RUNS, new Set(["a1"]), PLAIN)[0]!.label).toBe("a1");
});

test("seeds become one trace each configuration, a repeated seed stays apart", () => {
  const repeated = makeRun("a0 again", { seed: 0 });
  const traces = makeRunTraces([...RUNS, repeated], new Set([...ALL, "a0 again"]), { ...PLAIN, mean: true });
  expect(traces.map(({ runs }) => runs.map(({ id }) => id))).toEqual([
    ["a0", "a1"],
    ["b0", "b1"],
    ["a0 again"],
  ]);
  expect(traces[0]!.label).toContain("2 seeds");
});

test("one seed hidden leaves the group's colour and its owner's name", () => {
  const [first] = makeRunTraces(RUNS, new Set(["a1"]), { ...PLAIN, mean: true });
  expect(first).toMatchObject({ owner: "a1", colour: COLOURS[0] });
});

test("colour, dash and panel by settings; the smallest value takes the first colour", () => {
  const traces = makeRunTraces(RUNS, ALL, {
    ...PLAIN,
    colour: "optimizer.batch",
    dash: "seed",
    panel: "seed",
  });
  expect(traces.map(({ colour }) => COLOURS.indexOf(colour))).toEqual([0, 0, 1, 1]);
  expect(new Set(traces.map(({ dash }) => dash)).size).toBe(2);
  expect(traces.map(({ panel }) => panel)).toEqual(["0", "1", "0", "1"]);
});

test("values beyond the palette are told apart by dashes", () => {
  const runs = Array.from({ length: COLOURS.length + 1 }, (_, seed) => makeRun(`r${seed}`, { seed }));
  const traces = makeRunTraces(runs, new Set(runs.map(({ id }) => id)), { ...PLAIN, colour: "seed" });
  expect(new Set(traces.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(runs.length);
  expect(traces.slice(0, -1).every(({ dash }) => dash === "")).toBe(true);
});

test("a colour chosen by hand holds, and choosing goes round the palette", () => {
  let paint: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < COLOURS.length; i++) {
    const now = makeRunTraces(RUNS, ALL, { ...PLAIN, paint })[0]!.colour;
    seen.add(now);
    paint = paintNext(paint, "a0", now);
  }
  expect(seen.size).toBe(COLOURS.length);
  expect(paint).toHaveLength(1);
});

test("a flat configuration is nested again", () => {
  expect(nested(makeRun("a", { "net.init.file": "x", steps: 3 }))).toEqual({
    optimizer: { name: "sgd", lr: 0.01, batch: 50 },
    seed: 0,
    net: { init: { file: "x" } },
    steps: 3,
  });
});
