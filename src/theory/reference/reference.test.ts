// Onset, projections and the constrained trajectory against the 61-parameter oracle and the solvable landscape.
import { afterAll, describe, expect, it } from "vitest";
import { eosOracle } from "../../../test/eos-oracle.ts";
import { landscape, type Objective } from "../../curvature/index.ts";
import { norm, type Vector } from "../../math/index.ts";
import { advanceReference, obstacleTo, startReference } from "./constrained.ts";
import { exactProjection } from "./exact-projection.ts";
import { measureGeometry } from "./local-geometry.ts";
import { findOnset, type Onset, type OnsetCheck, type OnsetOptions } from "./onset.ts";
import { project } from "./projection.ts";
import { solvableLandscape } from "./solvable-landscape.ts";

const { objective, oracle, vector } = eosOracle();
const lr = oracle.eta;

afterAll(() => objective.dispose());

function distance(a: Vector, b: ArrayLike<number>): number {
  const difference = a.slice();
  for (let i = 0; i < difference.length; i++) difference[i] = difference[i]! - b[i]!;
  return norm(difference);
}

async function search(
  on: Objective,
  options: OnsetOptions,
): Promise<{ readonly onset: Onset; readonly checks: readonly OnsetCheck[] }> {
  const checks: OnsetCheck[] = [];
  const looks = findOnset(on, options);
  for (;;) {
    const item = await looks.next();
    if (item.done === true) return { onset: item.value, checks };
    checks.push(item.value);
  }
}

describe("local geometry", () => {
  it("agrees with the oracle where the sharpness crosses the edge", async () => {
    const { S, l2, alpha, beta, kappa, loss } = oracle.at_cross;
    const found = await measureGeometry(objective, vector(oracle.theta_cross), { lr });
    expect(found.loss / loss).toBeCloseTo(1, 9);
    expect(found.sharpness / S).toBeCloseTo(1, 9);
    expect(found.lambda2! / l2).toBeCloseTo(1, 4);
    // The oracle has α here, not α⊥: they differ by κ⟨g,u⟩, and this point is not quite on the stable set.
    expect(found.landscape.alpha / alpha).toBeCloseTo(1, 6);
    expect(found.beta / beta).toBeCloseTo(1, 6);
    expect(Math.abs(found.kappa / kappa)).toBeCloseTo(1, 6);
    expect(Math.abs(found.slope / oracle.at_cross.u_dot_grad)).toBeCloseTo(1, 2);
  });

  it("says when the top eigenvector cannot be found", async () => {
    const starved = { lr, maxProducts: 2 };
    await expect(measureGeometry(objective, vector(oracle.theta_cross), starved)).rejects.toThrow(
      /did not converge.*after 2 Hessian products/,
    );
  });
});

describe("projection onto the stable set", () => {
  const { two_over_eta, linear, theta_3, exact } = oracle.projection_to_63;
  // The table was made with exact eigenvectors, and each projection is allowed a thousand times this.
  const options = { lr: 2 / two_over_eta, tol: 1e-10 };

  it("repeats the linearised projection as published", async () => {
    const start = vector(oracle.theta_cross);
    for (const expected of linear.slice(0, 3)) {
      const { theta } = await project(objective, start, options, [], expected.iter);
      const found = await measureGeometry(objective, theta, options);
      expect(found.sharpness - two_over_eta).toBeCloseTo(expected.S_minus, 7);
      expect(Math.abs(found.slope)).toBeCloseTo(Math.abs(expected.u_dot_grad), 7);
      expect(distance(theta, start) / expected.dist).toBeCloseTo(1, 6);
    }
    const { theta } = await project(objective, start, options);
    expect(distance(theta, theta_3)).toBeLessThan(1e-7);
  });

  it("finds the nearest point exactly, nearer than the linearised one", async () => {
    const start = vector(oracle.theta_cross);
    const found = await exactProjection(objective, start, options);
    expect(found.distance / exact.dist).toBeCloseTo(1, 6);
    expect(distance(found.theta, exact.theta)).toBeLessThan(1e-5);
    const there = await measureGeometry(objective, found.theta, options);
    expect(there.sharpness - two_over_eta).toBeCloseTo(0, 8);
    expect(there.slope).toBeCloseTo(0, 8);
  });

  it("leaves a point below the edge to the Newton step along u", async () => {
    const start = vector(oracle.theta_cross);
    const below = { lr: 2 / 70 };
    const linearised = await project(objective, start, below);
    const nearest = await exactProjection(objective, start, below);
    expect(distance(linearised.theta, nearest.theta)).toBeLessThan(1e-9);
    expect(distance(linearised.theta, start)).toBeLessThan(1e-8);
  });

  it("is the identity on the stable set of the solvable landscape, and one step of −y above it", async () => {
    const on = solvableLandscape({ a: 0.5, c: 2, lr: 0.05 });
    const { theta } = await project(on, Float64Array.of(0, 0.3), { lr: 0.05 });
    expect(distance(theta, [0, 0])).toBeLessThan(1e-12);
    const exactly = await exactProjection(on, Float64Array.of(0, 0.3), { lr: 0.05 });
    expect(distance(exactly.theta, [0, 0])).toBeLessThan(1e-10);
  });
});

describe("constrained trajectory", () => {
  it("starts and steps as the oracle", async () => {
    const start = await startReference(objective, vector(oracle.theta_cross), { lr });
    expect(distance(start.theta, oracle.theta_dagger_0)).toBeLessThan(1e-8);
    const next = await advanceReference(objective, start, { lr });
    expect(distance(next.theta, oracle.step1.theta_dagger)).toBeLessThan(1e-8);
  });

  it("stays at the origin of the solvable landscape", async () => {
    const on = solvableLandscape({ a: 0.5, c: 2, lr: 0.05 });
    let at = await startReference(on, Float64Array.of(0.1, 0.02), { lr: 0.05 });
    for (let t = 0; t < 5; t++) at = await advanceReference(on, at, { lr: 0.05 });
    expect(norm(at.theta)).toBeLessThan(1e-10);
    expect([at.alpha, at.beta, at.delta2]).toEqual([1, 4, 0.5].map((value) => expect.closeTo(value, 10)));
    expect(at.kappa).toBeCloseTo(0, 10);
  });

  it("refuses a start where the gradient flow does not sharpen, with the number", async () => {
    const on = solvableLandscape({ a: 0.5, c: 2, lr: 0.05 });
    const flattening: Objective = {
      ...on,
      lossAndGradient: async (theta, gradient) => {
        const loss = await on.lossAndGradient(theta, gradient);
        gradient[1] = gradient[1]! + 1;
        return loss + theta[1]!;
      },
    };
    await expect(startReference(flattening, Float64Array.of(0, 0), { lr: 0.05 })).rejects.toThrow(
      /does not apply at the start: α = -1 is not positive/,
    );
  });

  it("refuses a start below the edge, and a second direction at it", async () => {
    const { S } = oracle.at_cross;
    const crossing = vector(oracle.theta_cross);
    await expect(startReference(objective, crossing, { lr: 1.8 / S })).rejects.toThrow(
      /sharpness 65.04 where the edge is 2\/η = 72.27/,
    );
    const at = await startReference(objective, crossing, { lr });
    expect(obstacleTo(at, lr)).toBeNull();
    const scalars = { ...at, sharpnessGradient: at.sharpening, lr, lambda2: 1.95 / lr };
    expect(obstacleTo({ ...at, landscape: landscape(scalars) }, lr)).toMatch(/^λ₂·η = 1.95 reaches 1.9/);
  });
});

describe("onset", () => {
  const { eta, series } = oracle.progressive_sharpening;

  it("finds the first step of gradient descent at the edge, looking ever more often", async () => {
    const theta = vector(oracle.theta_init);
    const at = series.find(({ step }) => step === 1000)!;
    const { onset, checks } = await search(objective, {
      theta,
      lr: eta,
      edge: at.S,
      maxSteps: 2000,
      tol: 1e-6,
    });
    // The midpoint of steps 999 and 1000 is just below S(θ_1000), the next one above.
    expect(onset.step).toBe(1001);
    const looks = checks.map(({ step }) => step);
    expect(looks.slice(0, 3)).toEqual([0, 50, 55]);
    expect(looks.length).toBeLessThan(700);
    const losses = checks.filter(({ step }) => step === 1001).map(({ loss }) => loss);
    expect(losses[0]! / at.loss).toBeCloseTo(1, 6);
    const there = await measureGeometry(objective, onset.theta, { lr }, onset.eigenvectors);
    expect(there.sharpness - at.S).toBeGreaterThan(0);
    expect(there.sharpness / at.S).toBeCloseTo(1, 3);
  });

  it("goes back to the exact step when the look before was some steps ago", async () => {
    const options = { theta: vector(oracle.theta_init), lr: 0.002, edge: 12, maxSteps: 1500, tol: 1e-6 };
    const { onset, checks } = await search(objective, options);
    const refined = checks.filter(({ refining }) => refining).map(({ step }) => step);
    expect(refined.length).toBeGreaterThan(1);
    expect(refined).toEqual(refined.map((_, i) => onset.step - refined.length + 1 + i));
    const [below, above] = checks.slice(-2).map(({ sharpness }) => sharpness);
    expect(below).toBeLessThan(12);
    expect(above).toBeGreaterThanOrEqual(12);
  });

  it("is step 0 where the start is at the edge already", async () => {
    const theta = vector(oracle.theta_cross);
    const { onset } = await search(objective, { theta, lr, maxSteps: 0 });
    expect(onset.step).toBe(0);
    expect(distance(onset.theta, theta)).toBe(0);
  });

  it("says how far it got when the budget runs out, and which η would do", async () => {
    const theta = vector(oracle.theta_init);
    await expect(search(objective, { theta, lr: eta, maxSteps: 120 })).rejects.toThrow(
      /did not reach 100 within 120 steps \(received S = 17 at step 120\).*2\/η = 1\d/,
    );
  });

  it("says when η is beyond blow-up", async () => {
    const theta = vector(oracle.theta_init);
    await expect(search(objective, { theta, lr: 0.9, maxSteps: 100 })).rejects.toThrow(
      /beyond the edge already \(received S = 10\.83, 4\.87\d times the edge 2\.222;.*take η below 0\.184/,
    );
    await expect(search(objective, { theta, lr: 0.9, edge: 1e300, maxSteps: 2000 })).rejects.toThrow(
      /at η = 0\.9 diverged before the edge, at step \d+/,
    );
  });
});
