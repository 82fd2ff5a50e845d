import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mean, standardError } from "../../math/index.ts";
import { type Ensemble, type EnsembleOptions, simulateEnsemble } from "./ensemble.ts";
import { momentValues, stationaryIdentities } from "./moments.ts";
import { PAPER_SYSTEM, scalarPredictions, type ScalarSystem } from "./system.ts";
import { type Moment, MOMENTS, scalarTrajectory } from "./walk.ts";

function oracle(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../test/oracles/${name}.json`, import.meta.url), "utf8"));
}

interface Row {
  readonly mean: Readonly<Record<Moment, number>>;
  readonly se: Readonly<Record<Moment, number>>;
  readonly identity_ybar: number;
}
interface TransientRow {
  readonly series: readonly { t: number; Ex2: number; se_x2: number; Ey: number; se_y: number }[];
}
interface LargeStep {
  readonly blowup: number | null;
  readonly mean: Readonly<Record<Moment, number>> | null;
  readonly refined: number;
}
const dynamics = oracle("xy_dynamics") as {
  extra: Record<string, LargeStep>;
  stationary_120k_steps_100_runs_burn40k: Record<string, Row>;
  transient_20000_runs: Record<string, TransientRow>;
};
const stationaryRows = Object.entries(dynamics.stationary_120k_steps_100_runs_burn40k);

const start = { seed: 1, x0: 1, y0: 0 };

function simulate(change: Partial<ScalarSystem>, options: Partial<EnsembleOptions>): Ensemble {
  const system = { ...PAPER_SYSTEM, ...change };
  return simulateEnsemble({ system, runs: 10, steps: 120_000, burnIn: 40_000, ...start, ...options });
}

describe("stationary averages", () => {
  it.each(stationaryRows)("at σ_u² = %s agree with an independent ensemble and with theory", (noise, row) => {
    const noiseU = Number(noise);
    const { stationary, blowUps } = simulate({ noiseU }, {});
    expect(blowUps.count).toBe(0);
    const { moments, varianceY, kurtosis, closureError, tauY } = stationary!;
    for (const name of ["x2", "x4", "y", "y2", "yx2", "y2x2"] as const) {
      const { value, stderr } = moments[name];
      const spread = Math.hypot(stderr!, row.se[name]);
      expect(Math.abs(value - row.mean[name]) / spread, name).toBeLessThan(4.5);
    }
    expect(Math.abs(moments.x2.value - 0.5)).toBeLessThan(0.003);
    // The errors scale as 1/√runs: those of the oracle are from 100 runs.
    const ratio = (moments.y.stderr! / row.se.y) * Math.sqrt(10 / 100);
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2);
    expect(tauY).toBeGreaterThan(0);
    if (noiseU < 0.5) return;
    const refined = scalarPredictions({ ...PAPER_SYSTEM, noiseU }).y.refined.value!;
    expect(Math.abs(moments.y.value - refined)).toBeLessThan(4 * moments.y.stderr!);
    if (noiseU < 2.5) return;
    expect(Math.abs(varianceY.value - 0.25)).toBeLessThan(0.025 + 3 * varianceY.stderr!);
    expect(Math.abs(kurtosis.value - 3)).toBeLessThan(0.06 + 4 * kurtosis.stderr!);
    expect(closureError).toBeGreaterThan(2);
    expect(closureError).toBeLessThan(4);
  });

  it("with noise on y agree with an independent ensemble and with the two-noise formula", () => {
    const rows = oracle("xy_ynoise") as Record<
      string,
      { Ex2: number; Ey: number; se: number; vary: number; cov: number }
    >;
    for (const key of ["10,2.0", "10,5.0", "40,20.0"]) {
      const row = rows[key]!;
      const [noiseU, noiseY] = key.split(",").map(Number) as [number, number];
      const { stationary } = simulate({ noiseU, noiseY }, { steps: 100_000 });
      const { y, x2, yx2 } = stationary!.moments;
      expect(Math.abs(y.value - row.Ey) / Math.hypot(y.stderr!, row.se), key).toBeLessThan(4.5);
      expect(Math.abs(x2.value - 0.5), key).toBeLessThan(4 * x2.stderr!);
      expect(yx2.value - y.value * x2.value, key).toBeCloseTo(row.cov, 2);
      expect(stationary!.varianceY.value / row.vary, key).toBeCloseTo(1, 0);
      const { twoNoise, meanField } = scalarPredictions({ ...PAPER_SYSTEM, noiseU, noiseY }).y;
      const errorOf = (value: number | null): number => Math.abs(y.value - value!);
      // To the shift of finite steps, 1.5·ηα and more; the formula without noise on y is off by ησ_y²/(2α).
      expect(errorOf(twoNoise.value), key).toBeLessThan(0.015 + 4 * y.stderr!);
      if (noiseY >= 5) expect(errorOf(meanField.value), key).toBeGreaterThan(0.08);
    }
  });

  it("at larger steps agree with an independent ensemble, and show where the refined formula ends", () => {
    const rows = Object.entries(dynamics.extra).filter(([name]) => /^eta0\.(?:05|1|2)_/.test(name));
    expect(rows).toHaveLength(9);
    for (const [name, row] of rows) {
      const [, lr, ratio] = /^eta(.*)_ratio(.*)$/.exec(name)!.map(Number) as [number, number, number];
      const change = { lr, noiseU: (ratio * 0.5) / lr ** 2 };
      const { stationary, blowUps } = simulate(change, { runs: 20, steps: 20_000, burnIn: 5000 });
      expect([blowUps.count, row.blowup]).toEqual([0, null]);
      const { y, x2 } = stationary!.moments;
      expect(Math.abs(y.value - row.mean!.y), name).toBeLessThan(5 * y.stderr! + 0.002);
      expect(Math.abs(x2.value - 0.5), name).toBeLessThan(0.003);
      const refined = scalarPredictions({ ...PAPER_SYSTEM, ...change }).y.refined.value!;
      const off = Math.abs(refined / row.mean!.y - 1);
      // Within a tenth, except for weak noise at ε = 0.1, where the law of y is far from the small-step one.
      expect(off < 0.12 || (ratio === 0.01 && off < 0.45), name).toBe(true);
    }
  });

  it("with κ: x is off centre by −ηκδ²/4 and y higher by ¾ηκ²δ²", () => {
    const kappa = 4;
    const { stationary } = simulate({ noiseU: 10, kappa }, { runs: 20 });
    const { x, y } = stationary!.moments;
    const predicted = scalarPredictions({ ...PAPER_SYSTEM, noiseU: 10, kappa });
    expect(predicted.x).toBeCloseTo(-0.005, 12);
    expect(predicted.kappaShift).toBeCloseTo(0.06, 12);
    expect(Math.abs(x.value / predicted.x - 1)).toBeLessThan(0.01);
    expect(Math.abs(y.value - predicted.y.refined.value!)).toBeLessThan(4 * y.stderr! + 0.006);
  });

  it("with κ and weak noise: x has less than Gaussian tails, and κ shifts y by (ηκ²/4)E[x⁴]/δ²", () => {
    const system = { ...PAPER_SYSTEM, noiseU: 1, kappa: 6 };
    const { stationary } = simulate(system, { runs: 20 });
    const { y, x4 } = stationary!.moments;
    const { refined } = scalarPredictions({ ...system, kappa: 0 }).y;
    const shift = (0.01 * 36 * x4.value) / 4 / 0.5;
    expect(stationary!.kurtosis.value).toBeLessThan(2.2);
    expect(Math.abs(y.value - refined.value! - shift)).toBeLessThan(4 * y.stderr! + 0.05 * shift);
  });
});

describe("stationaryIdentities", () => {
  it("gives the mean of y from an independent ensemble's other averages", () => {
    for (const [noise, row] of stationaryRows) {
      const moments = Object.fromEntries(MOMENTS.map((name) => [name, row.mean[name] ?? 0]));
      const system = { ...PAPER_SYSTEM, noiseU: Number(noise) };
      const { y } = stationaryIdentities(system, moments as Record<Moment, number>);
      expect(y, noise).toBeCloseTo(row.identity_ybar, 10);
    }
  });

  it("holds in every system that has a stationary law, whatever the step size, κ and noise", () => {
    const parameter = (min: number, max: number): fc.Arbitrary<number> =>
      fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp);
    fc.assert(
      fc.property(
        fc.record({
          epsilon: parameter(0.005, 0.05),
          q: parameter(0.01, 0.2),
          beta: parameter(0.01, 100),
          delta2: parameter(0.01, 100),
          // In units in which ηκδ, the ratio of the quadratic to the linear term, is this.
          uneven: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
          // σ_y² as a share of βσ_u².
          share: fc.oneof(fc.constant(0), parameter(0.01, 0.3)),
          seed: fc.integer({ min: 0, max: 1000 }),
        }),
        ({ epsilon, q, beta, delta2, uneven, share, seed }) => {
          const lr = epsilon / Math.sqrt((beta * delta2) / 2);
          const noiseU = (q * delta2) / (lr * lr);
          const system: ScalarSystem = {
            lr,
            beta,
            delta2,
            kappa: uneven / (lr * Math.sqrt(delta2)),
            noiseU,
            noiseY: share * beta * noiseU * epsilon ** 2,
          };
          const delta = Math.sqrt(delta2);
          const options = { system, runs: 16, steps: 24_000, burnIn: 6000, seed, x0: delta, y0: 0 };
          const stationary = simulateEnsemble(options).stationary!;
          const m = stationary.moments;
          const identities = stationaryIdentities(system, momentValues(stationary));
          const within = (value: number, expected: number, stderr: number): void =>
            expect(Math.abs(value - expected)).toBeLessThan(6 * stderr);
          within(m.x2.value, delta2, m.x2.stderr! + 1e-3 * delta2);
          within(m.yx2.value - m.y.value * m.x2.value, identities.covariance, m.yx2.stderr!);
          within(m.y.value, identities.y, m.y.stderr! + m.yx2.stderr! / delta2);
          within(m.x.value, identities.x, m.x.stderr!);
        },
      ),
      { numRuns: 12, seed: 20 },
    );
  });
});

describe("transient averages", () => {
  it.each(Object.entries(dynamics.transient_20000_runs))("at σ_u² = %s follow the oracle", (noise, row) => {
    const { transient } = simulate(
      { noiseU: Number(noise) },
      { runs: 500, steps: 3001, burnIn: 3000, transient: 3000 },
    );
    for (const { t, Ex2, se_x2, Ey, se_y } of row.series.filter((point) => point.t <= 3000)) {
      const x2Error = Math.hypot(transient.x2Stderr[t]!, se_x2);
      const yError = Math.hypot(transient.yStderr[t]!, se_y);
      expect(Math.abs(transient.x2[t]! - Ex2), `x² at ${t}`).toBeLessThanOrEqual(4.5 * x2Error);
      expect(Math.abs(transient.y[t]! - Ey), `y at ${t}`).toBeLessThanOrEqual(4.5 * yError);
    }
  });

  it("are the averages of the runs, with the standard error of their spread", () => {
    const system = { ...PAPER_SYSTEM, noiseU: 20 };
    const { transient } = simulate({ noiseU: 20 }, { runs: 5, steps: 400, burnIn: 100, transient: 300 });
    const runs = Array.from({ length: 5 }, (_, run) => scalarTrajectory(system, { ...start, run }, 300));
    for (const t of [0, 1, 99, 100, 101, 300]) {
      const ys = runs.map(({ y }) => y[t]!);
      const squares = runs.map(({ x }) => x[t]! ** 2);
      expect(transient.y[t]).toBeCloseTo(mean(ys), 12);
      expect(transient.x2[t]).toBeCloseTo(mean(squares), 12);
      expect(transient.yStderr[t]).toBeCloseTo(standardError(ys), 12);
      expect(transient.x2Stderr[t]).toBeCloseTo(standardError(squares), 12);
    }
    expect(transient.y).toHaveLength(301);
  });
});

describe("standard errors", () => {
  it("from the blocks of few runs agree with those from the spread of many", () => {
    const few = simulate({ noiseU: 40 }, { runs: 9, steps: 60_000, burnIn: 5000 }).stationary!;
    const many = simulate({ noiseU: 40 }, { runs: 40, steps: 60_000, burnIn: 5000 }).stationary!;
    const scaled = (many.moments.y.stderr! * Math.sqrt(40)) / Math.sqrt(9);
    expect(few.moments.y.stderr! / scaled).toBeGreaterThan(0.6);
    expect(few.moments.y.stderr! / scaled).toBeLessThan(1.7);
    const naive = Math.sqrt(few.varianceY.value / (9 * 55_000));
    expect(few.moments.y.stderr! / naive).toBeGreaterThan(10);
  });

  it("are absent, not invented, when there is a single state", () => {
    const { stationary } = simulate({ noiseU: 40 }, { runs: 1, steps: 1, burnIn: 0 });
    expect(stationary!.moments.y.stderr).toBeNull();
    expect(stationary!.tauY).toBeNull();
  });
});

describe("blow-ups", () => {
  it.each([
    [0.4, 0.01],
    [0.4, 0.1],
    [0.8, 0.3],
  ])("begin within 70 steps and spare no run at η = %s, ε ≥ 0.2 (η²σ_u²/δ² = %s)", (lr, ratio) => {
    const change = { lr, noiseU: (ratio * 0.5) / lr ** 2 };
    const { stationary, reason, blowUps, transient } = simulate(change, {
      runs: 100,
      steps: 20_000,
      burnIn: 0,
    });
    expect(blowUps.first).toBeGreaterThan(5);
    expect(blowUps.first).toBeLessThan(70);
    expect(blowUps.median).toBeGreaterThan(blowUps.first!);
    expect([blowUps.count, blowUps.share, stationary]).toEqual([100, 1, null]);
    expect(reason).toBe(`all 100 runs blew up (|x| > 10⁶δ), the first at step ${blowUps.first}`);
    expect(transient.x2).toHaveLength(0);
  });

  it("do not happen at ε = 0.1", () => {
    const { blowUps } = simulate({ lr: 0.2, noiseU: 0.125 }, { runs: 100, steps: 5000, burnIn: 0 });
    expect(blowUps).toEqual({ count: 0, share: 0, first: null, median: null });
  });

  it("leave the runs that stay bounded as they are", () => {
    const change = { lr: 0.4, noiseU: 0.3 };
    const system = { ...PAPER_SYSTEM, ...change };
    const { stationary, blowUps } = simulate(change, { runs: 40, steps: 400, burnIn: 20 });
    const runs = Array.from({ length: 40 }, (_, run) => scalarTrajectory(system, { ...start, run }, 400));
    const lost = runs.flatMap(({ blownUpAt }) => (blownUpAt === null ? [] : [blownUpAt]));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(40);
    expect(blowUps).toMatchObject({ count: lost.length, share: lost.length / 40, first: Math.min(...lost) });
    const kept = runs.filter(({ blownUpAt }) => blownUpAt === null);
    expect(stationary!.moments.y.value).toBeCloseTo(mean(kept.map(({ y }) => mean(y.subarray(21)))), 12);
  });
});

describe("simulateEnsemble", () => {
  it("has no stationary averages without noise along u, but a transient", () => {
    const { stationary, reason, transient } = simulate({}, { runs: 1, steps: 100, burnIn: 0, transient: 50 });
    expect(stationary).toBeNull();
    expect(reason).toMatch(/^without noise along u/);
    expect(transient.x2[0]).toBe(1);
    expect(transient.yStderr[50]).toBeNaN();
  });

  it("is the same for the same seed, and reports each run", () => {
    const options = { runs: 3, steps: 500, burnIn: 100, transient: 10 };
    const done: number[] = [];
    const first = simulate({ noiseU: 5 }, { ...options, onRun: (count) => done.push(count) });
    expect(simulate({ noiseU: 5 }, options)).toEqual(first);
    expect(simulate({ noiseU: 5 }, { ...options, seed: 2 })).not.toEqual(first);
    expect(done).toEqual([1, 2, 3]);
  });

  it.each([
    [{ burnIn: 100, steps: 100 }, /burnIn: out of range \(received 100; allowed: 0 to 99: some of the 100/],
    [{ runs: 0 }, /runs: out of range \(received 0/],
    [{ steps: 10.5 }, /steps: out of range \(received 10\.5/],
    [{ transient: 200_000 }, /transient: out of range \(received 200000; allowed: 0 to 120000/],
    [{ x0: Number.NaN }, /x0: not a starting point \(received NaN/],
    [{ x0: 0 }, /x0: x = 0 stays 0 without noise along u/],
  ])("says what is wrong: %j", (options, message) => {
    expect(() => simulate({}, options)).toThrow(message);
  });
});
