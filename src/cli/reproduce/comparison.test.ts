import { describe, expect, it } from "vitest";
import { type ComparisonRow, differenceOf, markdownTable, textTable } from "./comparison.ts";

const rows: readonly ComparisonRow[] = [
  {
    quantity: "exponent",
    paper: -1.27,
    brink: { value: -1.2, sd: 0.05, n: 2, runs: ["a-s0 b-s0", "a-s1 b-s1"], interval: [-1.5, -0.9] },
  },
  { quantity: "β | at the edge", paper: "“large”", brink: { value: 7e5, sd: null, n: 1, runs: ["a-s0"] } },
  { quantity: "gap", paper: 17, brink: null, remark: "nothing settled" },
  { quantity: "factor", paper: null, brink: { value: -1.068, sd: null, n: 0, runs: [] } },
];

describe("the table of a figure", () => {
  it("has a difference only where both are numbers", () => {
    const differences = rows.map(differenceOf);
    expect(differences[0]).toBeCloseTo(0.07, 12);
    expect(differences.slice(1)).toEqual([null, null, null]);
  });

  it("aligns for a terminal and says what is missing", () => {
    const lines = textTable(rows).trimEnd().split("\n");
    expect(lines[0]).toMatch(/^quantity +paper +Brink ± sd +difference +seeds$/);
    expect(lines[1]).toMatch(/^exponent +-1\.27 +-1\.200 ± 0\.050 +\+0\.0700 +2 +95 % CI -1\.50 to -0\.900$/);
    expect(lines[3]).toMatch(/^gap +17 +– +– +– +nothing settled$/);
    expect(lines[4]).toMatch(/^factor +– +-1\.068 +– +–$/);
  });

  it("names every run once in Markdown, whatever the cells hold", () => {
    const lines = markdownTable(rows).trimEnd().split("\n");
    expect(lines[1]).toMatch(/^\| --- \| --: /);
    expect(lines[2]).toContain("| a-s0, b-s0, a-s1, b-s1 |");
    expect(lines[3]).toContain("β \\| at the edge");
    const cells = lines.map((line) => line.replaceAll("\\|", "").split("|").length);
    expect(new Set(cells).size).toBe(1);
  });
});
