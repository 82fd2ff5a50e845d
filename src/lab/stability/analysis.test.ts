// Analysis of large-step runs: records whose sets, exits, rates and bounds are known in advance.
import { describe, expect, test } from "vitest";
import type { MeasurementEvent, RunRecord, StabilityProblemRecord } from "../../record/index.ts";
import { bestIterateBound, entranceBound, stableSet } from "../../theory/index.ts";
import { stabilityAnalysis } from "./analysis.ts";
import { stabilityRun, type StabilityRunAnalysis } from "./run-analysis.ts";

const problem: StabilityProblemRecord = {
  examples: 4,
  features: 2,
  classes: 2,
  largestNorm: 1,
  zeroInputs: 0,
  initialNorm: 0,
  margin: { value: 0.5, lower: 0.5, upper: 0.5, sentence: "margin 0.5" },
};

interface Made {
  readonly steps?: number;
  readonly every?: number;
  readonly lr?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly status?: "finished" | "diverged";
  readonly net?: Readonly<Record<string, unknown>>;
  readonly problem?: Partial<StabilityProblemRecord>;
  readonly logLoss: (step: number) => number | null;
  readonly drift?: (step: number) => { relative: number; stderr: number; secondOrder?: number };
}

function made({ steps = 200, every = 1, lr = 2, batch = 1, seed = 0, ...rest }: Made): RunRecord {
  const measurements: MeasurementEvent[] = [];
  for (let step = 0; step <= steps; step += every) {
    const logLoss = rest.logLoss(step);
    const found = rest.drift?.(step);
    const drift = found === undefined ? {} : { drift: { ...found, increases: 0, batches: 4, exact: true } };
    const potential = logLoss === null ? null : Math.min(1, Math.exp(logLoss));
    measurements.push({
      type: "measurement",
      step,
      point: "iterate",
      stability: {
        logLoss,
        potential,
        maxPotential: potential,
        ...drift,
        ...(step === 0 ? { problem: { ...problem, ...rest.problem } } : {}),
      },
      ...(step % 50 === 0 ? { sharpness: step < 100 ? 3 / lr : 1 / lr, testAccuracy: step / steps } : {}),
    });
  }
  const { status = "finished", net = { name: "mlp", widths: [], bias: false, init: "zeros" } } = rest;
  return {
    id: `made-lr${lr}-b${batch}-s${seed}`,
    config: {
      data: { name: "gaussians", classes: 2, n: 4 },
      net,
      loss: "ce",
      optimizer: { name: "sgd", lr, batch, sampling: "with" },
      steps,
      seed,
      measure: { every: 50, stability: { every } },
    },
    summary: { status, step: steps, steps } as RunRecord["summary"],
    steps: [],
    measurements,
    marks: [],
  };
}

function analysed(given: Made): StabilityRunAnalysis {
  const run = stabilityRun(made(given));
  if (run === null) throw new Error("not analysed");
  return run;
}

const setting = {
  n: 4,
  classes: 2,
  lr: 2,
  batch: 1,
  sampling: "with",
  model: { margin: 0.5, hidden: 1, smoothness: 0, nearHomogeneity: 0 },
  initialNorm: 0,
} as const;

describe("one run", () => {
  test("a loss of c/t has tail exponent 1, no oscillation and no rise", () => {
    const run = analysed({ logLoss: (t) => -Math.log(1 + t) });
    expect(run.rate!.exponent!.value).toBeCloseTo(1, 1);
    expect(run.rate!.oscillation).toEqual({ mean: 0, max: 0, spikes: 0 });
    expect(run.monotonicity).toEqual({ early: 0, late: 0, rise: 0 });
    expect(run.finalLogLoss).toBeCloseTo(-Math.log(201), 12);
    expect(run.testAccuracy).toBe(1);
  });

  test("entrances, exits and returns are counted in training steps, at any spacing", () => {
    const logs = Math.log(stableSet(setting).threshold);
    const out = new Set([60, 65, 120]);
    const run = analysed({
      every: 5,
      logLoss: (t) => (t < 30 || out.has(t) ? logs + 1 : logs - 1),
      drift: (t) => (t === 80 ? { relative: 0.1, stderr: 0 } : { relative: -0.1, stderr: 0 }),
    });
    expect(run.sets.theorem).toMatchObject({
      spacing: 5,
      entrance: 30,
      exits: 2,
      excursions: [
        { exit: 60, length: 10 },
        { exit: 120, length: 5 },
      ],
    });
    expect(run.sets.theorem!.occupancy).toBeCloseTo(32 / 35, 12);
    // Of 32 points inside, the last is followed by no step.
    expect(run.sets.theorem!.exitFrequency).toBeCloseTo(2 / 31, 12);
    expect(run.sets.empirical).toMatchObject({ entrance: 0, excursions: [{ exit: 80, length: 5 }] });
    expect(run.sets.sharpness).toMatchObject({ spacing: 50, entrance: 100, exits: 0, occupancy: 1 });
  });

  test("an estimated drift counts as positive beyond twice its error only", () => {
    const run = analysed({
      logLoss: () => 0,
      drift: (t) => ({ relative: t === 9 ? 0.3 : 0.1, stderr: 0.1 }),
    });
    expect(run.sets.empirical!.excursions).toEqual([{ exit: 9, length: 1 }]);
  });

  test("how far the drift to second order is off, where it was measured", () => {
    const drift = (t: number) => ({ relative: -0.1, stderr: 0, secondOrder: t % 2 === 0 ? -0.09 : -0.2 });
    expect(analysed({ logLoss: () => 0, drift }).secondOrderError).toBeCloseTo(0.1, 12);
    expect(
      analysed({ logLoss: () => 0, drift: () => ({ relative: -0.1, stderr: 0 }) }).secondOrderError,
    ).toBeNull();
  });

  test("bounds are those of the theory for its setting; inputs of length s are read at ηs²", () => {
    const plain = analysed({ logLoss: (t) => -t });
    expect(plain.theory.setting).toEqual(setting);
    expect(plain.bounds!.entrance).toEqual(entranceBound(setting, 0.1));
    expect(plain.bounds!.exitProbability).toBeLessThan(1);
    const long = analysed({
      logLoss: (t) => -t,
      problem: { largestNorm: 3, margin: { ...problem.margin!, value: 1.5 } },
    });
    expect(long.theory.setting).toEqual({ ...setting, lr: 18 });
    expect(long.theory.notes.join()).toMatch(/as long as 3\.000.*at learning rate 18\.00/);
  });

  test("losses that overflowed are passed over, and tiny ones keep their place", () => {
    const run = analysed({ logLoss: (t) => (t === 3 ? null : -20 * t) });
    expect(run.bestLogLoss).toBe(-4000);
    expect(run.rate!.logBest.at(-1)).toBe(-4000);
    expect(run.sets.theorem!.entrance).toBe(1);
  });

  const silent: readonly (readonly [string, Partial<Made>, RegExp])[] = [
    ["a deep network", { net: { name: "mlp", widths: [5] } }, /linear models and two-layer mean-field/],
    ["a bias", { net: { name: "mlp", widths: [] } }, /without bias/],
    [
      "data that are not separable",
      { problem: { margin: { value: null, lower: 0, upper: 0, sentence: "not separable at all" } } },
      /not separable at all/,
    ],
    ["zero inputs", { problem: { zeroInputs: 2 } }, /2 of the inputs are zero vectors/],
    [
      "an activation far from homogeneous",
      { net: { name: "mean-field", width: 8 } },
      /effective margin -0\.25\d* is not positive/,
    ],
    ["an activation without leak", { net: { name: "mean-field", activation: "tanh" } }, /not tanh/],
  ];
  test.each(silent)("of %s: no theorem, the reason, and everything else", (_, more, reason) => {
    const run = analysed({ logLoss: (t) => -Math.log(1 + t), ...more });
    expect(run.theory.reason).toMatch(reason);
    expect([run.set, run.bounds, run.sets.theorem]).toEqual([null, null, null]);
    expect(run.rate!.exponent).not.toBeNull();
  });

  test("of a leaky network near the identity: its effective margin", () => {
    const net = { name: "mean-field", width: 8, activation: { name: "leaky-softplus", leak: 0.9 } };
    const { theory } = analysed({ logLoss: (t) => -t, net });
    expect(theory.setting!.model.hidden).toBe(8);
    expect(theory.setting!.model.smoothness).toBeCloseTo(0.025, 12);
    expect(theory.setting!.model.margin).toBeCloseTo(0.9 * 1.5 - 1, 12);
  });
});

describe("several runs", () => {
  test("are grouped over seeds by learning rate and batch size; those that diverged enter no mean", () => {
    const runs = [0, 1].flatMap((seed) =>
      [4, 1].map((batch) => analysed({ seed, batch, logLoss: (t) => -Math.log(1 + t) - seed })),
    );
    const diverged = analysed({ seed: 2, batch: 4, status: "diverged", logLoss: () => 5 });
    const { groups } = stabilityAnalysis([...runs, diverged]);
    expect(groups.map(({ batch }) => batch)).toEqual([1, 4]);
    expect(groups[1]!.excluded).toEqual([{ run: diverged.id, reason: "diverged" }]);
    expect(groups[0]!.finalLoss).toMatchObject({ n: 2, runs: [runs[1]!.id, runs[3]!.id] });
    expect(groups[0]!.finalLoss.mean! * Math.LN10).toBeCloseTo(-Math.log(201) - 0.5, 12);
  });

  test("the envelope is the theorem's, above the best mean over seeds", () => {
    const runs = [0, 1].map((seed) => analysed({ seed, logLoss: (t) => Math.log((1 + seed) / (1 + t)) }));
    const [group] = stabilityAnalysis(runs).groups;
    const last = group!.envelope.at(-1)!;
    // min over k < t: the last step itself does not count.
    expect(last.step).toBe(201);
    expect(Math.exp(last.logBest)).toBeCloseTo(1.5 / 201, 12);
    expect(Math.exp(last.logBound!)).toBeCloseTo(bestIterateBound(setting, 201)!, 9);
    expect(group!.envelopeMargin).toBeGreaterThan(1);
  });

  test("none is an error that says what to do", () => {
    expect(() => stabilityAnalysis([])).toThrow(/no run measured stable sets.*measure\.stability/);
  });
});
