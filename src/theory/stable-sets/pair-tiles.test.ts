// The kernels of one step and one class against plain sums, every order and size, and what they leave out.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { Extremes } from "./pair-extremes.ts";
import { LEAST } from "./pair-kernel-builder.ts";
import { EXPONENTIAL_REACH, HIGHEST_ORDER, HIGHEST_SUM } from "./pair-kernels.ts";
import { orderFor, reachesOf } from "./pair-reach.ts";
import { PairTiles, SLOTS } from "./pair-tiles.ts";

/** A few roundings, relative to the sum of the absolute changes. */
const ROUNDING = { float32: 1e-6, float64: 2e-15 } as const;

/** A class of `members` examples beside `classes − 1` others with one each; the step is that of the last example. */
function problem(seed: number, members: number, classes: number, potential: number) {
  const random = randomStream(seed, "pair-tiles");
  const n = members + classes - 1;
  const labels = Int32Array.from({ length: n }, (_, j) => Math.max(0, j - members + 1));
  const gram = Float64Array.from({ length: n * n }, () => 2 * random.uniform() - 1);
  const losses = new Float64Array(n);
  const residuals = new Float64Array(n * classes);
  for (let j = 0; j < n; j++) {
    const logits = Array.from({ length: classes }, () => Math.exp(2 * random.normal()));
    const others = logits.reduce((sum, z, k) => (k === labels[j] ? sum : sum + z), 0);
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      if (k === labels[j]) continue;
      residuals[j * classes + k] = (potential * random.uniform() * logits[k]!) / others;
      sum += residuals[j * classes + k]!;
    }
    losses[j] = -Math.log1p(-sum);
  }
  // Residuals of the step: what moves class 0 is the difference from its own, at most 1, and exact in either precision.
  const step = Float64Array.from({ length: classes }, () => random.integer(1024) / 1024 - 0.5);
  const moves = Array.from({ length: classes - 1 }, (_, k) => step[0]! - step[k + 1]!);
  return { n, classes, labels, gram, losses, residuals, step, moves };
}

type Problem = ReturnType<typeof problem>;

/** ⟨x_i, x_j⟩ and p_jk of the other classes, for every j of class 0. */
function* pairs({ n, classes, labels, gram, residuals }: Problem): Generator<[number, Float64Array]> {
  for (let j = 0; j < n; j++) {
    if (labels[j] === 0 && j !== n - 1)
      yield [gram[(n - 1) * n + j]!, residuals.subarray(j * classes + 1, (j + 1) * classes)];
  }
}

/** Begins with a step, the only one there is unless told. */
function begin(tiles: PairTiles, residuals: Float64Array, size = 1, factor = 0, slot = 0, row = 0): void {
  tiles.begin(slot, { row, residuals, from: 0, inverse: 1, size, factor });
}

function tilesOf(
  given: Problem,
  dtype: "float32" | "float64",
  scale: number,
  size = 1,
  factor = 0,
): PairTiles {
  const tiles = new PairTiles(given, given.gram, Int32Array.of(given.n - 1), dtype);
  tiles.setShares(given.residuals, given.losses, scale);
  begin(tiles, given.step, size, factor);
  return tiles;
}

const problems = fc
  .record({
    seed: fc.nat(1000),
    members: fc.integer({ min: 1, max: 40 }),
    classes: fc.integer({ min: 2, max: 12 }),
    digits: fc.constantFrom(0, 0, 1, 5, 20, 30),
    size: fc.double({ min: 1e-4, max: 1, noNaN: true }),
  })
  .map(({ seed, members, classes, digits, size }) => {
    const potential = 0.99 * 10 ** -digits;
    return { given: problem(seed, members, classes, potential), scale: potential, size };
  });

/** Checks Σ_j ln(1 + u_j) with u_j = Σ_k p_jk·change(move); errors may be `relative` to the changes, and `ofShares` to the p_jk. */
function expectLogs(
  found: number,
  given: Problem,
  size: number,
  change: (move: number, k: number) => number,
  relative: number,
  ofShares = 0,
): void {
  let total = 0;
  let sum = 0;
  let absolute = 0;
  for (const [inner, shares] of pairs(given)) {
    let u = 0;
    let terms = 0;
    shares.forEach((p, k) => {
      const term = p * change(inner * size * given.moves[k]!, k);
      u += term;
      terms += Math.abs(term);
      sum += p;
    });
    total += Math.log1p(u);
    absolute += Math.max(terms, Math.abs(Math.log1p(u)));
  }
  expect(Math.abs(found - total)).toBeLessThanOrEqual(relative * absolute + ofShares * sum);
}

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const orders = Array.from({ length: HIGHEST_ORDER[dtype] }, (_, at) => at + 1);

  test.each(orders)(
    "the exponential's polynomial of order %i, that of others up to one less; logarithms exact",
    (order) => {
      fc.assert(
        fc.property(problems, ({ given, scale, size }) => {
          const factor = scale * size;
          const tiles = tilesOf(given, dtype, scale, size, factor);
          const sizes = given.moves.map(Math.abs);
          const farthest = sizes.indexOf(Math.max(...sizes));
          tiles.run(tiles.kernels.polynomials[order - 1]!, tiles.classes[0]!, 0, farthest + 1);
          const polynomial = (x: number, k: number): number => {
            const highest = order > 1 && order <= HIGHEST_SUM && k !== farthest ? order - 1 : order;
            let value = 0;
            for (let d = highest; d > 0; d--) value = (x / d) * (1 + value);
            return value;
          };
          expectLogs(tiles.sumOfLogs(0, factor), given, size, polynomial, ROUNDING[dtype]);
        }),
        { numRuns: 60 },
      );
    },
  );

  test("exponentials, from moves of 0.01 to as far as they go", () => {
    const reach = EXPONENTIAL_REACH[dtype];
    fc.assert(
      fc.property(
        problems,
        fc.double({ min: -2, max: Math.log10(reach), noNaN: true }),
        ({ given, scale }, power) => {
          const size = 10 ** power;
          const tiles = tilesOf(given, dtype, scale, size, scale * size);
          tiles.run(tiles.kernels.exponentials, tiles.classes[0]!, 0, 1);
          // A far move is rounded before its exponential is taken; that of a small one is rounded beside 1.
          const [relative, ofShares] = [ROUNDING[dtype] * Math.max(1, size / 10), ROUNDING[dtype]];
          expectLogs(tiles.sumOfLogs(0, scale * size), given, size, Math.expm1, relative, ofShares);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("the spread of the moves", () => {
    fc.assert(
      fc.property(problems, ({ given, scale }) => {
        const tiles = tilesOf(given, dtype, scale, 1, scale);
        tiles.run(tiles.kernels.spread, tiles.classes[0]!, 0, 1);
        let total = 0;
        let absolute = 0;
        for (const [inner, shares] of pairs(given)) {
          const [mean, square] = [1, 2].map((d) =>
            shares.reduce((sum, p, k) => sum + p * given.moves[k]! ** d, 0),
          );
          total += inner * inner * (square! - mean! * mean!);
          absolute += inner * inner * square!;
        }
        expect(Math.abs(scale * tiles.sumOfSpreads(0) - total)).toBeLessThanOrEqual(
          ROUNDING[dtype] * absolute,
        );
      }),
      { numRuns: 100 },
    );
  });

  test("classes add up, each by the kernel it takes", () => {
    fc.assert(
      fc.property(problems, ({ given, scale, size }) => {
        const factor = scale * size;
        const tiles = tilesOf(given, dtype, scale);
        const { polynomials, exponentials } = tiles.kernels;
        const kernels = [exponentials, ...polynomials.slice(2)];
        let apart = 0;
        tiles.classes.forEach((each, at) => {
          begin(tiles, given.step, size, factor);
          tiles.run(kernels[at % kernels.length]!, each, 0, at === 0 ? 1 : 0);
          apart += tiles.sumOfLogs(0, factor);
        });
        begin(tiles, given.step, size, factor);
        tiles.classes.forEach((each, at) => {
          tiles.run(kernels[at % kernels.length]!, each, 0, at === 0 ? 1 : 0);
        });
        const error = Math.abs(tiles.sumOfLogs(0, factor) - apart);
        expect(error).toBeLessThanOrEqual(ROUNDING[dtype] * given.n * Math.max(Math.abs(apart), factor));
      }),
      { numRuns: 60 },
    );
  });

  test("shares and moves that are lost beside the others are left out, whatever was there before", () => {
    const given = problem(1, 20, 5, 0.5);
    const tiles = tilesOf(given, dtype, 0.5);
    const spread = (step: Float64Array): number => {
      begin(tiles, step);
      tiles.run(tiles.kernels.spread, tiles.classes[0]!, 0, 1);
      return tiles.sumOfSpreads(0);
    };
    expect(spread(given.step)).toBeGreaterThan(0);
    expect(spread(Float64Array.of(0.5, 0.5, 0.5, 0.5, 0.5))).toBe(0);
    // A first move of half the least, which is left out, and of twice the least, whose square is.
    const first = (by: number): number => {
      begin(tiles, Float64Array.of(0, by, 0, 0, 0));
      tiles.run(tiles.kernels.polynomials[1]!, tiles.classes[0]!, 0, 2);
      return tiles.sumOfLogs(0, 1);
    };
    const least = LEAST[dtype];
    expect(first(least / 2)).toBe(0);
    expect(first(2 * least)).not.toBe(0);
    expect(spread(Float64Array.of(0, 2 * least, 0, 0, 0))).toBe(0);
    // Beside a scale so large every share is lost; without a scale there is none.
    tiles.setShares(given.residuals, given.losses, 1 / least);
    expect(spread(given.step)).toBe(0);
    tiles.setShares(given.residuals, given.losses, 0);
    expect(spread(given.step)).toBe(0);
  });

  test("a class nobody has, and the step's own example, have no part", () => {
    const labels = Int32Array.of(0, 2, 2);
    const gram = Float64Array.of(1, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 1);
    const tiles = new PairTiles({ n: 3, classes: 3, labels }, gram, Int32Array.of(0, 1), dtype);
    expect(tiles.classes.map(({ label, members }) => [label, ...members])).toEqual([
      [0, 0],
      [2, 1, 2],
    ]);
    tiles.setShares(new Float64Array(9).fill(0.25), new Float64Array(3).fill(Math.LN2), 1);
    begin(tiles, Float64Array.of(0, 0, 1));
    // Moves of class 0 are 0 and −1, of example 0 alone; of class 2 both 1, of examples 1 and 2.
    tiles.run(tiles.kernels.spread, tiles.classes[0]!, 0, 1);
    expect(tiles.sumOfSpreads(0)).toBe(0);
    begin(tiles, Float64Array.of(0, 0, 1), 1, 0, 0, 1);
    tiles.run(tiles.kernels.spread, tiles.classes[1]!, 0, 0);
    // Example 2 alone: ½²·(¼ + ¼).
    expect(tiles.sumOfSpreads(0)).toBe(0.125);
  });
});

test("reaches: every order's first omitted term is the tolerance, and the lowest that serves is taken", () => {
  for (const tolerance of [1e-6, 1e-10, 1e-14]) {
    const reaches = reachesOf(tolerance, 10);
    reaches.forEach((reach, at) => {
      const order = at + 1;
      const terms = Array.from({ length: order }, (_, m) => reach / (m + 2));
      const omitted = terms.reduce((a, b) => a * b, Math.exp(2 * reach));
      expect(Math.abs(omitted / tolerance - 1)).toBeLessThan(1e-9);
      expect(orderFor(reaches, reach, 0)).toBe(order);
      expect(orderFor(reaches, reach * 1.001, 0)).toBe(order < 10 ? order + 1 : null);
      // Others have an order less up to `HIGHEST_SUM`.
      const all = order > 1 && order <= HIGHEST_SUM ? order + 1 : order;
      expect(orderFor(reaches, reach, reach)).toBe(all);
    });
    expect(orderFor(reaches, 0, 0)).toBe(1);
    expect(orderFor(reaches, Number.NaN, Number.NaN)).toBeNull();
  }
});

test("slots keep steps apart", () => {
  const given = problem(3, 20, 4, 0.5);
  const tiles = tilesOf(given, "float32", 0.5);
  const other = given.step.map((r) => r / 2);
  const last = SLOTS - 1;
  begin(tiles, other, 1, 0, last);
  const spread = (slot: number): void => {
    tiles.run(tiles.kernels.spread, tiles.classes[0]!, slot, 1);
  };
  spread(0);
  spread(last);
  const found = tiles.sumOfSpreads(0);
  expect(tiles.sumOfSpreads(last)).toBe(found / 4);
  spread(last);
  expect(tiles.sumOfSpreads(last)).toBe(found / 2);
  expect(tiles.sumOfSpreads(0)).toBe(found);
});

test("extremes: the farthest of some numbers from one of them, and the second", () => {
  const several = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 8 });
  fc.assert(
    fc.property(several, fc.nat(), (numbers, pick) => {
      const extremes = new Extremes();
      extremes.take(Float64Array.from([5, ...numbers]), 1, numbers.length);
      expect(extremes.size).toBe(Math.max(...numbers) - Math.min(...numbers));
      const at = pick % numbers.length;
      extremes.relativeTo(numbers[at]!);
      const distances = numbers.map((number) => Math.abs(number - numbers[at]!));
      const [far, second] = distances.toSorted((a, b) => b - a);
      expect([extremes.far, extremes.others]).toEqual([far, second]);
      expect(distances[extremes.farthest]).toBe(far);
    }),
  );
});
