// What the simulator and orbits pages show, against closed forms.
import { describe, expect, it } from "vitest";
import { PAPER_SYSTEM } from "../theory/index.ts";
import { studyOrbits } from "./orbit-study.ts";
import { simulateForPage } from "./simulation.ts";

const request = {
  system: { ...PAPER_SYSTEM, noiseU: 10 },
  drawn: 500,
  steps: 12_000,
  runs: 12,
  levels: [0, 20],
  seed: 0,
  x0: 1,
  y0: 0,
};

describe("the simulator", () => {
  it("finds the gap where the formulas put it, and says where it has none", () => {
    const { x, y, levels, predictions, blownUpAt } = simulateForPage(request);
    expect([x.length, y.length, blownUpAt]).toEqual([501, 501, null]);
    expect(predictions.x2).toBe(0.5);
    const [silent, noisy] = levels;
    expect(silent!.meanField).toBeCloseTo(0, 12);
    // ηβσ_u²/(4α) with α = βδ²/2 = ¼.
    expect(noisy!.meanField).toBeCloseTo((0.01 * 20) / (4 * 0.25), 12);
    expect(Math.abs(noisy!.gap! - noisy!.refined!)).toBeLessThan(5 * noisy!.stderr! + 0.02);
    expect(noisy!.lost).toBe(0);
  });

  it("reports runs that blow up", () => {
    const { blownUpAt, doubts, levels } = simulateForPage({
      ...request,
      system: { ...request.system, lr: 0.5 },
    });
    expect(blownUpAt).not.toBeNull();
    expect(doubts.join(" ")).toContain("blow-up");
    expect(levels[1]).toMatchObject({ gap: null, lost: 12 });
  });

  it("refuses what is no system", () => {
    expect(() => simulateForPage({ ...request, system: { ...request.system, beta: -1 } })).toThrow("beta");
  });
});

describe("the orbits page", () => {
  it("finds ±a with 2a = η sin a on the cosine, follows it, and gradient descent ends on it", async () => {
    const study = await studyOrbits({
      landscape: "cosine",
      lr: 2.1,
      offset: [0.3],
      iterations: 400,
      towards: 2.6,
    });
    const [orbit] = study.orbits;
    expect(2 * orbit!.amplitude).toBeCloseTo(2.1 * Math.sin(orbit!.amplitude), 9);
    expect(orbit!.verdict).toBe("stable");
    expect(Math.abs(study.iterates.at(-1)![0]!)).toBeCloseTo(orbit!.amplitude, 6);
    orbit!.branch.lr.forEach((lr, i) => {
      const a = orbit!.branch.amplitude[i]!;
      expect(2 * a).toBeCloseTo(lr * Math.sin(a), 6);
    });
    const { losses, low, high } = study.grid;
    expect(losses[120]).toBeCloseTo(0, 12);
    expect(losses[0]).toBeCloseTo(1 - Math.cos(low[0]!), 12);
    expect(-low[0]!).toBe(high[0]);
  });

  it("draws two variables row by row, and sees descent leave", async () => {
    const study = await studyOrbits({
      landscape: "product",
      lr: 1.05,
      offset: [0.4, -0.2],
      iterations: 5,
      towards: 1.2,
    });
    const { losses, low, high, size } = study.grid;
    const at = (i: number, j: number): number => losses[j * size[0]! + i]!;
    expect(at(60, 0)).toBeCloseTo((high[0]! * low[1]! - 1) ** 2 / 2, 12);
    expect(study.escaped).toBe(false);
    const wild = await studyOrbits({
      landscape: "product",
      lr: 3,
      offset: [1, 1],
      iterations: 50,
      towards: 3.1,
    });
    expect(wild.escaped).toBe(true);
    expect(wild.iterates.length).toBeLessThan(50);
  });

  it("refuses what it cannot draw", async () => {
    const wanted = { lr: 1, offset: [], iterations: 1, towards: 2 };
    await expect(studyOrbits({ ...wanted, landscape: "linear" })).rejects.toThrow("cannot be drawn");
    await expect(studyOrbits({ ...wanted, landscape: "cosin" })).rejects.toThrow('Did you mean "cosine"?');
  });
});
