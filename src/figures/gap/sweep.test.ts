// Axes of sweeps: ticks at the settings, ranges that serve the points.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FONT_SIZE } from "../palette.ts";
import { textWidth } from "../text.ts";
import { robustRange } from "./raw.ts";
import { describePoint, sweepAxis, sweepValueAxis } from "./sweep.ts";
import type { SweepPoint } from "./types.ts";

const at = (x: number, mean = 1, label?: string): SweepPoint => ({
  x,
  mean,
  sd: null,
  count: 1,
  ...(label === undefined ? {} : { label }),
});

test("ticks stand at the settings, by name, as far as they fit", () => {
  const axis = sweepAxis([50, 100, 2000, 2500].map((x) => at(x)).concat(at(5000, 1, "full")), [], true);
  expect(axis.ticks(2000)).toEqual([50, 100, 2000, 2500, 5000]);
  expect(axis.ticks(380)).toEqual([50, 100, 2000, 5000]);
  expect(axis.ticks(380).map(axis.format)).toEqual(["50", "100", "2,000", "full"]);
  expect(axis.ticks(60)).toEqual([50, 5000]);
});

test("tick labels never touch, whatever the settings", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 30 }),
      fc.boolean(),
      fc.integer({ min: 40, max: 900 }),
      (settings, log, pixels) => {
        const axis = sweepAxis(
          settings.map((x) => at(x)),
          [],
          log,
        );
        const into = log ? Math.log : (x: number): number => x;
        const [low, high] = axis.domain.map(into) as [number, number];
        const boxes = axis.ticks(pixels).map((tick) => {
          const middle = ((into(tick) - low) / (high - low)) * pixels;
          const half = textWidth(axis.format(tick), FONT_SIZE) / 2;
          return [middle - half, middle + half] as const;
        });
        for (const [i, box] of boxes.entries()) if (i > 0) expect(box[0]).toBeGreaterThan(boxes[i - 1]![1]);
      },
    ),
  );
});

test("an error bar that reaches zero does not take the logarithmic axis with it", () => {
  const points = [at(50, 10), { x: 100, mean: 1, sd: 0.999_999_999, count: 3 }];
  const [low, high] = sweepValueAxis(points, [], [], true).domain;
  expect(low).toBeGreaterThan(0.2);
  expect(low).toBeLessThan(1);
  expect(high).toBeGreaterThan(10);
});

test("points are named and rounded for reading", () => {
  expect(describePoint({ x: 2500, mean: -0.2123, sd: 0.4567, count: 3 })).toBe("2,500: −0.212 ± 0.46");
  expect(describePoint(at(5000, Number.NaN, "full"))).toBe("full: not finite");
});

test("a robust range holds everything usual and leaves out the wild few", () => {
  const usual = Array.from({ length: 500 }, (_, i) => Math.sin(i));
  expect(robustRange([usual])).toEqual([Math.min(...usual), Math.max(...usual)]);
  const [low, high] = robustRange([[...usual, 1e6]])!;
  expect(high).toBeLessThan(4);
  expect(low).toBeCloseTo(-1, 3);
  expect(robustRange([[Number.NaN], []])).toBeUndefined();
});
