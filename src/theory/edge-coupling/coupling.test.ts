// Edge coupling along runs: oracle networks to rounding, identities on random landscapes, what holds for SGD.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuBackend, oracleObjective } from "../../../test/oracle-networks.ts";
import { norm, type Vector, zeros } from "../../math/index.ts";
import {
  CouplingAccumulator,
  type CouplingStep,
  couplingStep,
  edgeCoupling,
  edgeCouplingGradient,
} from "./index.ts";

interface CouplingOracle {
  readonly eta: number;
  readonly edge_coupling: readonly {
    readonly d_norm2: number;
    readonly r_bar_from_grads: number;
    readonly r_tilde: number;
    readonly loss_change: number;
    readonly proxy: number;
    readonly A: number;
  }[];
  readonly edge_coupling_identity_valid: boolean;
}

interface Point {
  readonly theta: Vector;
  readonly gradient: Vector;
  readonly loss: number;
}

/** GD on L(x) = Σ h_i x_i²/2 + Σ c_i x_i⁴/4. */
function quarticRun(
  h: readonly number[],
  c: readonly number[],
  start: readonly number[],
  lr: number,
  steps: number,
): Point[] {
  const points: Point[] = [];
  let theta = Float64Array.from(start);
  for (let k = 0; k <= steps; k++) {
    const gradient = theta.map((x, i) => h[i]! * x + c[i]! * x ** 3);
    const loss = theta.reduce((sum, x, i) => sum + (h[i]! * x * x) / 2 + (c[i]! * x ** 4) / 4, 0);
    points.push({ theta, gradient, loss });
    theta = theta.map((x, i) => x - lr * gradient[i]!);
  }
  return points;
}

describe("oracle networks, float64", () => {
  test.each(["net_tanh_mse", "net_tanh_ce", "net_relu_mse", "net_conv_tanh_avg_ce", "net_conv_relu_max_mse"])(
    "%s: three steps of gradient descent",
    async (name) => {
      const { objective, theta, oracle } = oracleObjective(name, "float64", cpuBackend());
      const {
        eta: lr,
        edge_coupling: expected,
        edge_coupling_identity_valid: smooth,
      } = oracle as unknown as CouplingOracle;
      const coupling = new CouplingAccumulator({ lr, size: objective.size, dtype: "float64" });
      const steps: CouplingStep[] = [];
      const gradient = zeros("float64", objective.size);
      for (let k = 0; k <= expected.length; k++) {
        const loss = await objective.lossAndGradient(theta, gradient);
        const step = coupling.next(theta, gradient, loss);
        if (step !== null) steps.push(step);
        for (let i = 0; i < theta.length; i++) theta[i]! -= lr * gradient[i]!;
      }
      expected.forEach((wanted, k) => {
        const step = steps[k]!;
        expect(step.stepSquared).toBeCloseTo(wanted.d_norm2, 10);
        expect(step.coupling).toBeCloseTo(wanted.A, 10);
        expect(step.lossChange).toBeCloseTo(wanted.loss_change, 10);
        expect(step.rBar).toBeCloseTo(wanted.r_bar_from_grads, 9);
        expect(step.proxy).toBeCloseTo(wanted.proxy, 2);
        // The oracle's r̃ is the integral of the Hessian, which loss differences are only without kinks.
        if (smooth) {
          expect(step.rTilde).toBeCloseTo(wanted.r_tilde, 10);
          expect(step.proxy).toBeCloseTo(wanted.proxy, 10);
        }
      });
      const { residuals } = coupling.summary();
      for (const residual of Object.values(residuals)) expect(residual).toBeLessThan(1e-10);
      await objective.dispose();
    },
  );
});

describe("identities", () => {
  const landscapes = fc.record({
    h: fc.array(fc.double({ min: -1, max: 2.2, noNaN: true }), { minLength: 3, maxLength: 3 }),
    c: fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
    start: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
    lr: fc.double({ min: 0.05, max: 0.8, noNaN: true }),
  });

  test("every one holds to rounding along gradient descent, stable or not", () => {
    fc.assert(
      fc.property(landscapes, ({ h, c, start, lr }) => {
        const points = quarticRun(h, c, start, lr, 40);
        fc.pre(points.every(({ theta, gradient }) => norm(theta) < 5 && norm(gradient) > 1e-3));
        const coupling = new CouplingAccumulator({ lr, size: 3, dtype: "float64" });
        points.forEach(({ theta, gradient, loss }, k) => {
          const step = coupling.next(theta, gradient, loss);
          const next = points[k + 1];
          if (step === null || next === undefined) return;
          // Seen from the iterate before, the next one is where the two-step return says.
          const before = points[k - 1]!;
          const returned = norm(next.theta.map((x, i) => x - before.theta[i]!));
          expect(step.twoStepReturn! * Math.sqrt(step.stepSquared)).toBeCloseTo(returned, 10);
          expect(step.lossChange < 0).toBe(step.rTilde! < 2 / lr);
          const out = zeros("float64", 3);
          edgeCouplingGradient(gradient, theta, before.theta, lr, out);
          expect(lr * norm(out)).toBeCloseTo(returned, 10);
          expect(edgeCoupling(before.loss, loss, before.theta, theta, lr)).toBeCloseTo(step.coupling, 12);
        });
        const summary = coupling.summary();
        const { telescoping, balance, forcing, update, nearPeriodicity } = summary.residuals;
        for (const residual of [telescoping, balance]) expect(residual).toBeLessThan(1e-11);
        expect(forcing).toBeLessThan(1e-9);
        expect(update).toBeLessThan(1e-9);
        expect(nearPeriodicity).toBeLessThan(1e-9);
        for (const identity of ["telescoping", "balance", "forcing", "update"] as const) {
          expect(summary.residuals[identity]).toBeLessThanOrEqual(4 * summary.roundings[identity]);
        }
        expect(summary.largest!).toBeGreaterThanOrEqual(summary.forcedMean! - 1e-9);
        for (const window of summary.windows) {
          expect(window.within + window.below + window.above).toBeCloseTo(1, 10);
          expect(window.below).toBeLessThanOrEqual(window.belowBound + 1e-9);
          expect(window.above).toBeLessThanOrEqual(window.aboveBound + 1e-9);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("on a quadratic along one eigenvector r̄ = r̃ = λ, and at λ = 2/η the iterates return", () => {
    const [before, after] = quarticRun([4, 1], [0, 0], [0.3, 0], 0.5, 1) as [Point, Point];
    const step = couplingStep(ends(before, after), 0.5);
    expect(step.rBar).toBeCloseTo(4, 12);
    expect(step.rTilde).toBeCloseTo(4, 12);
    expect(step.twoStepReturn).toBeCloseTo(0, 12);
    expect(step.lossChange).toBeCloseTo(0, 12);
  });

  test("in float32 the steps are off by the rounding of parameters, and no more", () => {
    const [lr, size] = [0.01, 400];
    const coupling = new CouplingAccumulator({ lr, size, dtype: "float32" });
    const theta = Float32Array.from({ length: size }, (_, i) => Math.sin(i) + 1.5);
    for (let k = 0; k < 30; k++) {
      const gradient = theta.map((x) => 2 * x);
      const loss = theta.reduce((sum, x) => sum + x * x, 0);
      coupling.next(theta, gradient, loss);
      for (let i = 0; i < size; i++) theta[i] = theta[i]! - lr * gradient[i]!;
    }
    const { residuals, roundings } = coupling.summary();
    // Rounding is uniform: 1/√3 of its bound, less where a binade begins.
    expect(residuals.update / roundings.update).toBeGreaterThan(0.3);
    expect(residuals.update / roundings.update).toBeLessThan(0.7);
    expect(roundings.telescoping).toBeLessThan(1e-12);
  });

  test("steps that are not gradient descent are found out", () => {
    const coupling = new CouplingAccumulator({ lr: 0.1, size: 3, dtype: "float64" });
    for (const { theta, gradient, loss } of quarticRun([1, 2, 3], [1, 1, 1], [1, 1, 1], 0.11, 10)) {
      coupling.next(theta, gradient, loss);
    }
    expect(coupling.summary().residuals.update).toBeCloseTo(1 / 11, 10);
  });

  test("the mean of r̃ at the edge is 2/η less what the loss drop accounts for", () => {
    const lr = 0.9;
    const coupling = new CouplingAccumulator({ lr, size: 2, dtype: "float64" });
    // λ₁ = 2.3 > 2/η = 2.22, held by a negative quartic: an orbit of period two is approached and kept.
    for (const { theta, gradient, loss } of quarticRun([2.3, 0.1], [-1, 0.1], [0.05, 0.5], lr, 2000)) {
      coupling.next(theta, gradient, loss);
    }
    const { weightedMean, forcedMean, windows, steps, firstAbove, largestStep } = coupling.summary();
    expect(steps).toBe(2000);
    expect(weightedMean).toBeCloseTo(forcedMean!, 10);
    expect(Math.abs(weightedMean! - 2 / lr)).toBeLessThan(0.003);
    expect(windows[0]!.within).toBeGreaterThan(0.99);
    expect(firstAbove).not.toBeNull();
    expect(largestStep).not.toBeNull();
  });
});

describe("taking the step along with measuring it", () => {
  test.each(["float32", "float64"] as const)(
    "changes no bit of %s: steps, sums, details, kept vectors",
    (dtype) => {
      fc.assert(
        fc.property(
          fc.array(fc.double({ min: 0.1, max: 12, noNaN: true }), { minLength: 1, maxLength: 6 }),
          // How each iterate is given before its step is taken: in detail or not at all.
          fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
          fc.nat(11),
          (h, detailed, restart) => {
            const [lr, size] = [0.15, h.length];
            const [plain, fused] = [0, 1].map(() => zeros(dtype, size).map((_, i) => 1 + i / 7)) as [
              Vector,
              Vector,
            ];
            let [theta, next, gradient] = [fused, zeros(dtype, size), zeros(dtype, size)];
            const separate = zeros(dtype, size);
            const options = { lr, size, dtype };
            const reference = new CouplingAccumulator(options);
            let coupling = new CouplingAccumulator(options);
            for (const [k, detail] of detailed.entries()) {
              const loss = h.reduce((sum, each, i) => sum + (each * plain[i]! ** 2) / 2, 0);
              for (let i = 0; i < size; i++) gradient[i] = separate[i] = h[i]! * plain[i]!;
              if (detail)
                expect(coupling.next(theta, gradient, loss)).toEqual(reference.next(plain, separate, loss));
              else reference.pass(plain, separate, loss);
              gradient = coupling.descend(theta, gradient, loss, next, detail);
              [theta, next] = [next, theta];
              for (let i = 0; i < size; i++) plain[i] = plain[i]! - lr * separate[i]!;
              expect(theta).toEqual(plain);
              expect(coupling.state()).toEqual(reference.state());
              expect(coupling.vectors()).toEqual(reference.vectors());
              if (k === restart) {
                const { theta: x, gradient: slope } = coupling.vectors()!;
                const copies = { theta: x.slice(), gradient: slope.slice() };
                coupling = new CouplingAccumulator(options, coupling.state(), copies);
              }
            }
          },
        ),
        { numRuns: 150 },
      );
    },
  );
});

describe("mini-batches", () => {
  test("under the loss of its own batch a step of SGD obeys the one-step statements, and the sums", async () => {
    const { objective, theta } = oracleObjective("net_tanh_mse", "float64", cpuBackend());
    const lr = 0.14;
    const coupling = new CouplingAccumulator({ lr, size: objective.size, dtype: "float64" });
    const [gradientX, gradientY] = [zeros("float64", objective.size), zeros("float64", objective.size)];
    const start = await objective.lossAndGradient(theta, gradientX);
    let drop = 0;
    for (const batch of [
      [0, 1],
      [2, 3],
      [4, 5],
      [1, 4],
      [0, 5],
    ]) {
      const indices = Uint32Array.from(batch);
      const lossX = await objective.batchLossAndGradient(theta, indices, gradientX);
      const y = theta.map((x, i) => x - lr * gradientX[i]!);
      const lossY = await objective.batchLossAndGradient(y, indices, gradientY);
      const step = coupling.add({ x: theta, gradientX, lossX, y, gradientY, lossY });
      drop += lossX - lossY;
      expect(step.lossChange).toBeCloseTo(-(step.stepSquared / (2 * lr)) * (2 - lr * step.rTilde!), 12);
      expect(Math.abs(step.rBar! - 2 / lr)).toBeLessThanOrEqual(step.twoStepReturn! / lr + 1e-10);
      theta.set(y);
    }
    const summary = coupling.summary();
    expect(summary.lossDrop).toBeCloseTo(drop, 12);
    for (const residual of Object.values(summary.residuals)) expect(residual).toBeLessThan(1e-10);
    const end = await objective.lossAndGradient(theta, gradientX);
    expect(Math.abs(summary.lossDrop - (start - end))).toBeGreaterThan(0.1);
    await objective.dispose();
  });
});

describe("degenerate input", () => {
  test("a step of length zero has no curvature, and spoils no sum", () => {
    const coupling = new CouplingAccumulator({ lr: 0.1, size: 2, dtype: "float64" });
    const at = new Float64Array([1, 2]);
    coupling.next(at, new Float64Array(2), 3);
    const step = coupling.next(at, new Float64Array(2), 3)!;
    expect(step).toMatchObject({ rBar: null, rTilde: null, twoStepReturn: null, stepSquared: 0 });
    const summary = coupling.summary();
    expect(summary).toMatchObject({
      steps: 1,
      energy: 0,
      weightedMean: null,
      forcedMean: null,
      largest: null,
    });
    for (const residual of Object.values(summary.residuals)) expect(residual).toBe(0);
  });

  test("learning rates, windows and lengths are checked", () => {
    const make = (lr: number, windows?: number[]): CouplingAccumulator =>
      new CouplingAccumulator({ lr, size: 2, dtype: "float64", ...(windows ? { windows } : {}) });
    expect(() => make(0)).toThrow(/lr: not a learning rate \(received 0; allowed: > 0\)/);
    expect(() => make(Number.NaN)).toThrow(/learning rate/);
    expect(() => make(1, [0.1, -1])).toThrow(/window width/);
    expect(() => make(1).next(new Float64Array(3), new Float64Array(2), 1)).toThrow(/wrong length/);
  });
});

function ends(x: Point, y: Point): Parameters<typeof couplingStep>[0] {
  return {
    x: x.theta,
    gradientX: x.gradient,
    lossX: x.loss,
    y: y.theta,
    gradientY: y.gradient,
    lossY: y.loss,
  };
}
