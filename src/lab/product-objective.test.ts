// The hand-written objective: its derivatives against finite differences, its batches against the definition.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { productObjective } from "./product-objective.ts";

const objective = productObjective({ targets: [0.5, 1.5, 2, 0.2], testTargets: [1], dtype: "float64" });
const coordinate = fc.double({ min: -2, max: 2, noNaN: true });
const points = fc.tuple(coordinate, coordinate).map(([x, y]) => new Float64Array([x, y]));

it("gradient, Hessian and ∇S agree with central differences", async () => {
  await fc.assert(
    fc.asyncProperty(points, points, async (theta, u) => {
      const h = 1e-5;
      const [g, scratch, hu] = [new Float64Array(2), new Float64Array(2), new Float64Array(2)];
      await objective.lossAndGradient(theta, g);
      await (await objective.hessian(theta)).apply(u, hu);
      const third = new Float64Array(2);
      const quadratic = await objective.sharpnessGradient(theta, u, third);
      expect(quadratic).toBeCloseTo(u[0]! * hu[0]! + u[1]! * hu[1]!, 8);
      for (let i = 0; i < 2; i++) {
        const at = async (sign: number) => {
          const moved = theta.slice();
          moved[i]! += sign * h;
          const loss = await objective.lossAndGradient(moved, scratch);
          const s = await objective.sharpnessGradient(moved, u, new Float64Array(2));
          return { loss, s, gu: scratch[0]! * u[0]! + scratch[1]! * u[1]! };
        };
        const [plus, minus] = [await at(1), await at(-1)];
        expect((plus.loss - minus.loss) / (2 * h)).toBeCloseTo(g[i]!, 4);
        expect((plus.gu - minus.gu) / (2 * h)).toBeCloseTo(hu[i]!, 3);
        expect((plus.s - minus.s) / (2 * h)).toBeCloseTo(third[i]!, 2);
      }
    }),
    { numRuns: 50 },
  );
});

it("a batch of all examples is the full objective, and a fused step is a gradient step", async () => {
  const theta = new Float64Array([1.3, -0.7]);
  const [full, batch, out] = [new Float64Array(2), new Float64Array(2), new Float64Array(2)];
  const loss = await objective.lossAndGradient(theta, full);
  expect(await objective.batchLossAndGradient(theta, new Uint32Array([3, 1, 0, 2]), batch)).toBeCloseTo(
    loss,
    14,
  );
  expect(batch[0]).toBeCloseTo(full[0]!, 14);
  expect(await objective.descend(theta, null, 0.1, out)).toBeCloseTo(loss, 14);
  expect(out[1]).toBeCloseTo(theta[1]! - 0.1 * full[1]!, 14);
  await objective.batchLossAndGradient(theta, new Uint32Array([2]), batch);
  await objective.descend(theta, new Uint32Array([2]), 0.1, out);
  expect(out[0]).toBeCloseTo(theta[0]! - 0.1 * batch[0]!, 14);
});

it("projections average to ⟨∇L, d⟩, and batch Hessians to the full one", async () => {
  const theta = new Float64Array([1.3, -0.7]);
  const d = new Float64Array([0.4, 2]);
  const gradient = new Float64Array(2);
  await objective.lossAndGradient(theta, gradient);
  const projections = await objective.projections(theta, d);
  const mean = projections.reduce((sum, p) => sum + p, 0) / 4;
  expect(mean).toBeCloseTo(gradient[0]! * d[0]! + gradient[1]! * d[1]!, 12);
  const one = new Float64Array(2);
  await objective.batchLossAndGradient(theta, new Uint32Array([1]), one);
  expect(projections[1]).toBeCloseTo(one[0]! * d[0]! + one[1]! * d[1]!, 12);

  const [full, batch, sum] = [new Float64Array(2), new Float64Array(2), [0, 0]];
  await (await objective.hessian(theta)).apply(d, full);
  for (let i = 0; i < 4; i++) {
    await objective.batchHessianProduct(theta, new Uint32Array([i]), d, batch);
    for (let j = 0; j < 2; j++) sum[j]! += batch[j]! / 4;
  }
  expect(sum[0]).toBeCloseTo(full[0]!, 12);
  expect(sum[1]).toBeCloseTo(full[1]!, 12);
});

it("has no test split unless given", async () => {
  const bare = productObjective({ targets: [1], dtype: "float32" });
  await expect(bare.evaluate(new Float32Array([1, 1]), "test")).rejects.toThrow(InputError);
  expect(await objective.evaluate(new Float64Array([1, 1]), "test")).toEqual({ loss: 0, accuracy: 1 });
});
