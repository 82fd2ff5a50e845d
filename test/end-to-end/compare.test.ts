// `brink compare`: tables of runs and of groups, chosen numbers, and what cannot be compared.
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brink, jsonLines, runFolders, scratch, writeExperiment } from "./brink.ts";

let cwd: string;

interface Compared {
  readonly differs: Record<string, (string | null)[]>;
  readonly runs: readonly { run: string; status: string; metrics: Record<string, number | null> }[];
  readonly groupedBy: readonly string[];
  readonly groups: readonly {
    label: string;
    values: Record<string, string>;
    runs: string[];
    excluded: { run: string; status: string }[];
    metrics: Record<string, { n: number; mean: number | null; sd: number | null; stderr: number | null }>;
  }[];
  readonly mixed: readonly string[];
}

beforeAll(async () => {
  cwd = scratch();
  writeExperiment(cwd, "gap", [
    "optimizer: { name: sgd, lr: 0.2 }",
    "steps: 60",
    "measure: { every: 10, equilibriumRecords: 3 }",
    "sweep: { optimizer.batch: [5, full], seed: [0, 1] }",
  ]);
  const swept = await brink(cwd, ["sweep", "gap.yaml", "-q"]);
  expect(swept.code, swept.stderr).toBe(0);
  const explosive = ["--set", "optimizer.lr=50", "--set", "net.activation=identity"];
  writeExperiment(cwd, "burst", ["optimizer: { name: gd }", "steps: 60", "measure: { every: 10 }"]);
  expect((await brink(cwd, ["run", "burst.yaml", "-q", ...explosive])).code).toBe(3);
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function compared(...args: string[]): Promise<Compared> {
  const { code, stdout, stderr } = await brink(cwd, ["compare", ...args, "--json"]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout)[0] as unknown as Compared;
}

/** The mean of the solved sharpnesses a run's events end with, taken by hand. */
function equilibriumOf(run: string): number {
  const text = readFileSync(path.join(cwd, "runs", run, "events.jsonl"), "utf8").trim();
  const solved = text
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; sharpness?: number })
    .filter(({ type }) => type === "measurement")
    .map(({ sharpness }) => sharpness!)
    .slice(-3);
  return (solved[0]! + solved[1]! + solved[2]!) / 3;
}

describe("compare", () => {
  it("shows what differs, run by run, then mean ± sd over seeds", async () => {
    const { code, stdout } = await brink(cwd, ["compare", "gap*"]);
    expect(code).toBe(0);
    const [runs, groups] = stdout.split("\n\nmean ± sd over seeds:\n");
    expect(runs).toMatch(/^run +batch +seed +status +S_eq +stderr +gap to 2\/η +gap to GD +loss\n/);
    expect(runs).toMatch(/^gap-b5-s1-\w{4} +5 +1 +finished +[\d.]+ +[\d.]+ +[\d.]+ +-?[\d.]+ +[\d.]+$/m);
    expect(runs).toMatch(/^gap-bfull-s0-\w{4} +full +0 +finished +[\d.]+ +[\d.]+ +[\d.]+ +– +[\d.]+$/m);
    expect(groups).toMatch(/^batch 5 +2 +[\d.]+ ± [\d.]+ /m);
    const [table, found] = groups!.split("\n\n");
    expect(table!.split("\n")).toHaveLength(3);
    expect(found).toMatch(/^edge +4 below \(stochastic\)\n$/);
  });

  it("has the numbers of the events, and their means and spreads", async () => {
    const { runs, groups, differs, groupedBy, mixed } = await compared("runs/sweeps/gap");
    expect(differs).toEqual({ "optimizer.batch": ["5", "5", "full", "full"], seed: ["0", "1", "0", "1"] });
    expect([groupedBy, mixed]).toEqual([["optimizer.batch"], []]);
    const sharpness = new Map(runs.map(({ run, metrics }) => [run, metrics["sharpness"]!]));
    expect(sharpness.size).toBe(4);
    for (const [run, value] of sharpness) expect(value).toBeCloseTo(equilibriumOf(run), 10);
    for (const { runs: members, metrics } of groups) {
      const [a, b] = members.map((run) => equilibriumOf(run)) as [number, number];
      expect(metrics["sharpness"]).toMatchObject({ n: 2, mean: expect.closeTo((a + b) / 2, 10) });
      expect(metrics["sharpness"]!.sd).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 10);
      expect(metrics["gap"]!.mean).toBeCloseTo(10 - (a + b) / 2, 10);
    }
    // Gradient descent of the same seed is what a run's gap is measured against.
    const [small, , full] = runs;
    expect(small!.metrics["gapToGd"]).toBeCloseTo(equilibriumOf(full!.run) - equilibriumOf(small!.run), 10);
    expect(full!.metrics).not.toHaveProperty("gapToGd");
  });

  it("takes any measured number, and groups by what is asked", async () => {
    const { groups, runs, mixed } = await compared("gap*", "--group-by", "seed", "--metric", "S_eq,gradNorm");
    expect(runs.every(({ metrics }) => Object.keys(metrics).join() === "sharpness,gradNorm")).toBe(true);
    expect(groups.map(({ values }) => values)).toEqual([{ seed: "0" }, { seed: "1" }]);
    expect(mixed).toEqual(["optimizer.batch"]);
    const warned = await brink(cwd, ["compare", "gap*", "--group-by", "seed"]);
    expect(warned.stderr).toContain("groups mix runs that also differ in optimizer.batch");
    expect(warned.stdout).toMatch(/^seed=1 +2 /m);
  });

  it("mixes configurations without mixing their means, and leaves a diverged run out of them", async () => {
    const { groups } = await compared("gap-b5*", "burst*");
    expect(groups.map(({ runs, excluded }) => [runs.length, excluded.length])).toEqual([
      [2, 0],
      [1, 1],
    ]);
    expect(groups[1]!.metrics["sharpness"]).toEqual({ n: 0, mean: null, sd: null, stderr: null });
    const { stderr } = await brink(cwd, ["compare", "gap-b5*", "burst*"]);
    expect(stderr).toMatch(/warning: not in any mean: burst-gd-s0-\w{4} \(diverged\)/);
  });

  it("reads one run, and one cut short in the middle of a line", async () => {
    const id = runFolders(cwd).find((name) => name.startsWith("gap-b5-s0"))!;
    const [whole] = (await compared(id)).runs;
    appendFileSync(path.join(cwd, "runs", id, "events.jsonl"), '{"type":"meas');
    expect((await compared(id)).runs).toEqual([whole]);
    const { stdout } = await brink(cwd, ["compare", id]);
    expect(stdout).toMatch(/^run +status +S_eq +stderr +gap to 2\/η +loss\n.*\n\nedge +1 below/);
  });
});

describe("what cannot be compared", () => {
  it.each([
    [[], "missing required argument"],
    [["nothing*"], "no such run"],
    [["gap*", "--metric", "gradNrm"], 'Did you mean "gradNorm"?'],
    [["gap*", "--group-by", "optimizer.btach"], 'Did you mean "optimizer.batch"?'],
    [["gap*", "--group-by", ","], "needs at least one name"],
  ])("%j is bad usage", async (args, said) => {
    const { code, stdout, stderr } = await brink(cwd, ["compare", ...args]);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(said)]);
  });

  it("a sweep with a damaged manifest, or without runs", async () => {
    for (const [name, text] of [
      ["torn", "{"],
      ["empty", '{"version":1,"name":"empty","runs":{}}'],
    ] as const) {
      mkdirSync(path.join(cwd, "runs/sweeps", name), { recursive: true });
      writeFileSync(path.join(cwd, "runs/sweeps", name, "sweep.json"), text);
    }
    const torn = await brink(cwd, ["compare", "runs/sweeps/torn"]);
    expect([torn.code, torn.stderr]).toEqual([2, expect.stringContaining("rebuilds it")]);
    const empty = await brink(cwd, ["compare", "sweeps/empty"]);
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining("has no runs")]);
  });
});
