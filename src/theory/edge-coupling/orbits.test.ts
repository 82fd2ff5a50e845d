// Period-two orbits against closed forms: existence, side, amplitude, multipliers, and what is said when there is none.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dot, norm, type Vector } from "../../math/index.ts";
import { entry, expressionObjective, type SmoothObjective } from "../../curvature/index.ts";
import { add, mul, square } from "../../tensor/index.ts";
import {
  bentValley,
  cosineLine,
  diagonalLinear,
  halfAmplitudeFunction,
  orbitDirection,
  type OrbitDirection,
  orbitGuess,
  orbitPoints,
  type OrbitSolve,
  orbitStability,
  predictedAmplitude,
  quarticLine,
  scalarObjective,
  scalarProduct,
  solveOrbit,
  twoLayerLinear,
} from "./index.ts";
import { absenceVerdict } from "./orbit-verdicts.ts";

interface Oracles {
  readonly scalar_product: readonly {
    m: number;
    eta: number;
    p: number;
    q: number;
    half_amplitude2: number;
    mult_diag: number;
    mult_transverse: number;
  }[];
  readonly cosine: { eta: number; a: number; a2_leading: number; Q: number };
  readonly valley: { lam: number; mu: number; k: number; eta: number; Q: number; a: number; z: number };
  readonly quartic_1d: readonly {
    l: number;
    t: number;
    q: number;
    Q: number;
    eta: number;
    side: string;
    half_amp: number;
    leading: number;
    center: number;
    center_leading: number;
    multiplier: number;
  }[];
}

const oracles = JSON.parse(
  readFileSync(new URL("../../../test/oracles/edge_neighbours.json", import.meta.url), "utf8"),
) as Oracles;

async function fromPrediction(
  objective: SmoothObjective,
  minimum: Vector,
  eigenvalue: number,
  u: Vector,
  lr: number,
): Promise<{ direction: OrbitDirection; orbit: OrbitSolve; predicted: number }> {
  const direction = await orbitDirection(objective, minimum, eigenvalue, u);
  const predicted = predictedAmplitude(direction, lr)!;
  const orbit = await solveOrbit(objective, lr, orbitGuess(direction, minimum, predicted));
  return { direction, orbit, predicted };
}

/** y = x − η∇L(x) and back: what the equations are supposed to say. */
async function isOrbit(objective: SmoothObjective, orbit: OrbitSolve, lr: number): Promise<void> {
  const [x, y] = orbitPoints(orbit);
  const gradient = x.slice();
  for (const [from, to] of [
    [x, y],
    [y, x],
  ] as const) {
    await objective.lossAndGradient(from, gradient);
    from.forEach((value, i) => expect(value - lr * gradient[i]!).toBeCloseTo(to[i]!, 9));
  }
}

describe("exact orbits", () => {
  test.each(oracles.scalar_product)("½(w₁w₂ − $m)² at η = $eta", async (wanted) => {
    const { m, eta } = wanted;
    const objective = scalarProduct(m);
    const root = Math.sqrt(m);
    const u = Float64Array.of(Math.SQRT1_2, Math.SQRT1_2);
    const { direction, orbit, predicted } = await fromPrediction(
      objective,
      Float64Array.of(root, root),
      2 * m,
      u,
      eta,
    );
    expect(direction.coefficient).toBeCloseTo(-4, 10);
    expect(direction).toMatchObject({ kind: "supercritical", side: "above" });
    expect(direction.criticalRate).toBeCloseTo(1 / m, 12);
    expect(predicted ** 2).toBeCloseTo(wanted.half_amplitude2, 10);
    expect(orbit.outcome).toBe("orbit");
    expect(orbit.amplitude ** 2).toBeCloseTo(wanted.half_amplitude2, 10);
    const [x, y] = orbitPoints(orbit);
    const [p, q] = [Math.max(x[0]!, y[0]!), Math.min(x[0]!, y[0]!)];
    expect(p).toBeCloseTo(wanted.p, 10);
    expect(q).toBeCloseTo(wanted.q, 10);
    await isOrbit(objective, orbit, eta);
    const stability = await orbitStability(objective, eta, orbit);
    const expected = [wanted.mult_diag, wanted.mult_transverse].toSorted((a, b) => Math.abs(b) - Math.abs(a));
    stability.multipliers.forEach(({ re, im }, k) => {
      expect(re).toBeCloseTo(expected[k]!, 8);
      expect(im).toBe(0);
    });
    expect(stability.along).toBeCloseTo(wanted.mult_diag, 8);
    expect(stability.verdict).toBe(Math.abs(wanted.mult_diag) < 1 ? "stable" : "unstable");
  });

  test("1 − cos x", async () => {
    const { eta, a, a2_leading, Q } = oracles.cosine;
    const { direction, orbit, predicted } = await fromPrediction(
      cosineLine(),
      Float64Array.of(0),
      1,
      Float64Array.of(1),
      eta,
    );
    expect(direction.coefficient).toBeCloseTo(Q, 12);
    expect(predicted ** 2).toBeCloseTo(a2_leading, 10);
    expect(orbit.amplitude).toBeCloseTo(a, 10);
    await isOrbit(cosineLine(), orbit, eta);
  });

  test("a bent valley: supercritical by the other direction alone", async () => {
    const { lam, mu, k, eta, Q, a, z } = oracles.valley;
    const objective = bentValley(lam, mu, k);
    const { direction, orbit, predicted } = await fromPrediction(
      objective,
      Float64Array.of(0, 0),
      lam,
      Float64Array.of(1, 0),
      eta,
    );
    expect(direction.coefficient).toBeCloseTo(Q, 10);
    expect(direction).toMatchObject({ fourth: 0, ownCorrection: 0, kind: "supercritical" });
    expect(predicted).toBeCloseTo(a, 10);
    expect(orbit.amplitude).toBeCloseTo(a, 10);
    expect(orbit.center[1]).toBeCloseTo(z, 10);
    await isOrbit(objective, orbit, eta);
  });

  test.each(oracles.quartic_1d)("$l x²/2 + $t x³/6 + $q x⁴/24", async (wanted) => {
    const objective = quarticLine(wanted.l, wanted.t, wanted.q);
    const { direction, orbit, predicted } = await fromPrediction(
      objective,
      Float64Array.of(0),
      wanted.l,
      Float64Array.of(1),
      wanted.eta,
    );
    expect(direction.coefficient).toBeCloseTo(wanted.Q, 10);
    expect(direction.side).toBe(wanted.side === "eta>eta_c" ? "above" : "below");
    expect(predicted).toBeCloseTo(wanted.leading, 10);
    expect(orbit.outcome).toBe("orbit");
    expect(orbit.amplitude).toBeCloseTo(wanted.half_amp, 10);
    expect(orbit.center[0]).toBeCloseTo(wanted.center, 9);
    expect(orbitGuess(direction, Float64Array.of(0), predicted).center[0]).toBeCloseTo(
      wanted.center_leading,
      10,
    );
    const stability = await orbitStability(objective, wanted.eta, orbit);
    expect(stability.along).toBeCloseTo(wanted.multiplier, 7);
    expect(stability.verdict).toBe(wanted.multiplier < 1 ? "stable" : "unstable");
    await isOrbit(objective, orbit, wanted.eta);
  });

  test("two-layer linear networks of several widths: Q = −4, half-amplitude² = (σ₁ − 1/η)/2", async () => {
    for (const [values, p, d] of [
      [[2, 1.2, 0.7], 5, 10],
      [[3, 1], 2, 2],
      [[1.5], 4, 1],
    ] as const) {
      const { target, minimum } = diagonalLinear(values, p, d);
      const hidden = values.length;
      const objective = twoLayerLinear(target, hidden);
      const u = new Float64Array(minimum.length);
      u[0] = Math.SQRT1_2;
      u[hidden * d] = Math.SQRT1_2;
      const lr = 1.05 / values[0];
      const { direction, orbit } = await fromPrediction(objective, minimum, 2 * values[0], u, lr);
      expect(direction.coefficient).toBeCloseTo(-4, 9);
      expect(orbit.amplitude ** 2).toBeCloseTo((values[0] - 1 / lr) / 2, 9);
      await isOrbit(objective, orbit, lr);
    }
  });
});

describe("the half-amplitude function", () => {
  test("is sin α/α for the cosine, and λ + Qα² to leading order with the centre moving", async () => {
    const objective = cosineLine();
    const at = Float64Array.of(0);
    const direction = await orbitDirection(objective, at, 1, Float64Array.of(1));
    for (const alpha of [0.1, 0.5, 1]) {
      expect(await halfAmplitudeFunction(objective, direction, at, alpha)).toBeCloseTo(
        Math.sin(alpha) / alpha,
        12,
      );
    }
    const skew = quarticLine(1, 2, 3);
    const bent = await orbitDirection(skew, at, 1, Float64Array.of(1));
    for (const alpha of [0.02, 0.04]) {
      const value = await halfAmplitudeFunction(skew, bent, at, alpha);
      expect(Math.abs(value - (1 + bent.coefficient * alpha ** 2))).toBeLessThan(5 * alpha ** 4);
    }
  });

  test("no amplitude is predicted on the other side of 2/λ, nor for a quadratic", async () => {
    const direction = await orbitDirection(cosineLine(), Float64Array.of(0), 1, Float64Array.of(1));
    expect(predictedAmplitude(direction, 1.9)).toBeNull();
    const flat = await orbitDirection(quarticLine(1, 0, 0), Float64Array.of(0), 1, Float64Array.of(1));
    expect(flat).toMatchObject({ kind: "degenerate", side: null, coefficient: 0 });
    expect(predictedAmplitude(flat, 2.1)).toBeNull();
  });

  test("a valley whose curvature changes along its floor has no isolated orbit, and the solve says singular", async () => {
    // Off balance, the kernel direction changes λ: T has a part in the kernel of H.
    const at = Float64Array.of(2, 0.5);
    const u = Float64Array.of(0.5, 2);
    const length = norm(u);
    const direction = await orbitDirection(
      scalarProduct(1),
      at,
      4.25,
      u.map((value) => value / length),
    );
    expect(direction.solve.outcome).toBe("singular");
    expect(direction.solve.residual).toBeGreaterThan(0.1);
    expect(Math.abs(direction.flatness!)).toBeLessThan(1e-12);
  });

  test("a solve cut short says how flat the directions are that it left", async () => {
    // D³L[u,u,·] along directions of curvature 3 and 0.01: one product leaves most of the flat one.
    const flat = expressionObjective(3, (w) => {
      const [x, y, z] = [entry(w, 0), entry(w, 1), entry(w, 2)];
      const wells = add(square(x), add(mul(1.5, square(y)), mul(0.005, square(z))));
      return add(wells, mul(mul(0.5, square(x)), add(mul(0.3, y), z)));
    });
    const [at, u] = [Float64Array.of(0, 0, 0), Float64Array.of(1, 0, 0)];
    const short = await orbitDirection(flat, at, 2, u, { maxProducts: 1 });
    expect(short.solve.outcome).toBe("budget");
    expect(short.flatness).toBeGreaterThan(0.005);
    expect(short.flatness).toBeLessThan(0.3);
    expect(absenceVerdict(short, 0.5)).toMatch(
      /nearly flat directions, of curvature \S+ λ, which leave H⁻¹T unsolved/,
    );
    expect((await orbitDirection(flat, at, 2, u)).flatness).toBeNull();
  });
});

describe("Newton", () => {
  test("collapses into the fixed point, says so, and finds the orbit with that deflated", async () => {
    const objective = cosineLine();
    const plain = await solveOrbit(objective, 2.1, {
      center: Float64Array.of(0),
      half: Float64Array.of(0.2),
    });
    expect(plain.collapsed).toBe(true);
    expect(plain.outcome).toBe("orbit");
    expect(plain.amplitude).toBeCloseTo(oracles.cosine.a, 9);
  });

  test("finds no orbit where there is none: a convex quadratic", async () => {
    const found = await solveOrbit(quarticLine(1, 0, 0), 1.5, {
      center: Float64Array.of(0.3),
      half: Float64Array.of(0.2),
    });
    expect(found.outcome).not.toBe("orbit");
    expect(["fixed-point", "stalled", "singular"]).toContain(found.outcome);
  });

  test("a singular linearisation is an outcome, not a wrong orbit", async () => {
    // λ = 2/η exactly: every ±a is in balance in the quadratic model, a slope along the way is not.
    const tilted = scalarObjective((x) => [x + x * x, 1 + 2 * x, 2, 0, 0]);
    const found = await solveOrbit(tilted, 1, { center: Float64Array.of(5), half: Float64Array.of(0.1) });
    // The centre is solved for, the half-difference is free: a one-parameter family of orbits, of which one is found.
    expect(found.outcome).toBe("orbit");
    expect(found.center[0]).toBeCloseTo(-0.5, 10);
    const saddle = scalarObjective((x) => [x, 1, 0, 0, 0]);
    const none = await solveOrbit(saddle, 1, { center: Float64Array.of(0), half: Float64Array.of(0.1) });
    expect(none.outcome).toBe("singular");
  });

  test("losses that are not finite, and bad guesses", async () => {
    const wall = scalarObjective((x) =>
      Math.abs(x) < 1 ? [x * x, 2 * x, 2, 0, 0] : [Number.NaN, Number.NaN, Number.NaN, 0, 0],
    );
    const found = await solveOrbit(wall, 1.2, { center: Float64Array.of(0), half: Float64Array.of(3) });
    expect(found.outcome).toBe("not-finite");
    const at = Float64Array.of(0);
    await expect(solveOrbit(wall, 1.2, { center: at, half: at })).rejects.toThrow(/not a start for an orbit/);
    await expect(solveOrbit(wall, -1, { center: at, half: at })).rejects.toThrow(/learning rate/);
  });

  test("orbits are critical points of the coupling: gradients vanish and the mean of the gradients too", async () => {
    const objective = scalarProduct(1);
    const orbit = await solveOrbit(objective, 1.1, {
      center: Float64Array.of(1, 1),
      half: Float64Array.of(0.2, 0.18),
    });
    const [x, y] = orbitPoints(orbit);
    const [gx, gy] = [x.slice(), x.slice()];
    await objective.lossAndGradient(x, gx);
    await objective.lossAndGradient(y, gy);
    expect(norm(gx.map((value, i) => value + gy[i]!))).toBeLessThan(1e-9);
    expect(dot(gx, orbit.half)).toBeCloseTo((2 / 1.1) * orbit.amplitude ** 2, 9);
  });
});
