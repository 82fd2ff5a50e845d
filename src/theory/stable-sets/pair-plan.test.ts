// Plans of blocks and the order of rows: every step in exactly one block, served by its program, and rows moved no oftener than needed.
import { expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { type PairChunks, pairChunks } from "./pair-chunks.ts";
import { planBlocks, type PlanInput, planSteps } from "./pair-plan.ts";
import { ladder, reachAt } from "./pair-ladder.ts";
import { PairRows } from "./pair-rows.ts";

const rungs = ladder(1e-6, true);

function input(counts: readonly number[], part: number, tiny = 0): PlanInput {
  return { ladder: rungs, counts: rungs.map((_, at) => counts[at] ?? 0), tiny, part, whole: 4 * part };
}

test("every row that needs a block is in exactly one, whose program serves it", () => {
  const random = randomStream(3, "plans");
  for (let trial = 0; trial < 300; trial++) {
    const given = input(
      rungs.map(() => Math.max(0, random.integer(60) - 30)),
      1 + random.integer(9),
    );
    const needed = rungs.flatMap((_, at) => new Array<number>(given.counts[at]!).fill(at));
    let row = 0;
    for (const { first, end, size, rung } of planBlocks(given).blocks) {
      expect(first).toBe(row);
      expect(first % given.part).toBe(0);
      expect([given.part, given.whole]).toContain(size);
      expect(end - first).toBeLessThanOrEqual(size);
      for (; row < end; row++) expect(rungs.indexOf(rung)).toBeGreaterThanOrEqual(needed[row]!);
    }
    expect(row).toBe(needed.length);
  }
});

test("near steps in large blocks, a few far ones in a small one", () => {
  const plan = planBlocks(input([900, 0, 0, 0, 0, 0, 100], 125)).blocks;
  expect(plan.map(({ first, end, size, rung: { kind } }) => [first, end, size, kind])).toEqual([
    [0, 375, 500, "sums"],
    [375, 875, 500, "sums"],
    [875, 1000, 125, "exponential"],
  ]);
});

test("the furthest steps go alone where a block of theirs, or a higher order for all, costs more", () => {
  const orders = rungs.length - 1;
  const far = (count: number): PlanInput =>
    input([0, 498, ...new Array<number>(orders - 2).fill(0), count], 125);
  const two = planSteps(far(2));
  expect(two.aloneFrom).toBe(orders);
  expect(two.blocks.map(({ first, end, rung: { order } }) => [first, end, order])).toEqual([[0, 498, 3]]);
  const forty = planSteps(far(40));
  expect(forty.aloneFrom).toBe(rungs.length);
  expect(forty.blocks.at(-1)!.rung.kind).toBe("exponential");
  // Ten that need one order more are cheaper with it.
  const near = planSteps(input([0, 490, 10], 125));
  expect(near.aloneFrom).toBe(rungs.length);
  expect(planSteps(input([3], 125))).toEqual({ blocks: [], aloneFrom: 0 });
});

test("steps whose powers would be denormal stay out of polynomials", () => {
  const counts = [487, 13];
  expect(planSteps(input(counts, 125)).blocks.map(({ rung: { kind } }) => kind)).toEqual(["polynomial"]);
  const tiny = planSteps(input(counts, 125, 0.9));
  expect(tiny.blocks.map(({ rung: { kind } }) => kind)).toEqual(["sums"]);
  expect(tiny.aloneFrom).toBe(1);
});

test("nothing moves: no block", () => {
  expect(planBlocks(input([], 5)).blocks).toEqual([]);
});

test("orders reach further the higher they are, and none beyond what exponentials serve", () => {
  for (const single of [true, false]) {
    for (const tolerance of [1e-10, 1e-6]) {
      const reaches = ladder(tolerance, single).map(({ reach }) => reach);
      expect(reaches).toEqual([...reaches].sort((a, b) => a - b));
      expect(reaches.at(-1)).toBe(80);
    }
  }
});

test("two powers of u reach as far as probabilities allow", () => {
  const [sums, cubic] = ladder(1e-6, true);
  expect(reachAt(sums!, 1e-6, 1)).toBe(sums!.reach);
  expect(reachAt(cubic!, 1e-6, 0.01)).toBe(cubic!.reach);
  for (const potential of [1, 0.5, 0.01]) {
    const x = reachAt(sums!, 1e-6, potential);
    const u = potential * Math.expm1(x);
    const found = potential * (x + (x * x) / 2);
    const error = Math.abs((found - (found * found) / 2) / Math.log1p(u) - 1);
    expect(error).toBeLessThan(1e-6);
    expect(error).toBeGreaterThan(0.5e-6);
  }
});

test("rows come into the order of their keys, each with its own inner products, and stay where they may", () => {
  const random = randomStream(5, "rows");
  const [n, classes, keys] = [40, 3, 4];
  const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
  const examples = Int32Array.from({ length: n }, (_, i) => i);
  const gram = Float64Array.from({ length: n * n }, (_, at) => 1000 * Math.floor(at / n) + (at % n));
  const chunks: PairChunks = pairChunks({ n, classes, labels }, gram, "float64", examples, 8);
  const rows = new PairRows(chunks, examples);
  let moved = 0;
  for (let trial = 0; trial < 200; trial++) {
    const before = rows.order.slice();
    const given = Int8Array.from({ length: n }, () => random.integer(keys));
    const counts = new Int32Array(keys);
    for (const key of given) counts[key]!++;
    rows.sort(given, counts);
    const sorted = [...rows.order].map((i) => given[i]!);
    expect(sorted).toEqual([...given].sort((a, b) => a - b));
    for (const { members, gram: own } of chunks.chunks) {
      const there = [...rows.order].flatMap((_, row) =>
        Array.from(own.subarray(row * chunks.width, row * chunks.width + members.length)),
      );
      const right = [...rows.order].flatMap((i) => [...members].map((j) => (i === j ? 0 : 1000 * i + j)));
      expect(there).toEqual(right);
    }
    const mayStay = [...before].filter((i, row) => given[i] === sorted[row]);
    expect([...before].filter((i, row) => rows.order[row] === i)).toEqual(expect.arrayContaining(mayStay));
    moved += n - mayStay.length;
  }
  expect(moved).toBeGreaterThan(1000);
});
