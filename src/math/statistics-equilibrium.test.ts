// Equilibrium means and edge verdicts on curves whose answer is known by construction.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { edge, equilibrium, InputError, mean, randomStream, sampleSd } from "./index.ts";
import type { EdgeVerdict, SeriesPoint } from "./index.ts";

/** Records every 50 steps of a curve given by its fraction of training done, with relative noise. */
function series(curve: (t: number) => number, noise = 0, count = 120, seed = 1): SeriesPoint[] {
  const stream = randomStream(seed, "curve");
  return Array.from({ length: count }, (_, i) => ({
    step: 50 * i,
    value: curve(i / (count - 1)) * (1 + noise * stream.normal()),
  }));
}

describe("equilibrium", () => {
  test("is the mean and sd of the last 20 records", () => {
    const records = series((t) => 100 + 50 * t, 0.1);
    const last = records.slice(-20).map((record) => record.value!);
    const result = equilibrium(records);
    expect(result).toMatchObject({ n: 20, mean: mean(last), sd: sampleSd(last), excluded: 0 });
    expect([result.firstStep, result.lastStep]).toEqual([5000, 5950]);
    expect(equilibrium(records, { last: 5 })).toMatchObject({ n: 5, firstStep: 5750 });
  });

  test("its error covers the level of independent records", () => {
    let covered = 0;
    for (let seed = 0; seed < 500; seed++) {
      const { mean, stderr, batchStderr } = equilibrium(series(() => 190, 0.02, 60, seed));
      // Student's t with 19 degrees of freedom.
      if (Math.abs(mean! - 190) <= 2.093 * stderr!) covered += 1;
      expect(batchStderr!).toBeGreaterThan(0);
    }
    expect(covered / 500).toBeGreaterThan(0.92);
    expect(covered / 500).toBeLessThan(0.99);
  });

  test("counts what is not finite instead of reaching further back", () => {
    const records = series(() => 5).with(119, { step: 5950, value: null });
    const result = equilibrium(records.with(116, { step: 5800, value: Number.NaN }));
    expect(result).toMatchObject({ n: 18, mean: 5, excluded: 2, lastStep: 5900 });
    expect(result.warning).toBe("2 of the last 20 records are not finite");
  });

  test("short and empty series say so", () => {
    expect(equilibrium([])).toMatchObject({ n: 0, mean: null, sd: null, stderr: null, firstStep: null });
    expect(equilibrium([{ step: 0, value: 3 }])).toMatchObject({ n: 1, mean: 3, sd: null, stderr: null });
    expect(equilibrium(series(() => 5, 0.1, 10)).warning).toMatch(/^only 10 of 20 records exist/);
    expect(() => equilibrium([], { last: 0 })).toThrow(InputError);
  });
});

describe("edge", () => {
  const threshold = 200;
  const climbThen = (level: number) => (t: number) => 20 + (level - 20) * Math.min(1, 2 * t);
  const curves: [string, (t: number) => number, EdgeVerdict, RegExp][] = [
    ["gradient descent at 2/η", climbThen(204), "at the edge", /^At the edge: .* there since step \d+\.$/],
    [
      "the paper's smallest batch, 190.8",
      climbThen(190.8),
      "at the edge",
      /9[456]\.. % of the threshold 200/,
    ],
    [
      "small batches",
      climbThen(120),
      "below (stochastic)",
      /^Below: .*(59|60|61)\.. %.*edge was never reached/,
    ],
    ["training cut short", (t) => 20 + 120 * t, "still climbing", /^Still climbing: .* Train longer\.$/],
    [
      "cross-entropy",
      (t) => (t < 0.5 ? 20 + 400 * t : 220 * Math.exp(-6 * (t - 0.5))),
      "collapsed",
      /^Collapsed: /,
    ],
    [
      "a collapse without the edge",
      (t) => 5 + 100 * Math.exp(-(((t - 0.4) / 0.15) ** 2)),
      "collapsed",
      /never reached/,
    ],
    ["a sharp initial point", (t) => 60 + 100 * Math.exp(-8 * t), "below (stochastic)", /^Below: /],
    ["a flat loss", () => 0, "flat", /^Flat: sharpness ends at 0, .*no edge to reach\.$/],
    ["a concave one", () => -3, "flat", /^Flat: sharpness ends at -[23]\.?/],
    ["a catapult underway", () => 500, "above the edge", /^Above the edge: /],
  ];
  test.each(curves)("%s", (_, curve, verdict, sentence) => {
    for (let seed = 0; seed < 10; seed++) {
      const report = edge(series(curve, 0.01, 120, seed), threshold);
      expect(report.verdict).toBe(verdict);
      expect(report.sentence).toMatch(sentence);
      expect(report.ratio).toBe(report.final.mean! / threshold);
    }
  });

  test("onset, crossing, peak and drift have their numbers", () => {
    // A single spike at record 3 crosses but is no onset; the climb passes 180 at record 56, 200 at record 64.
    const records = Array.from({ length: 100 }, (_, i) => ({
      step: 10 * i,
      value: Math.min(210, 40 + 2.5 * i),
    }));
    const report = edge(records.with(3, { step: 30, value: 300 }), threshold);
    expect(report.onset).toEqual({ step: 560, value: 180 });
    expect(report.crossing).toEqual({ step: 30, value: 300 });
    expect(report.peak).toEqual({ step: 30, value: 300 });
    expect(report.drift).toEqual({
      value: expect.closeTo(4.5, 10) as number,
      stderr: expect.any(Number) as number,
    });
    expect(edge(records, threshold).crossing).toEqual({ step: 640, value: 200 });
    expect(edge(records, threshold, { sustain: 60 }).onset).toBeNull();
  });

  test("a run that alternates at the edge has an onset, wherever its single records fall", () => {
    const climb = (i: number): number => Math.min(196, 40 + 2.5 * i);
    for (const amplitude of [5, 30, 60]) {
      const records = Array.from({ length: 120 }, (_, i) => ({
        step: 50 * i,
        value: climb(i) + (i % 2 === 0 ? -1 : 1) * amplitude * Math.min(1, i / 56),
      }));
      // Single records dip under 90 % of the threshold at every second measurement of the larger amplitudes.
      const dips = records.slice(64).filter(({ value }) => value < 180).length;
      expect(dips).toBe(amplitude > 16 ? 28 : 0);
      const { verdict, sentence, onset } = edge(records, threshold);
      expect(verdict).toBe("at the edge");
      // The climb without the alternation passes 180 at record 56.
      expect(Math.abs(onset!.step / 50 - 56)).toBeLessThanOrEqual(2);
      expect(sentence).toContain(`there since step ${onset!.step}`);
    }
  });

  test("an alternation that stays below on average has none; a short series is judged record by record", () => {
    const alternating = (count: number, low: number, high: number): SeriesPoint[] =>
      Array.from({ length: count }, (_, i) => ({ step: i, value: i % 2 === 0 ? low : high }));
    expect(edge(alternating(60, 60, 260), threshold)).toMatchObject({
      verdict: "below (stochastic)",
      onset: null,
      crossing: { step: 1, value: 260 },
    });
    expect(edge(alternating(9, 150, 230), threshold).onset).toBeNull();
    expect(edge(alternating(10, 150, 230), threshold).onset).toEqual({ step: 0, value: 150 });
    const short = [100, 150, 190, 185, 195].map((value, step) => ({ step, value }));
    expect(edge(short, threshold).onset).toEqual({ step: 2, value: 190 });
  });

  test("does not depend on the units of sharpness", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 300, noNaN: true }), { maxLength: 60 }),
        fc.integer({ min: -6, max: 6 }),
        (values, power) => {
          const at = (factor: number): SeriesPoint[] =>
            values.map((value, step) => ({ step, value: factor * value }));
          const plain = edge(at(1), threshold);
          const scaled = edge(at(2 ** power), 2 ** power * threshold);
          expect(scaled.verdict).toBe(plain.verdict);
          expect(scaled.onset?.step).toBe(plain.onset?.step);
          expect(scaled.ratio).toBe(plain.ratio);
        },
      ),
      { seed: 17 },
    );
  });

  test("diverged, short and empty curves are unknown, bad options are refused", () => {
    expect(edge([], threshold)).toMatchObject({ verdict: "unknown", onset: null, peak: null, ratio: null });
    expect(
      edge(
        series(() => 5, 0, 3),
        threshold,
      ).sentence,
    ).toBe("3 finite sharpness records at the end: too few to judge against the threshold 200.");
    const diverged = series((t) => (t < 0.75 ? 5 : Number.NaN));
    expect(edge(diverged, threshold).verdict).toBe("unknown");
    expect(() => edge([], 0)).toThrow("threshold: ");
    expect(() => edge([], Infinity)).toThrow("threshold: ");
    expect(() => edge([], 1, { sustain: 0 })).toThrow("sustain: ");
    expect(() => edge([], 1, { tolerance: 1 })).toThrow("tolerance: ");
    expect(() => edge([], 1, { climb: -1 })).toThrow("climb: ");
  });
});
