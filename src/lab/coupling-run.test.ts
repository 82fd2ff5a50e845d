// measure.coupling: the record of a run is that of its iterates, costs no bit of training, and means what it says for SGD.
import { describe, expect, test } from "vitest";
import { type Vector, zeros } from "../math/index.ts";
import type { CouplingRecord, MeasurementEvent } from "../record/index.ts";
import { CouplingAccumulator } from "../theory/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import { runExperiment } from "./runner.ts";

const objective = productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2, 1], dtype: "float64" });

interface Ran {
  readonly measured: ReadonlyMap<number, CouplingRecord>;
  readonly thetas: readonly Vector[];
}

async function run(config: ExperimentConfig, theta0: Vector): Promise<Ran> {
  const measured = new Map<number, CouplingRecord>();
  const thetas: Vector[] = [];
  for await (const item of runExperiment({
    config: { ...config, checkpoint: { ...config.checkpoint, every: 1 } },
    objective,
    solveSharpness: lanczosSharpness,
    theta0,
    hasTest: false,
    clock: () => 0,
  })) {
    if (item.type === "checkpoint") thetas[item.checkpoint.step] = item.checkpoint.theta.slice();
    const { coupling } = item as MeasurementEvent;
    if (item.type === "measurement" && coupling) measured.set(item.step, coupling);
  }
  return { measured, thetas };
}

const configure = (text: string): ExperimentConfig => parseExperiment(`{precision: float64, ${text}}`).config;

describe("gradient descent", () => {
  const text = (coupling: boolean, more = ""): string =>
    `optimizer: {name: gd, lr: 0.2}, steps: 90, measure: {every: 15, ${more}coupling: ${coupling}}`;

  test("every step counts, up to the measured iterate, and all identities hold to rounding", async () => {
    const { measured, thetas } = await run(configure(text(true)), Float64Array.of(2, 0.6));
    expect([...measured.keys()]).toEqual([0, 15, 30, 45, 60, 75, 90]);
    expect(measured.get(0)).toMatchObject({ loss: "full", last: null, steps: 0, weightedMean: null });
    const reference = new CouplingAccumulator({ lr: 0.2, size: 2, dtype: "float64" });
    const gradient = zeros("float64", 2);
    for (const [step, theta] of thetas.entries()) {
      const loss = await objective.lossAndGradient(theta, gradient);
      const last = reference.next(theta, gradient, loss);
      const found = measured.get(step);
      if (found === undefined) continue;
      // All but one is over every step, to the bit; that one over the recorded steps alone.
      const { residuals, ...sums } = reference.summary();
      const { nearPeriodicity } = found.residuals;
      expect(nearPeriodicity).toBeLessThanOrEqual(residuals.nearPeriodicity);
      expect(found).toEqual({ loss: "full", last, ...sums, residuals: { ...residuals, nearPeriodicity } });
    }
    const { residuals, weightedMean, forcedMean, steps } = measured.get(90)!;
    expect(steps).toBe(90);
    expect(weightedMean).toBeCloseTo(forcedMean!, 9);
    for (const residual of Object.values(residuals)) expect(residual).toBeLessThan(1e-10);
  });

  test("the run is the same with and without, whatever else is measured", async () => {
    const start = Float64Array.of(2, 0.6);
    const without = await run(configure(text(false)), start);
    for (const more of ["", "gradNorm: false, accuracy: false, ", "point: both, landscape: true, "]) {
      expect((await run(configure(text(true, more)), start)).thetas).toEqual(without.thetas);
    }
    expect(without.measured.size).toBe(0);
  });
});

describe("SGD", () => {
  test("the step about to be taken, under the loss of its own batch", async () => {
    const text = (coupling: boolean): string =>
      `optimizer: {name: sgd, lr: 0.05, batch: 2}, steps: 40, measure: {every: 9, coupling: ${coupling}}`;
    const start = Float64Array.of(1.4, 0.6);
    const { measured, thetas } = await run(configure(text(true)), start);
    expect(thetas).toEqual((await run(configure(text(false)), start)).thetas);
    let energy = 0;
    for (const [step, { loss, last, steps, ...sums }] of measured) {
      expect(loss).toBe("batch");
      energy += last!.stepSquared;
      expect(sums.energy).toBeCloseTo(energy, 14);
      const next = thetas[step + 1];
      if (next === undefined) continue;
      const d = next.map((value, i) => value - thetas[step]![i]!);
      expect(last!.stepSquared).toBeCloseTo(d[0]! ** 2 + d[1]! ** 2, 14);
      expect(last!.lossChange).toBeCloseTo(-(last!.stepSquared / 0.1) * (2 - 0.05 * last!.rTilde!), 12);
      expect(steps).toBeLessThanOrEqual(measured.size);
    }
    const { weightedMean, forcedMean, residuals } = [...measured.values()].at(-1)!;
    expect(weightedMean).toBeCloseTo(forcedMean!, 8);
    expect(residuals.update).toBeLessThan(1e-10);
  });

  test("a diverging run keeps the last finite record", async () => {
    const { measured } = await run(
      configure("optimizer: {name: gd, lr: 5}, steps: 60, measure: {every: 1, coupling: true}"),
      Float64Array.of(2, 0.6),
    );
    for (const { energy, residuals } of measured.values()) {
      expect(Number.isFinite(energy)).toBe(true);
      expect(Number.isFinite(residuals.telescoping)).toBe(true);
    }
  });
});
