// Events and rates: the independent runs stored with the oracles, hand-made series, exact power laws.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linearModelConstants, stableSet } from "./constants.ts";
import { setEvents, SetTracker } from "./events.ts";
import { LinearDrift } from "./linear-drift.ts";
import { linearSharpness } from "./linear-hessian.ts";
import { LinearModel } from "./linear-model.ts";
import { bestSoFar, geometricGrid, rateReport } from "./rates.ts";

interface Point {
  readonly t: number;
  readonly loss: number;
  readonly best: number;
  readonly lmax?: number;
  readonly norm?: number;
}
interface Run {
  readonly eta: number;
  readonly b?: number;
  readonly threshold: number;
  readonly C_b?: number;
  readonly entrance: number | null;
  readonly n_exits?: number;
  readonly increases: number;
  readonly positive_exact_drift_first_2000?: number;
  readonly series: readonly Point[];
  readonly slope_best_loglog?: number;
}
interface Oracle {
  readonly X: number[][];
  readonly y: number[];
  readonly K: number;
  readonly gamma: number;
  readonly runs: readonly Run[];
  readonly stable_thresholds?: readonly {
    eta: number;
    b: number;
    mode: "with" | "without";
    C_b: number;
    guard: number;
    quad: number;
    threshold: number;
  }[];
}
const oracle = (name: string): Oracle =>
  JSON.parse(readFileSync(new URL(`../../../test/oracles/${name}.json`, import.meta.url), "utf8")) as Oracle;
const modelOf = ({ X, y, K }: Oracle): LinearModel =>
  new LinearModel({
    n: y.length,
    d: X[0]!.length,
    classes: K,
    x: Float64Array.from(X.flat()),
    labels: Int32Array.from(y),
  });

/** Losses at t = 0 … steps, and the model at the listed steps. */
function follow(
  model: LinearModel,
  steps: number,
  lr: number,
  batch: (t: number) => number[],
  at: (t: number) => void,
) {
  const losses: number[] = [];
  for (let t = 0; t <= steps; t++) {
    losses.push(model.point.loss);
    at(t);
    if (t < steps) model.step(batch(t), lr);
  }
  return losses;
}

describe("planar_ce: SGD with one example a step", () => {
  const data = oracle("planar_ce");
  test.each(data.runs)("η = $eta: losses, sharpness, entrance, exits, increases, drift", async (run) => {
    const model = modelOf(data);
    const drift = new LinearDrift(model);
    // The generator the oracle was made with; BigInt, since its products exceed 2⁵³.
    let state = 1n;
    const draw = (): number[] => {
      state = (1_103_515_245n * state + 12_345n) % (1n << 31n);
      return [Number((state >> 16n) % 6n)];
    };
    const listed = new Map(run.series.map((point) => [point.t, point]));
    const sharpness = new Map<number, Float64Array>();
    let positive = 0;
    const losses = follow(model, 20_000, run.eta, draw, (t) => {
      if (listed.has(t)) sharpness.set(t, model.weights.slice());
      if (t < 2000 && drift.measure({ lr: run.eta, batch: 1, sampling: "with" }).value > 0) positive++;
    });
    const best = bestSoFar(losses.map(Math.log));
    for (const { t, loss, best: lowest, lmax } of run.series) {
      expect(Math.abs(losses[t]! / loss - 1)).toBeLessThan(1e-7);
      expect(Math.abs(Math.exp(best[t]!) / lowest - 1)).toBeLessThan(1e-7);
      model.setWeights(sharpness.get(t)!);
      // eslint-disable-next-line no-await-in-loop -- one small problem after the other
      expect(Math.abs((await linearSharpness(model, 1e-9)) / lmax! - 1)).toBeLessThan(1e-6);
    }
    const setting = {
      n: 6,
      classes: 3,
      lr: run.eta,
      batch: 1,
      sampling: "with",
      model: linearModelConstants(data.gamma),
    } as const;
    const { threshold, noiseGrowth } = stableSet(setting);
    expect(threshold / run.threshold).toBeCloseTo(1, 10);
    expect(noiseGrowth.value).toBeCloseTo(run.C_b!, 8);
    const events = setEvents(
      losses.map((loss) => loss <= threshold),
      losses.map(Math.log),
    );
    expect(events.entrance).toBe(run.entrance);
    expect(events.excursions).toHaveLength(run.n_exits!);
    expect(events.increases.inside + events.increases.outside).toBe(run.increases);
    expect(positive).toBe(run.positive_exact_drift_first_2000);
  });
});

describe("linear_ce: cyclic batches", () => {
  const data = oracle("linear_ce");
  test.each(data.runs)("η = $eta, b = $b: losses, norms, increases", (run) => {
    const model = modelOf(data);
    const b = run.b!;
    const listed = new Map(run.series.map((point) => [point.t, point]));
    const losses = follow(
      model,
      3000,
      run.eta,
      (t) => Array.from({ length: b }, (_, j) => (4 * (t * b + j)) % 9),
      (t) => {
        const norm = listed.get(t)?.norm;
        if (norm !== undefined) expect(model.weightNorm).toBeCloseTo(norm, 6);
      },
    );
    for (const { t, loss } of run.series) expect(Math.abs(losses[t]! / loss - 1)).toBeLessThan(1e-7);
    const { increases } = setEvents(
      losses.map(() => false),
      losses.map(Math.log),
    );
    expect(increases).toEqual({ inside: 0, outside: run.increases });
  });

  test("thresholds, their two branches and C_b", () => {
    for (const { eta, b, mode, C_b, guard, quad, threshold } of data.stable_thresholds!) {
      const set = stableSet({
        n: 9,
        classes: 3,
        lr: eta,
        batch: b,
        sampling: mode,
        model: linearModelConstants(data.gamma),
      });
      expect(set.noiseGrowth.value / C_b).toBeCloseTo(1, 12);
      expect(set.guard.value / guard).toBeCloseTo(1, 12);
      expect(set.quadratic.value / quad).toBeCloseTo(1, 12);
      expect(set.threshold / threshold).toBeCloseTo(1, 12);
      expect(set.binding).toBe(guard <= quad ? "guard" : "quadratic");
    }
  });
});

describe("events of a hand-made series", () => {
  //             t: 0      1     2     3      4      5     6      7
  const inside = [false, true, true, false, false, true, false, false];
  const losses = [3, 1, 2, 5, 4, 1, 6, 7];

  test("entrance, excursions, occupancy, increases by where they start", () => {
    expect(setEvents(inside, losses.map(Math.log))).toEqual({
      points: 8,
      entrance: 1,
      excursions: [
        { exit: 3, length: 2 },
        { exit: 6, length: null },
      ],
      inside: 3,
      occupancy: 3 / 7,
      increases: { inside: 3, outside: 1 },
      steps: { inside: 3, outside: 4 },
    });
  });

  test("a tracker goes on from its state as if it had never stopped", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.double({ noNaN: true }))), fc.nat(), (series, cut) => {
        const whole = new SetTracker();
        let resumed = new SetTracker();
        series.forEach(([isInside, log], t) => {
          if (t === cut % (series.length + 1)) {
            resumed = new SetTracker(JSON.parse(JSON.stringify(resumed.state)) as typeof resumed.state);
          }
          // JSON has no infinities but the one a vanished loss gives.
          const logLoss = Number.isFinite(log) ? log : -Infinity;
          whole.push(isInside, logLoss);
          resumed.push(isInside, logLoss);
        });
        expect(resumed.events).toEqual(whole.events);
      }),
      { numRuns: 300 },
    );
  });

  test("never inside: nothing to occupy", () => {
    const events = setEvents([false, false], [0, -1]);
    expect(events.entrance).toBeNull();
    expect(events.occupancy).toBeNull();
  });
});

describe("rates", () => {
  test("an exact power law: its exponent, sup t·B_t, no oscillation", () => {
    const logs = Array.from({ length: 5001 }, (_, t) => (t === 0 ? 0 : Math.log(3) - Math.log(t)));
    const { fit, exponent, logSupremum, oscillation } = rateReport(logs);
    expect(fit.slope!.value).toBeCloseTo(-1, 10);
    expect(exponent!.value).toBeCloseTo(1, 10);
    expect(exponent!.high - exponent!.low).toBeLessThan(1e-10);
    expect(logSupremum).toBeCloseTo(Math.log(3), 10);
    expect(oscillation).toEqual({ mean: 0, max: 0, spikes: 0 });
  });

  test("spikes above the best change the oscillation, not the exponent", () => {
    const logs = Array.from({ length: 5001 }, (_, t) => -Math.log(t + 1) + (t % 10 === 3 ? 2 : 0));
    const calm = rateReport(logs, { from: 100 });
    expect(calm.fit.slope!.value).toBeCloseTo(-1, 2);
    expect(calm.exponent!.low).toBeLessThan(calm.exponent!.value);
    // Corrected for correlation: never narrower than the fit's own.
    expect(calm.exponent!.stderr).toBeGreaterThan(calm.fit.slope!.stderr);
    expect(calm.oscillation.max).toBeGreaterThan(1.9);
    expect(calm.oscillation.mean).toBeGreaterThan(0.1);
    expect(calm.oscillation.spikes).toBeGreaterThan(1.5);
  });

  test("losses below the smallest number, and diverged steps", () => {
    const logs = [0, -900, Number.NaN, -2000, -1000, Infinity, -3000];
    expect([...bestSoFar(logs)]).toEqual([0, -900, -900, -2000, -2000, -2000, -3000]);
    expect(rateReport(logs, { from: 1 }).logSupremum).toBeLessThan(-890);
  });

  test("grids hold both ends, each step once", () => {
    expect(geometricGrid(1, 8, 4)).toEqual([1, 2, 4, 8]);
    const grid = geometricGrid(3, 1000, 500);
    expect(grid[0]).toBe(3);
    expect(grid.at(-1)).toBe(1000);
    expect(new Set(grid).size).toBe(grid.length);
  });

  test("a tail outside the run is refused", () => {
    expect(() => rateReport([0], {})).toThrow(/no steps/);
    expect(() => rateReport([0, 1, 2], { from: 3 })).toThrow(/received 3.*1 to 2/);
  });
});
