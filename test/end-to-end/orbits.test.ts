// `brink orbits`: landscapes with known orbits, checkpoints of runs, figures, and every way of finding nothing.
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OrbitsRecord } from "../../src/cli/commands/orbits.ts";
import { brink, jsonLines, runFolders, scratch, writeExperiment } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function orbits(
  ...args: string[]
): Promise<{ code: number | null; stderr: string; record: OrbitsRecord }> {
  const { code, stdout, stderr } = await brink(cwd, ["orbits", ...args, "--json"]);
  return { code, stderr, record: jsonLines(stdout)[0] as unknown as OrbitsRecord };
}

describe("landscapes", () => {
  it("product: the orbit, its multipliers, and the branch to its period doubling, drawn", async () => {
    const { code, record } = await orbits("--landscape", "product", "--follow", "1.5", "--out", "figures");
    expect(code).toBe(0);
    expect(record).toMatchObject({ outcome: "found", lr: 1.05, parameters: 2 });
    const [orbit] = record.orbits;
    expect(orbit!.amplitude ** 2).toBeCloseTo((1 - 1 / 1.05) / 2, 10);
    expect(orbit!.stability.verdict).toBe("stable");
    expect(orbit!.branch).toMatchObject({ end: "period-doubled" });
    expect(orbit!.branch!.lr).toBeCloseTo(Math.sqrt(5) - 1, 7);
    // A_η at the orbit is L(x) + L(y) − ‖x − y‖²/(2η).
    const [x, y] = [1.091089451179962, 0.8728715609439694].map((w) => 0.5 * (w * w - 1) ** 2) as [
      number,
      number,
    ];
    expect(orbit!.coupling).toBeCloseTo(x + y - (4 * orbit!.amplitude ** 2) / (2 * 1.05), 10);
    for (const name of ["branch-1.svg", "branch-1.png", "branch-1.csv", "orbits.json"]) {
      expect(existsSync(path.join(cwd, "figures", name)), name).toBe(true);
    }
    const written = JSON.parse(readFileSync(path.join(cwd, "figures", "orbits.json"), "utf8")) as unknown;
    expect(written).toEqual(record);
    const rows = readFileSync(path.join(cwd, "figures", "branch-1.csv"), "utf8");
    expect(rows).toContain("predicted half-amplitude");
    expect(rows).toContain('"multiplier, along"');
  });

  it("prints a table a person can read", async () => {
    const { code, stdout } = await brink(cwd, ["orbits", "--landscape", "cosine", "--follow", "2.3", "-q"]);
    expect(code).toBe(0);
    expect(stdout).toContain("η = 2.10000, 2/η = 0.952381");
    expect(stdout).toMatch(
      /1\.00000 +2\.00000 +-0\.16667 +supercritical +0\.53452 +orbit of half-amplitude 0\.5384/,
    );
    expect(stdout).toMatch(
      /orbit 1: half-amplitude 0\.538412, .*stable: multiplier 0\.64465 along the orbit/,
    );
    expect(stdout).toMatch(/exists up to η = 2\.300000 \(\d+ points/);
  });

  it("finds nothing on the other side of 2/λ, says why, and ends with 1", async () => {
    const { code, record } = await orbits("--landscape", "cosine", "--lr", "1.9");
    expect(code).toBe(1);
    expect(record).toMatchObject({ outcome: "none", orbits: [] });
    expect(record.directions[0]!.verdict).toMatch(/appear for η above 2\/λ/);
  });

  it("a direction in which the loss is exactly quadratic predicts nothing", async () => {
    const { code, record } = await orbits("--landscape", "valley");
    expect(code).toBe(0);
    expect(record.orbits.length).toBe(1);
    expect(record.directions[1]).toMatchObject({ kind: "degenerate", predicted: null });
    expect(record.directions[1]!.verdict).toMatch(/Q vanishes/);
  });
});

describe("a run", () => {
  it("searches near a checkpoint, with two consecutive iterates as a further guess", async () => {
    // At the edge on a toy: the orbit is what the run itself settles on.
    const file = writeExperiment(cwd, "edge", [
      "optimizer: { name: gd, lr: 0.2 }",
      "steps: 300",
      "measure: { every: 100 }",
      "checkpoint: { every: 100, keep: 5 }",
    ]);
    expect((await brink(cwd, ["run", file, "-q"])).code).toBe(0);
    const run = runFolders(cwd)[0]!;
    const { code, record, stderr } = await orbits(run, "--step", "250", "-k", "1", "--max-products", "40");
    expect([0, 1], stderr).toContain(code);
    expect(record.source).toBe(`${run}, step 200`);
    expect(record.fromIterates).toBeDefined();
    expect(record.lr).toBe(0.2);
    expect(record.outcome).toBe(code === 0 ? "found" : "none");
    const missing = await brink(cwd, ["orbits", "nothing"]);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/no such run/);
  });
});

describe("bad input", () => {
  it.each([
    [[], /name one thing to search .*a run \| --landscape NAME \| --config FILE/],
    [["--landscape", "product", "--config", "E.yaml"], /name one thing to search/],
    [["--landscape", "produkt"], /unknown landscape .*Did you mean "product"\?/],
    [["--landscape", "cosine", "--start", "1,2"], /--start: the start does not fit the landscape/],
    [["--landscape", "cosine", "--start", "x"], /Expected numbers such as/],
    [["--landscape", "cosine", "--lr", "0"], /greater than 0/],
    [["--landscape", "cosine", "-k", "0"], /whole number of at least 1/],
  ])("%j", async (args, message) => {
    const { code, stderr } = await brink(cwd, ["orbits", ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
