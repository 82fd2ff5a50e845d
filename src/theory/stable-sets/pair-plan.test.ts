// Plans of blocks: every step in exactly one, served by its program, and neighbours left together where sorting gains nothing.
import { expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { planBlocks, type PlanInput } from "./pair-plan.ts";
import { ladder } from "./pair-programs.ts";

const rungs = ladder(1e-6, true);

function input(rungOf: (i: number) => number, n: number, part: number): PlanInput {
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const of = Int8Array.from(all, rungOf);
  const sorted = all
    .filter((i) => of[i]! >= 0 && of[i]! < rungs.length)
    .sort((a, b) => of[a]! - of[b]! || a - b);
  return { ladder: rungs, rungs: of, sorted, all, part, whole: 4 * part };
}

test("every step that needs a block is in exactly one, whose program serves it", () => {
  const random = randomStream(3, "plans");
  for (let trial = 0; trial < 300; trial++) {
    const n = 1 + random.integer(120);
    const spread = 1 + random.integer(rungs.length + 2);
    const given = input(() => random.integer(spread) - 1, n, 1 + random.integer(9));
    const plan = planBlocks(given);
    const met = new Map<number, number>();
    for (const { rows, size, rung } of plan) {
      expect([given.part, given.whole]).toContain(size);
      expect(rows.length).toBeLessThanOrEqual(size);
      for (const i of rows) {
        const own = given.rungs[i]!;
        if (own < 0 || own >= rungs.length) continue;
        met.set(i, (met.get(i) ?? 0) + 1);
        expect(rungs.indexOf(rung)).toBeGreaterThanOrEqual(own);
      }
    }
    expect([...met.keys()].sort((a, b) => a - b)).toEqual([...given.sorted].sort((a, b) => a - b));
    expect(Math.max(1, ...met.values())).toBe(1);
  }
});

test("steps of one rung stay where they are", () => {
  const plan = planBlocks(input(() => 2, 1000, 125));
  expect(plan.map(({ rows, rung }) => [rows[0], rows.length, rung])).toEqual([
    [0, 500, rungs[2]],
    [500, 500, rungs[2]],
  ]);
});

test("far steps are sorted out of near ones where exponentials of all would cost more", () => {
  const plan = planBlocks(input((i) => (i % 10 === 0 ? rungs.length - 1 : 0), 1000, 125));
  const far = plan.filter(({ rung }) => rung.kind === "exponential");
  expect(far.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(250);
  expect(plan.reduce((sum, { rows }) => sum + rows.length, 0)).toBe(1000);
});

test("nothing moves: no block", () => {
  expect(planBlocks(input(() => -1, 50, 5))).toEqual([]);
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
