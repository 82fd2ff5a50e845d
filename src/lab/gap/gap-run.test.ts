import { describe, expect, it } from "vitest";
import { level, madeRun } from "../../../test/gap-runs.ts";
import { checkComparable, gapRun } from "./index.ts";

describe("gapRun", () => {
  it("takes S_eq from the last twenty solves at iterates, and from nothing else", () => {
    const run = gapRun(madeRun({ batch: 50, sharpness: (k) => (k < 20 ? 10 * k : 190 + (k % 2)) }));
    expect(run.edge.final.n).toBe(20);
    expect(run.edge.final.mean).toBeCloseTo(190.5, 12);
    expect(run.edge.final.firstStep).toBe(200);
    expect(run).toMatchObject({ batch: 50, lr: 0.01, seed: 0, threshold: 200, unsettled: null });
    // Measurements of the window only: of the eight probed records four lie in it.
    expect(run.window.midpoint.map(({ step }) => step)).toEqual([240, 290, 340, 390]);
  });

  it("honours measure.equilibriumRecords", () => {
    const config = { measure: { every: 10, equilibriumRecords: 4 } };
    const run = gapRun(madeRun({ batch: 50, sharpness: (k) => 160 + k, config }));
    expect(run.edge.final.n).toBe(4);
    expect(run.edge.final.mean).toBeCloseTo(197.5, 12);
  });

  it("flags a mean of something that still moves, and only that", () => {
    const rising = gapRun(madeRun({ batch: 50, sharpness: (k) => 180 + 0.5 * k }));
    expect(rising.drift?.change).toBeCloseTo(9.5, 9);
    expect(rising.drift?.flagged).toBe(true);
    expect(gapRun(madeRun({ batch: 50, sharpness: level(190) })).drift?.flagged).toBe(false);
  });

  it("says why a run has no equilibrium", () => {
    const unfinished = madeRun({ batch: 50, sharpness: level(190), status: "running" });
    expect(gapRun(unfinished).unsettled).toBe("running at step 123 of 400");
    const collapsed = gapRun(madeRun({ batch: 50, sharpness: (k) => (k < 15 ? 10 * k : 15) }));
    expect(collapsed.edge.verdict).toBe("collapsed");
    expect(collapsed.unsettled).toContain("never reached");
    expect(gapRun(madeRun({ batch: 50, sharpness: () => null })).unsettled).toContain("too few");
  });

  it("takes no level from a run that fitted its data below the edge", () => {
    const falling = (rate: number) => (k: number) => Math.exp(-rate * k);
    const below = (loss: (k: number) => number): string | null =>
      gapRun(madeRun({ batch: 50, sharpness: level(150), loss })).unsettled;
    expect(below(falling(0.3))).toMatch(/^The data are fitted: the loss is down to 8e-6 of its first value/);
    expect(below(falling(0.2))).toBeNull();
    expect(gapRun(madeRun({ batch: 50, sharpness: level(199), loss: falling(0.3) })).unsettled).toBeNull();
  });
});

describe("checkComparable", () => {
  const run = (batch: number | "full", extra: object = {}): ReturnType<typeof gapRun> =>
    gapRun(madeRun({ batch, sharpness: level(190), ...extra }));

  it("lets batch sizes and seeds differ, and what only gradient descent ignores", () => {
    const runs = [run(50, { sampling: "without" }), run(100, { sampling: "without", seed: 1 }), run("full")];
    expect(() => checkComparable(runs, ["batch"])).not.toThrow();
  });

  it("names the settings that differ, with their values and a run of each", () => {
    expect(() => checkComparable([run(50), run(100, { n: 1000 })], ["batch"])).toThrow(
      /data\.n is 5000 \(made-b50-lr0\.01-s0\) and 1000 \(made-b100-lr0\.01-s0\)/,
    );
    const wider = run(100, { config: { net: { name: "mlp", widths: [300] } } });
    expect(() => checkComparable([run(50), wider], ["batch"])).toThrow(/net\.widths is \[200,200\]/);
    expect(() => checkComparable([run(50), run(100, { sampling: "with" })], ["batch"])).toThrow(
      /optimizer\.sampling/,
    );
    expect(() => checkComparable([run(50), run(100, { lr: 0.02 })], ["batch"])).toThrow(/optimizer\.lr/);
    expect(() => checkComparable([run(50), run(50, { lr: 0.02 })], ["batch", "lr"])).not.toThrow();
  });

  it("refuses the same experiment and seed twice, and nothing at all", () => {
    expect(() => checkComparable([run(50), run(50)], ["batch"])).toThrow(/count twice/);
    expect(() => checkComparable([], ["batch"])).toThrow(/no runs to analyse/);
  });
});
