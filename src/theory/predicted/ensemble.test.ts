// The closure against hand-made ensembles, and an ensemble tracked on the solvable landscape against the scalar map.
import { describe, expect, it } from "vitest";
import { type BatchSampler, batchSampler } from "../../optim/index.ts";
import { solvableLandscape } from "../reference/solvable-landscape.ts";
import { closureSides, summariseClosure } from "./closure.ts";
import { type EnsembleRecord, trackEnsemble } from "./ensemble-track.ts";
import type { TrackEnd } from "./track-types.ts";

describe("closure", () => {
  it("is exact where y is the same in all runs, and off by the covariance of x² and y else", () => {
    const alike = [1, 3, -2].map((x) => ({ x, y: 2 }));
    const { exact, closed } = closureSides(alike, 0.1);
    expect(exact).toBeCloseTo(closed, 12);
    const lr = 0.01;
    const correlated = [
      { x: 1, y: -1 },
      { x: 2, y: 1 },
    ];
    const sides = closureSides(correlated, lr);
    // E y = 0, Cov(x², y) = 1.5: to first order in η the sides differ by 2η·Cov.
    expect(sides.exact - sides.closed).toBeCloseTo(2 * lr * 1.5 + lr * lr * 2.5, 12);
  });

  it("gives the difference in the theorem's unit with an error over runs, and tests what the sides do not share", () => {
    const runs = (s: number): { x: number; y: number }[] => [
      { x: 1, y: s - 0.5 },
      { x: 1, y: s + 0.5 },
      { x: 1, y: s },
    ];
    const steps = [0, 1, 2].map((s) => ({ runs: runs(s), delta: 2, epsilon: 0.1 }));
    const found = summariseClosure(steps, 0.01);
    // x is the same everywhere: the sides differ by η²·Var y alone.
    expect(found.difference.value).toBeCloseTo((0.01 ** 2 * (0.5 / 3)) / 0.04, 12);
    expect(found.difference.stderr).toBeGreaterThan(0);
    expect(found.x2.value).toBeCloseTo(0.25, 12);
    expect(found.y.value).toBeCloseTo(1, 12);
    expect(found.r2!).toBeGreaterThan(0.999);
    expect(() => summariseClosure([], 0.1)).toThrow(/same runs/);
    expect(() => summariseClosure([steps[0]!, { ...steps[1]!, runs: [] }], 0.1)).toThrow(/same runs/);
  });
});

describe("ensemble on the solvable landscape", () => {
  const lr = 0.05;
  const noise = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 0.3 : -0.3));
  const objective = solvableLandscape({ a: 0.5, c: 2, lr, noise });
  const sampler = (seed: number): BatchSampler => batchSampler({ sampling: "with", n: 16, batch: 2, seed });

  async function tracked(
    options: Partial<Parameters<typeof trackEnsemble>[0]>,
  ): Promise<{ records: EnsembleRecord[]; end: TrackEnd }> {
    const records: EnsembleRecord[] = [];
    const items = trackEnsemble({
      objective,
      theta: Float64Array.of(0, 0),
      kick: 0.8,
      lr,
      steps: 30,
      samplers: [1, 2, 3].map(sampler),
      noiseEvery: 10,
      ...options,
    });
    for (;;) {
      const item = await items.next();
      if (item.done === true) return { records, end: item.value };
      records.push(item.value);
    }
  }

  it("follows each run exactly with its own noise, and keeps the runs apart", async () => {
    const { records, end } = await tracked({});
    expect(end).toMatchObject({ status: "finished", step: 30 });
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 31 }, (_, t) => t));
    for (const { real, predicted } of records) {
      real.forEach((run, i) => {
        expect(predicted[i]!.x).toBeCloseTo(run!.x, 9);
        expect(predicted[i]!.y).toBeCloseTo(run!.y, 9);
      });
    }
    const last = records.at(-1)!;
    expect(new Set(last.real.map((run) => run!.x.toFixed(6))).size).toBe(3);
    expect(records.filter(({ noise: at }) => at !== undefined).map(({ step }) => step)).toEqual([
      0, 10, 20, 30,
    ]);
    expect(last.noise!.varianceU).toBeCloseTo(0.09, 12);
    expect(last.noise!.varianceS).toBeCloseTo(0, 12);
  });

  it("ends when asked to, refuses an empty ensemble and float32", async () => {
    const { end } = await tracked({ signal: { aborted: true } });
    expect(end).toMatchObject({ status: "interrupted", step: 0 });
    await expect(tracked({ samplers: [] })).rejects.toThrow(/needs runs/);
    const single = { ...objective, dtype: "float32" as const };
    await expect(tracked({ objective: single })).rejects.toThrow(/needs float64/);
  });

  it("says when every run has left", async () => {
    const wild = solvableLandscape({ a: 0.5, c: 2, lr, noise: noise.map((value) => value * 1e5) });
    const { end, records } = await tracked({ objective: wild, samplers: [sampler(1)] });
    expect(end.status).toBe("diverged");
    expect(end.message).toMatch(/more than 1000·δ from θ†/);
    expect(records.at(-1)!.real).toEqual([null]);
  });
});
