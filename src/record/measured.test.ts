// Means of detailed records and counts of failed assumptions, against numbers taken by hand.
import { describe, expect, it, test } from "vitest";
import type { AssumptionRecord, MeasurementEvent } from "./events.ts";
import { assumptionWarnings, measuredMeans, type MeasuredState, noteMeasured } from "./measured.ts";

function event(step: number, more: Partial<MeasurementEvent>): MeasurementEvent {
  return { type: "measurement", step, point: "iterate", ...more };
}

function note(events: readonly MeasurementEvent[], last = 20, point = "iterate"): MeasuredState {
  return events.reduce((state, each) => noteMeasured(state, each, { last, point }), {} as MeasuredState);
}

describe("means", () => {
  it("are over the last records that have the quantity, each place for itself", () => {
    const events = Array.from({ length: 40 }, (_, i) =>
      event(i, {
        point: i % 4 === 0 ? "midpoint" : "iterate",
        ...(i % 2 === 0
          ? { alpha: i, noiseVariance: { with: { "5": 2 * i }, without: {}, shuffle: {} } }
          : {}),
      }),
    );
    const means = measuredMeans(note(events, 4));
    const of = (point: string, quantity: string): number | null | undefined =>
      means.find((each) => each.point === point && each.quantity === quantity)?.mean;
    expect(means).toHaveLength(4);
    expect(of("midpoint", "alpha")).toBe((24 + 28 + 32 + 36) / 4);
    expect(of("iterate", "alpha")).toBe((26 + 30 + 34 + 38) / 4);
    expect(of("midpoint", "noiseVariance.with.5")).toBe(24 + 28 + 32 + 36 - 60);
    const alpha = means.find(({ point, quantity }) => point === "iterate" && quantity === "alpha")!;
    expect(alpha).toMatchObject({ n: 4, sd: Math.sqrt((36 + 4 + 4 + 36) / 3) });
    expect(alpha.stderr!).toBeGreaterThanOrEqual(alpha.sd! / 2);
  });

  it("leave out what was not finite, and say how many are left", () => {
    const batch = (mean: number | null): Partial<MeasurementEvent> => ({
      batchSharpness: {
        "8": { mean, stderr: 0, batches: 3, certified: false, sampling: "with", ratioOfMeans: null },
      },
    });
    const state = note([
      event(0, batch(3)),
      event(1, batch(null)),
      event(2, batch(5)),
      event(3, { alpha: null }),
    ]);
    expect(measuredMeans(state)).toEqual([
      expect.objectContaining({ quantity: "batchSharpness.8", n: 2, mean: 4 }),
      { quantity: "alpha", point: "iterate", n: 0, mean: null, sd: null, stderr: null, tau: null },
    ]);
    expect(note([event(0, { loss: 1, sharpness: 2 })])).toEqual({});
  });
});

test("edge coupling: the last record as it is, means of the steps' own numbers", () => {
  const coupling = (rTilde: number): MeasurementEvent["coupling"] => ({
    loss: "full",
    last: {
      stepSquared: 1,
      coupling: 0,
      lossChange: 0,
      rBar: 2 * rTilde,
      rTilde,
      proxy: 0,
      twoStepReturn: 0.5,
      updateResidual: 0,
    },
    steps: rTilde,
    energy: 1,
    lossDrop: 0,
    weightedMean: 1,
    forcedMean: 1,
    largest: 1,
    largestStep: 1,
    firstAbove: null,
    deficit: 0,
    excess: 0,
    windows: [],
    residuals: { telescoping: 0, balance: 0, forcing: 0, update: 0, nearPeriodicity: 0 },
  });
  const state = note([
    event(1, { coupling: coupling(3)! }),
    event(2, { coupling: coupling(5)! }),
    event(3, {}),
  ]);
  expect(state.coupling).toEqual(coupling(5));
  const means = measuredMeans(state).map(({ quantity, mean }) => [quantity, mean]);
  expect(means).toEqual([
    ["coupling.last.rBar", 8],
    ["coupling.last.rTilde", 4],
    ["coupling.last.twoStepReturn", 0.5],
  ]);
});

describe("assumptions", () => {
  const checks = (...holds: readonly boolean[]): readonly AssumptionRecord[] =>
    holds.map((each, i) => {
      const [name, value, limit] = [`a${i}`, 0, 0];
      return each
        ? { name, holds: true, value, limit }
        : { name, holds: false, value, limit, message: `${name} fails.` };
    });

  it("are counted where the run is measured, at midpoints when both are", () => {
    const events = [
      event(0, { assumptions: checks(false, true) }),
      event(1, { point: "midpoint", assumptions: checks(true, false) }),
      event(2, { assumptions: checks(false, true) }),
      event(2, {}),
    ];
    const iterates = note(events.filter(({ point }) => point === "iterate"));
    expect(iterates.assumptions).toEqual({
      a0: { checked: 2, failed: 2, message: "a0 fails." },
      a1: { checked: 2, failed: 0, message: "" },
    });
    expect(assumptionWarnings(iterates.assumptions, "iterate")).toEqual([
      "at 2 of 2 measured iterates: a0 fails.",
    ]);
    const both = note(events, 20, "both");
    expect(assumptionWarnings(both.assumptions, "both")).toEqual(["at 1 of 1 measured midpoints: a1 fails."]);
    expect(assumptionWarnings(undefined, "iterate")).toEqual([]);
  });
});
