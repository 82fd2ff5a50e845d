import { describe, expect, it } from "vitest";
import { randomStream } from "./random.ts";
import { erf } from "./special.ts";
import { fillNormal } from "./ziggurat.ts";

const count = 400_000;

function deviates(seed: number): Float64Array {
  const out = new Float64Array(count);
  fillNormal(randomStream(seed, "ziggurat"), out);
  return out;
}

describe("fillNormal", () => {
  it("has the moments of a standard normal", () => {
    const values = deviates(1);
    // E x^2k = (2k − 1)!!, and the variance of its estimate from n values is (E x^4k − (E x^2k)²)/n.
    for (const [power, moment, second] of [
      [1, 0, 1],
      [2, 1, 3],
      [3, 0, 15],
      [4, 3, 105],
      [6, 15, 10_395],
    ] as const) {
      const sample = values.reduce((sum, x) => sum + x ** power, 0) / count;
      const stderr = Math.sqrt((second - moment * moment) / count);
      expect(Math.abs(sample - moment), `moment ${power}`).toBeLessThan(4 * stderr);
    }
  });

  it("has the distribution of a standard normal, layer edges and tail included (Kolmogorov–Smirnov)", () => {
    const sorted = deviates(2).sort();
    let distance = 0;
    for (const [i, x] of sorted.entries()) {
      const probability = (1 + erf(x / Math.SQRT2)) / 2;
      distance = Math.max(
        distance,
        Math.abs(probability - i / count),
        Math.abs((i + 1) / count - probability),
      );
    }
    // Exceeded with probability 2·exp(−2·1.95²) = 0.1 %.
    expect(distance * Math.sqrt(count)).toBeLessThan(1.95);
  });

  it("reaches beyond the last layer as often as it should", () => {
    const beyond = deviates(3).filter((x) => Math.abs(x) > 3.7).length;
    const expected = count * (1 - erf(3.7 / Math.SQRT2));
    expect(Math.abs(beyond - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  it("gives independent neighbours", () => {
    const values = deviates(4);
    let products = 0;
    let squares = 0;
    for (let i = 1; i < count; i++) {
      products += values[i]! * values[i - 1]!;
      squares += values[i]! ** 2 * values[i - 1]! ** 2 - 1;
    }
    expect(Math.abs(products)).toBeLessThan(4 * Math.sqrt(count));
    expect(Math.abs(squares)).toBeLessThan(4 * Math.sqrt(8 * count));
  });

  it("is the same sequence however it is cut into pieces", () => {
    const whole = new Float64Array(100);
    fillNormal(randomStream(5, "pieces"), whole);
    const stream = randomStream(5, "pieces");
    const pieces = new Float64Array(100);
    fillNormal(stream, pieces.subarray(0, 33));
    fillNormal(stream, pieces.subarray(33));
    expect(pieces).toEqual(whole);
  });
});
