// Following the top eigenpairs along a path: the pairs of a fresh solve for fewer products, and crossings seen.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dot, norm, randomStream, type Vector, zeros } from "../math/index.ts";
import { followPairs } from "./follow-pairs.ts";
import { lanczos } from "./lanczos.ts";
import type { LinearOperator } from "./operator.ts";

const SIZE = 150;

/** Reflections H₂H₁ D H₁H₂: the given spectrum in directions that turn with `angle`. */
function turned(values: readonly number[], angle: number, seed: number): LinearOperator {
  const random = randomStream(seed, "turned");
  const axes = [0, 1].map(() => Float64Array.from({ length: values.length }, () => random.signed()));
  const [first, second] = [axes[0]!, axes[1]!];
  const mirror = (v: Vector): void => {
    reflect(v, first, angle);
    reflect(v, second, 0);
  };
  const back = (v: Vector): void => {
    reflect(v, second, 0);
    reflect(v, first, angle);
  };
  return {
    size: values.length,
    dtype: "float64",
    apply(v: Vector, out: Vector): Promise<void> {
      out.set(v);
      mirror(out);
      for (let i = 0; i < values.length; i++) out[i] = values[i]! * out[i]!;
      back(out);
      return Promise.resolve();
    },
  };
}

function reflect(v: Vector, axis: Vector, angle: number): void {
  const normal = axis.map((x, i) => x + angle * Math.sin(i + 1));
  const factor = (2 * dot(normal, v)) / dot(normal, normal);
  for (let i = 0; i < v.length; i++) v[i] = v[i]! - factor * normal[i]!;
}

const bulk = Array.from({ length: SIZE - 2 }, (_, i) => 60 * Math.sin(12.9898 * (i + 1)));

async function residual(operator: LinearOperator, value: number, vector: Vector): Promise<number> {
  const image = zeros("float64", operator.size);
  await operator.apply(vector, image);
  return norm(image.map((x, i) => x - value * vector[i]!));
}

describe("followPairs", () => {
  it("finds what a fresh solve finds, to the tolerances asked for, for fewer products", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1000 }),
        fc.double({ min: 1e-6, max: 0.02, noNaN: true }),
        async (seed, moved) => {
          const values = [...bulk, 85, 100];
          const before = await lanczos(turned(values, 0.3, seed), { k: 2, tol: 1e-9 });
          const operator = turned(values, 0.3 + moved, seed);
          const options = { k: 2, tol: [1e-8, 1e-3], seed } as const;
          const followed = await followPairs(operator, before.eigenvectors, options);
          const whole = await lanczos(operator, { ...options, start: before.eigenvectors });
          expect(followed.eigenvalues[0]).toBeCloseTo(100, 8);
          expect(followed.eigenvalues[1]).toBeCloseTo(85, 2);
          expect(followed.converged).toBe(true);
          expect(await residual(operator, followed.eigenvalues[0]!, followed.eigenvectors[0]!)).toBeLessThan(
            1.01e-6,
          );
          expect(await residual(operator, followed.eigenvalues[1]!, followed.eigenvectors[1]!)).toBeLessThan(
            0.1,
          );
          for (const j of [0, 1]) {
            expect(dot(followed.eigenvectors[j]!, before.eigenvectors[j]!)).toBeGreaterThan(0);
          }
          expect(followed.hvps).toBeLessThanOrEqual(whole.hvps);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("stays where it is for one product of each pair when nothing has moved", async () => {
    const operator = turned([...bulk, 85, 100], 0, 1);
    const { eigenvectors } = await lanczos(operator, { k: 2, tol: 1e-11 });
    const one = await followPairs(operator, eigenvectors, { tol: 1e-8 });
    expect(one).toMatchObject({ hvps: 1, converged: true });
    expect(one.eigenvectors).toHaveLength(1);
  });

  it("sees that the second has overtaken the first, even from an exactly orthogonal direction", async () => {
    const operator = (first: number, second: number): LinearOperator =>
      turned([...bulk, second, first], 0.2, 3);
    const { eigenvectors } = await lanczos(operator(100, 99), { k: 2, tol: 1e-11 });
    const after = await followPairs(operator(99, 100), eigenvectors, { k: 2, tol: [1e-8, 1e-3] });
    expect(after.eigenvalues[0]).toBeCloseTo(100, 6);
    expect(after.eigenvalues[1]).toBeCloseTo(99, 1);
    expect(Math.abs(dot(after.eigenvectors[0]!, eigenvectors[1]!))).toBeCloseTo(1, 6);
  });

  it("takes a first vector without a second, and is honest about a budget that is spent", async () => {
    const operator = turned([...bulk, 85, 100], 0.4, 4);
    const [known] = (await lanczos(turned([...bulk, 85, 100], 0.39, 4), { tol: 1e-9 })).eigenvectors;
    const found = await followPairs(operator, [known!], { k: 2, tol: [1e-8, 1e-3] });
    expect(found.eigenvalues[1]).toBeCloseTo(85, 2);
    const starved = await followPairs(operator, [known!], { k: 2, tol: 1e-12, maxProducts: 2 });
    expect(starved.converged).toBe(false);
    expect(starved.eigenvalues).toHaveLength(2);
  });

  it("passes on that the operator is not finite", async () => {
    const broken: LinearOperator = {
      size: 3,
      dtype: "float64",
      apply(_, out) {
        out.fill(Number.NaN);
        return Promise.resolve();
      },
    };
    const found = await followPairs(broken, [Float64Array.of(1, 0, 0)], { k: 2 });
    expect(found).toMatchObject({
      converged: false,
      eigenvalues: [Number.NaN, Number.NaN],
      eigenvectors: [],
    });
  });
});
