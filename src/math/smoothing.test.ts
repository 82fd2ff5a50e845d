// Smoothers: SciPy's Savitzky–Golay, brute-force running quantiles, closed forms of the moving average, gaps.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError, movingAverage, quantile, runningMedian, savitzkyGolay } from "./index.ts";

const digits = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9];
const curves = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }) },
    { weight: 1, arbitrary: fc.constant(Number.NaN) },
  ),
  { maxLength: 40 },
);
const odd = fc.nat(9).map((half) => 2 * half + 1);

function expectClose(actual: Float64Array, expected: readonly number[], precision: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    if (Number.isNaN(expected[i])) expect(value, `[${i}]`).toBeNaN();
    else expect(value, `[${i}]`).toBeCloseTo(expected[i]!, precision);
  });
}

describe("Savitzky–Golay", () => {
  // scipy.signal.savgol_filter, default mode "interp".
  test.each<[number, number, number[]]>([
    [
      5,
      2,
      [
        2.857_142_857_142, 1.971_428_571_428, 1.942_857_142_857, 2.714_285_714_285, 5.342_857_142_857,
        6.171_428_571_428, 5.257_142_857_142, 4.285_714_285_714, 4.914_285_714_285, 3.685_714_285_714, 5,
        7.828_571_428_571, 8.314_285_714_285, 8.657_142_857_142, 8.285_714_285_714,
      ],
    ],
    [
      7,
      3,
      [
        3.380_952_380_952, 0.904_761_904_761, 1.619_047_619_047, 3.857_142_857_142, 4.714_285_714_285,
        5.142_857_142_857, 6, 4.761_904_761_904, 3.619_047_619_047, 4.809_523_809_523, 5.571_428_571_428,
        6.761_904_761_904, 8.238_095_238_095, 8.952_380_952_380, 8.238_095_238_095,
      ],
    ],
    [
      15,
      4,
      [
        1.939_456_484_348, 2.633_323_504_840, 3.213_552_357_515, 3.691_362_644_923, 4.081_784_400_669,
        4.403_658_089_416, 4.679_634_606_879, 4.936_175_279_827, 5.203_551_866_090, 5.515_846_554_546,
        5.910_951_965_131, 6.430_571_148_837, 7.120_217_587_709, 8.029_215_194_849, 9.210_698_314_413,
      ],
    ],
  ])("window %d, order %d agrees with SciPy, ends included", (window, order, expected) => {
    expectClose(savitzkyGolay(digits, { window, order }), expected, 11);
  });

  test("has the published coefficients (window 5, order 2: −3 12 17 12 −3 over 35)", () => {
    const impulse = Array.from({ length: 9 }, (_, i) => (i === 4 ? 35 : 0));
    expectClose(savitzkyGolay(impulse, { window: 5, order: 2 }).subarray(2, 7), [-3, 12, 17, 12, -3], 12);
  });

  test("passes polynomials of its order unchanged, at the ends, over gaps, and for high orders", () => {
    fc.assert(
      fc.property(odd, fc.nat(8), fc.nat(), (window, wanted, seed) => {
        const order = Math.min(wanted, window - 1);
        const y = Array.from({ length: 30 }, (_, i) => {
          const t = (i - 15) / 15;
          let value = 0;
          for (let d = order; d >= 0; d--) value = value * t + Math.cos(seed + d);
          return value;
        });
        expectClose(savitzkyGolay(y, { window, order }), y, 7);
        const gap = window > order + 2 ? y.with(seed % 30, Number.NaN) : y;
        expectClose(savitzkyGolay(gap, { window, order }), gap, 6);
      }),
      { seed: 12 },
    );
    const line = Array.from({ length: 200 }, (_, i) => Math.sin(i / 30));
    expectClose(savitzkyGolay(line, { window: 101, order: 20 }), line, 9);
  });

  test("is linear, and reverses with the series", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 5, maxLength: 30 }),
        (values) => {
          const options = { window: 7, order: 3 };
          const smooth = savitzkyGolay(values, options);
          expectClose(savitzkyGolay(values.toReversed(), options), Array.from(smooth).toReversed(), 9);
          const scaled = values.map((value, i) => 2 * value + i);
          expectClose(
            savitzkyGolay(scaled, options),
            Array.from(smooth, (value, i) => 2 * value + i),
            9,
          );
        },
      ),
      { seed: 13, numRuns: 50 },
    );
  });

  test("short series are one window, and a diverged end stays a gap", () => {
    expect(savitzkyGolay([], { window: 5, order: 2 })).toHaveLength(0);
    expectClose(savitzkyGolay([4], { window: 5, order: 2 }), [4], 12);
    expectClose(savitzkyGolay([1, 3, 2], { window: 5, order: 3 }), [1, 3, 2], 12);
    expectClose(savitzkyGolay([0, 1, 0, 1], { window: 9, order: 1 }), [0.2, 0.4, 0.6, 0.8], 12);
    const smooth = savitzkyGolay([1, 2, 3, 4, 5, Infinity, Number.NaN], { window: 3, order: 1 });
    expectClose(smooth.subarray(0, 5), [1, 2, 3, 4, 5], 12);
    expect(Array.from(smooth.subarray(5))).toEqual([Number.NaN, Number.NaN]);
  });

  test.each([
    [4, 2, "window"],
    [0, 0, "window"],
    [5.5, 2, "window"],
    [5, 5, "order"],
    [5, -1, "order"],
    [5, 1.5, "order"],
  ])("window %d with order %d is refused", (window, order, field) => {
    expect(() => savitzkyGolay(digits, { window, order })).toThrow(InputError);
    expect(() => savitzkyGolay(digits, { window, order })).toThrow(`${field}: `);
  });
});

describe("running median", () => {
  test("is the quantiles of each centred window", () => {
    fc.assert(
      fc.property(curves, odd, (values, window) => {
        const half = (window - 1) / 2;
        const { median, lower, upper } = runningMedian(values, window);
        values.forEach((_, i) => {
          const inside = values.slice(Math.max(0, i - half), i + half + 1).filter(Number.isFinite);
          expect([lower[i], median[i], upper[i]]).toEqual([0.25, 0.5, 0.75].map((p) => quantile(inside, p)));
        });
        expect(median).toHaveLength(values.length);
      }),
      { seed: 14 },
    );
  });

  test("ignores a spike", () => {
    expect(Array.from(runningMedian([1, 1, 99, 1, 1], 3).median)).toEqual([1, 1, 1, 1, 1]);
    expect(() => runningMedian([1], 2)).toThrow("odd whole number");
  });
});

describe("moving average", () => {
  test("keeps constants to the bit, starts at the first value, and stays within the range", () => {
    const weights = fc.double({ min: 0, max: 0.9999, noNaN: true });
    fc.assert(
      fc.property(weights, fc.double({ min: -1e6, max: 1e6, noNaN: true }), (weight, value) => {
        const out = movingAverage(new Array<number>(50).fill(value), weight);
        for (const each of out) expect(each).toBe(value + 0);
      }),
      { seed: 15 },
    );
    fc.assert(
      fc.property(weights, curves, (weight, values) => {
        const finite = values.filter(Number.isFinite);
        const out = movingAverage(values, weight);
        values.forEach((value, i) => {
          if (Number.isNaN(value)) return expect(out[i]).toBeNaN();
          expect(out[i]!).toBeGreaterThanOrEqual(Math.min(...finite) - 1e-9);
          return expect(out[i]!).toBeLessThanOrEqual(Math.max(...finite) + 1e-9);
        });
      }),
      { seed: 16 },
    );
  });

  test("is the biased average divided by 1 − weight^t", () => {
    let biased = 0;
    const expected = digits.map((value, i) => {
      biased = 0.8 * biased + 0.2 * value;
      return biased / (1 - 0.8 ** (i + 1));
    });
    expectClose(movingAverage(digits, 0.8), expected, 12);
    expect(Array.from(movingAverage(digits, 0))).toEqual(digits);
  });

  test("counts distance along the axis: a record of every step with gaps is the same as positions", () => {
    const positions = [0, 1, 4, 5, 9];
    const values = [2, 7, 1, 8, 3];
    const dense = new Array<number>(10).fill(Number.NaN);
    positions.forEach((position, i) => (dense[position] = values[i]!));
    const expected = movingAverage(dense, 0.7);
    expectClose(
      movingAverage(values, 0.7, positions),
      positions.map((position) => expected[position]!),
      12,
    );
    expect(Array.from(movingAverage([5, 6], 0.5, [1000, 1001]))[0]).toBe(5);
  });

  test("refuses weights outside [0, 1) and unequal positions", () => {
    expect(() => movingAverage([1], 1)).toThrow("weight: ");
    expect(() => movingAverage([1], Number.NaN)).toThrow("weight: ");
    expect(() => movingAverage([1, 2], 0.5, [1])).toThrow("positions: ");
  });
});
