// Every inequality the theory of the linear classifier is built of, on thousands of random separable problems.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  problemSizes,
  randomWeights,
  type SeparableProblem,
  separableProblem,
} from "../../../test/separable-data.ts";
import { symmetricEigen } from "../../math/index.ts";
import { batchSampler } from "../../optim/index.ts";
import { possibleBatches } from "./batches.ts";
import { bestIterateBound, lastIterateBound, potentialBound } from "./bounds.ts";
import { linearModelConstants, noiseGrowth, stableSet } from "./constants.ts";
import { LinearDrift } from "./linear-drift.ts";
import { linearHessian } from "./linear-hessian.ts";
import { LinearModel } from "./linear-model.ts";
import { exitBound } from "./passage-bounds.ts";
import type { StabilitySetting } from "./types.ts";

/** Room for rounding in inequalities between computed numbers. */
const SLACK = 1 + 1e-9;
/** And where they have lost their digits to underflow, squares of gradients first. */
const UNDERFLOW = 1e-300;
const many = { numRuns: 2000 };

const inner = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, c) => sum + value * b[c]!, 0);
const length = (a: Float64Array): number => Math.hypot(...a);

test("perceptron: ⟨−∇L, W*⟩ ≥ γG", () => {
  fc.assert(
    fc.property(problemSizes, (size) => {
      const problem = separableProblem(size);
      const model = new LinearModel(problem.inputs);
      model.setWeights(randomWeights(problem));
      const gradient = new Float64Array(model.weights.length);
      model.gradient(gradient);
      const { potential } = model.point;
      expect(-inner(gradient, problem.direction) * SLACK + UNDERFLOW).toBeGreaterThanOrEqual(
        problem.margin * potential,
      );
    }),
    many,
  );
});

test("gradients: ‖∇ℓ_i‖ ≤ √2·G_i ≤ √2·min(1, ℓ_i) and γG ≤ ‖∇L‖ ≤ √2·G ≤ √2·L", () => {
  fc.assert(
    fc.property(problemSizes, (size) => {
      const problem = separableProblem(size);
      const model = new LinearModel(problem.inputs);
      model.setWeights(randomWeights(problem));
      const gradient = new Float64Array(model.weights.length);
      const { losses, potentials } = model.losses;
      for (let i = 0; i < size.n; i++) {
        model.gradient(gradient, [i]);
        expect(length(gradient)).toBeLessThanOrEqual(Math.SQRT2 * potentials[i]! * SLACK + UNDERFLOW);
        expect(potentials[i]!).toBeLessThanOrEqual(Math.min(1, losses[i]!) * SLACK + UNDERFLOW);
      }
      const norm = model.gradientNorm;
      const { loss, potential } = model.point;
      expect(problem.margin * potential).toBeLessThanOrEqual(norm * SLACK + UNDERFLOW);
      expect(norm).toBeLessThanOrEqual(Math.SQRT2 * potential * SLACK + UNDERFLOW);
      expect(potential).toBeLessThanOrEqual(loss * SLACK + UNDERFLOW);
    }),
    many,
  );
});

test("curvature: λ_max ≤ 2G ≤ 2L", async () => {
  await fc.assert(
    fc.asyncProperty(problemSizes, async (size) => {
      const problem = separableProblem(size);
      const model = new LinearModel(problem.inputs);
      model.setWeights(randomWeights(problem));
      const operator = linearHessian(model);
      const rows: Float64Array[] = [];
      for (let c = 0; c < operator.size; c++) {
        const unit = new Float64Array(operator.size);
        unit[c] = 1;
        const image = new Float64Array(operator.size);
        // eslint-disable-next-line no-await-in-loop -- one product after the other
        await operator.apply(unit, image);
        rows.push(image);
      }
      const { potential } = model.point;
      if (potential < 1e-250) return;
      const [largest] = symmetricEigen(rows.map((row) => row.map((value) => value / potential))).values;
      expect(largest!).toBeLessThanOrEqual(2 * SLACK);
    }),
    { numRuns: 1000 },
  );
});

test("noise: E‖g_B − ∇L‖² ≤ (2/b)G and E‖g_B‖² ≤ C_b‖∇L‖², for both samplings", () => {
  fc.assert(
    fc.property(problemSizes, fc.nat(), (size, choice) => {
      const problem = separableProblem(size);
      const model = new LinearModel(problem.inputs);
      model.setWeights(randomWeights(problem));
      const { n } = size;
      const b = 1 + (choice % n);
      const gradient = model.gradientNorm ** 2;
      const spread = Math.max(0, model.meanSquareGradient - gradient);
      const { potential } = model.point;
      for (const sampling of ["with", "without"] as const) {
        const variance = (spread / b) * (sampling === "with" ? 1 : (n - b) / (n - 1));
        expect(variance).toBeLessThanOrEqual((2 / b) * potential * SLACK + UNDERFLOW);
        const growth = noiseGrowth(n, b, problem.margin, sampling).value;
        expect(gradient + variance).toBeLessThanOrEqual(growth * gradient * SLACK + UNDERFLOW);
      }
    }),
    many,
  );
});

test("those variances are the ones over all batches", () => {
  const problem = separableProblem({ seed: 4, n: 6, d: 3, classes: 3 });
  const model = new LinearModel(problem.inputs);
  model.setWeights(randomWeights(problem));
  const gradient = new Float64Array(model.weights.length);
  const full = model.gradientNorm ** 2;
  for (const sampling of ["with", "without"] as const) {
    let second = 0;
    for (const { indices, probability } of possibleBatches(6, 3, sampling)) {
      model.gradient(gradient, indices);
      second += probability * inner(gradient, gradient);
    }
    const factor = sampling === "with" ? 1 / 3 : 1 / 5;
    expect(second).toBeCloseTo(full + factor * (model.meanSquareGradient - full), 12);
  }
});

test("descent: L(W − ηg) ≤ L − η⟨∇L, g⟩ + c₀η²L‖g‖² while logits move by at most 1/√2", () => {
  let tested = 0;
  fc.assert(
    fc.property(problemSizes, fc.nat(), fc.double({ min: -6, max: 6, noNaN: true }), (size, first, log) => {
      const problem = separableProblem(size);
      const model = new LinearModel(problem.inputs);
      model.setWeights(randomWeights(problem));
      const { n, classes } = problem.inputs;
      const batch = [first % n, problem.stream.integer(n)];
      const gradient = new Float64Array(model.weights.length);
      const step = new Float64Array(model.weights.length);
      model.gradient(gradient);
      model.gradient(step, batch);
      const before = new Float64Array(model.logits);
      const { loss } = model.point;
      const norm = length(step);
      // ‖ηg‖ ≤ e⁶·…: from steps that hardly move to ones beyond the guard, which is then checked.
      const lr = Math.exp(log) / norm;
      // Beyond about 1e-308 a gradient has no such step in double precision.
      if (!Number.isFinite(lr)) return;
      const change = new LinearDrift(model).changeAfter(batch, lr);
      model.step(batch, lr);
      for (let i = 0; i < n; i++) {
        const moved = model.logits
          .subarray(i * classes, (i + 1) * classes)
          .map((z, k) => z - before[i * classes + k]!);
        if (length(moved) > Math.SQRT1_2) return;
      }
      tested++;
      const bound = -lr * inner(gradient, step) + Math.E * lr * lr * loss * norm * norm;
      expect(change).toBeLessThanOrEqual(bound + 1e-9 * loss);
    }),
    many,
  );
  expect(tested).toBeGreaterThan(500);
});

/** A point inside the stable set: far enough along the separator. */
function insideModel(
  size: Parameters<typeof separableProblem>[0],
  b: number,
  lr: number,
  sampling: "with" | "without",
) {
  const problem = separableProblem(size, 0.1);
  const model = new LinearModel(problem.inputs);
  const setting: StabilitySetting = {
    n: size.n,
    classes: size.classes,
    lr,
    batch: b,
    sampling,
    model: linearModelConstants(problem.margin),
  };
  const set = stableSet(setting);
  const noise = slightNoise(problem);
  let reach = 1 / problem.margin;
  do {
    reach *= 1.15;
    model.setWeights(problem.direction.map((value, c) => reach * (value + noise[c]!)));
  } while (model.point.loss > set.threshold);
  return { model, setting, set };
}

/** Noise small enough to keep the separator separating by more than half its margin: a difference moves by √2 of it. */
function slightNoise({ direction, stream, margin }: SeparableProblem): Float64Array {
  const noise = direction.map(() => stream.normal());
  const scale = (0.3 * margin) / length(noise);
  return noise.map((value) => value * scale);
}

const steps = fc.double({ min: -2, max: 5, noNaN: true });
const small = fc.record({
  seed: fc.integer(),
  n: fc.integer({ min: 2, max: 6 }),
  d: fc.integer({ min: 2, max: 3 }),
  classes: fc.integer({ min: 2, max: 4 }),
});

describe("inside the stable set", () => {
  test("E L(W′) ≤ L − (η/2)‖∇L‖², for every batch size and both samplings", () => {
    fc.assert(
      fc.property(
        small,
        fc.nat(),
        steps,
        fc.constantFrom("with", "without"),
        (size, choice, log, sampling) => {
          const b = 1 + (choice % Math.min(size.n, 3));
          const { model, setting } = insideModel(size, b, Math.exp(log), sampling);
          const drift = new LinearDrift(model).measure({ lr: setting.lr, batch: b, sampling });
          expect(drift.exact).toBe(true);
          const descent = (setting.lr / 2) * model.gradientNorm ** 2;
          expect(drift.value).toBeLessThanOrEqual(-descent + 1e-9 * model.point.loss);
          expect(drift.value).toBeLessThan(0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("noise shorter than the exit radius stays, and exits are no more frequent than their bound", () => {
    fc.assert(
      fc.property(small, fc.nat(), steps, (size, choice, log) => {
        const b = 1 + (choice % Math.min(size.n, 2));
        const { model, setting, set } = insideModel(size, b, Math.exp(log), "with");
        const { loss, potential, maxPotential } = model.point;
        const gradientNorm = model.gradientNorm;
        const { radius, probability } = exitBound(setting, {
          loss,
          potential,
          maxPotential,
          gradientNorm,
          meanSquare: model.meanSquareGradient,
        });
        const gradient = new Float64Array(model.weights.length);
        const batchGradient = new Float64Array(model.weights.length);
        model.gradient(gradient);
        const drift = new LinearDrift(model);
        let exits = 0;
        for (const { indices, probability: share } of possibleBatches(size.n, b, "with")) {
          const after = loss + drift.changeAfter(indices, setting.lr);
          model.gradient(batchGradient, indices);
          const noise = length(batchGradient.map((g, c) => g - gradient[c]!));
          if (after > set.threshold) exits += share;
          if (noise < radius) expect(after).toBeLessThanOrEqual(set.threshold * SLACK + UNDERFLOW);
        }
        expect(exits).toBeLessThanOrEqual(probability + 1e-12);
        // Without knowing the gradient the radius is smaller, the bound larger.
        const blind = exitBound(setting, { loss, potential, maxPotential });
        expect(blind.radius).toBeLessThanOrEqual(radius * SLACK + UNDERFLOW);
      }),
      { numRuns: 500 },
    );
  });
});

describe("whole runs", () => {
  /** Mean over seeds of L and G along SGD from 0. */
  function meanRun(seeds: number, t: number, lr: number, b: number) {
    const problem = separableProblem({ seed: 21, n: 12, d: 3, classes: 3 }, 0.15);
    const losses = new Float64Array(t);
    const potentials = new Float64Array(t);
    for (let seed = 0; seed < seeds; seed++) {
      const model = new LinearModel(problem.inputs);
      const sampler = batchSampler({ sampling: "with", n: 12, batch: b, seed });
      for (let k = 0; k < t; k++) {
        const { loss, potential } = model.point;
        losses[k]! += loss / seeds;
        potentials[k]! += potential / seeds;
        model.step(sampler.next(), lr);
      }
    }
    return { problem, losses, potentials };
  }

  test.each([
    [0.3, 1],
    [3, 4],
    [30, 1],
    [100, 12],
  ])("averages over seeds stay below theorem 2.2 and the potential's bound, η = %d, b = %i", (lr, b) => {
    const { problem, losses, potentials } = meanRun(12, 400, lr, b);
    const setting: StabilitySetting = {
      n: 12,
      classes: 3,
      lr,
      batch: b,
      sampling: "with",
      model: linearModelConstants(problem.margin),
    };
    let loss = 0;
    let potential = 0;
    let least = Infinity;
    let compared = 0;
    for (let t = 1; t <= 400; t++) {
      loss += losses[t - 1]!;
      potential += potentials[t - 1]!;
      least = Math.min(least, losses[t - 1]!);
      const bound = bestIterateBound(setting, t);
      if (bound === null) continue;
      compared++;
      // The theorem bounds the average of the mean losses, hence their smallest.
      expect(loss / t).toBeLessThanOrEqual(bound);
      expect(least).toBeLessThanOrEqual(bound);
      expect(potential / t).toBeLessThanOrEqual(potentialBound(setting, t)!);
    }
    expect(compared).toBeGreaterThan(250);
  });

  test("gradient descent: averages against any comparator, with the distance that remains", () => {
    fc.assert(
      fc.property(problemSizes, steps, (size, log) => {
        const problem = separableProblem(size, 0.1);
        const { n } = size;
        const lr = Math.exp(log);
        const model = new LinearModel(problem.inputs);
        const all = Array.from({ length: n }, (_, i) => i);
        let loss = 0;
        const t = 30;
        for (let k = 0; k < t; k++) {
          loss += model.point.loss / t;
          model.step(all, lr);
        }
        const reach = 5 * problem.stream.uniform();
        const first = new LinearModel(problem.inputs);
        first.setWeights(problem.direction.map((value) => (reach / problem.margin) * value));
        const push = (reach + lr * (1 + 1 / n)) / problem.margin;
        const comparator = problem.direction.map((value) => push * value);
        const away = length(model.weights.map((w, c) => w - comparator[c]!));
        const left = loss + away ** 2 / (2 * lr * t);
        const right = first.point.loss + push ** 2 / (2 * lr * t);
        expect(left).toBeLessThanOrEqual(right * SLACK + UNDERFLOW);
      }),
      { numRuns: 1000 },
    );
  });

  test("the last iterate inside the set stays below its envelope", () => {
    fc.assert(
      fc.property(small, steps, (size, log) => {
        const { model, setting } = insideModel(size, size.n, Math.exp(log), "without");
        const norm = model.weightNorm;
        const all = Array.from({ length: size.n }, (_, i) => i);
        for (let elapsed = 1; elapsed <= 40; elapsed++) {
          model.step(all, setting.lr);
          const bound = lastIterateBound(setting, norm, elapsed);
          if (bound !== null) expect(model.point.loss).toBeLessThanOrEqual(bound);
        }
      }),
      { numRuns: 300 },
    );
  });
});
