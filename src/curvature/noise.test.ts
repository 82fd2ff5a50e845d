// Noise variances against enumeration of all batches, the oracle networks, and simulations of the real samplers.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuBackend, ORACLE_NETS, oracleObjective } from "../../test/oracle-networks.ts";
import { dot, vectorFrom, zeros } from "../math/index.ts";
import { batchSampler } from "../optim/index.ts";
import { sharpeningDirection } from "./landscape.ts";
import { allBatches, randomBatches, type BatchSampling } from "./noise-batches.ts";
import { noiseTable, noiseVariance, projectedVariance, sampledNoiseVariance } from "./noise.ts";

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../test/oracles/${name}.json`, import.meta.url), "utf8"));
}

interface NoiseOracle {
  readonly n: number;
  readonly single_sample_projected_variance: number;
  readonly batches: Readonly<
    Record<string, Readonly<Record<"without_replacement" | "with_replacement", { sigma_u2?: number }>>>
  >;
}

/** Mean and variance of f over all batches, each with its probability. */
function momentsOver(
  law: { n: number; batch: number; sampling: BatchSampling },
  f: (indices: Uint32Array) => number,
): { mean: number; variance: number; fourth: number; count: number } {
  const samples: { value: number; weight: number }[] = [];
  for (const { indices, weight } of allBatches(law)) samples.push({ value: f(indices), weight });
  const total = samples.reduce((sum, { weight }) => sum + weight, 0);
  const mean = samples.reduce((sum, { value, weight }) => sum + value * weight, 0) / total;
  const central = (p: number): number =>
    samples.reduce((sum, { value, weight }) => sum + weight * (value - mean) ** p, 0) / total;
  return { mean, variance: central(2), fourth: central(4), count: total };
}

const meanOf = (p: ArrayLike<number>, indices: Uint32Array): number => {
  let total = 0;
  for (const i of indices) total += p[i]!;
  return total / indices.length;
};

const backend = cpuBackend();

describe.each(Object.keys(ORACLE_NETS))("%s", (name) => {
  it("agrees with the oracle and with gradients of every batch, along u and along ∇S⊥", async () => {
    const expected = readJson(name) as NoiseOracle;
    const { objective, theta, oracle } = oracleObjective(name, "float64", backend);
    const { n, size } = objective;
    const u = vectorFrom("float64", oracle.u);
    const s2 = projectedVariance(await objective.projections(theta, u));
    expect(Math.abs(s2 / expected.single_sample_projected_variance - 1)).toBeLessThan(1e-9);
    for (const [b, both] of Object.entries(expected.batches)) {
      for (const sampling of ["with", "without"] as const) {
        const exact = both[`${sampling}_replacement`].sigma_u2;
        if (exact === undefined) continue;
        const ours = noiseVariance(s2, n, Number(b), sampling);
        expect(Math.abs(ours - exact)).toBeLessThanOrEqual(1e-9 * exact + (exact < 1e-20 ? 1e-20 : 0));
      }
    }
    const gradS = zeros("float64", size);
    await objective.sharpnessGradient(theta, u, gradS);
    sharpeningDirection(u, gradS, gradS);
    const gradient = zeros("float64", size);
    for (const direction of [u, gradS]) {
      const variance = projectedVariance(await objective.projections(theta, direction));
      for (const sampling of ["with", "without"] as const) {
        const law = { n, batch: 2, sampling };
        const values = new Map<string, number>();
        for (const { indices } of allBatches(law)) {
          await objective.batchLossAndGradient(theta, indices, gradient);
          values.set(indices.join(), dot(gradient, direction));
        }
        const brute = momentsOver(law, (indices) => values.get(indices.join())!).variance;
        expect(Math.abs(noiseVariance(variance, n, 2, sampling) / brute - 1)).toBeLessThan(1e-9);
      }
    }
    await objective.dispose();
  });
});

const population = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 6 });

it("equals enumeration for any small population, batch size and sampling", () => {
  fc.assert(
    fc.property(population, fc.nat(), fc.constantFrom("with", "without"), (p, pick, sampling) => {
      const n = p.length;
      const batch = 1 + (pick % n);
      const { variance, count } = momentsOver({ n, batch, sampling }, (indices) => meanOf(p, indices));
      expect(Math.abs(noiseVariance(projectedVariance(p), n, batch, sampling) - variance)).toBeLessThan(
        1e-13,
      );
      if (sampling === "with") expect(count).toBe(n ** batch);
    }),
    { seed: 5, numRuns: 150 },
  );
});

it("is exactly zero at b = n, except with replacement", () => {
  for (const n of [1, 2, 7]) {
    expect(noiseVariance(2, n, n, "without")).toBe(0);
    expect(noiseVariance(2, n, n, "shuffle")).toBe(0);
    expect(noiseVariance(2, n, n, "shuffle", "slow")).toBe(0);
    expect(noiseVariance(2, n, n, "with")).toBe(2 / n);
  }
  expect(noiseTable(3, 10, [5, 10])).toEqual({
    with: { 5: 0.6, 10: 0.3 },
    without: { 5: (0.6 * 5) / 9, 10: 0 },
    shuffle: { 5: 6 / 9, 10: 0 },
  });
});

it("the population variance survives a mean a billion times the spread", () => {
  expect(projectedVariance([1e9 + 1, 1e9 - 1, 1e9 + 1, 1e9 - 1])).toBe(1);
  expect(projectedVariance([4])).toBe(0);
  expect(projectedVariance(Float64Array.of(1, 2, 3, 4))).toBe(1.25);
  expect(() => projectedVariance([])).toThrow(/no projections/);
});

it.each([0, -1, 1.5, 8, Number.NaN])("refuses a batch of %d out of 7", (b) => {
  expect(() => noiseVariance(1, 7, b, "with")).toThrow(/batch.*from 1 to 7/);
  expect(() => sampledNoiseVariance(new Float64Array(7), { batch: b, sampling: "with", seed: 0 })).toThrow(
    /batch/,
  );
});

describe("epoch shuffling", () => {
  const oracle = readJson("sampling_slq") as {
    readonly population: readonly number[];
    readonly population_var: number;
    readonly sampling: readonly { b: number; scheme: string; theory: number }[];
  };
  const p = oracle.population;
  const n = p.length;
  const s2 = projectedVariance(p);
  const schemes = { replacement: "with", subset: "without", epoch: "shuffle" } as const;

  it("gives the tabulated effective values", () => {
    expect(Math.abs(s2 / oracle.population_var - 1)).toBeLessThan(1e-14);
    for (const { b, scheme, theory } of oracle.sampling) {
      const ours = noiseVariance(s2, n, b, schemes[scheme as keyof typeof schemes]);
      expect(Math.abs(ours / theory - 1)).toBeLessThan(1e-12);
    }
  });

  /** Var(x)·(1 − m²) of x ← m·x + ξ: the independent noise per step that the mode seems to feel. */
  function effectiveNoise(sampling: BatchSampling, batch: number, multiplier: number, steps: number): number {
    const mean = meanOf(
      p,
      Uint32Array.from(p, (_, i) => i),
    );
    const sampler = batchSampler({ sampling, n, batch, seed: 11 });
    let x = 0;
    let squares = 0;
    for (let t = -2000; t < steps; t++) {
      x = multiplier * x + meanOf(p, sampler.next()) - mean;
      if (t >= 0) squares += x * x;
    }
    return (squares / steps) * (1 - multiplier * multiplier);
  }

  // 13: three batches, one example left out; 8: five; 25: one batch, 15 left out; 20: two.
  it.each([
    ["shuffle", 20],
    ["shuffle", 13],
    ["shuffle", 8],
    ["shuffle", 25],
    ["without", 20],
    ["with", 20],
  ] as const)("an oscillating mode under %s, b = %d feels it", (sampling, b) => {
    const expected = noiseVariance(s2, n, b, sampling);
    expect(Math.abs(effectiveNoise(sampling, b, -0.98, 300_000) / expected - 1)).toBeLessThan(0.05);
  });

  it("slow and oscillating sums over epochs have the predicted variance per step", () => {
    const mean = meanOf(
      p,
      Uint32Array.from(p, (_, i) => i),
    );
    const epochs = 20_000;
    for (const b of [13, 8, 10, 25, 40]) {
      const perEpoch = Math.floor(n / b);
      const sampler = batchSampler({ sampling: "shuffle", n, batch: b, seed: 12 });
      let slow = 0;
      let oscillating = 0;
      for (let epoch = 0; epoch < epochs; epoch++) {
        let sum = 0;
        let alternating = 0;
        for (let k = 0; k < perEpoch; k++) {
          const xi = meanOf(p, sampler.next()) - mean;
          sum += xi;
          alternating += k % 2 === 0 ? xi : -xi;
        }
        slow += sum * sum;
        oscillating += alternating * alternating;
      }
      const steps = epochs * perEpoch;
      const expectedSlow = noiseVariance(s2, n, b, "shuffle", "slow");
      const expected = noiseVariance(s2, n, b, "shuffle", "oscillating");
      // Standard error of a variance from 20,000 samples: 1 %.
      expect(Math.abs(slow / steps - expectedSlow)).toBeLessThanOrEqual(0.04 * expectedSlow + 1e-15);
      expect(Math.abs(oscillating / steps - expected)).toBeLessThanOrEqual(0.04 * expected + 1e-15);
    }
  });

  it("is the pure 1/b law for an even number of batches, whatever is left over", () => {
    for (const b of [20, 19, 10, 6]) {
      expect(Math.floor(n / b) % 2).toBe(0);
      expect(noiseVariance(s2, n, b, "shuffle")).toBeCloseTo((s2 / b) * (n / (n - 1)), 14);
    }
  });
});

describe("the estimate from sampled batches", () => {
  const p = Float64Array.of(0.3, -2, 0.1, 5, 1, -0.4, 0.2);
  const n = p.length;

  it.each(["with", "without"] as const)("has the stated standard error (%s)", (sampling) => {
    for (const batch of [1, 3, 6]) {
      // Var s² = (μ₄ − σ⁴(M−3)/(M−1))/M, with the moments of the batch mean by enumeration.
      const count = 20;
      const { variance, fourth } = momentsOver({ n, batch, sampling }, (indices) => meanOf(p, indices));
      const expected = Math.sqrt((fourth - (variance ** 2 * (count - 3)) / (count - 1)) / count);
      const repeats = 1500;
      let sum = 0;
      let squares = 0;
      for (let seed = 0; seed < repeats; seed++) {
        const found = sampledNoiseVariance(p, { batch, batches: count, sampling, seed });
        expect(Math.abs(found.stderr / expected - 1)).toBeLessThan(1e-9);
        sum += found.variance;
        squares += (found.variance - variance) ** 2;
      }
      expect(Math.abs(sum / repeats - variance)).toBeLessThan((4 * expected) / Math.sqrt(repeats));
      expect(Math.abs(Math.sqrt(squares / repeats) / expected - 1)).toBeLessThan(0.12);
    }
  });

  it("defaults to 50 batches, is reproducible, and vanishes with the noise", () => {
    const options = { batch: 2, sampling: "without", seed: 4 } as const;
    const found = sampledNoiseVariance(p, options);
    expect(found.batches).toBe(50);
    expect(sampledNoiseVariance(p, options)).toEqual(found);
    expect(sampledNoiseVariance(p, { ...options, purpose: "step 7" })).not.toEqual(found);
    expect(sampledNoiseVariance(p, { ...options, batch: n })).toMatchObject({ variance: 0, stderr: 0 });
    expect(sampledNoiseVariance(new Float64Array(5).fill(3), options)).toMatchObject({
      variance: 0,
      stderr: 0,
    });
    expect(() => sampledNoiseVariance(p, { ...options, batches: 1 })).toThrow(/two batches/);
  });
});

describe("batches", () => {
  it("enumerates each subset once, in order", () => {
    const found = [...allBatches({ n: 5, batch: 3, sampling: "without" })].length;
    expect(found).toBe(10);
    const seen: string[] = [];
    for (const { indices } of allBatches({ n: 4, batch: 2, sampling: "shuffle" })) seen.push(indices.join());
    expect(seen).toEqual(["0,1", "0,2", "0,3", "1,2", "1,3", "2,3"]);
  });

  it("enumerates multisets with the number of their orderings", () => {
    const seen: string[] = [];
    for (const { indices, weight } of allBatches({ n: 3, batch: 3, sampling: "with" })) {
      seen.push(`${indices.join("")} ${weight}`);
    }
    expect(seen).toEqual([
      "000 1",
      "001 3",
      "002 3",
      "011 3",
      "012 6",
      "022 3",
      "111 1",
      "112 3",
      "122 3",
      "222 1",
    ]);
  });

  it("refuses to enumerate what would never end", () => {
    expect(() => [...allBatches({ n: 5000, batch: 50, sampling: "without" })]).toThrow(/too many batches/);
  });

  it("draws what the sampling allows", () => {
    for (const sampling of ["with", "without"] as const) {
      let distinct = 0;
      let drawn = 0;
      for (const { indices } of randomBatches({ n: 6, batch: 4, sampling, seed: 1, purpose: "test" })) {
        expect(indices.every((i) => i < 6)).toBe(true);
        if (new Set(indices).size === 4) distinct++;
        if (++drawn === 300) break;
      }
      // P(4 distinct of 6 with replacement) = 360/1296.
      expect(distinct / 300).toSatisfy((share: number) =>
        sampling === "without" ? share === 1 : share > 0.2 && share < 0.36,
      );
    }
  });
});
