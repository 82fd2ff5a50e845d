// Samplers: what each batch may contain, how often each example comes, and exact continuation from a saved state.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { batchSampler, resolveBatch, SAMPLINGS, type SamplerState } from "./samplers.ts";

const sizes = fc
  .integer({ min: 1, max: 60 })
  .chain((n) => fc.record({ n: fc.constant(n), batch: fc.integer({ min: 1, max: n }), seed: fc.nat() }));

/** Batches as plain arrays, copied because the sampler reuses its own. */
function take(sampler: { next(): Uint32Array }, count: number): number[][] {
  return Array.from({ length: count }, () => [...sampler.next()]);
}

describe.each(SAMPLINGS)("sampling %s", (sampling) => {
  it("gives b indices within range, the same for the same seed", () => {
    fc.assert(
      fc.property(sizes, (config) => {
        const batches = take(batchSampler({ sampling, ...config }), 12);
        for (const batch of batches) {
          expect(batch).toHaveLength(config.batch);
          expect(batch.every((i) => Number.isInteger(i) && i >= 0 && i < config.n)).toBe(true);
          if (sampling !== "with") expect(new Set(batch).size).toBe(config.batch);
        }
        expect(take(batchSampler({ sampling, ...config }), 12)).toEqual(batches);
      }),
    );
  });

  it("continues to the bit from a state that went through JSON, wherever it was taken", () => {
    fc.assert(
      fc.property(sizes, fc.nat({ max: 40 }), (config, before) => {
        const whole = take(batchSampler({ sampling, ...config }), before + 20);
        const first = batchSampler({ sampling, ...config });
        take(first, before);
        const state = JSON.parse(JSON.stringify(first.state())) as SamplerState;
        const resumed = batchSampler({ sampling, ...config }, state);
        expect(resumed.state()).toEqual(state);
        expect(take(resumed, 20)).toEqual(whole.slice(before));
      }),
    );
  });

  it("uses every example equally often", () => {
    const [n, batch, draws] = [10, 3, 20_000];
    const sampler = batchSampler({ sampling, n, batch, seed: 5 });
    const counts = new Array<number>(n).fill(0);
    for (let i = 0; i < draws; i++) for (const index of sampler.next()) counts[index]! += 1;
    // Six standard deviations of a binomial count.
    const expected = (draws * batch) / n;
    for (const count of counts) expect(Math.abs(count - expected)).toBeLessThan(6 * Math.sqrt(expected));
  });

  it("has different batches under another seed", () => {
    const [a, b] = [1, 2].map((seed) => take(batchSampler({ sampling, n: 100, batch: 10, seed }), 3));
    expect(a).not.toEqual(b);
  });
});

it("shuffle: an epoch of ⌊n/b⌋ batches has no example twice, and epochs differ", () => {
  fc.assert(
    fc.property(sizes, ({ n, batch, seed }) => {
      const sampler = batchSampler({ sampling: "shuffle", n, batch, seed });
      const perEpoch = Math.floor(n / batch);
      for (let epoch = 0; epoch < 3; epoch++) {
        const seen = take(sampler, perEpoch).flat();
        expect(new Set(seen).size).toBe(perEpoch * batch);
      }
    }),
  );
  const sampler = batchSampler({ sampling: "shuffle", n: 50, batch: 50, seed: 0 });
  const [first, second] = take(sampler, 2);
  expect(first).not.toEqual(second);
  expect([...first!].sort((a, b) => a - b)).toEqual([...second!].sort((a, b) => a - b));
});

it("with: a batch can hold an example twice, as i.i.d. draws do", () => {
  // P(all 20 of 20 distinct) = 20!/20^20 ≈ 2e-8.
  const [batch] = take(batchSampler({ sampling: "with", n: 20, batch: 20, seed: 1 }), 1);
  expect(new Set(batch).size).toBeLessThan(20);
});

it("noise of the batch mean has the finite-population factor without replacement, and not with", () => {
  // Population {0, 1, 2, 3}, b = 2: variance of the mean s²/b·(n−b)/(n−1) without, s²/b with; s² = 1.25.
  const variance = (sampling: "with" | "without"): number => {
    const sampler = batchSampler({ sampling, n: 4, batch: 2, seed: 3 });
    let squares = 0;
    const draws = 60_000;
    for (let i = 0; i < draws; i++) {
      const [a, b] = sampler.next();
      squares += ((a! + b!) / 2 - 1.5) ** 2;
    }
    return squares / draws;
  };
  expect(variance("with")).toBeCloseTo(0.625, 1);
  expect(variance("without")).toBeCloseTo((0.625 * 2) / 3, 1);
});

it("rejects impossible batches with the allowed range", () => {
  expect(resolveBatch("full", 7)).toBe(7);
  expect(resolveBatch(7, 7)).toBe(7);
  for (const bad of [0, -1, 1.5, 8, Number.NaN]) {
    expect(() => resolveBatch(bad, 7)).toThrow(InputError);
    expect(() => resolveBatch(bad, 7)).toThrow(/optimizer\.batch.*from 1 to 7, or full/s);
  }
});

it("rejects an unknown sampling and a state of another one", () => {
  const config = { n: 5, batch: 2, seed: 0 };
  const misspelt = { ...config, sampling: "shufle" as "shuffle" };
  expect(() => batchSampler(misspelt)).toThrow(/Did you mean "shuffle"/);
  const state = batchSampler({ ...config, sampling: "with" }).state();
  expect(() => batchSampler({ ...config, sampling: "shuffle" }, state)).toThrow(InputError);
});
