import { describe, expect, it } from "vitest";
import { finitePopulation, scaling, type ScalingInput, type ScalingPoint } from "./index.ts";

const sizes = [50, 100, 200, 500, 1000];

function powerLaw(exponent: number, seed: number, factor = 1): ScalingInput[] {
  return sizes.map((x) => ({ id: `b${x}-s${seed}`, seed, x, y: factor * 17 * (x / 50) ** exponent }));
}

describe("scaling", () => {
  it("recovers a power law, over seeds and for each of them", () => {
    const { points, fit, perSeed } = scaling([...powerLaw(-1.27, 0, 0.9), ...powerLaw(-1.27, 1, 1.1)]);
    expect(points.map(({ x }) => x)).toEqual(sizes);
    expect(points[0]?.value.mean).toBeCloseTo(17, 12);
    expect(points[0]?.value.sd).toBeCloseTo(1.7 * Math.SQRT2, 12);
    expect(points[0]?.value.runs).toEqual(["b50-s0", "b50-s1"]);
    expect(fit.exponent?.value).toBeCloseTo(-1.27, 10);
    expect(fit.r2).toBeCloseTo(1, 10);
    expect(perSeed.mean).toBeCloseTo(-1.27, 10);
    expect(perSeed.n).toBe(2);
    expect(perSeed.sd).toBeLessThan(1e-10);
  });

  it("fits the means themselves, more seeds counting more", () => {
    const inputs = [...powerLaw(-1, 0), ...powerLaw(-1, 1)];
    inputs.push({ id: "b2000-s0", seed: 0, x: 2000, y: 3 });
    const { curve, curvePerSeed } = scaling(inputs);
    const twice = scaling([...inputs, { id: "b2000-s1", seed: 1, x: 2000, y: 3 }]).curve;
    expect(curve.exponent?.value).toBeGreaterThan(-1);
    expect(twice.exponent!.value).toBeGreaterThan(curve.exponent!.value);
    expect(curvePerSeed.n).toBe(2);
    expect(curvePerSeed.runs[1]).not.toContain("b2000");
  });

  it("keeps a gap without a logarithm, and says that the fit has not", () => {
    const inputs = [...powerLaw(-1, 0), { id: "b2500-s0", seed: 0, x: 2500, y: -0.1 }];
    const { points, fit, curve } = scaling(inputs);
    expect(points.at(-1)?.value.mean).toBe(-0.1);
    expect(fit.excluded).toEqual([{ index: 5, x: 2500, y: -0.1, reason: "y ≤ 0 has no logarithm" }]);
    expect(fit.exponent?.value).toBeCloseTo(-1, 10);
    expect(curve.n).toBe(6);
    expect(curve.exponent?.value).toBeLessThan(-1.001);
    expect(curve.exponent?.value).toBeGreaterThan(-1.1);
  });

  it("is unsure of exponent −1 exactly when the data are", () => {
    const wiggly = sizes.map((x, i) => ({ id: `${x}`, seed: 0, x, y: (i % 2 === 0 ? 1.2 : 0.8) / x }));
    expect(scaling(wiggly).pOfMinusOne).toBeGreaterThan(0.3);
    expect(scaling(powerLaw(-1.27, 0)).pOfMinusOne).toBeLessThan(1e-6);
    expect(scaling(powerLaw(-1.27, 0).slice(0, 2)).pOfMinusOne).toBeNull();
  });
});

describe("finitePopulation", () => {
  const at = (x: number, mean: number): ScalingPoint => ({
    x,
    value: { n: 1, mean, sd: null, stderr: null, runs: [], values: [] },
  });
  const n = 5000;
  const factor = (b: number): number => (n - b) / (b * (n - 1));

  it("lies on data that follow it, whatever their scale", () => {
    const { points } = finitePopulation(
      sizes.map((b) => at(b, 3 * factor(b))),
      n,
      "without",
      [2500],
    );
    expect(points?.map(({ x }) => x)).toEqual([...sizes, 2500]);
    for (const { x, y } of points ?? []) expect(y).toBeCloseTo(3 * factor(x), 12);
  });

  it("gives the exponent a fit finds where there is nothing but sampling", () => {
    const exponent = (batches: readonly number[], sampling: "with" | "without"): number | null =>
      finitePopulation(
        batches.map((b) => at(b, 1 / b)),
        n,
        sampling,
      ).exponent;
    expect(exponent(sizes, "without")).toBeCloseTo(-1.068, 3);
    expect(exponent([...sizes, 2500], "without")).toBeCloseTo(-1.152, 3);
    expect(exponent(sizes, "with")).toBeCloseTo(-1, 10);
  });

  it("leaves out what has no noise or no data", () => {
    const whole = finitePopulation([at(50, 1), at(n, 1), at(2 * n, 1)], n, "without");
    expect(whole.points).toEqual([{ x: 50, y: 1 }]);
    expect(finitePopulation([at(50, -1)], n, "without")).toMatchObject({ points: null, exponent: null });
  });
});
