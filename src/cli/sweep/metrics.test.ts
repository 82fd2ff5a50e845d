// The numbers runs are compared by: the summary's, those of equilibrium, and any measured one.
import { describe, expect, it } from "vitest";
import { InputError } from "../../math/index.ts";
import type { RunRecord } from "../../record/index.ts";
import { chooseMetrics } from "./metrics.ts";

function record(measurements: readonly object[], summary: object | null = {}): RunRecord {
  const full = summary === null ? null : { threshold: 200, loss: 0.5, step: 30, ...summary };
  return {
    id: "run",
    config: { measure: { equilibriumRecords: 2 } },
    summary: full as RunRecord["summary"],
    steps: [],
    measurements: measurements.map((fields, i) => ({
      type: "measurement",
      step: 10 * i,
      point: "iterate",
      ...fields,
    })),
    marks: [],
  };
}

function value(name: string, of: RunRecord): number | null | undefined {
  return chooseMetrics([name], [of], () => 7)[0]!.value(of, [of]);
}

describe("chooseMetrics", () => {
  const run = record([
    { sharpness: 100, gradNorm: 9, noiseVariance: { with: { "50": 1 } } },
    { sharpness: 150, rayleigh: true },
    { sharpness: 190, gradNorm: 1, noiseVariance: { with: { "50": 2 } } },
    { sharpness: 194, gradNorm: 3, noiseVariance: { with: { "50": 4 } } },
    { sharpness: 999, point: "midpoint", gradNorm: 99 },
  ]);

  it("averages the last solves at the iterate", () => {
    expect(value("S_eq", run)).toBe(192);
    expect(value("sharpness", run)).toBe(192);
    expect(value("gap", run)).toBe(8);
    expect(value("relative", run)).toBe(0.96);
    expect(value("sd", run)).toBeCloseTo(Math.sqrt(8), 12);
    expect(value("gapToGd", run)).toBe(7);
  });

  it("takes midpoints where nothing else was measured", () => {
    const midpoints = record([
      { sharpness: 10, point: "midpoint" },
      { sharpness: 20, point: "midpoint" },
    ]);
    expect(value("S_eq", midpoints)).toBe(15);
  });

  it("takes the mean of any measured number, however deep, and null when one is lost", () => {
    expect(value("gradNorm", run)).toBe(2);
    expect(value("noiseVariance.with.50", run)).toBe(3);
    expect(value("gradNorm", record([{ gradNorm: 1 }, { gradNorm: 2 }, { gradNorm: null }]))).toBeNull();
  });

  it("by default shows what some run has", () => {
    const names = (of: RunRecord): string[] =>
      chooseMetrics(undefined, [of], () => undefined).map(({ name }) => name);
    expect(names(record([]))).toEqual(["loss"]);
    expect(names(record([], null))).toEqual([]);
    const measured = record([{ sharpness: 1 }], { testAccuracy: 0.5 });
    expect(names(measured)).toEqual(["sharpness", "gap", "loss", "testAccuracy"]);
  });

  it("names the nearest for one that no run has", () => {
    expect(() => value("gradNrom", run)).toThrow(InputError);
    expect(() => value("gradNrom", run)).toThrow('Did you mean "gradNorm"?');
    expect(() => value("constructor", run)).toThrow(InputError);
  });
});
