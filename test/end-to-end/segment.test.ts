// `brink segment`: a step of a run replayed to its bits, its averages against the run's own numbers, figure and bad input.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SegmentRecord } from "../../src/cli/commands/segment.ts";
import { brink, jsonLines, runFile, runFolders, scratch, writeExperiment } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function trained(name: string, extra: readonly string[], ...flags: string[]): Promise<string> {
  const file = writeExperiment(cwd, name, extra);
  const { code, stderr } = await brink(cwd, ["run", file, "-q", ...flags]);
  expect(code, stderr).toBe(0);
  return runFolders(cwd).find((id) => id.startsWith(name))!;
}

async function segment(...args: string[]): Promise<SegmentRecord> {
  const { code, stdout, stderr } = await brink(cwd, ["segment", ...args, "--json"]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout)[0] as unknown as SegmentRecord;
}

describe("segment", () => {
  it("gradient descent: identities to rounding, loss change as the run recorded it", async () => {
    const run = await trained("descent", [
      "optimizer: { name: gd, lr: 0.2 }",
      "steps: 60",
      "measure: { every: 20, coupling: true }",
      "checkpoint: { every: 20, keep: 9 }",
    ]);
    const found = await segment(run, "--step", "33", "--sharpness", "--out", "drawn");
    expect(found).toMatchObject({ step: 33, fromStep: 20, optimizer: "gd", threshold: 10, consistent: true });
    const losses = runFile(cwd, run, "events.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; step: number; loss: number })
      .filter(({ type }) => type === "step");
    // The loss recorded with step k + 1 is that of θ_k, from which it was taken.
    const at = (k: number): number => losses.find(({ step }) => step === k + 1)!.loss;
    expect(found.loss).toBe(at(33));
    expect(found.lossChange).toBeCloseTo(at(34) - at(33), 14);
    expect(found.lossChange).toBeCloseTo(-(found.length ** 2 / 0.4) * (2 - 0.2 * found.rTilde.value), 12);
    expect(Math.abs(found.lossResidual)).toBeLessThan(1e-12);
    expect(found.rBar.value).toBeCloseTo(found.rBar.direct, 9);
    expect(found.sharpness!.atRBar!).toBeGreaterThanOrEqual(found.rBar.value - 1e-9);
    expect(found.sharpness!.atRTilde!).toBeGreaterThanOrEqual(found.rTilde.value - 1e-9);
    for (const name of ["segment-33.svg", "segment-33.png", "segment-33.csv", "segment.json"]) {
      expect(existsSync(path.join(cwd, "drawn", name)), name).toBe(true);
    }
    const { stdout } = await brink(cwd, ["segment", run, "--step", "33", "-q"]);
    expect(stdout).toMatch(/^step 33 → 34: ‖d‖ = /);
    expect(stdout).toMatch(/the loss (falls|rises) by .*: r̃ is (below|above) 2\/η \(identity holds to/);
    expect(stdout).toContain("the loss is smooth along this step");
  });

  it("the run's own record of it: said by show, drawn in the report", async () => {
    const run = runFolders(cwd).find((id) => id.startsWith("descent"))!;
    const { stdout } = await brink(cwd, ["show", run, "-q"]);
    expect(stdout).toMatch(
      /r̃ +\S+, mean weighted by ‖d‖² over 60 steps: 2\/η − \S+, as the fall of the loss demands/,
    );
    expect(stdout).toMatch(/identities +hold to rounding/);
    const [shown] = jsonLines((await brink(cwd, ["show", run, "--json"])).stdout);
    expect(shown!["coupling"]).toMatchObject({
      loss: "full",
      steps: 60,
      last: { rTilde: expect.any(Number) as number },
    });
    expect((await brink(cwd, ["report", run, "-q", "--out", "page"])).code).toBe(0);
    for (const name of ["coupling-curvature", "coupling-mean", "coupling-return", "coupling"]) {
      expect(existsSync(path.join(cwd, "page", `${name}.svg`)), name).toBe(true);
    }
    // One identity broken in the record: show says which.
    const file = path.join(cwd, "runs", run, "summary.json");
    const summary = JSON.parse(readFileSync(file, "utf8")) as { coupling: { residuals: { update: number } } };
    summary.coupling.residuals.update = 0.1;
    writeFileSync(file, JSON.stringify(summary));
    expect((await brink(cwd, ["show", run, "-q"])).stdout).toMatch(
      /warning +edge coupling: the steps are not −η∇L of the recorded learning rate and loss: off by 1\.0e-1/,
    );
  });

  it("SGD in float32: the very batch of that step, measured in float64", async () => {
    const run = await trained(
      "stochastic",
      [
        "optimizer: { name: sgd, lr: 0.1, batch: 4 }",
        "steps: 40",
        "measure: { every: 20 }",
        "checkpoint: { every: 10, keep: 9 }",
      ],
      "--set",
      "precision=float32",
    );
    const from = await segment(run, "--step", "25");
    expect(from).toMatchObject({ fromStep: 20, optimizer: "sgd", consistent: true });
    // From a checkpoint at the step itself: the same two iterates, so the same numbers.
    const again = await segment(run, "--step", "30");
    expect(again.fromStep).toBe(30);
    expect(Math.abs(again.lossResidual)).toBeLessThan(1e-10);
    const coarse = await segment(run, "--step", "25", "--precision", "run", "--nodes", "8");
    expect(coarse.length).toBeCloseTo(from.length, 6);
    expect(coarse.rBar.value).toBeCloseTo(from.rBar.value, 3);
  });

  it("refuses what it cannot look along", async () => {
    const run = runFolders(cwd).find((id) => id.startsWith("descent"))!;
    const fails = async (args: readonly string[], message: RegExp): Promise<void> => {
      const { code, stderr } = await brink(cwd, ["segment", ...args]);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    };
    await fails([run], /--step/);
    await fails([run, "--step", "-1"], /whole number of at least 0/);
    await fails([run, "--step", "5", "--nodes", "1"], /whole number of at least 2/);
    await fails([run, "--step", "5", "--precision", "float16"], /unknown precision .*float64 \| run/);
    await fails(["nothing", "--step", "1"], /no such run/);
  });
});
