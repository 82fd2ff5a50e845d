// Rescaling the loss by c and the learning rate by 1/c is a change of units: ηS, δ, ε and ηΔS of a whole run stay.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { ExampleObjective } from "../curvature/index.ts";
import type { Vector } from "../math/index.ts";
import type { MeasurementEvent, RunSummary } from "../record/index.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import { runExperiment } from "./runner.ts";

/** c·L with all its derivatives. */
function scaled(objective: ExampleObjective, c: number): ExampleObjective {
  const times = (vector: Vector): void => {
    for (let i = 0; i < vector.length; i++) vector[i]! *= c;
  };
  return {
    ...objective,
    lossAndGradient: async (theta, gradient) => {
      const loss = await objective.lossAndGradient(theta, gradient);
      times(gradient);
      return c * loss;
    },
    batchLossAndGradient: async (theta, indices, gradient) => {
      const loss = await objective.batchLossAndGradient(theta, indices, gradient);
      times(gradient);
      return c * loss;
    },
    descend: async (theta, indices, rate, out) =>
      c * (await objective.descend(theta, indices, c * rate, out)),
    evaluate: async (theta, split) => {
      const { loss, accuracy } = await objective.evaluate(theta, split);
      return { loss: c * loss, accuracy };
    },
    hessian: async (theta) => {
      const hessian = await objective.hessian(theta);
      return {
        size: hessian.size,
        dtype: hessian.dtype,
        products: 0,
        apply: async (v, out) => {
          await hessian.apply(v, out);
          times(out);
        },
      };
    },
    sharpnessGradient: async (theta, u, out) => {
      const value = await objective.sharpnessGradient(theta, u, out);
      times(out);
      return c * value;
    },
    batchHessianProduct: async (theta, indices, v, out) => {
      await objective.batchHessianProduct(theta, indices, v, out);
      times(out);
    },
    batchCurvature: async (theta, indices, v) => c * (await objective.batchCurvature(theta, indices, v)),
    projections: async (theta, direction) =>
      (await objective.projections(theta, direction)).map((p) => c * p),
  };
}

/** What has no units, of a run on c·L at η/c. */
async function withoutUnits(
  c: number,
  { optimizer, point, seed }: { optimizer: string; point: string; seed: number },
): Promise<{ numbers: (number | null)[]; verdict: string }> {
  const lr = 0.02 / c;
  const { config } = parseExperiment(
    `{precision: float64, optimizer: ${optimizer}, steps: 61, seed: ${seed}, measure: {every: 6, point: ${point}, ` +
      "sharpness: {tol: 1e-12}, landscape: true, noise: true, batchSharpness: {batches: 4}, interaction: true}}",
    { overrides: [`optimizer.lr=${lr}`] },
  );
  const objective = productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2, 1, 1.3], dtype: "float64" });
  const stream = runExperiment({
    config,
    objective: scaled(objective, c),
    solveSharpness: lanczosSharpness,
    theta0: new Float64Array([7.2, 0.15]),
    hasTest: false,
    clock: () => 0,
  });
  const measurements: MeasurementEvent[] = [];
  let summary: RunSummary | undefined;
  while (summary === undefined) {
    const next = await stream.next();
    if (next.done === true) summary = next.value;
    else if (next.value.type === "measurement") measurements.push(next.value);
  }
  const numbers: (number | null)[] = [];
  const note = (unit: number, ...values: readonly (number | null | undefined)[]): void => {
    for (const value of values) numbers.push(typeof value === "number" ? value * unit : null);
  };
  for (const event of measurements) {
    note(1, event.delta, event.epsilon, event.newtonOffset, event.alignment);
    note(lr, event.sharpness, event.lambda2);
    note(lr, ...Object.values(event.batchSharpness ?? {}).map(({ mean }) => mean));
    note(lr, ...Object.values(event.interactionAwareSharpness ?? {}).map(({ mean }) => mean));
    note(lr ** 2, event.alpha, event.beta, ...Object.values(event.noiseVariance?.shuffle ?? {}));
  }
  note(lr, summary.threshold - summary.equilibriumSharpness!, summary.equilibriumStderr);
  return {
    numbers,
    verdict: `${summary.edge!.verdict} since ${summary.edge!.onset}`,
  };
}

const runs = {
  optimizer: fc.constantFrom("{name: gd}", "{name: sgd, batch: 2}", "{name: sgd, batch: 3, sampling: with}"),
  point: fc.constantFrom("iterate", "midpoint", "both"),
  seed: fc.nat({ max: 1000 }),
};

it("by a power of two changes no bit of what has no units", async () => {
  await fc.assert(
    fc.asyncProperty(fc.record(runs), fc.integer({ min: -6, max: 6 }), async (run, power) => {
      expect(await withoutUnits(2 ** power, run)).toEqual(await withoutUnits(1, run));
    }),
    { numRuns: 12, seed: 3 },
  );
});

it("by any factor changes it by rounding only", async () => {
  await fc.assert(
    fc.asyncProperty(fc.record(runs), fc.double({ min: 0.05, max: 30, noNaN: true }), async (run, c) => {
      const [plain, other] = [await withoutUnits(1, run), await withoutUnits(c, run)];
      expect(other.verdict).toBe(plain.verdict);
      expect(other.numbers).toHaveLength(plain.numbers.length);
      for (const [i, value] of other.numbers.entries()) {
        const expected = plain.numbers[i];
        if (typeof expected !== "number" || value === null) expect(value).toBe(expected);
        else expect(Math.abs(value - expected)).toBeLessThan(1e-6 * Math.abs(expected) + 1e-9);
      }
    }),
    { numRuns: 12, seed: 4 },
  );
});
