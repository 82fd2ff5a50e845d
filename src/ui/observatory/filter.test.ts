// The filter: what passes, what binds how, and what is said of a filter that cannot be read.
import { expect, test } from "vitest";
import { parseFilter } from "./filter.ts";
import { fieldNames } from "./run-fields.ts";
import { makeRun } from "../../../test/served-runs.ts";

const RUNS = [
  makeRun("gd-a", {
    "optimizer.name": "gd",
    "optimizer.batch": "full",
    "data.n": 5000,
    "net.widths": [200, 200],
    "net.bias": true,
  }),
  makeRun(
    "sgd-b",
    { "data.n": 500, "data.name": "cifar10", seed: 1 },
    { notes: { tags: ["Keep me"], text: "" } },
  ),
  makeRun("sgd-c", { "optimizer.lr": 0.02, "data.n": 1000 }, { status: "diverged" }),
];
const FIELDS = fieldNames(RUNS);

function passing(text: string): string[] {
  const { filter, problem } = parseFilter(text, FIELDS);
  expect(problem).toBeNull();
  return RUNS.filter(filter!).map(({ id }) => id);
}

function problemOf(text: string): string {
  const { problem } = parseFilter(text, FIELDS);
  expect(problem).not.toBeNull();
  return problem!;
}

test("comparisons, joined", () => {
  expect(passing("optimizer.lr = 0.01 and data.n > 500")).toEqual(["gd-a"]);
  expect(passing("data.n >= 500 data.n<5000")).toEqual(["sgd-b", "sgd-c"]);
  expect(passing("optimizer.batch = full or status = diverged")).toEqual(["gd-a", "sgd-c"]);
  expect(passing("not (seed = 0 or lr ≥ 0.02)")).toEqual(["sgd-b"]);
  expect(passing("optimizer.name != gd")).toEqual(["sgd-b", "sgd-c"]);
});

test("and binds more than or, not most of all", () => {
  expect(passing("seed = 1 or lr = 0.02 and data.n = 500")).toEqual(["sgd-b"]);
  expect(passing("not seed = 1 and lr = 0.01")).toEqual(["gd-a"]);
});

test("numbers are compared as numbers, lists by entry or as written in names, truth as words", () => {
  expect(passing("lr = 1e-2")).toEqual(["gd-a", "sgd-b"]);
  expect(passing("net.widths = 200")).toEqual(["gd-a"]);
  expect(passing("widths = 200-200 bias = true")).toEqual(["gd-a"]);
});

test("words look into id, name, status, tags and notes, whatever their case", () => {
  expect(passing("SGD")).toEqual(["sgd-b", "sgd-c"]);
  expect(passing('"keep me"')).toEqual(["sgd-b"]);
  expect(passing("id ~ ^sgd-[c-z]$")).toEqual(["sgd-c"]);
});

test("statistics of series compare too", () => {
  expect(passing("max.sharpness > 1.5 and last.loss <= 1")).toHaveLength(3);
  expect(passing("min.sharpness > 0.5")).toEqual([]);
});

test("nothing filters nothing", () => {
  expect(passing("  ")).toHaveLength(3);
});

test("what is wrong is said, and where", () => {
  expect(problemOf("optimizer.lrr = 1")).toBe(
    "no run has “optimizer.lrr”; did you mean “optimizer.lr”? (at character 1).",
  );
  expect(problemOf("name = a and (seed = 0")).toBe("“)” is missing (at character 23).");
  expect(problemOf("seed =")).toBe("a value after “=” is missing (at character 7).");
  expect(problemOf("seed > many")).toBe("“>” compares numbers, and “many” is none (at character 8).");
  expect(problemOf("= 3")).toBe("a field name is missing before “=” (at character 1).");
  expect(problemOf('"open')).toBe("a quote is not closed (at character 1).");
  expect(problemOf("id ~ [")).toContain("not a regular expression");
  expect(problemOf("seed = 0)")).toContain("“)” is not expected");
  expect(problemOf("seed ! 0")).toContain("“!” means nothing here");
  expect(problemOf("and seed = 0")).toContain("needs something before it");
});

test("an ending that fits several settings is not guessed", () => {
  const fields = ["data.name", "net.name"];
  expect(parseFilter("name = x", fields).problem).toContain("could be data.name or net.name");
});
