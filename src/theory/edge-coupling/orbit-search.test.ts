// Searching for orbits from a point, and following them in the learning rate to where they end.
import { describe, expect, test } from "vitest";
import { cpuBackend, oracleObjective } from "../../../test/oracle-networks.ts";
import {
  type BranchPoint,
  builtinLandscape,
  continueOrbit,
  cosineLine,
  findFixedPoint,
  findOrbits,
  ORBIT_LANDSCAPES,
  orbitPoints,
  quarticLine,
  scalarObjective,
  scalarProduct,
  solveOrbit,
} from "./index.ts";

/** γ(α) = 1 + cα² − eα⁴ on an odd force: subcritical, with a fold at α² = c/(2e). */
const folding = (c: number, e: number): ReturnType<typeof scalarObjective> =>
  scalarObjective((x) => [
    x ** 2 / 2 + (c * x ** 4) / 4 - (e * x ** 6) / 6,
    x + c * x ** 3 - e * x ** 5,
    1 + 3 * c * x ** 2 - 5 * e * x ** 4,
    6 * c * x - 20 * e * x ** 3,
    6 * c - 60 * e * x ** 2,
  ]);

describe("findOrbits", () => {
  test.each(ORBIT_LANDSCAPES)(
    "%s: one orbit at its learning rate, near the predicted amplitude",
    async (name) => {
      const { objective, minimum, lr } = builtinLandscape(name);
      const stages: string[] = [];
      const search = await findOrbits(objective, minimum, lr, { onStage: (stage) => stages.push(stage) });
      expect(search.fixedPoint).toMatchObject({ converged: true });
      expect(search.orbits.length).toBe(1);
      const { solve, stability, direction } = search.orbits[0]!;
      const { predicted, kind, verdict } = search.directions[direction!]!;
      expect(Math.abs(solve.amplitude / predicted! - 1)).toBeLessThan(0.05);
      expect(verdict).toMatch(/^orbit of half-amplitude/);
      // Flat directions of the linear network leave it neutral; all else follows the type of bifurcation.
      const expected = name === "linear" ? "neutral" : kind === "supercritical" ? "stable" : "unstable";
      expect(stability.verdict).toBe(expected);
      expect(stages[0]).toMatch(/^fixed point: ‖∇L‖ = /);
    },
  );

  test("starts beside the minimum, finds the fixed point first", async () => {
    const search = await findOrbits(cosineLine(), Float64Array.of(0.4), 2.1);
    expect(search.fixedPoint.theta[0]).toBeCloseTo(0, 12);
    expect(search.fixedPoint.moved).toBeCloseTo(0.4, 12);
    expect(search.orbits[0]!.solve.amplitude).toBeCloseTo(0.5384116723380108, 10);
  });

  test("says on which side of 2/λ orbits appear when η is on the other", async () => {
    const below = await findOrbits(cosineLine(), Float64Array.of(0), 1.9);
    expect(below.orbits).toEqual([]);
    expect(below.directions[0]!.predicted).toBeNull();
    expect(below.directions[0]!.verdict).toMatch(
      /^no orbit: they appear for η above 2\/λ = 2.00000, η = 1.90000 is below it/,
    );
    const flat = await findOrbits(quarticLine(1, 0, 0), Float64Array.of(0), 2.1);
    expect(flat.directions[0]!.verdict).toMatch(/Q vanishes/);
    const valley = await findOrbits(scalarProduct(1), Float64Array.of(2, 0.5), 0.48);
    expect(valley.orbits).toEqual([]);
    expect(valley.directions[0]!.verdict).toMatch(/^no orbit: .*along a valley of minima/);
  });

  test("finds orbits of finite size where the leading order predicts none", async () => {
    // Above 2/λ no small orbit exists, but γ(α) comes back to the threshold at a large amplitude.
    const objective = folding(1, 1);
    const lr = 2 / 0.9;
    const search = await findOrbits(objective, Float64Array.of(0), lr);
    expect(search.directions[0]).toMatchObject({ predicted: null, kind: "subcritical" });
    expect(search.orbits[0]!.source).toBe("half-amplitude function");
    const squared = (1 + Math.sqrt(1 + 0.4)) / 2;
    expect(search.orbits[0]!.solve.amplitude ** 2).toBeCloseTo(squared, 9);
  });

  test("given guesses: an orbit found twice is reported once", async () => {
    const guess = { center: Float64Array.of(0), half: Float64Array.of(-0.5) };
    const search = await findOrbits(cosineLine(), Float64Array.of(0), 2.1, { guesses: [guess] });
    expect(search.given).toEqual([
      expect.objectContaining({
        outcome: "orbit",
        collapsed: false,
        verdict: expect.stringContaining("already found"),
      }),
    ]);
    expect(search.orbits.length).toBe(1);
  });

  test("a point that is no fixed point is said to be none", async () => {
    const slope = scalarObjective((x) => [Math.exp(x), Math.exp(x), Math.exp(x), Math.exp(x), Math.exp(x)]);
    const point = await findFixedPoint(slope, Float64Array.of(1));
    expect(point).toMatchObject({ converged: false, moved: 0 });
    expect(point.gradNorm).toBeCloseTo(Math.E, 12);
  });

  test("bad starts", async () => {
    await expect(findOrbits(cosineLine(), Float64Array.of(0, 1), 2.1)).rejects.toThrow(/does not fit/);
    await expect(findOrbits(cosineLine(), Float64Array.of(Number.NaN), 2.1)).rejects.toThrow(/not finite/);
    await expect(findOrbits(cosineLine(), Float64Array.of(0), 0)).rejects.toThrow(/learning rate/);
    expect(() => builtinLandscape("cosin")).toThrow(/Did you mean "cosine"/);
  });

  test("a network: the interface is that of NetworkObjective", async () => {
    const { objective, theta } = oracleObjective("net_tanh_mse", "float64", cpuBackend());
    const search = await findOrbits(objective, theta, 0.6, { k: 1, maxProducts: 20, eigenTol: 1e-6 });
    expect(search.directions.length).toBeLessThanOrEqual(1);
    for (const { solve } of search.orbits) {
      const [x, y] = orbitPoints(solve);
      const gradient = x.slice();
      await objective.lossAndGradient(x, gradient);
      x.forEach((value, i) => expect(value - 0.6 * gradient[i]!).toBeCloseTo(y[i]!, 8));
    }
    await objective.dispose();
  });
});

describe("continueOrbit", () => {
  test("the product landscape: doubles its period at η = √5 − 1, amplitudes exact on the way", async () => {
    const { objective } = builtinLandscape("product");
    const start = await solveOrbit(objective, 1.05, {
      center: Float64Array.of(1, 1),
      half: Float64Array.of(0.1, 0.1),
    });
    const seen: BranchPoint[] = [];
    const branch = await continueOrbit(objective, 1.05, start, {
      towards: 1.5,
      onPoint: (point) => seen.push(point),
    });
    expect(branch.end).toBe("period-doubled");
    expect(branch.lr).toBeCloseTo(Math.sqrt(5) - 1, 8);
    expect(seen).toEqual(branch.points);
    for (const { lr, amplitude, stability } of branch.points) {
      expect(amplitude ** 2).toBeCloseTo((1 - 1 / lr) / 2, 8);
      expect(stability!.along).toBeCloseTo(9 - 2 * (1 + lr) ** 2, 6);
    }
  });

  test("the way back collapses into the fixed point at η = 2/λ", async () => {
    const { objective } = builtinLandscape("product");
    const guess = { center: Float64Array.of(1, 1), half: Float64Array.of(0.1, 0.1) };
    const branch = await continueOrbit(objective, 1.05, await solveOrbit(objective, 1.05, guess), {
      towards: 0.9,
    });
    expect(branch.end).toBe("collapsed");
    expect(branch.lr).toBeCloseTo(1, 3);
  });

  test("a subcritical branch ends in a fold", async () => {
    const [c, e] = [1, 2];
    const objective = folding(c, e);
    const lr = 2 / (1 + 0.01);
    const start = await solveOrbit(objective, lr, { center: Float64Array.of(0), half: Float64Array.of(0.1) });
    expect(start.outcome).toBe("orbit");
    const branch = await continueOrbit(objective, lr, start, { towards: 1 });
    expect(branch.end).toBe("fold");
    expect(2 / branch.lr).toBeCloseTo(1 + c ** 2 / (4 * e), 2);
    for (const { lr: rate, amplitude } of branch.points) {
      expect(2 / rate).toBeCloseTo(1 + c * amplitude ** 2 - e * amplitude ** 4, 8);
    }
  });

  test("reaches the wanted learning rate exactly, or runs out of points", async () => {
    const objective = cosineLine();
    const start = await solveOrbit(objective, 2.1, {
      center: Float64Array.of(0),
      half: Float64Array.of(0.5),
    });
    const there = await continueOrbit(objective, 2.1, start, { towards: 2.4 });
    expect(there.end).toBe("target");
    expect(there.lr).toBe(2.4);
    const { lr, amplitude } = there.points.at(-1)!;
    expect(lr).toBe(2.4);
    expect(2 * amplitude).toBeCloseTo(2.4 * Math.sin(amplitude), 9);
    const short = await continueOrbit(objective, 2.1, start, {
      towards: 2.4,
      maxPoints: 2,
      stability: false,
    });
    expect(short.end).toBe("budget");
    expect(short.points.length).toBe(2);
    expect(short.points[0]!.stability).toBeNull();
    expect((await continueOrbit(objective, 2.1, start, { towards: 2.1 })).points.length).toBe(1);
  });

  test("refuses to start where there is no orbit", async () => {
    const start = { center: Float64Array.of(0), half: Float64Array.of(0.2) };
    await expect(continueOrbit(quarticLine(1, 0, 0), 1.5, start, { towards: 2 })).rejects.toThrow(
      /no orbit of period two where the branch was to start/,
    );
    await expect(continueOrbit(cosineLine(), 2.1, start, { towards: -1 })).rejects.toThrow(/learning rate/);
  });
});
