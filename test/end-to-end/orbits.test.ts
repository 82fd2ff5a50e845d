// `brink orbits`: landscapes with known orbits, checkpoints of runs, figures, and every way of finding nothing.
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OrbitsRecord } from "../../src/cli/orbits/record.ts";
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
    expect(stdout).toMatch(/exists as far as η = 2\.300000 \(\d+ points/);
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

describe("what can go wrong", () => {
  it("a run that has converged: Newton falls into the fixed point, which is deflated, and that is said", async () => {
    const file = writeExperiment(cwd, "converged", [
      "optimizer: { name: gd, lr: 0.5 }",
      "steps: 60",
      "measure: { every: 0 }",
    ]);
    const linear = ["--set", "net.widths=[]", "--set", "net.activation=identity"];
    expect((await brink(cwd, ["run", file, "-q", ...linear])).code).toBe(0);
    const run = runFolders(cwd).find((id) => id.startsWith("converged"))!;
    const { code, record } = await orbits(run, "-k", "1", "--max-products", "40");
    expect(code).toBe(1);
    expect(record).toMatchObject({ outcome: "none", fixedPoint: { converged: true } });
    expect(record.fromIterates).toMatchObject({ collapsed: true });
    expect(record.fromIterates!.verdict).toMatch(/fell into the fixed point; with that deflated, it /);
    const { stdout } = await brink(cwd, ["orbits", run, "-k", "1", "--max-products", "40", "-q"]);
    expect(stdout).toMatch(/from two consecutive iterates: no orbit: Newton fell into the fixed point/);
  }, 60_000);

  it("no orbit: a fixed point without positive curvature", async () => {
    const { code, record } = await orbits("--landscape", "cosine", "--start", "3.1");
    expect(code).toBe(1);
    expect(record).toMatchObject({ outcome: "none", directions: [], fixedPoint: { converged: true } });
    const { stdout } = await brink(cwd, ["orbits", "--landscape", "cosine", "--start", "3.1", "-q"]);
    expect(stdout).toMatch(/no direction of positive curvature\n.*\n?no orbit of period two was found/);
  });

  it("a singular linearisation: minima in a valley along which the curvature changes", async () => {
    const { code, record } = await orbits("--landscape", "linear");
    expect(code).toBe(0);
    expect(record.directions[1]).toMatchObject({ solve: { outcome: "singular" } });
    expect(record.directions[1]!.verdict).toMatch(/along a valley of minima/);
  });

  it("a learning rate past the branch's end: a search from there, and a branch followed beyond it", async () => {
    const past = await orbits("--landscape", "supercritical", "--lr", "2.5");
    expect(past.code).toBe(1);
    expect(past.record.directions[0]!.verdict).toMatch(
      /branch born at 2\/λ = 2\.00000 may end before this η/,
    );
    const followed = await orbits("--landscape", "supercritical", "--follow", "2.6");
    expect(followed.code).toBe(0);
    const { branch } = followed.record.orbits[0]!;
    expect(branch!.end).toBe("fold");
    expect(branch!.lr).toBeCloseTo(2.3178, 3);
  });

  it("a landscape that is not finite where the search starts", async () => {
    const { code, stdout, stderr } = await brink(cwd, [
      "orbits",
      "--landscape",
      "product",
      "--start",
      "1e200,1e200",
      "--json",
      "-q",
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(jsonLines(stderr)[0]).toEqual({
      error: {
        kind: "RunError",
        code: 1,
        message: expect.stringMatching(/not finite at the start/) as string,
      },
    });
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
