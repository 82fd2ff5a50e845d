// Names of figures: known ones, the paper's own numbering, and those drawn by other commands.
import { expect, test } from "vitest";
import { ALL, FIGURE_NAMES, figuresNamed } from "./registry.ts";

test("names stand for figures", () => {
  expect(figuresNamed("fig2").map(({ name }) => name)).toEqual(["fig2"]);
  expect(figuresNamed("fig8").map(({ name }) => name)).toEqual(["eta-scaling"]);
  expect(figuresNamed(ALL).map(({ name }) => name)).toEqual(FIGURE_NAMES.filter((name) => name !== ALL));
});

test("figures that need no runs name their command, unknown ones the nearest", () => {
  expect(() => figuresNamed("meanfield")).toThrow(/Run: brink trajectory .*meanfield\.yaml --repeats 10/);
  expect(() => figuresNamed("xy_dynamic")).toThrow(/Run: brink simulate/);
  expect(() => figuresNamed("fig22")).toThrow(/no such figure \(received fig22.*fig2/);
});
