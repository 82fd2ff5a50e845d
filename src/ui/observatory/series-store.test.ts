// Growing series and cursors: nothing lost, nothing twice, whatever order answers come in.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingSeries, RunSeries } from "./series-store.ts";
import type { Block } from "./series-store.ts";

/** The block of a record (value = step) between two cursors, for some series. */
function block(from: number, to: number, names: readonly string[]): Block {
  const steps = Array.from({ length: to - from }, (_, i) => from + i);
  return {
    from: from === 0 ? null : String(from),
    cursor: String(to),
    points: new Map(names.map((name) => [name, { steps, values: steps }])),
  };
}

test("views stay as they were while the series grows", () => {
  const series = new GrowingSeries();
  series.append([0, 1], [5, null]);
  const before = series.view;
  expect(series.view).toBe(before);
  for (let i = 2; i < 2000; i++) series.append([i], [i]);
  expect([...before.values]).toEqual([5, Number.NaN]);
  expect(series.view.steps).toHaveLength(2000);
  expect(series.view.values[1999]).toBe(1999);
});

test("blocks that do not continue a series are not taken in, and the series is asked for again", () => {
  const run = new RunSeries();
  run.accept(block(0, 3, ["a", "b"]), ["a", "b"]);
  expect(run.missing(["a", "b"]).size).toBe(0);
  expect([...run.missing(["c"])]).toEqual([[null, ["c"]]]);
  run.follow(block(5, 7, ["a", "b"]));
  expect([...run.get("a")!.steps]).toEqual([0, 1, 2]);
  expect([...run.missing(["a", "b"])]).toEqual([["3", ["a", "b"]]]);
  run.accept(block(3, 7, ["a", "b"]), ["a", "b"]);
  expect([...run.get("b")!.steps]).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("after a doubt everything held is asked for from where it stands", () => {
  const run = new RunSeries();
  run.accept(block(0, 3, ["a"]), ["a"]);
  run.doubt();
  expect([...run.missing(["a"])]).toEqual([["3", ["a"]]]);
});

test("a series a run does not have is held, empty", () => {
  const run = new RunSeries();
  run.accept(block(0, 3, ["a"]), ["a", "nothing"]);
  expect(run.get("nothing")!.steps).toHaveLength(0);
  expect(run.missing(["a", "nothing"]).size).toBe(0);
  expect(run.get("unheard of")).toBeUndefined();
});

test("stream and answers in any order end in the whole record", () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant("grow" as const),
      by: fc.integer({ min: 1, max: 4 }),
      heard: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("ask" as const), name: fc.constantFrom("a", "b") }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const run = new RunSeries();
      let length = 1;
      const wanted = new Set<string>();
      const ask = (): void => {
        for (const [from, names] of run.missing(wanted))
          run.accept(block(Number(from ?? 0), length, names), names);
      };
      for (const each of events) {
        if (each.kind === "ask") {
          wanted.add(each.name);
          ask();
        } else {
          // What is not heard of was lost on the way.
          if (each.heard)
            run.follow({ ...block(length, length + each.by, ["a", "b"]), from: String(length) });
          length += each.by;
        }
      }
      run.doubt();
      ask();
      for (const name of wanted)
        expect([...run.get(name)!.steps]).toEqual(Array.from({ length }, (_, i) => i));
    }),
  );
});
