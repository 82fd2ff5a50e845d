// Hessian averages along steps: oracle networks, closed forms, and the failure of integrals at kinks.
import { describe, expect, test } from "vitest";
import { cpuBackend, oracleObjective } from "../../../test/oracle-networks.ts";
import { type Vector, zeros } from "../../math/index.ts";
import { couplingStep, quarticLine, scalarObjective, scalarProduct, segment } from "./index.ts";

interface SegmentOracle {
  readonly eta: number;
  readonly edge_coupling: readonly { r_bar: number; r_tilde: number; loss_change: number; d_norm2: number }[];
}

describe("oracle networks, float64", () => {
  test.each(["net_tanh_mse", "net_tanh_ce", "net_conv_tanh_avg_ce"])(
    "%s: both averages by quadrature equal gradients and losses to 1e-10",
    async (name) => {
      const { objective, theta, oracle } = oracleObjective(name, "float64", cpuBackend());
      const { eta: lr, edge_coupling: steps } = oracle as unknown as SegmentOracle;
      const gradient = zeros("float64", objective.size);
      for (const wanted of steps) {
        await objective.lossAndGradient(theta, gradient);
        const next = theta.map((value, i) => value - lr * gradient[i]!);
        const found = await segment(objective, theta, next, { nodes: 40 });
        expect(found.consistent).toBe(true);
        for (const [average, value] of [
          [found.rBar, wanted.r_bar],
          [found.rTilde, wanted.r_tilde],
        ] as const) {
          expect(average.value).toBeCloseTo(value, 10);
          expect(average.direct).toBeCloseTo(average.value, 10);
          expect(average.error).toBeLessThan(1e-7);
          // The true Hessian attains the average there.
          const at = theta.map((start, i) => start + average.attainedAt! * (next[i]! - start));
          const d = next.map((end, i) => end - theta[i]!);
          const curvature = (await objective.lineDerivatives(at, d, 2))[2]! / found.length ** 2;
          expect(curvature).toBeCloseTo(average.value, 10);
          expect(average.attainedAt! > 0 && average.attainedAt! < 1).toBe(true);
        }
        const predicted = -(wanted.d_norm2 / (2 * lr)) * (2 - lr * found.rTilde.value);
        expect(predicted).toBeCloseTo(found.lossChange, 10);
        expect(predicted).toBeCloseTo(wanted.loss_change, 10);
        theta.set(next);
      }
      await objective.dispose();
    },
  );

  test("net_relu_mse: the integral misses the kinks and says so, gradients and losses stay exact", async () => {
    const { objective, theta, oracle } = oracleObjective("net_relu_mse", "float64", cpuBackend());
    const { eta: lr, edge_coupling: steps } = oracle as unknown as SegmentOracle;
    const gradient = zeros("float64", objective.size);
    const lossX = await objective.lossAndGradient(theta, gradient);
    const next = theta.map((value, i) => value - lr * gradient[i]!);
    const found = await segment(objective, theta, next, { nodes: 40 });
    expect(found.consistent).toBe(false);
    expect(found.rBar.value).toBeCloseTo(steps[0]!.r_bar, 9);
    expect(found.rTilde.value).toBeCloseTo(steps[0]!.r_tilde, 9);
    expect(found.rBar.direct - found.rBar.value).toBeGreaterThan(0.05);
    const gradientY = zeros("float64", objective.size);
    const lossY = await objective.lossAndGradient(next, gradientY);
    const step = couplingStep({ x: theta, gradientX: gradient, lossX, y: next, gradientY, lossY }, lr);
    expect(found.rBar.direct).toBeCloseTo(step.rBar!, 12);
    expect(found.rTilde.direct).toBeCloseTo(step.rTilde!, 12);
    await objective.dispose();
  });
});

describe("closed forms", () => {
  test("a quartic: averages of a parabola, attained where the parabola equals them", async () => {
    // L″ = 1 + 3x², from 0 to 1: r̄ = 1 + 1, r̃ = 1 + 6∫(1 − τ)τ² = 1.5.
    const found = await segment(quarticLine(1, 0, 6), Float64Array.of(0), Float64Array.of(1), { nodes: 4 });
    expect(found.rBar.value).toBeCloseTo(2, 13);
    expect(found.rTilde.value).toBeCloseTo(1.5, 13);
    expect(found.rBar.attainedAt).toBeCloseTo(Math.sqrt(1 / 3), 12);
    expect(found.rTilde.attainedAt).toBeCloseTo(Math.sqrt(1 / 6), 12);
    expect(found.samples.map(({ tau }) => tau)).toEqual(
      found.samples.map(({ tau }) => tau).toSorted((a, b) => a - b),
    );
    expect(found.consistent).toBe(true);
  });

  test("a quadratic: the averages are its curvature, attained anywhere inside", async () => {
    const found = await segment(quarticLine(3, 0, 0), Float64Array.of(-1), Float64Array.of(0.4));
    expect(found.rBar.value).toBeCloseTo(3, 13);
    expect(found.rTilde.attainedAt! > 0 && found.rTilde.attainedAt! < 1).toBe(true);
  });

  test("along a plane landscape in float64, between points that are no step of anything", async () => {
    const found = await segment(scalarProduct(2), Float64Array.of(1, 0.5), Float64Array.of(-0.3, 1.2));
    expect(found.consistent).toBe(true);
    expect(found.rBar.value).toBeCloseTo(found.rBar.direct, 12);
    expect(found.rTilde.value).toBeCloseTo(found.rTilde.direct, 12);
  });

  test("a jump of the curvature across the average leaves it unattained", async () => {
    const step = scalarObjective((x) => (x < 0 ? [x * x, 2 * x, 2, 0, 0] : [3 * x * x, 6 * x, 6, 0, 0]));
    const found = await segment(step, Float64Array.of(-1), Float64Array.of(1));
    expect(found.rBar.value).toBeCloseTo(4, 12);
    expect(found.rBar.attainedAt).toBeNull();
  });
});

describe("bad input", () => {
  const line = quarticLine(1, 0, 1);
  test("coinciding ends, wrong lengths, losses that are not finite", async () => {
    const at = Float64Array.of(1) as Vector;
    await expect(segment(line, at, at)).rejects.toThrow(/same point/);
    await expect(segment(line, at, Float64Array.of(1, 2))).rejects.toThrow(/do not fit/);
    await expect(segment(line, at, Float64Array.of(Number.NaN))).rejects.toThrow(/not finite/);
  });
});
