// Coverage of the interval of a wandering series, by simulation, and its closed form at equal distances.
import { describe, expect, test } from "vitest";
import { randomStream } from "./random.ts";
import { lineFit, type LineFitFound } from "./regression.ts";
import { wanderingSlope } from "./regression-wandering.ts";

const TRIALS = 600;

/** Share of trials whose interval covers the slope: of the textbook's fit, of the wandering one. */
function coverage(
  series: (random: () => number) => { x: number[]; y: number[] },
  truth: number,
): [number, number] {
  const stream = randomStream(5, "wandering");
  let plain = 0;
  let wandering = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const { x, y } = series(() => stream.normal());
    const fit = lineFit(x, y) as LineFitFound;
    const slope = wanderingSlope(fit);
    if (fit.slope.low <= truth && truth <= fit.slope.high) plain++;
    if (slope.low <= truth && truth <= slope.high) wandering++;
  }
  return [plain / TRIALS, wandering / TRIALS];
}

describe("95 % intervals of a slope", () => {
  test("of a random walk at uneven distances cover it nineteen times in twenty; the textbook's do not", () => {
    const [plain, wandering] = coverage((random) => {
      const x = [0];
      const y = [3];
      for (let k = 1; k < 40; k++) {
        const width = 0.2 + (k % 3);
        x.push(x[k - 1]! + width);
        y.push(y[k - 1]! - 0.8 * width + Math.sqrt(width) * random());
      }
      return { x, y };
    }, -0.8);
    expect(plain).toBeLessThan(0.5);
    // Two standard deviations of 600 trials are 0.018.
    expect(Math.abs(wandering - 0.95)).toBeLessThan(0.025);
  });

  test("of independent points are wide enough", () => {
    const [plain, wandering] = coverage((random) => {
      const x = Array.from({ length: 40 }, (_, k) => k);
      return { x, y: x.map((at) => 2 * at + random()) };
    }, 2);
    expect(Math.abs(plain - 0.95)).toBeLessThan(0.025);
    expect(wandering).toBe(1);
  });
});

test("equal distances: 6/5 of the variance of the mean increment, in the limit", () => {
  const stream = randomStream(1, "walk");
  const x = Array.from({ length: 2000 }, (_, k) => 0.5 * k);
  let at = 0;
  const y = x.map(() => (at += stream.normal()));
  const fit = lineFit(x, y) as LineFitFound;
  const { value, stderr, low, high } = wanderingSlope(fit);
  expect(value).toBe(fit.slope.value);
  const increments = y.slice(1).map((after, k) => after - y[k]! - 0.5 * value);
  const variance = increments.reduce((sum, e) => sum + e * e, 0) / increments.length;
  expect(stderr ** 2 / ((1.2 * variance) / (1999 * 0.25))).toBeCloseTo(1, 2);
  expect(high - value).toBeCloseTo(value - low, 12);
});

test("a line without error has none", () => {
  const fit = lineFit([1, 2, 4, 8], [2, 4, 8, 16]) as LineFitFound;
  expect(wanderingSlope(fit)).toMatchObject({ value: 2, stderr: 0, low: 2, high: 2 });
});
