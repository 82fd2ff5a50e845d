// `brink simulate`: the table, the numbers behind it, blow-ups, and what is no system.
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SimulatedLevel } from "../../src/cli/commands/simulate-table.ts";
import { scalarPredictions, simulateEnsemble } from "../../src/theory/index.ts";
import { brink, jsonLines, scratch } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const quick = ["--runs", "12", "--steps", "6000", "--burn-in", "2000"];

async function simulated(...args: string[]): Promise<{ settings: object; levels: SimulatedLevel[] }> {
  const { code, stdout, stderr } = await brink(cwd, ["simulate", ...args, "--json"]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout)[0] as unknown as { settings: object; levels: SimulatedLevel[] };
}

describe("simulate", () => {
  it("prints simulated means beside the formulas, a row a noise level", async () => {
    const { code, stdout, stderr } = await brink(cwd, ["simulate", "--noise", "0,40", ...quick]);
    expect(code, stderr).toBe(0);
    const [head, none, strong, ...rest] = stdout.trimEnd().split("\n");
    expect(head!.trim()).toMatch(
      /^σ_u² +E x² +E y ± se +mean-field +refined +two-noise +Var y +kurtosis of x +blow-ups$/,
    );
    expect(none!.trim()).toMatch(/^0 +– +– +0 +– +0 +– +– +0$/);
    expect(strong!.trim()).toMatch(
      /^40 +0\.[45]\d+ ± \d\.\d+ +-0\.\d+ ± 0\.\d+ +-0\.4000 +-0\.4046 +-0\.4000 +0\.\d+ +\d\.\d+ +0$/,
    );
    expect(rest).toEqual([]);
    expect(stderr).toMatch(/η = 0\.01, β = 1, δ² = 0\.5, κ = 0, σ_y² = 0; ε = η√α = 0\.005\n/);
    expect(stderr).toContain("σ_u² = 0: without noise along u the map cycles");
    expect(stderr).toContain("energy 0.307, a period of 911 steps");
    expect(stderr).toContain("at σ_u² = 40 the burn-in of 2000 steps is shorter than ten relaxation times");
  });

  it("gives the library's numbers under --json, and every setting", async () => {
    const { settings, levels } = await simulated("--noise", "5,20", "--kappa", "1", "--seed", "3", ...quick);
    const coefficients = { lr: 0.01, beta: 1, delta2: 0.5, kappa: 1, noiseY: 0 };
    const ensembleOptions = { runs: 12, steps: 6000, burnIn: 2000, seed: 3, x0: 1, y0: 0 };
    expect(settings).toEqual({ ...coefficients, ...ensembleOptions, alpha: 0.25, epsilon: 0.005 });
    expect(levels.map(({ noiseU }) => noiseU)).toEqual([5, 20]);
    const system = { ...coefficients, noiseU: 20 };
    const ensemble = simulateEnsemble({ system, ...ensembleOptions });
    expect(levels[1]!.stationary).toEqual(ensemble.stationary);
    expect(levels[1]!.predictions).toEqual(scalarPredictions(system));
    expect(levels[1]!.identities!.y).toBeCloseTo(ensemble.stationary!.moments.y.value, 1);
    // A level is the same whichever others there are.
    const alone = await simulated("--noise", "20", "--kappa", "1", "--seed", "3", ...quick);
    expect(alone.levels[0]).toEqual(levels[1]);
  });

  it("has the energy and period of the cycle where there is no noise", async () => {
    const { levels } = await simulated("--noise", "0", "--x0", "0.9", "--y0", "0.1", ...quick);
    const [level] = levels;
    expect(level).toMatchObject({ noiseU: 0, stationary: null, relaxationSteps: null });
    expect(level!.cycle!.energy).toBeCloseTo(0.04 + 1.62 - 1 - Math.log(1.62), 12);
    expect(level!.cycle!.periodSteps).toBeGreaterThan(888);
  });

  it("--out writes the figure, its data and the numbers", async () => {
    const levels = ["--noise", "0,10", "--transient", "1000"];
    const args = ["simulate", ...levels, ...quick, "--out", "xy", "--json"];
    const { code, stdout, stderr } = await brink(cwd, args);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^written: xy\/xy_dynamic\.svg, .*\.csv, .*\.json, .*\.png$/m);
    const read = (ending: string): string =>
      readFileSync(path.join(cwd, "xy", `xy_dynamic.${ending}`), "utf8");
    expect(JSON.parse(read("json"))).toEqual(JSON.parse(stdout));
    expect(read("svg")).toContain("12 runs of 6,000 steps");
    expect(statSync(path.join(cwd, "xy", "xy_dynamic.png")).size).toBeGreaterThan(10_000);
    const rows = read("csv").trimEnd().split("\n");
    // Two levels with 1,001 states of x² and of y, two time averages each, and theory: no y without noise.
    expect(rows).toHaveLength(1 + 4 * 1001 + 4 * 2 + 3 * 2);
    const ys = rows.filter((row) => row.startsWith("σ_u² = 10,mean over runs,y,"));
    const ensemble = simulateEnsemble({
      system: { lr: 0.01, beta: 1, delta2: 0.5, kappa: 0, noiseU: 10, noiseY: 0 },
      runs: 12,
      steps: 6000,
      burnIn: 2000,
      seed: 0,
      x0: 1,
      y0: 0,
      transient: 1000,
    });
    expect(ys.map((row) => Number(row.split(",")[5]))).toEqual([...ensemble.transient.y]);
  });

  it("says where it cannot write", async () => {
    writeFileSync(path.join(cwd, "taken"), "");
    const { code, stderr } = await brink(cwd, ["simulate", "--noise", "10", ...quick, "--out", "taken"]);
    expect(code).toBe(1);
    expect(stderr).toContain("the figure cannot be written");
  });

  it("exits with 3 where every run blows up, and says when", async () => {
    const args = ["simulate", "--eta", "0.8", "--noise", "0.1", "--runs", "20", "--steps", "3000"];
    const { code, stdout, stderr } = await brink(cwd, args);
    expect(code, stderr).toBe(3);
    expect(stdout).toMatch(/100\.?0* % from step \d+\n$/);
    expect(stderr).toMatch(/σ_u² = 0\.1: all 20 runs blew up .* at step \d+\n/);
    expect(stderr).toContain("η = 0.8 is beyond blow-up: ε = η√α = 0.4");
  });

  it.each([
    [["--noise", "5,-1"], 'a number of at least 0, not "-1"'],
    [["--noise", "5,x"], 'not "x"'],
    [["--noise-y", "-3"], 'not "-3"'],
    [["--eta", "0"], "greater than 0"],
    [["--delta2", "-0.5"], "greater than 0"],
    [["--kappa", "one"], "Expected a number"],
    [["--steps", "100", "--burn-in", "100"], "burnIn: out of range (received 100; allowed: 0 to 99"],
    [["--noise", "0", "--x0", "0"], "x0: x = 0 stays 0 without noise along u"],
    [
      ["--out", "xy", "--steps", "50", "--transient", "60"],
      "transient: out of range (received 60; allowed: 0 to 50",
    ],
    [["--noize", "5"], "Did you mean --noise?"],
  ])("refuses %j with a sentence", async (args, message) => {
    const { code, stdout, stderr } = await brink(cwd, ["simulate", ...args]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect([code, stdout]).toEqual([2, ""]);
  });
});
