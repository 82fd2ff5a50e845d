// Chebyshev points and Gaussian classes against closed forms and an independent learner.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { buildDataset } from "./build.ts";
import { chebyshevPolynomial } from "./chebyshev.ts";
import type { Dataset, Examples } from "./dataset.ts";

describe("chebyshev", () => {
  it("has T_k(cos t) = cos kt", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.double({ min: 0, max: Math.PI, noNaN: true }),
        (k, t) => {
          expect(chebyshevPolynomial(k, Math.cos(t))).toBeCloseTo(Math.cos(k * t), 9);
        },
      ),
    );
    expect(chebyshevPolynomial(3, 0.3)).toBeCloseTo(4 * 0.027 - 0.9, 15);
  });

  it("spaces points equally with both ends", async () => {
    const set = await buildDataset({ name: "chebyshev", degree: 4, n: 20, dtype: "float64" });
    expect(set).toMatchObject({ inputShape: [1], outputs: 1, classes: 0, test: null });
    expect(set.train.labels).toBeNull();
    const { x, y } = set.train;
    expect([x[0], x[19], y[0], y[19]]).toEqual([-1, 1, 1, 1]);
    for (let i = 0; i < 20; i++) {
      expect(x[i]).toBeCloseTo(-1 + (2 * i) / 19, 15);
      expect(x[i]).toBe(-x[19 - i]!);
      expect(y[i]).toBeCloseTo(8 * x[i]! ** 4 - 8 * x[i]! ** 2 + 1, 13);
    }
    expect((await buildDataset({ name: "chebyshev" })).train.x).toBeInstanceOf(Float32Array);
  });
});

/** Multiclass perceptron without bias; epochs until it makes no mistake, or null. */
function perceptronEpochs(examples: Examples, features: number, classes: number): number | null {
  const weights = new Float64Array(classes * features);
  const score = (i: number, k: number): number => {
    let sum = 0;
    for (let j = 0; j < features; j++) sum += weights[k * features + j]! * examples.x[i * features + j]!;
    return sum;
  };
  for (let epoch = 1; epoch <= 20_000; epoch++) {
    let mistakes = 0;
    for (let i = 0; i < examples.n; i++) {
      const label = examples.labels![i]!;
      for (let k = 0; k < classes; k++) {
        if (k === label || score(i, label) > score(i, k)) continue;
        mistakes++;
        for (let j = 0; j < features; j++) {
          weights[label * features + j]! += examples.x[i * features + j]!;
          weights[k * features + j]! -= examples.x[i * features + j]!;
        }
      }
    }
    if (mistakes === 0) return epoch;
  }
  return null;
}

function largestNorm({ n, x }: Examples, features: number): number {
  let largest = 0;
  for (let i = 0; i < n; i++)
    largest = Math.max(largest, Math.hypot(...x.subarray(i * features, (i + 1) * features)));
  return largest;
}

describe("gaussians", () => {
  it("gives classes a bias-free linear model separates, in the unit ball", async () => {
    for (const seed of [0, 1, 2]) {
      const set = await buildDataset({ name: "gaussians", seed, testN: 60 });
      expect(set).toMatchObject({ inputShape: [10], outputs: 3, classes: 3 });
      expect(set.train.n).toBe(150);
      expect([0, 1, 2].map((k) => set.train.labels!.filter((label) => label === k).length)).toEqual([
        50, 50, 50,
      ]);
      expect(perceptronEpochs(set.train, 10, 3)).not.toBeNull();
      expect(Math.max(largestNorm(set.train, 10), largestNorm(set.test!, 10))).toBeCloseTo(1, 6);
    }
  });

  it("states a margin that its perceptron bound confirms", async () => {
    const set = await buildDataset({ name: "gaussians", margin: 1, dtype: "float64" });
    const margin = Number(/margin (\S+) /.exec(set.provenance.notes[0]!)![1]);
    expect(margin).toBeGreaterThan(0);
    // Novikoff for the multiclass perceptron: at most 2·max‖x‖²/γ² mistakes, so at most that many epochs.
    expect(perceptronEpochs(set.train, 10, 3)!).toBeLessThanOrEqual(Math.ceil(2 / margin ** 2) + 1);
    const tight = await buildDataset({ name: "gaussians", margin: 0.01 });
    expect(Number(/margin (\S+) /.exec(tight.provenance.notes[0]!)![1])).toBeLessThan(margin);
  });

  it("keeps every point its distance from every dividing plane", async () => {
    const build = (extra: Record<string, unknown>): Promise<Dataset> =>
      buildDataset({ name: "gaussians", unitBall: false, dtype: "float64", seed: 5, ...extra });
    // With no spread the points are the means themselves.
    const means = (await build({ sigma: 0, n: 3 })).train.x;
    const set = await build({ margin: 0.5 });
    const at = (values: ArrayLike<number>, i: number, j: number): number => values[i * 10 + j]!;
    for (let k = 0; k < 3; k++) expect(Math.hypot(...means.subarray(k * 10, k * 10 + 10))).toBeCloseTo(3, 12);
    for (let i = 0; i < 150; i++) {
      for (let k = 0; k < 3; k++) {
        if (k === i % 3) continue;
        let projection = 0;
        let gap = 0;
        for (let j = 0; j < 10; j++) {
          const difference = at(means, i % 3, j) - at(means, k, j);
          projection += difference * at(set.train.x, i, j);
          gap += difference ** 2;
        }
        expect(projection / Math.sqrt(gap)).toBeGreaterThanOrEqual(0.5 - 1e-12);
      }
    }
  });

  it("is reproducible, and a smaller set begins a larger one", async () => {
    const build = (n: number, seed: number): Promise<Dataset> =>
      buildDataset({ name: "gaussians", n, seed, unitBall: false });
    const large = await build(90, 3);
    expect(await build(90, 3)).toEqual(large);
    expect((await build(30, 3)).train.x).toEqual(large.train.x.slice(0, 300));
    expect((await build(90, 4)).provenance.checksum).not.toBe(large.provenance.checksum);
  });

  it("gives ±1 targets for two classes", async () => {
    const set = await buildDataset({ name: "gaussians", classes: 2, n: 4, targets: "pm1" });
    expect([...set.train.y]).toEqual([-1, 1, -1, 1]);
  });

  it("gives up on impossible margins with advice", async () => {
    const built = buildDataset({ name: "gaussians", margin: 50 });
    await expect(built).rejects.toThrow(InputError);
    await expect(buildDataset({ name: "gaussians", margin: 50 })).rejects.toThrow(
      /data.margin.*smaller margin/,
    );
    await expect(buildDataset({ name: "gaussians", n: 10_000_000, features: 1000 })).rejects.toThrow(
      /too large/,
    );
  });
});
