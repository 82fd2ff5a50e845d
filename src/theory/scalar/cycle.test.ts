import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../math/index.ts";
import { cycleEnergy, cycleOf, cycleThrough } from "./cycle.ts";
import { alphaOf, epsilonOf, PAPER_SYSTEM } from "./system.ts";

const { self_stab_cycle: oracle } = JSON.parse(
  readFileSync(new URL("../../../test/oracles/edge_neighbours.json", import.meta.url), "utf8"),
) as {
  self_stab_cycle: {
    rows: { E: number; X_min: number; X_max: number; Y_max: number; period: number }[];
    small_amplitude_period: number;
  };
};

/** Follows dX/dτ = XY, dY/dτ = 1 − X² from (1, √E) by fourth-order Runge–Kutta in l = log X², once around. */
function integrate(energy: number, h: number): { xMin: number; xMax: number; yMax: number; period: number } {
  const slope = (l: number, y: number): [number, number] => [2 * y, -Math.expm1(l)];
  let [l, y] = [0, Math.sqrt(energy)];
  let [least, largest, top] = [0, 0, 0];
  let upward = 0;
  for (let k = 0; ; k++) {
    const [a1, b1] = slope(l, y);
    const [a2, b2] = slope(l + (h / 2) * a1, y + (h / 2) * b1);
    const [a3, b3] = slope(l + (h / 2) * a2, y + (h / 2) * b2);
    const [a4, b4] = slope(l + h * a3, y + h * b3);
    const next = l + (h / 6) * (a1 + 2 * a2 + 2 * a3 + a4);
    y += (h / 6) * (b1 + 2 * b2 + 2 * b3 + b4);
    // Back at X = 1 with Y > 0: l is nearly linear there, and Newton from the crossing gives the rest.
    if (l < 0 && next >= 0) {
      upward = (k + 1) * h - next / (2 * y);
      return { xMin: Math.exp(least / 2), xMax: Math.exp(largest / 2), yMax: top, period: upward };
    }
    l = next;
    least = Math.min(least, l);
    largest = Math.max(largest, l);
    top = Math.max(top, y);
  }
}

describe("cycleOf", () => {
  it("agrees with tabulated orbits", () => {
    expect(oracle.rows).toHaveLength(4);
    for (const row of oracle.rows) {
      const cycle = cycleOf(row.E);
      expect(cycle.xMin).toBeCloseTo(row.X_min, 12);
      expect(cycle.xMax).toBeCloseTo(row.X_max, 12);
      expect(cycle.yMax).toBeCloseTo(row.Y_max, 12);
      expect(cycle.period).toBeCloseTo(row.period, 9);
    }
    expect(cycleOf(0).period).toBeCloseTo(oracle.small_amplitude_period, 14);
  });

  it("agrees with integration to 1e-6, from small cycles to violent ones", () => {
    for (const energy of [1e-4, 0.1, 0.306853, 2, 8, 25]) {
      const followed = integrate(energy, 1e-3);
      const cycle = cycleOf(energy);
      expect(Math.abs(cycle.period / followed.period - 1), `period at E = ${energy}`).toBeLessThan(1e-6);
      expect(Math.abs(cycle.xMin / followed.xMin - 1), `xMin at E = ${energy}`).toBeLessThan(1e-5);
      expect(Math.abs(cycle.xMax / followed.xMax - 1), `xMax at E = ${energy}`).toBeLessThan(1e-5);
      expect(Math.abs(cycle.yMax / followed.yMax - 1), `yMax at E = ${energy}`).toBeLessThan(1e-5);
    }
  });

  it("puts its extremes on the curve of that energy, at every size, and the period grows with it", () => {
    fc.assert(
      fc.property(fc.double({ min: -12, max: 2.5, noNaN: true }), (exponent) => {
        const energy = 10 ** exponent;
        const { xMin, xMax, period } = cycleOf(energy);
        expect(xMin).toBeLessThan(1);
        expect(xMax).toBeGreaterThan(1);
        expect(period).toBeGreaterThanOrEqual(Math.SQRT2 * Math.PI - 1e-12);
        expect(period).toBeLessThanOrEqual(cycleOf(1.1 * energy).period + 1e-12);
        if (energy < 1e-4) return;
        for (const x of [xMin, xMax]) {
          expect(Math.abs((x * x - 1 - 2 * Math.log(x)) / energy - 1)).toBeLessThan(1e-10);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("says what is no energy", () => {
    expect(() => cycleOf(-1)).toThrow(/energy: not the energy of a cycle \(received -1; allowed: ≥ 0\)/);
    expect(() => cycleOf(Number.NaN)).toThrow(InputError);
  });
});

describe("cycleThrough", () => {
  it("puts the paper's start on the cycle of energy 1 − log 2, of period 911 steps", () => {
    const cycle = cycleThrough(PAPER_SYSTEM, 1, 0);
    expect(cycle.energy).toBeCloseTo(1 - Math.log(2), 12);
    expect(cycle.largestX).toBeCloseTo(1, 12);
    expect(cycle.periodSteps).toBeCloseTo(911.4, 1);
  });

  it("is the same in any units", () => {
    const system = { ...PAPER_SYSTEM, lr: 0.02, beta: 300, delta2: 1e-4 };
    const delta = Math.sqrt(system.delta2);
    const rootAlpha = Math.sqrt(alphaOf(system));
    const cycle = cycleThrough(system, -1.3 * delta, 0.4 * rootAlpha);
    const plain = cycleOf(0.16 + 1.69 - 1 - Math.log(1.69));
    expect(cycle.energy).toBeCloseTo(plain.energy, 12);
    expect(cycle.leastX).toBeCloseTo(plain.xMin * delta, 12);
    expect(cycle.largestY).toBeCloseTo(plain.yMax * rootAlpha, 12);
    expect(cycle.periodSteps).toBeCloseTo(plain.period / epsilonOf(system), 8);
  });

  it("knows the energy of an x whose square underflows, and that x = 0 has none", () => {
    expect(cycleEnergy(PAPER_SYSTEM, 1e-300, 0)).toBeCloseTo(-1 - 2 * Math.log(1e-300) + Math.log(0.5), 8);
    expect(() => cycleThrough(PAPER_SYSTEM, 0, 0)).toThrow(/received Infinity/);
  });
});
