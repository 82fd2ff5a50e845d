// Searching, smoothing, splitting and thinning of columns, against what they must keep.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { extent, lowerBound, nearestIndex, ofParity, smooth, smoothingWindow, visible } from "./columns.ts";

const ascending = fc
  .uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 300 })
  .map((values) => Float64Array.from(values.sort((a, b) => a - b)));

test("nearestIndex finds what a look at every entry finds", () => {
  fc.assert(
    fc.property(ascending, fc.double({ min: -10, max: 6000, noNaN: true }), (xs, x) => {
      const best = Math.min(...xs.map((each) => Math.abs(each - x)));
      expect(Math.abs(xs[nearestIndex(xs, x)]! - x)).toBe(best);
      const bound = lowerBound(xs, x);
      expect(xs.slice(0, bound).every((each) => each < x)).toBe(true);
      expect(xs.slice(bound).every((each) => each >= x)).toBe(true);
    }),
  );
  expect(nearestIndex(new Float64Array(), 3)).toBe(-1);
});

test("what is drawn of a zoomed curve has its extremes there, on linear and logarithmic axes", () => {
  fc.assert(
    fc.property(
      ascending,
      fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 1000 })),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      (xs, [from, length], logX, pixels) => {
        const ys = xs.map((x) => Math.sin(x * 12.9898) * 100);
        const range = [from, from + length] as const;
        const drawn = visible(xs, ys, { range, pixels, logX });
        const inside = [...ys].filter((_, i) => xs[i]! >= range[0] && xs[i]! <= range[1]);
        if (inside.length === 0) return;
        const found = extent(ys, drawn, false)!;
        expect(found[0]).toBeLessThanOrEqual(Math.min(...inside));
        expect(found[1]).toBeGreaterThanOrEqual(Math.max(...inside));
        expect([...drawn]).toEqual([...drawn].sort((a, b) => a - b));
        expect(drawn.length).toBeLessThanOrEqual(3 * pixels + 4);
      },
    ),
  );
});

test("a logarithmic axis leaves out what it cannot show", () => {
  const xs = Float64Array.of(0, 1, 10, 100);
  expect([...visible(xs, xs, { range: [0.5, 200], pixels: 100, logX: true })]).toEqual([1, 2, 3]);
  expect(extent(Float64Array.of(-1, 0, 2, Number.NaN), Uint32Array.of(0, 1, 2, 3), true)).toEqual([2, 2]);
  expect(extent(Float64Array.of(Number.NaN), Uint32Array.of(0), false)).toBeNull();
});

test("smoothing leaves constants constant and gaps gaps", () => {
  const constant = new Float64Array(50).fill(7);
  expect([...smooth(constant, 0.97)]).toEqual([...constant]);
  expect(smooth(Float64Array.of(1, Number.NaN, 3), 0.5)[1]).toBeNaN();
  expect(smoothingWindow(0.9)).toBe(19);
});

test("the two parities are the whole curve, by steps where there are some", () => {
  const xs = Float64Array.of(0, 0.5, 1, 1.5);
  const ys = Float64Array.of(1, 2, 3, 4);
  expect([...ofParity({ xs, ys }, 1).ys]).toEqual([2, 4]);
  const steps = Float64Array.of(10, 12, 13, 15);
  expect([...ofParity({ xs, ys, steps }, 0).xs]).toEqual([0, 0.5]);
  expect([...ofParity({ xs, ys, steps }, 1).steps]).toEqual([13, 15]);
});
