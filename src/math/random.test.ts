// Random streams: the distributions they claim, exact resumption, and independence of purposes.
import { describe, expect, test } from "vitest";
import { RandomStream, randomStream } from "./index.ts";

/** Pearson's χ² of counts against equal expectations; mean `cells − 1`, standard deviation √(2(cells − 1)). */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
}

/** Six standard deviations: a correct generator fails one in 10⁸ times, and these seeds are fixed anyway. */
function expectUniform(counts: readonly number[]): void {
  const freedom = counts.length - 1;
  expect(Math.abs(chiSquare(counts) - freedom)).toBeLessThan(6 * Math.sqrt(2 * freedom));
}

function histogram(cells: number, draws: number, draw: () => number): number[] {
  const counts = new Array<number>(cells).fill(0);
  for (let k = 0; k < draws; k++) counts[draw()]!++;
  return counts;
}

const draws = (stream: RandomStream, count: number): number[] =>
  Array.from({ length: count }, () => stream.uniform());

test("signed fills [−1, 1) evenly", () => {
  const stream = randomStream(3, "test");
  const values = Array.from({ length: 50_000 }, () => stream.signed());
  expect(values.every((x) => x >= -1 && x < 1)).toBe(true);
  let next = 0;
  expectUniform(histogram(64, values.length, () => Math.floor((values[next++]! + 1) * 32)));
});

describe("uniform", () => {
  test("stays in [0, 1), fills it evenly, and has the right moments", () => {
    const stream = randomStream(1, "test");
    const values = draws(stream, 100_000);
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true);
    const moment = (p: number): number => values.reduce((total, x) => total + x ** p, 0) / values.length;
    for (const p of [1, 2, 3, 4]) expect(Math.abs(moment(p) - 1 / (p + 1))).toBeLessThan(0.006);
    let next = 0;
    expectUniform(histogram(100, values.length, () => Math.floor(values[next++]! * 100)));
  });

  test("uses 53 bits: the low ones are as even as the high ones", () => {
    const stream = randomStream(2, "test");
    for (const scale of [2 ** 21, 2 ** 27, 2 ** 37, 2 ** 48]) {
      expectUniform(histogram(32, 20_000, () => Math.floor(stream.uniform() * scale) % 32));
    }
    expect(draws(stream, 1000).every((x) => Number.isInteger(x * 2 ** 53))).toBe(true);
    expect(draws(stream, 1000).some((x) => !Number.isInteger(x * 2 ** 50))).toBe(true);
  });

  test("successive draws are independent: pairs fill the square", () => {
    const stream = randomStream(3, "test");
    expectUniform(
      histogram(64, 50_000, () => 8 * Math.floor(stream.uniform() * 8) + Math.floor(stream.uniform() * 8)),
    );
    const values = draws(stream, 50_001);
    const lagged =
      values.slice(1).reduce((total, x, k) => total + (x - 0.5) * (values[k]! - 0.5), 0) / 50_000;
    expect(Math.abs(lagged * 12)).toBeLessThan(6 / Math.sqrt(50_000));
  });
});

describe("integer", () => {
  test.each([1, 2, 3, 7, 10, 64, 1000])("below %d", (bound) => {
    const stream = randomStream(4, "test");
    const counts = histogram(bound, 40_000, () => stream.integer(bound));
    expect(counts.length, "no draw reached the bound").toBe(bound);
    if (bound > 1) expectUniform(counts);
  });

  test("is unbiased where the bound does not divide 2³²", () => {
    // Without rejection the lower half would be drawn two times in three.
    const stream = randomStream(5, "test");
    const bound = 3 * 2 ** 30;
    const low = histogram(2, 30_000, () => Number(stream.integer(bound) >= bound / 3))[0]!;
    expect(Math.abs(low / 30_000 - 1 / 3)).toBeLessThan(0.02);
    expect(randomStream(5, "test").integer(2 ** 32)).toBeLessThan(2 ** 32);
  });
});

describe("normal", () => {
  test("has the moments and tails of the standard normal distribution", () => {
    const stream = randomStream(6, "test");
    const count = 200_000;
    const values = Array.from({ length: count }, () => stream.normal());
    const moment = (p: number): number => values.reduce((total, x) => total + x ** p, 0) / count;
    // Standard errors of the mean of xᵖ: √(E x²ᵖ − (E xᵖ)²)/√count.
    for (const [p, expected, spread] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
      [6, 15, 10_170],
    ] as const) {
      expect(Math.abs(moment(p) - expected)).toBeLessThan(5 * Math.sqrt(spread / count));
    }
    for (const [bound, probability] of [
      [1, 0.317310507862914],
      [2, 0.0455002638963584],
      [3, 0.0026997960632602],
    ] as const) {
      const outside = values.filter((x) => Math.abs(x) > bound).length / count;
      expect(Math.abs(outside - probability)).toBeLessThan(5 * Math.sqrt(probability / count));
    }
    const pairs = values.slice(1).reduce((total, x, k) => total + x * values[k]!, 0) / count;
    expect(Math.abs(pairs)).toBeLessThan(6 / Math.sqrt(count));
  });
});

describe("shuffle", () => {
  test("draws all permutations equally often", () => {
    const stream = randomStream(7, "test");
    const counts = new Map<string, number>();
    for (let k = 0; k < 24_000; k++) {
      const values = [0, 1, 2, 3];
      stream.shuffle(values);
      const key = values.join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expectUniform([...counts.values()]);
  });

  test("keeps the elements, of lists and of typed arrays, and does nothing to short ones", () => {
    const stream = randomStream(8, "test");
    const values = Uint32Array.from({ length: 1000 }, (_, k) => k);
    stream.shuffle(values);
    expect(values.toSorted()).toEqual(Uint32Array.from({ length: 1000 }, (_, k) => k));
    expect(values.filter((value, k) => value === k).length).toBeLessThan(10);
    for (const short of [[], [5]]) {
      const copy = [...short];
      stream.shuffle(copy);
      expect(copy).toEqual(short);
    }
  });

  test("a partial shuffle is a uniform ordered sample, the rest a permutation of what is left", () => {
    const stream = randomStream(9, "test");
    const counts = new Map<string, number>();
    for (let k = 0; k < 20_000; k++) {
      const values = [0, 1, 2, 3, 4];
      stream.partialShuffle(values, 2);
      expect(values.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
      const key = values.slice(0, 2).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(20);
    expectUniform([...counts.values()]);
    const untouched = [3, 1, 2];
    stream.partialShuffle(untouched, 0);
    expect(untouched).toEqual([3, 1, 2]);
  });
});

describe("state", () => {
  const afterwards = (stream: RandomStream): number[] => [
    stream.normal(),
    stream.uniform(),
    stream.normal(),
    stream.integer(1000),
    stream.normal(),
  ];

  test.each([0, 1, 2, 7])("resumes to the bit after %d normal draws, through JSON", (count) => {
    const stream = randomStream(10, "test");
    for (let k = 0; k < count; k++) stream.normal();
    const text = JSON.stringify(stream.state());
    // An odd number of draws leaves the second of a pair waiting, which is part of the state.
    expect(stream.state().spare === null).toBe(count % 2 === 0);
    const resumed = RandomStream.fromState(JSON.parse(text) as ReturnType<RandomStream["state"]>);
    expect(resumed.state()).toEqual(stream.state());
    expect(afterwards(resumed)).toEqual(afterwards(stream));
  });

  test("is a snapshot: later draws do not change it, and restoring twice gives the same stream twice", () => {
    const stream = randomStream(11, "test");
    const state = stream.state();
    const before = JSON.stringify(state);
    const first = draws(stream, 20);
    expect(JSON.stringify(state)).toBe(before);
    expect(draws(RandomStream.fromState(state), 20)).toEqual(first);
    expect(draws(RandomStream.fromState(state), 20)).toEqual(first);
  });
});

describe("streams by seed and purpose", () => {
  test("are reproducible", () => {
    expect(draws(randomStream(12, "init"), 50)).toEqual(draws(randomStream(12, "init"), 50));
  });

  test("differ in state for every seed and purpose of ordinary use", () => {
    const states = new Set<string>();
    const purposes = ["init", "batches", "data", "lanczos", "noise", "subset", "é", "ΐ", "\u{1F600}"];
    const seeds = [0, 1, -1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, -(2 ** 40), 2 ** 53 - 1];
    for (let seed = 2; seed < 1000; seed++) seeds.push(seed);
    for (const seed of seeds)
      for (const purpose of purposes) states.add(JSON.stringify(randomStream(seed, purpose).state()));
    expect(states.size).toBe(seeds.length * purposes.length);
  });

  test("are uncorrelated, also for neighbouring seeds and similar purposes", () => {
    const count = 4000;
    const streams = [
      draws(randomStream(0, "batches"), count),
      draws(randomStream(1, "batches"), count),
      draws(randomStream(0, "batchet"), count),
      draws(randomStream(0, "init"), count),
      draws(randomStream(10, "init"), count),
    ];
    streams.forEach((a, i) =>
      streams.slice(i + 1).forEach((b) => {
        const covariance = a.reduce((total, x, k) => total + (x - 0.5) * (b[k]! - 0.5), 0) / count;
        expect(Math.abs(12 * covariance)).toBeLessThan(5 / Math.sqrt(count));
      }),
    );
  });

  test("first draws over many seeds are uniform: a seed is not a weak start", () => {
    let seed = 0;
    expectUniform(histogram(50, 20_000, () => Math.floor(randomStream(seed++, "init").uniform() * 50)));
    seed = 0;
    expectUniform(histogram(20, 20_000, () => randomStream(seed++, "subset").integer(20)));
  });

  test("separate seed from purpose", () => {
    expect(randomStream(1, "2/x").state()).not.toEqual(randomStream(12, "/x").state());
  });
});
