// Loss, gradient, Hessian, sharpness and ∇S of every oracle network, on every engine and in both precisions.
import { describe, expect, it } from "vitest";
import { cpuBackend, ORACLE_NETS, oracleObjective, referenceBackend } from "../../test/oracle-networks.ts";
import { dot, norm, vectorFrom, zeros, type DType, type Vector } from "../math/index.ts";
import { BatchCurvatureProbe } from "./batch-curvature.ts";
import { lanczos } from "./lanczos.ts";

function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

const engines = { cpu: cpuBackend(), reference: referenceBackend() };
const precisions: readonly { dtype: DType; first: number; eigen: number; third: number }[] = [
  { dtype: "float64", first: 1e-9, eigen: 1e-7, third: 1e-7 },
  { dtype: "float32", first: 1e-4, eigen: 1e-4, third: 1e-4 },
];

describe.each(Object.keys(ORACLE_NETS))("%s", (name) => {
  for (const [engine, backend] of Object.entries(engines)) {
    for (const { dtype, first, eigen, third } of precisions) {
      it(`${engine}, ${dtype}: agrees with the oracle`, async () => {
        const { objective, theta, oracle } = oracleObjective(name, dtype, backend);
        const gradient = zeros(dtype, objective.size);
        const loss = await objective.lossAndGradient(theta, gradient);
        expect(Math.abs(loss / oracle.loss - 1)).toBeLessThan(first);
        expect(relativeError(gradient, oracle.grad)).toBeLessThan(first);
        expect(Math.abs(norm(gradient) / norm(vectorFrom("float64", oracle.grad)) - 1)).toBeLessThan(first);

        const hessian = await objective.hessian(theta);
        const v = vectorFrom(
          dtype,
          Array.from(theta, (_, j) => Math.cos(j + 1)),
        );
        const product = zeros(dtype, objective.size);
        for (let repeat = 0; repeat < 2; repeat++) {
          await hessian.apply(v, product);
          expect(relativeError(product, oracle.hvp_test.Hv)).toBeLessThan(eigen);
        }

        const eigen5 = await lanczos(hessian, { k: 5, tol: dtype === "float64" ? 1e-10 : 1e-5 });
        expect(eigen5.converged).toBe(true);
        eigen5.eigenvalues.forEach((value, k) => {
          expect(Math.abs(value / oracle.eigenvalues_desc[k]! - 1)).toBeLessThan(eigen);
        });
        expect(relativeError(eigen5.eigenvectors[0]!, oracle.u)).toBeLessThan(
          dtype === "float64" ? 1e-8 : 1e-3,
        );

        const gradS = zeros(dtype, objective.size);
        const curvature = await objective.sharpnessGradient(theta, vectorFrom(dtype, oracle.u), gradS);
        expect(Math.abs(curvature / oracle.S - 1)).toBeLessThan(eigen);
        expect(relativeError(gradS, oracle.gradS)).toBeLessThan(third);
        await objective.sharpnessGradient(theta, v, gradS);
        expect(relativeError(gradS, oracle.D3_vv)).toBeLessThan(third);

        const projections = await objective.projections(theta, v);
        const expected = oracle.per_sample_grad.map((g) =>
          g.reduce((total, x, j) => total + x * Math.cos(j + 1), 0),
        );
        expect(relativeError(projections, expected)).toBeLessThan(first);
        await objective.dispose();
      });
    }
  }

  it("gives the same derivatives however the examples are chunked", async () => {
    const whole = oracleObjective(name, "float64", engines.cpu);
    let tight: ReturnType<typeof oracleObjective> | undefined;
    // The smallest budget that fits at least one example: found by doubling.
    for (let budget = 256; tight === undefined; budget *= 1.3) {
      try {
        tight = oracleObjective(name, "float64", engines.cpu, Math.round(budget));
      } catch {
        // still too small for one example
      }
    }
    expect(tight.objective.chunk).toBeLessThan(whole.objective.n);
    expect(tight.objective.keepsLinearisation).toBe(false);
    const { theta } = whole;
    const results: Vector[][] = [];
    for (const { objective } of [whole, tight]) {
      const out = [0, 1, 2, 3].map(() => zeros("float64", objective.size));
      await objective.lossAndGradient(theta, out[0]!);
      await (await objective.hessian(theta)).apply(theta, out[1]!);
      await objective.sharpnessGradient(theta, theta, out[2]!);
      await objective.descend(theta, null, 0.1, out[3]!);
      results.push(out);
    }
    results[0]!.forEach((vector, k) =>
      expect(relativeError(results[1]![k]!, [...vector])).toBeLessThan(1e-13),
    );
    const [a, b] = await Promise.all([
      whole.objective.evaluate(theta, "train"),
      tight.objective.evaluate(theta, "train"),
    ]);
    expect(b.loss).toBeCloseTo(a.loss, 13);
    expect(b.accuracy).toBe(a.accuracy);
    // What needs the gradient of all chunks first is declined by one way and found by the other.
    const every = Uint32Array.from({ length: whole.objective.n }, (_, i) => i);
    expect(await tight.objective.gradientCurvature(theta, every)).toBeNull();
    const [one, many] = [
      await new BatchCurvatureProbe(whole.objective).step(theta, every),
      await new BatchCurvatureProbe(tight.objective).step(theta, every),
    ];
    expect(Math.abs(many! / one! - 1)).toBeLessThan(1e-11);
  });

  it("uses the values kept at a point, and only there", async () => {
    const { objective, theta } = oracleObjective(name, "float64", engines.cpu);
    expect(objective.keepsLinearisation).toBe(true);
    const u = vectorFrom(
      "float64",
      Array.from(theta, (_, j) => Math.cos(j)),
    );
    const elsewhere = vectorFrom(
      "float64",
      Array.from(theta, (x) => 1.1 * x),
    );
    const [fresh, kept] = [zeros("float64", objective.size), zeros("float64", objective.size)];
    const curvature = await objective.sharpnessGradient(theta, u, fresh);
    const projections = await objective.projections(theta, u);
    const at = await objective.hessian(theta);
    expect(await objective.sharpnessGradient(theta, u, kept, at)).toBeCloseTo(curvature, 12);
    expect(relativeError(kept, [...fresh])).toBeLessThan(1e-13);
    expect(relativeError(await objective.projections(theta, u, at), [...projections])).toBeLessThan(1e-13);
    // Replaced by a newer linearisation, it is ignored.
    await objective.hessian(elsewhere);
    await objective.sharpnessGradient(theta, u, kept, at);
    expect([...kept]).toEqual([...fresh]);
    await objective.dispose();
  });

  it("descends exactly along the batch gradient", async () => {
    const { objective, theta } = oracleObjective(name, "float64", engines.cpu);
    const indices = Uint32Array.of(4, 1, 1);
    const gradient = zeros("float64", objective.size);
    const loss = await objective.batchLossAndGradient(theta, indices, gradient);
    const next = zeros("float64", objective.size);
    expect(await objective.descend(theta, indices, 0.3, next)).toBeCloseTo(loss, 14);
    expect(
      relativeError(
        next,
        Array.from(theta, (x, i) => x - 0.3 * gradient[i]!),
      ),
    ).toBeLessThan(1e-14);
  });

  it("gives batch Hessian products whose average over a partition is the full product", async () => {
    const { objective, theta } = oracleObjective(name, "float64", engines.cpu);
    const v = vectorFrom(
      "float64",
      Array.from(theta, (_, j) => Math.sin(j)),
    );
    const full = zeros("float64", objective.size);
    await (await objective.hessian(theta)).apply(v, full);
    const mean = zeros("float64", objective.size);
    const part = zeros("float64", objective.size);
    for (const indices of [Uint32Array.of(0, 4), Uint32Array.of(5, 2), Uint32Array.of(1, 3)]) {
      await objective.batchHessianProduct(theta, indices, v, part);
      const along = await objective.batchCurvature(theta, indices, v);
      expect(Math.abs(along / dot(v, part) - 1)).toBeLessThan(1e-11);
      part.forEach((x, i) => {
        mean[i]! += x / 3;
      });
    }
    expect(relativeError(mean, [...full])).toBeLessThan(1e-13);
  });

  it("gives a batch gradient's curvature and length without the gradient, of one chunk", async () => {
    for (const [dtype, tolerance] of [
      ["float64", 1e-11],
      ["float32", 1e-4],
    ] as const) {
      const { objective, theta } = oracleObjective(name, dtype, engines.cpu);
      const gradient = zeros(dtype, objective.size);
      for (const indices of [Uint32Array.of(3), Uint32Array.of(0, 4, 5), Uint32Array.of(2, 2)]) {
        await objective.batchLossAndGradient(theta, indices, gradient);
        const curvature = await objective.batchCurvature(theta, indices, gradient);
        const found = (await objective.gradientCurvature(theta, indices))!;
        expect(Math.abs(found.curvature / curvature - 1)).toBeLessThan(tolerance);
        expect(Math.abs(found.squared / dot(gradient, gradient) - 1)).toBeLessThan(tolerance);
      }
    }
  });

  it("follows the oracle's gradient descent", async () => {
    const { objective, theta, oracle } = oracleObjective(name, "float64", engines.cpu);
    const { eta, gd } = oracle.trajectories;
    let current = theta;
    let next = zeros("float64", objective.size);
    for (const record of gd) {
      const loss = await objective.descend(current, null, eta, next);
      expect(Math.abs(loss / record.loss - 1)).toBeLessThan(1e-5);
      if (record.step % 5 === 0) {
        const { eigenvalues } = await lanczos(await objective.hessian(current), { tol: 1e-9 });
        expect(Math.abs(eigenvalues[0]! / record.S - 1)).toBeLessThan(1e-5);
      }
      [current, next] = [next, current];
    }
  });
});
