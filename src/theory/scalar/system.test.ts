import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gapPredictions } from "../../curvature/gap.ts";
import {
  alphaOf,
  checkSystem,
  epsilonOf,
  PAPER_SYSTEM,
  relaxationSteps,
  scalarPredictions,
  systemDoubts,
} from "./system.ts";

function oracle(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../test/oracles/${name}.json`, import.meta.url), "utf8"));
}

describe("scalarPredictions", () => {
  it("agrees with the tabulated formulas over four decades of noise", () => {
    const { stationary_120k_steps_100_runs_burn40k: table } = oracle("xy_dynamics") as {
      stationary_120k_steps_100_runs_burn40k: Record<string, { theory_ybar: number }>;
    };
    for (const [noise, row] of Object.entries(table)) {
      const { y, x2, varianceY } = scalarPredictions({ ...PAPER_SYSTEM, noiseU: Number(noise) });
      expect(y.meanField.value).toBeCloseTo(row.theory_ybar, 12);
      // The table has the root expanded to first order, −ησ_u²/(2δ²) − (3/2)ηα: ȳ adds −(η/2)ȳ² to it.
      const root = y.refined.value!;
      expect(root + 0.005 * root * root, noise).toBeCloseTo(row.theory_ybar - 0.00375, 12);
      expect([x2, varianceY]).toEqual([0.5, 0.25]);
    }
  });

  it("has the second gap term of noise on the sharpness", () => {
    const rows = oracle("xy_ynoise") as Record<string, { theory: number; paper: number }>;
    for (const [key, row] of Object.entries(rows)) {
      const [noiseU, noiseY] = key.split(",").map(Number) as [number, number];
      const { y, varianceY } = scalarPredictions({ ...PAPER_SYSTEM, noiseU, noiseY });
      expect(y.twoNoise.value).toBeCloseTo(row.theory, 12);
      expect(y.meanField.value).toBeCloseTo(row.paper, 12);
      expect(varianceY).toBe(noiseY === 0 ? 0.25 : null);
    }
  });

  it("is minus the gap for β ≠ 1 too, σ_y² being β times the variance along the unit vector", () => {
    const system = { ...PAPER_SYSTEM, beta: 7, delta2: 0.03, noiseU: 0.5, noiseY: 1.4 };
    const gap = gapPredictions({ lr: 0.01, alpha: 0.105, beta: 7, noiseU: 0.5, noiseS: 0.2 });
    const { y } = scalarPredictions(system);
    for (const name of ["meanField", "twoNoise", "refined", "ar1"] as const) {
      expect(y[name].value, name).toBeCloseTo(-gap[name].value!, 14);
    }
  });

  it("keeps the reason where a formula has no value", () => {
    const { y } = scalarPredictions({ ...PAPER_SYSTEM, noiseU: 6000 });
    expect(y.refined).toEqual({ value: null, reason: expect.stringContaining("too strong") as string });
    expect(y.meanField.value).toBeCloseTo(-60, 10);
  });
});

describe("relaxationSteps", () => {
  it("is 10⁴ steps at σ_u² = 1 and 250 at 40 in the paper's settings (underdamped: 2δ²/(η²σ_u²))", () => {
    expect(relaxationSteps({ ...PAPER_SYSTEM, noiseU: 1 })).toBeCloseTo(1e4, 6);
    expect(relaxationSteps({ ...PAPER_SYSTEM, noiseU: 40 })).toBeCloseTo(250, 8);
    expect(relaxationSteps(PAPER_SYSTEM)).toBe(Infinity);
  });

  it("is a root of the moment equations when overdamped, continuous at σ_u⁴ = 4βδ⁶/η²", () => {
    const system = { ...PAPER_SYSTEM, noiseU: 400 };
    const rate = 1 / relaxationSteps(system);
    const a = (1e-4 * 400) / 0.5;
    expect(rate * rate - a * rate + 2 * 0.01 * 0.5 * (0.01 / 2)).toBeCloseTo(0, 14);
    const critical = Math.sqrt((4 * 0.5 ** 3) / 1e-4);
    const at = (noiseU: number): number => relaxationSteps({ ...PAPER_SYSTEM, noiseU });
    expect(at(critical * (1 + 1e-9)) / at(critical * (1 - 1e-9))).toBeCloseTo(1, 3);
  });
});

describe("systemDoubts", () => {
  it("is silent where the theory holds", () => {
    expect(systemDoubts(PAPER_SYSTEM)).toEqual([]);
    expect(systemDoubts({ ...PAPER_SYSTEM, noiseU: 10 })).toEqual([]);
  });

  it.each([
    [{ lr: 0.4, noiseU: 1 }, /^η = 0\.4 is beyond blow-up: ε = η√α = 0\.2/],
    [{ noiseU: 6000 }, /η²σ_u²\/δ² = 1\.2 exceeds 1; the runs will blow up/],
    [{ noiseU: 4999.9 }, /η²\(σ_u² \+ 2σ_s²\)\/δ² \+ 3ε² = 1 reaches 1/],
    [{ noiseU: 10, kappa: -8 }, /κ = -8 shapes the law of x: κ²δ⁴\/2 = 8 is not small beside σ_u² = 10/],
    [{ noiseU: 0.1 }, /the noise is weak: σ_u² = 0\.1 is below βδ⁴ = 0\.25/],
  ])("%j", (change, message) => {
    const doubts = systemDoubts({ ...PAPER_SYSTEM, ...change });
    expect(doubts).toHaveLength(1);
    expect(doubts[0]).toMatch(message);
  });
});

describe("checkSystem", () => {
  it.each([
    [{ lr: 0 }, /lr: .*received 0; allowed: > 0/],
    [{ beta: -1 }, /beta: .*received -1/],
    [{ delta2: Infinity }, /delta2: .*received Infinity/],
    [{ noiseU: -0.5 }, /noiseU: not a variance \(received -0\.5; allowed: ≥ 0\)/],
    [{ noiseY: Number.NaN }, /noiseY: not a variance \(received NaN/],
    [{ kappa: Infinity }, /kappa: .*received Infinity/],
  ])("%j", (change, message) => {
    expect(() => checkSystem({ ...PAPER_SYSTEM, ...change })).toThrow(message);
  });

  it("scales: α = βδ²/2 and ε = η√α", () => {
    expect(alphaOf(PAPER_SYSTEM)).toBe(0.25);
    expect(epsilonOf(PAPER_SYSTEM)).toBe(0.005);
  });
});
