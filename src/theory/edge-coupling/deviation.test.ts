// Deviations of two runs: closed forms on quadratics, recurrence and bounds on curved landscapes, kinks, bad input.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entry, expressionObjective, type SmoothObjective } from "../../curvature/index.ts";
import { type Vector, zeros } from "../../math/index.ts";
import { abs, add, mul, square, sub, type Node } from "../../tensor/index.ts";
import { deviations, type DeviationOptions, type DeviationStep, oscillationBound } from "./deviation.ts";
import { averageHessian, stabilityExcursion } from "./excursion.ts";
import { bentValley, scalarProduct } from "./landscapes.ts";

async function followed(
  losses: readonly [SmoothObjective, SmoothObjective],
  start: Vector,
  options: DeviationOptions,
): Promise<DeviationStep[]> {
  const records: DeviationStep[] = [];
  for await (const record of deviations(...losses, start, options)) records.push(record);
  return records;
}

/** Σ h_i(w_i − c_i)²/2. */
function quadratic(h: readonly number[], c: readonly number[]): SmoothObjective {
  const term = (w: Node, i: number): Node => mul(h[i]! / 2, square(sub(entry(w, i), c[i]!)));
  return expressionObjective(2, (w) => add(term(w, 0), term(w, 1)));
}

describe("stability excursion", () => {
  test("of a quadratic: how far eigenvalues leave [0, 2/η]", async () => {
    const at = (h: readonly number[], lr: number): ReturnType<typeof stabilityExcursion> =>
      stabilityExcursion(quadratic(h, [0, 0]), Float64Array.of(1, 2), Float64Array.of(0, 1), lr);
    expect(await at([3, 1], 0.5)).toMatchObject({ excursion: 0 });
    const over = await at([5, 1], 0.5);
    expect([over.largest, over.smallest]).toEqual([expect.closeTo(5, 10), expect.closeTo(1, 10)]);
    expect(over.excursion).toBeCloseTo(0.5, 8);
    expect((await at([3, -1.5], 0.5)).excursion).toBeCloseTo(0.75, 8);
  });

  test("the averaged Hessian maps the difference of points to the difference of gradients", async () => {
    const objective = scalarProduct(1);
    const [x, y] = [Float64Array.of(1.4, 0.3), Float64Array.of(0.2, 1.1)];
    const [gx, gy, image] = [zeros("float64", 2), zeros("float64", 2), zeros("float64", 2)];
    await objective.lossAndGradient(x, gx);
    await objective.lossAndGradient(y, gy);
    await averageHessian(objective, x, y).apply(
      y.map((value, i) => value - x[i]!),
      image,
    );
    expect(image[0]).toBeCloseTo(gy[0]! - gx[0]!, 12);
    expect(image[1]).toBeCloseTo(gy[1]! - gx[1]!, 12);
  });
});

describe("two data sets", () => {
  test("quadratics with shifted minima: δ_k = (1 − (1 − ηh)^k)(c − c'), forcing h(c' − c)", async () => {
    const [h, lr] = [[3, 0.5], 0.4];
    const records = await followed(
      [quadratic(h, [1, -1]), quadratic(h, [1.2, -1.5])],
      Float64Array.of(0, 0),
      { lr, steps: 12, excursions: true },
    );
    expect(records.length).toBe(13);
    for (const { step, distance, forcing, bound, curvature } of records) {
      const exact = [-0.2, 0.5].map((shift, i) => shift * (1 - (1 - lr * h[i]!) ** step));
      expect(distance).toBeCloseTo(Math.hypot(...exact), 12);
      expect(forcing).toBeCloseTo(Math.hypot(0.6, 0.25), 12);
      // No eigenvalue leaves [0, 2/η]: forces add up, nothing grows.
      expect(bound).toBeCloseTo(step * lr * forcing, 10);
      if (step > 0) expect(curvature).toBeGreaterThanOrEqual(0.5);
      else expect(curvature).toBeNull();
    }
  });

  test("at the edge of a curved landscape the recurrence holds and the bound is above the deviation", async () => {
    const losses = [scalarProduct(1), scalarProduct(1.02)] as const;
    const records = await followed(losses, Float64Array.of(1.15, 0.9), {
      lr: 1.1,
      steps: 40,
      excursions: true,
    });
    expect(Math.max(...records.map(({ excursion }) => excursion!))).toBeGreaterThan(0.1);
    for (const { distance, bound, residual, step } of records) {
      expect(distance).toBeLessThanOrEqual(bound! * (1 + 1e-9));
      if (step > 0) expect(residual).toBeLessThan(1e-10);
    }
    // Without the excursions the runs are the same and nothing is solved.
    const plain = await followed(losses, Float64Array.of(1.15, 0.9), { lr: 1.1, steps: 40 });
    expect(plain.map(({ distance }) => distance)).toEqual(records.map(({ distance }) => distance));
    expect(plain[7]).toMatchObject({ excursion: null, bound: null, residual: null });
  });

  test("the same loss twice never deviates", async () => {
    const valley = bentValley(2, 1, 1.5);
    for (const { distance, forcing } of await followed([valley, valley], Float64Array.of(0.2, 0.1), {
      lr: 1.04,
      steps: 20,
    })) {
      expect([distance, forcing]).toEqual([0, 0]);
    }
  });

  test("across a kink the integral misses what the gradients see", async () => {
    // |w₁| has slope ±1 and no curvature: all of the gradient's change is in the kink. The rival stays behind it.
    const rest = (w: Node): Node => mul(0.5, square(entry(w, 1)));
    const kinked = expressionObjective(2, (w) => add(abs(entry(w, 0)), rest(w)));
    const records = await followed([kinked, expressionObjective(2, rest)], Float64Array.of(-0.05, 0.3), {
      lr: 0.1,
      steps: 1,
      excursions: true,
    });
    expect(records[1]!.distance).toBeCloseTo(0.1, 12);
    expect(records[1]!.curvature).toBeCloseTo(20, 10);
    expect(records[1]!.residual).toBeCloseTo(1, 10);
  });

  test("what does not fit, or leaves where losses are finite", async () => {
    const product = scalarProduct(1);
    const first = (losses: readonly [SmoothObjective, SmoothObjective], start: Vector): Promise<unknown> =>
      followed(losses, start, { lr: 0.1, steps: 1 });
    await expect(first([product, product], Float64Array.of(1))).rejects.toThrow(/do not fit together/);
    const line = expressionObjective(1, (w) => square(entry(w, 0)));
    await expect(first([product, line], Float64Array.of(1, 1))).rejects.toThrow(/do not fit together/);
    await expect(followed([product, product], Float64Array.of(3, 3), { lr: 9, steps: 60 })).rejects.toThrow(
      /not finite: the runs diverged/,
    );
  });
});

test("with multipliers in [−1, 0] only changes of the force add up", () => {
  const entries = fc.array(
    fc.record({
      m: fc.double({ min: -1, max: 0, noNaN: true }),
      f: fc.double({ min: -2, max: 2, noNaN: true }),
    }),
    {
      minLength: 1,
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(entries, fc.double({ min: 0.01, max: 3, noNaN: true }), (steps, lr) => {
      let x = 0;
      for (const { m, f } of steps) x = m * x - lr * f;
      const bound = oscillationBound(
        steps.map(({ f }) => f),
        lr,
      );
      expect(Math.abs(x)).toBeLessThanOrEqual(bound * (1 + 1e-12) + 1e-300);
    }),
  );
  expect(oscillationBound(new Array<number>(100).fill(0.5), 0.1)).toBeCloseTo(0.05, 15);
  expect(oscillationBound([], 0.1)).toBe(0);
});
