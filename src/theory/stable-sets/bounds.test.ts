// Bounds as formulas: closed forms and limits, monotony, numerical solutions against their closed forms, bad settings.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activationConstants } from "../../nets/index.ts";
import { bestIterateBound, potentialBound } from "./bounds.ts";
import {
  effectiveMargin,
  linearModelConstants,
  meanFieldConstants,
  noiseGrowth,
  stableSet,
  theoryApplicable,
} from "./constants.ts";
import { entranceBound, exitBound, returnBound } from "./passage-bounds.ts";
import type { StabilitySetting } from "./types.ts";

const setting = (change: Partial<StabilitySetting> = {}): StabilitySetting => ({
  n: 9,
  classes: 3,
  lr: 20,
  batch: 1,
  sampling: "with",
  model: linearModelConstants(0.2113664969),
  ...change,
});

const settings: fc.Arbitrary<StabilitySetting> = fc
  .record({
    n: fc.integer({ min: 1, max: 500 }),
    classes: fc.integer({ min: 2, max: 10 }),
    log: fc.double({ min: -4, max: 6, noNaN: true }),
    choice: fc.nat(),
    sampling: fc.constantFrom("with", "without", "shuffle"),
    margin: fc.double({ min: 0.01, max: Math.SQRT2, noNaN: true }),
    initialNorm: fc.double({ min: 0, max: 5, noNaN: true }),
    nearHomogeneity: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ n, classes, log, choice, sampling, margin, initialNorm, nearHomogeneity }) => ({
    n,
    classes,
    lr: Math.exp(log),
    batch: 1 + (choice % n),
    sampling,
    initialNorm,
    model: { margin, hidden: 1, smoothness: 0, nearHomogeneity },
  }));

test("theorem 2.2 by hand: n = 9, γ = 0.2114, η = 20, b = 1", () => {
  const rate = 0.2113664969 ** 2 * 20;
  const by = (t: number): number => (2 + (Math.log(2 * rate * t) + 40) ** 2) / (2 * rate * t);
  expect(bestIterateBound(setting(), 1000)).toBeCloseTo(by(1000), 10);
  expect(bestIterateBound(setting({ lr: 1e-3 }), 10)).toBeNull();
});

test("for large η the potential's bound forgets η: 2(1 + 1/b)/(γ²t)", () => {
  const t = 50;
  const limit = (2 * (1 + 1 / 4)) / (0.2113664969 ** 2 * t);
  expect(potentialBound(setting({ lr: 1e7, batch: 4 }), t)! / limit).toBeCloseTo(1, 4);
});

test("full batch without replacement: no noise, l_S = 1/(2eη)", () => {
  const set = stableSet(setting({ batch: 9, sampling: "without" }));
  expect(set.noiseGrowth.value).toBe(1);
  expect(set.threshold).toBeCloseTo(1 / (2 * Math.E * 20), 15);
  expect(noiseGrowth(1, 1, 0.5, "shuffle").value).toBe(1);
});

test("the stable set grows with the batch and shrinks with the step", () => {
  fc.assert(
    fc.property(settings, (base) => {
      const { threshold } = stableSet(base);
      expect(stableSet({ ...base, lr: 2 * base.lr }).threshold).toBeCloseTo(threshold / 2, 12);
      if (base.batch < base.n) {
        expect(stableSet({ ...base, batch: base.batch + 1 }).threshold).toBeGreaterThanOrEqual(threshold);
      }
      const whole = stableSet({ ...base, sampling: "with" }).threshold;
      expect(stableSet({ ...base, sampling: "without" }).threshold).toBeGreaterThanOrEqual(whole);
    }),
    { numRuns: 1000 },
  );
});

test("entrance: the first step at which the bound holds, never beyond the closed form", () => {
  fc.assert(
    fc.property(settings, fc.double({ min: 0.01, max: 0.5, noNaN: true }), (base, failure) => {
      const { steps, closedForm, potential } = entranceBound(base, failure);
      expect(potentialBound(base, steps)!).toBeLessThanOrEqual(failure * potential);
      const before = steps < 2 ** 50 ? potentialBound(base, steps - 1) : null;
      if (before !== null && steps > 1) expect(before).toBeGreaterThan(failure * potential);
      expect(steps).toBeLessThanOrEqual(closedForm * (1 + 1e-12));
      // Inside: every p_y ≥ 1/2 and L ≤ 2G ≤ l_S.
      expect(2 * potential).toBeLessThanOrEqual(stableSet(base).threshold);
      expect(potential * base.n).toBeLessThanOrEqual(0.5);
    }),
    { numRuns: 1000 },
  );
});

test("return: later exits and rarer failures take longer", () => {
  fc.assert(
    fc.property(settings, (base) => {
      const steps = returnBound(base, 100, 0.1);
      expect(returnBound(base, 10_000, 0.1)).toBeGreaterThanOrEqual(steps);
      expect(returnBound(base, 100, 0.01)).toBeGreaterThan(steps);
    }),
    { numRuns: 300 },
  );
});

describe("exit", () => {
  test("tends to 0 with the loss, and is certain at most", () => {
    const { threshold } = stableSet(setting());
    const at = (loss: number) => exitBound(setting(), { loss, potential: loss, maxPotential: loss });
    let last = 1;
    for (const share of [1, 0.5, 0.1, 1e-2, 1e-3, 1e-4]) {
      const { probability } = at(share * threshold);
      expect(probability).toBeLessThanOrEqual(last);
      last = probability;
    }
    expect(last).toBeLessThan(1e-3);
    expect(at(0)).toEqual({ radius: Infinity, probability: 0 });
  });

  test("the radius solves the descent inequality for the threshold", () => {
    fc.assert(
      fc.property(
        settings,
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (base, share, slope) => {
          const set = stableSet(base);
          const loss = share * set.threshold;
          const gradientNorm = slope * Math.SQRT2 * loss;
          const { radius } = exitBound(base, { loss, gradientNorm, potential: loss, maxPotential: loss });
          const q = set.descent.value * base.lr ** 2 * loss;
          // Worst noise: along −∇L when η > 2q, so that ⟨∇L, ξ⟩ = −‖∇L‖ρ.
          const after =
            loss +
            (q - base.lr) * gradientNorm ** 2 +
            Math.abs(base.lr - 2 * q) * gradientNorm * radius +
            q * radius ** 2;
          expect(after / set.threshold).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("only from inside", () => {
    const point = { loss: 1, potential: 1, maxPotential: 1 };
    expect(() => exitBound(setting(), point)).toThrow(/inside the stable set/);
  });
});

describe("two-layer networks", () => {
  test("the effective margin tends to the margin as the slope tends to 1", () => {
    expect(effectiveMargin(0.3, 1)).toBeCloseTo(0.3, 15);
    expect(effectiveMargin(0.3, 0.5)).toBeCloseTo(-0.35, 15);
    const activation = activationConstants({ name: "leaky-softplus", leak: 0.98 });
    const model = meanFieldConstants(0.1, 64, activation);
    expect(model).toEqual({
      margin: 0.98 * 1.1 - 1,
      hidden: 64,
      smoothness: activation.smoothness,
      nearHomogeneity: activation.nearHomogeneity,
    });
    const set = stableSet(setting({ model }));
    expect(set.descent.value).toBeCloseTo(Math.E * (1 + 0.02 * 0.25), 14);
  });

  test("whether the theory applies, and why not", () => {
    const half = activationConstants("leaky-softplus");
    expect(theoryApplicable(0.5)).toEqual({ applicable: true, reason: null });
    expect(theoryApplicable(null).reason).toMatch(/not linearly separable/);
    expect(theoryApplicable(0.01, half).reason).toMatch(/must stay above 0\.990099, but falls to 0\.5/);
    expect(theoryApplicable(1.2, half).applicable).toBe(true);
    const steep = activationConstants({ name: "leaky-gelu", leak: 0.9 });
    expect(theoryApplicable(1, steep).reason).toMatch(/above 1; rescale/);
    expect(() => meanFieldConstants(1, 4, steep)).toThrow(/rescale: true/);
  });

  test("constants of the bases by an independent grid search", () => {
    const path = new URL("../../../test/oracles/activation_constants.json", import.meta.url);
    type Row = { min_d: number; max_d: number; sup_abs_second: number; sup_nearhom: number };
    const oracle = JSON.parse(readFileSync(path, "utf8")) as Record<string, Row>;
    for (const [base, row] of Object.entries(oracle)) {
      const name = base === "huber_relu_h1" ? "leaky-huber" : `leaky-${base}`;
      const found = activationConstants({ name, leak: 0 });
      expect(found.lower).toBeCloseTo(row.min_d, 8);
      expect(found.upper).toBeCloseTo(row.max_d, 8);
      expect(found.smoothness).toBeCloseTo(row.sup_abs_second, 6);
      expect(found.nearHomogeneity).toBeCloseTo(row.sup_nearhom, 8);
    }
  });
});

test.each([
  [{ n: 0 }, /^n: .*positive integer/],
  [{ classes: 1 }, /classes/],
  [{ lr: 0 }, /lr/],
  [{ batch: 10 }, /batch.*1 to 9/],
  [{ model: linearModelConstants(0) }, /margin.*separable/],
  [{ initialNorm: -1 }, /initialNorm/],
] as const)("a setting that is none is refused: %o", (change, message) => {
  expect(() => stableSet(setting(change))).toThrow(message);
});

test("probabilities of failure lie between 0 and 1", () => {
  expect(() => entranceBound(setting(), 0)).toThrow(/failure/);
  expect(() => returnBound(setting(), 10, 1)).toThrow(/failure/);
});
