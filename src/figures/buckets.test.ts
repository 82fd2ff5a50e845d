// Thinning must keep what a reader would see: extremes, ends, gaps.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bandBuckets, minMaxBuckets } from "./buckets.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test("a period-two oscillation keeps its full range in every part of the curve", () => {
  const n = 100_000;
  const y = range(n).map((i) => (i % 2 === 0 ? 1 : -1));
  const kept = minMaxBuckets(range(n), y, 500);
  expect(kept.length).toBeLessThanOrEqual(1502);
  for (let part = 0; part < 100; part++) {
    const inside = [...kept].filter((i) => Math.floor(i / (n / 100)) === part).map((i) => y[i]);
    expect(Math.min(...(inside as number[]))).toBe(-1);
    expect(Math.max(...(inside as number[]))).toBe(1);
  }
});

test("few points come back exactly, and none from nothing", () => {
  expect([...minMaxBuckets(range(20), range(20), 10)]).toEqual(range(20));
  expect([...minMaxBuckets([], [], 10)]).toEqual([]);
});

test("every bucket keeps its own extremes, in order, with the ends, whatever the data", () => {
  const value = fc.oneof({ weight: 5, arbitrary: fc.double({ noNaN: true }) }, fc.constant(Number.NaN));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 1, max: 40 }),
      (y, buckets) => {
        const x = range(y.length).map((i) => i * 0.37 + 5);
        const kept = [...minMaxBuckets(x, y, buckets)];
        expect(kept.length).toBeLessThanOrEqual(Math.max(2 * buckets, 3 * buckets + 2));
        expect(kept.every((index, k) => k === 0 || index > kept[k - 1]!)).toBe(true);
        expect(kept[0]).toBe(0);
        expect(kept.at(-1)).toBe(y.length - 1);
        const perX = buckets / (x.at(-1)! - x[0]! || 1);
        const groups = new Map<number, number[]>();
        for (const i of range(y.length)) {
          const bucket = Math.min(buckets - 1, Math.floor((x[i]! - x[0]!) * perX));
          groups.set(bucket, [...(groups.get(bucket) ?? []), i]);
        }
        for (const members of groups.values()) {
          const all = members.map((i) => y[i]!);
          const shown = members.filter((i) => kept.includes(i)).map((i) => y[i]!);
          const finite = all.filter(Number.isFinite);
          const finiteShown = shown.filter(Number.isFinite);
          expect(Math.min(...finiteShown)).toBe(Math.min(...finite));
          expect(Math.max(...finiteShown)).toBe(Math.max(...finite));
          expect(shown.some((v) => !Number.isFinite(v))).toBe(all.some((v) => !Number.isFinite(v)));
        }
      },
    ),
  );
});

test("points at a single x do not break the buckets", () => {
  const kept = minMaxBuckets(new Array<number>(50).fill(3), range(50), 4);
  expect([...kept]).toEqual([0, 49]);
});

test("a thinned band still covers every point and both ends", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: -5, max: 5 }), fc.double({ min: 0, max: 3 })), {
        minLength: 2,
        maxLength: 300,
      }),
      fc.integer({ min: 1, max: 30 }),
      (rows, buckets) => {
        const x = range(rows.length);
        const low = rows.map(([middle, half]) => (Number.isFinite(middle - half) ? middle - half : 0));
        const high = rows.map(([middle, half]) => (Number.isFinite(middle + half) ? middle + half : 0));
        const points = bandBuckets(x, low, high, buckets);
        expect(points[0]!.x).toBe(0);
        expect(points.at(-1)!.x).toBe(rows.length - 1);
        for (const i of x) {
          const before = points.findLast((point) => point.x <= i)!;
          expect(before.low).toBeLessThanOrEqual(low[i]!);
          expect(before.high).toBeGreaterThanOrEqual(high[i]!);
        }
      },
    ),
  );
});
