import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cycleEnergy, cycleThrough } from "./cycle.ts";
import { PAPER_SYSTEM, type ScalarSystem } from "./system.ts";
import { MOMENTS, scalarTrajectory, ScalarWalk } from "./walk.ts";

function oracle(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../test/oracles/${name}.json`, import.meta.url), "utf8"));
}

const start = { x0: 1, y0: 0, seed: 0, run: 0 };

describe("scalarTrajectory", () => {
  it("is gradient descent on the exactly solvable landscape, step for step", () => {
    const { exact_toy: toy } = oracle("edge_neighbours") as {
      exact_toy: { eta: number; beta: number; delta2: number; series: number[][] };
    };
    const system = { ...PAPER_SYSTEM, lr: toy.eta, beta: toy.beta, delta2: toy.delta2 };
    const { x, y } = scalarTrajectory(system, { ...start, x0: 0.3 }, 400);
    expect(toy.series.length).toBeGreaterThan(5);
    for (const [t, , , predictedX, predictedY] of toy.series as [number, number, number, number, number][]) {
      expect(x[t]).toBeCloseTo(predictedX, 10);
      expect(y[t]).toBeCloseTo(predictedY, 10);
    }
  });

  it("spirals outward without noise as fast as it should", () => {
    const { extra } = oracle("xy_dynamics") as { extra: { det_energy: [number, number][] } };
    const { x, y } = scalarTrajectory(PAPER_SYSTEM, start, 200_000);
    for (const [t, energy] of extra.det_energy) {
      expect(cycleEnergy(PAPER_SYSTEM, x[t]!, y[t]!) / energy).toBeCloseTo(1, 7);
    }
  });

  it("follows its closed-form cycle while steps are small", () => {
    const system = { ...PAPER_SYSTEM, lr: 1e-4 };
    const cycle = cycleThrough(system, 1, 0);
    const steps = Math.round(cycle.periodSteps);
    const { x, y } = scalarTrajectory(system, start, steps);
    expect(Math.max(...x.map(Math.abs))).toBeCloseTo(cycle.largestX, 3);
    expect(Math.min(...x.map(Math.abs))).toBeCloseTo(cycle.leastX, 3);
    expect(Math.max(...y)).toBeCloseTo(cycle.largestY, 3);
    expect(Math.abs(x[steps]!)).toBeCloseTo(1, 3);
    expect(y[steps]).toBeCloseTo(0, 3);
  });

  it("has y > 0 on average without noise: η⟨y²⟩/2 and, with κ, ηκ²δ²/4 more", () => {
    for (const kappa of [0, 4]) {
      const system = { ...PAPER_SYSTEM, kappa };
      const { x, y } = scalarTrajectory(system, start, 20_000);
      // Whole cycles between upward crossings of 0; |x| at the last differs, as the map spirals.
      const crossings = Array.from(y.keys()).filter((t) => t > 0 && y[t - 1]! < 0 && y[t]! >= 0);
      const [from, to] = [crossings[0]!, crossings.at(-1)!];
      const mean = (f: (value: number) => number): number =>
        y.subarray(from, to).reduce((sum, value) => sum + f(value), 0) / (to - from);
      const spiral = Math.log(Math.abs(x[to]! / x[from]!)) / (system.lr * (to - from));
      const expected =
        (system.lr * mean((value) => value ** 2)) / 2 + (system.lr * kappa ** 2 * system.delta2) / 4;
      expect(crossings.length).toBeGreaterThan(10);
      expect(Math.abs(mean((value) => value) - spiral - expected)).toBeLessThan(0.02 * expected);
    }
  });

  it("stops where it blows up, and says when", () => {
    const { x, blownUpAt } = scalarTrajectory({ ...PAPER_SYSTEM, lr: 0.8, noiseU: 0.1 }, start, 5000);
    expect(blownUpAt).not.toBeNull();
    expect(x).toHaveLength(blownUpAt! + 1);
    expect(Math.abs(x.at(-1)!)).toBeGreaterThan(1e6 * Math.sqrt(0.5));
    expect(Math.abs(x.at(-2)!)).toBeLessThanOrEqual(1e6 * Math.sqrt(0.5));
  });
});

describe("ScalarWalk", () => {
  const noisy: ScalarSystem = { ...PAPER_SYSTEM, kappa: 0.5, noiseU: 10, noiseY: 2 };

  it("is the map, with normal noise of the given variances", () => {
    const steps = 40_000;
    const { x, y } = scalarTrajectory(noisy, start, steps);
    const { lr, beta, delta2, kappa } = noisy;
    let [u, uu, v, vv, uv] = [0, 0, 0, 0, 0];
    for (let t = 0; t < steps; t++) {
      const zeta = (-(1 + lr * y[t]!) * x[t]! - (lr / 2) * kappa * x[t]! ** 2 - x[t + 1]!) / lr;
      const nu = (y[t]! + ((lr * beta) / 2) * (delta2 - x[t]! ** 2) - y[t + 1]!) / lr;
      u += zeta;
      uu += zeta * zeta;
      v += nu;
      vv += nu * nu;
      uv += zeta * nu;
    }
    const root = Math.sqrt(steps);
    expect(Math.abs(u / root)).toBeLessThan(4 * Math.sqrt(10));
    expect(Math.abs(v / root)).toBeLessThan(4 * Math.sqrt(2));
    expect(Math.abs(uu / steps / 10 - 1)).toBeLessThan((4 * Math.SQRT2) / root);
    expect(Math.abs(vv / steps / 2 - 1)).toBeLessThan((4 * Math.SQRT2) / root);
    expect(Math.abs(uv / root)).toBeLessThan(4 * Math.sqrt(20));
  });

  it("sums the moments of the states it visits, however the steps are cut", () => {
    const steps = 5000;
    const { x, y } = scalarTrajectory(noisy, start, steps);
    const sums = new Float64Array(MOMENTS.length);
    const walk = new ScalarWalk(noisy, start);
    for (const size of [1, 7, 2049, 2943]) walk.advance(size, sums);
    expect([walk.step, walk.x, walk.y]).toEqual([steps, x[steps], y[steps]]);
    const over = (f: (x: number, y: number) => number): number =>
      x.subarray(1).reduce((sum, value, i) => sum + f(value, y[i + 1]!), 0);
    const expected = {
      x: over((a) => a),
      x2: over((a) => a ** 2),
      x3: over((a) => a ** 3),
      x4: over((a) => a ** 4),
      y: over((_, b) => b),
      y2: over((_, b) => b ** 2),
      yx: over((a, b) => b * a),
      yx2: over((a, b) => b * a ** 2),
      yx3: over((a, b) => b * a ** 3),
      y2x2: over((a, b) => b ** 2 * a ** 2),
    };
    for (const [i, name] of MOMENTS.entries()) expect(sums[i], name).toBeCloseTo(expected[name], 7);
  });

  it("has noise of its own for each run, seed and variance, and adds noise on y without changing that on x", () => {
    const first = (system: ScalarSystem, run: number, seed = 0): number =>
      scalarTrajectory(system, { ...start, run, seed }, 1).x[1]!;
    expect(first(noisy, 0)).toBe(first(noisy, 0));
    expect(first(noisy, 1)).not.toBe(first(noisy, 0));
    expect(first(noisy, 0, 1)).not.toBe(first(noisy, 0));
    expect(first({ ...noisy, noiseY: 0 }, 0)).toBe(first(noisy, 0));
    const doubled = { ...noisy, noiseU: 2 * noisy.noiseU };
    const without = first({ ...noisy, noiseU: 0 }, 0);
    expect((first(doubled, 0) - without) / (first(noisy, 0) - without)).not.toBeCloseTo(Math.SQRT2, 6);
  });
});
