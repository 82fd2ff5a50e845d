// A run's findings in words: every number that was measured, said once, and nothing that was not.
import { describe, expect, it } from "vitest";
import type {
  CouplingRecord,
  MeasuredMean,
  MeasurementEvent,
  RunRecord,
  RunSummary,
} from "../record/index.ts";
import { findingsOfAll, measuredOf, runFindings } from "./findings.ts";

const summary: RunSummary = {
  version: 1,
  status: "finished",
  step: 100,
  steps: 100,
  loss: 0.1,
  sharpness: 190,
  threshold: 200,
  equilibriumSharpness: 190.8,
  equilibriumSd: 2.5,
  equilibriumRecords: 20,
  equilibriumStderr: 0.91,
  equilibriumTau: 2.6,
  edge: { verdict: "at the edge", sentence: "At the edge: so it is.", onset: 40, ratio: 0.954 },
  seconds: 1,
};

const mean = (
  quantity: string,
  value: number | null,
  point: MeasuredMean["point"] = "iterate",
): MeasuredMean => ({
  quantity,
  point,
  n: value === null ? 0 : 14,
  mean: value,
  sd: 1,
  stderr: value === null ? null : 0.25,
  tau: 1,
});

const config = { optimizer: { name: "sgd", batch: 50, sampling: "without" }, measure: { point: "both" } };

/** Findings as `title | text` lines. */
function said(more: Partial<RunSummary>, settings: RunRecord["config"] = config): string[] {
  return runFindings({ config: settings, summary: { ...summary, ...more } }).map(
    ({ title, text }) => `${title} | ${text}`,
  );
}

describe("a run", () => {
  it("says its equilibrium with standard error and autocorrelation time, and the edge", () => {
    expect(said({})).toEqual([
      "S_eq | 190.8 ± 0.91 (standard error), mean of the last 20 solves, sd 2.5; autocorrelation time 2.6 solves: one value in 2.6 counts",
      "edge | At the edge: so it is.",
    ]);
    const doubtful = said({
      equilibriumTau: 0.8,
      equilibriumWarning: "only 9 of 20 records exist",
      onset: 33,
    });
    expect(doubtful[0]).toContain("autocorrelation time 0.80 solves: each counts as independent");
    expect(said({ equilibriumTau: 0 })[0]).toMatch(/sd 2\.5; successive solves alternate/);
    expect(doubtful.slice(1)).toEqual([
      " | careful: only 9 of 20 records exist",
      "edge | At the edge: so it is.",
      " | first solve at or above the threshold: step 33",
    ]);
    expect(said({ equilibriumSharpness: null, equilibriumSd: null })).toEqual([]);
    expect(runFindings({ config, summary: null })).toEqual([]);
    expect(said({ status: "diverged" })).toEqual([]);
  });

  it("gives the theory's means at the midpoints, curvature along gradients at the iterates", () => {
    const measured = [
      mean("alpha", -7),
      mean("alpha", 3, "midpoint"),
      mean("beta", 5, "midpoint"),
      mean("noiseVariance.without.50", 0.5, "midpoint"),
      mean("noiseVariance.with.50", 0.6, "midpoint"),
      mean("noiseVariance.without.1", 25, "midpoint"),
      mean("batchSharpness.50", 190),
      mean("batchSharpness.50", 60, "midpoint"),
      mean("stepSharpness", 210),
    ];
    const assumptions = {
      progressiveSharpening: { checked: 30, failed: 6, message: "α = −1 is not positive." },
    };
    expect(said({ measured, assumptions }).slice(2)).toEqual([
      "α | 3.000 ± 0.25, progressive sharpening, mean over the last 14 midpoints; positive at 24 of 30 in the whole run",
      "β | 5.000 ± 0.25, self-stabilisation, mean over the last 14 midpoints",
      "σ_u², b = 50 | 0.5000 ± 0.25, gradient noise along u (without), mean over the last 14 midpoints",
      "batch sharpness, b = 50 | 190.0 ± 0.25, curvature along batch gradients, mean over the last 14 iterates; 95.0 % of the threshold",
      "step sharpness | 210.0 ± 0.25, curvature along the gradient of the step taken, mean over the last 14 iterates; 105 % of the threshold",
      "warning | at 6 of 30 measured midpoints: α = −1 is not positive.",
    ]);
    const iterate = said({ measured }, { optimizer: config.optimizer, measure: { point: "iterate" } });
    expect(iterate[2]).toBe("α | −7.000 ± 0.25, progressive sharpening, mean over the last 14 iterates");
  });

  it("of gradient descent shows the noise of single examples, and says what is undefined", () => {
    const measured = [
      mean("noiseVariance.shuffle.1", 25),
      mean("noiseVariance.shuffle.7", 3),
      mean("alpha", null),
    ];
    const found = said({ measured }, { optimizer: { name: "gd", batch: "full" } });
    expect(found.slice(2)).toEqual([
      "α | progressive sharpening: undefined at the last iterates",
      "σ_u², b = 1 | 25.00 ± 0.25, gradient noise along u (shuffle), mean over the last 14 iterates",
    ]);
  });

  it("says what edge coupling found, and a sentence for each identity that fails", () => {
    const roundings = {
      telescoping: 1e-15,
      balance: 1e-15,
      forcing: 1e-15,
      update: 2e-5,
      nearPeriodicity: 1e-13,
    };
    const residuals = { telescoping: 1e-16, balance: 0, forcing: 0, update: 1e-5, nearPeriodicity: -0.1 };
    const coupling: CouplingRecord = {
      loss: "full",
      last: null,
      steps: 2400,
      energy: 3,
      lossDrop: 0.6,
      weightedMean: 199.6,
      forcedMean: 199.6,
      largest: 231,
      largestStep: 412,
      firstAbove: 97,
      deficit: 2,
      excess: 0.8,
      windows: [{ width: 20, within: 0.875, below: 0.1, above: 0.025, belowBound: 1, aboveBound: 1 }],
      residuals,
      roundings,
    };
    const measured = [mean("coupling.last.twoStepReturn", 0.151)];
    expect(said({ coupling, measured }).slice(2)).toEqual([
      "r̃ | 199.60, mean weighted by ‖d‖² over 2,400 steps: 2/η − 0.400, as the fall of the loss demands; largest 231.0 at step 412, first at or above 2/η at step 97",
      " | within 10.0 % of 2/η: 87.5 % of Σ‖d‖²; below 10.0 %, above 2.50 %",
      "two-step return | 0.151 of a step, mean over the last 14 records; 0 on an orbit of period two",
      "identities | hold to rounding; the largest residual is 0.50 times what rounding explains",
    ]);
    const broken = { ...coupling, windows: [], residuals: { ...residuals, update: 0.25 } };
    expect(said({ coupling: broken }).at(-1)).toBe(
      "warning | edge coupling: the steps are not −η∇L of the recorded learning rate and loss: off by 2.5e-1, rounding explains 2.0e-5",
    );
    const batches = { ...coupling, loss: "batch" as const, largest: null, steps: 40, weightedMean: 203 };
    expect(said({ coupling: batches })[2]).toBe(
      "r̃ | 203.00, mean weighted by ‖d‖² over 40 measured steps, each under its own batch: 2/η + 3.00, as the fall of the loss demands",
    );
    expect(said({ coupling: { ...coupling, weightedMean: null } }).length).toBe(2);
    // A run without a summary yet is read from its events.
    const event: MeasurementEvent = { type: "measurement", step: 9, point: "iterate", coupling };
    const events = { config: { ...config, optimizer: { lr: 0.01 } }, summary: null, measurements: [event] };
    expect(runFindings(events)[0]!.text).toContain("2/η − 0.400");
    expect(measuredOf(events).coupling).toEqual(coupling);
  });

  it("without a summary of it has the same from the events", () => {
    const measurements: MeasurementEvent[] = [1, 2, 3].map((step) => ({
      type: "measurement",
      step,
      point: "midpoint",
      alpha: step,
      assumptions: [{ name: "eigengap", holds: step === 2, value: 0, limit: 0, message: "It is small." }],
    }));
    const { measured, assumptions } = measuredOf({
      config: { ...config, measure: { point: "both", equilibriumRecords: 2 } },
      summary,
      measurements,
    });
    expect(measured).toEqual([expect.objectContaining({ quantity: "alpha", n: 2, mean: 2.5 })]);
    expect(assumptions).toEqual({ eigengap: { checked: 3, failed: 2, message: "It is small." } });
  });
});

it("many runs: how many ended where, and at which share of the records an assumption failed", () => {
  const with_ = (verdict: "at the edge" | "collapsed", failed: number): RunSummary => ({
    ...summary,
    edge: { ...summary.edge!, verdict },
    assumptions: {
      eigengap: { checked: 10, failed, message: "" },
      positiveSharpness: { checked: 10, failed: 0, message: "" },
    },
  });
  const runs = [with_("at the edge", 4), with_("collapsed", 1), with_("at the edge", 1)];
  expect(findingsOfAll(runs.map((each) => ({ config, summary: each })))).toEqual([
    { title: "edge", text: "2 at the edge, 1 collapsed" },
    { title: "assumptions of the theory that fail", text: "small eigengap at 20 % of the records" },
  ]);
  expect(findingsOfAll([{ config, summary: null }])).toEqual([]);
});
