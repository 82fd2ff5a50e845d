// Ticks are round numbers inside the range, and print as people write them.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatNumber, formatTick, linearTicks, logTicks } from "./ticks.ts";

test("linear ticks", () => {
  expect(linearTicks(0, 218, 7)).toEqual([0, 50, 100, 150, 200]);
  expect(linearTicks(0, 1.06, 7)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(linearTicks(-0.3, 0.3, 6)).toEqual([-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]);
  expect(linearTicks(5, 5, 6)).toEqual([5]);
});

test("linear ticks stay inside any range, evenly spaced, and not too many", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
      (low, span) => {
        fc.pre(span > Math.abs(low) * 1e-6);
        const ticks = linearTicks(low, low + span, 7);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(12);
        expect(ticks[0]).toBeGreaterThanOrEqual(low - span * 1e-6);
        expect(ticks.at(-1)).toBeLessThanOrEqual(low + span * (1 + 1e-6));
      },
    ),
  );
});

test("log ticks: decades when there are many, 1-2-5 between, linear below that", () => {
  expect(logTicks(1e-5, 1, 7)).toEqual([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]);
  expect(logTicks(0.05, 3, 7)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2].filter((t) => t >= 0.05 && t <= 3));
  expect(logTicks(1e-30, 1e10, 7).length).toBeLessThanOrEqual(8);
  expect(logTicks(0.41, 0.49, 7).length).toBeGreaterThanOrEqual(3);
});

test("log ticks exist and lie inside for any positive range", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -200, max: 200, noNaN: true }),
      fc.double({ min: 0.01, max: 90, noNaN: true }),
      (a, w) => {
        const [low, high] = [10 ** a, 10 ** (a + w)];
        const ticks = logTicks(low, high, 7);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(12);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(low * (1 - 1e-6));
          expect(tick).toBeLessThanOrEqual(high * (1 + 1e-6));
        }
      },
    ),
  );
});

test.each([
  [0, "0"],
  [20_000, "20,000"],
  [0.02, "0.02"],
  [-0.5, "−0.5"],
  [1e-7, "10⁻⁷"],
  [3e9, "3·10⁹"],
  [0.1 + 0.2, "0.3"],
])("tick %s prints as %s", (value, text) => {
  expect(formatTick(value)).toBe(text);
});

test.each([
  [203.456, 4, "203.5"],
  [1234.5, 4, "1,235"],
  [0.98765, 3, "0.988"],
  [-4.2, 3, "−4.20"],
  [1.5e-7, 3, "1.50·10⁻⁷"],
  [null, 4, "not finite"],
  [undefined, 4, "–"],
  [Number.POSITIVE_INFINITY, 4, "∞"],
])("number %s to %s digits prints as %s", (value, digits, text) => {
  expect(formatNumber(value, digits)).toBe(text);
});
