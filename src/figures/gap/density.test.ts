// The kernel density against its definition's consequences.
import { expect, test } from "vitest";
import { randomStream } from "../../math/index.ts";
import { kernelDensity } from "./density.ts";

test("a normal sample gives a bell: peak near the mean, half height at 1.18 sd", () => {
  const noise = randomStream(3, "density");
  const sample = Array.from({ length: 4000 }, () => 200 + 5 * noise.normal());
  const density = kernelDensity(sample, 400);
  const peak = density.find((point) => point.density === 1)!;
  expect(peak.value).toBeGreaterThan(198.5);
  expect(peak.value).toBeLessThan(201.5);
  const above = density.filter((point) => point.density >= 0.5).map((point) => point.value);
  expect((above.at(-1)! - above[0]!) / (2 * 1.1774 * 5)).toBeCloseTo(1, 1);
});

test("two clusters are two humps; the ends are those of the sample; shifts and scales pass through", () => {
  const sample = [0, 0.1, 0.2, 0.1, 10, 10.1, 9.9, 10, 5];
  const density = kernelDensity(sample, 101);
  expect(density[0]!.value).toBe(0);
  expect(density.at(-1)!.value).toBeCloseTo(10.1, 12);
  const at = (value: number): number =>
    density.toSorted((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value))[0]!.density;
  expect(at(0.1)).toBeGreaterThan(at(3));
  expect(at(10)).toBeGreaterThan(at(7.5));
  const moved = kernelDensity(
    sample.map((value) => 3 * value - 7),
    101,
  );
  for (const [i, point] of moved.entries()) {
    expect(point.density).toBeCloseTo(density[i]!.density, 10);
    expect(point.value).toBeCloseTo(3 * density[i]!.value - 7, 10);
  }
});

test("a sample without spread, or without values, has no density", () => {
  expect(kernelDensity([], 10)).toEqual([]);
  expect(kernelDensity([3], 10)).toEqual([]);
  expect(kernelDensity([3, 3, 3], 10)).toEqual([]);
  expect(kernelDensity([Number.NaN, 1], 10)).toEqual([]);
  expect(kernelDensity([1, 2, Number.NaN], 5)).toHaveLength(5);
});
