// Lines as stretches per pixel column, against the definition; filling against compositing by hand.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { columnSpans, fillSpans } from "./raster.ts";

test("every point of a polyline lies in the span of its column, and spans reach no further than the line does", () => {
  const points = fc.array(
    fc.tuple(fc.double({ min: 0, max: 30, noNaN: true }), fc.integer({ min: -50, max: 50 })),
    {
      minLength: 1,
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(points, (drawn) => {
      const sorted = drawn.sort(([a], [b]) => a - b);
      const px = sorted.map(([x]) => x);
      const py = sorted.map(([, y]) => y);
      const { low, high } = columnSpans(px, py, 31);
      for (let i = 0; i + 1 < px.length; i++) {
        for (const share of [0, 0.25, 0.5, 1]) {
          const x = px[i]! + share * (px[i + 1]! - px[i]!);
          const y = py[i]! + share * (py[i + 1]! - py[i]!);
          expect(low[Math.floor(x)]!).toBeLessThanOrEqual(y + 1e-6);
          expect(high[Math.floor(x)]!).toBeGreaterThanOrEqual(y - 1e-6);
        }
      }
      expect(Math.min(...low.filter(Number.isFinite))).toBeGreaterThanOrEqual(Math.min(...py) - 1e-6);
      expect(Math.max(...high.filter(Number.isFinite))).toBeLessThanOrEqual(Math.max(...py) + 1e-6);
    }),
  );
});

test("a gap in the line stays a gap, and what is outside is left out", () => {
  const { low, high } = columnSpans([0, 2, 4, 6, 9], [1, 1, Number.NaN, 3, 3], 8);
  expect([...low].map(Number.isFinite)).toEqual([true, true, true, false, false, false, true, true]);
  expect(high.filter(Number.isFinite)).toEqual(Float64Array.of(1, 1, 1, 3, 3));
});

test("an oscillation keeps its height", () => {
  const px = Array.from({ length: 1000 }, (_, i) => i / 100);
  const py = px.map((_, i) => (i % 2 === 0 ? 10 : 90));
  const { low, high } = columnSpans(px, py, 10);
  expect([...low]).toEqual(new Array<number>(10).fill(10));
  expect([...high]).toEqual(new Array<number>(10).fill(90));
});

test("filling covers, blends with what is behind, and is never thinner than asked", () => {
  const image = { data: new Uint8ClampedArray(4 * 8), width: 1, height: 8 };
  const line = (y: number) => ({ low: Float64Array.of(y), high: Float64Array.of(y) });
  fillSpans(image, line(2), [255, 0, 0], 1, 2);
  fillSpans(image, line(3), [0, 0, 255], 0.5, 2);
  const pixel = (row: number) => Array.from(image.data.subarray(4 * row, 4 * row + 4));
  expect(pixel(0)).toEqual([0, 0, 0, 0]);
  expect(pixel(1)).toEqual([255, 0, 0, 255]);
  expect(pixel(2)).toEqual([128, 0, 128, 255]);
  expect(pixel(3)).toEqual([0, 0, 255, 128]);
  expect(pixel(4)).toEqual([0, 0, 0, 0]);
});
