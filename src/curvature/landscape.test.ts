// Landscape scalars against the oracle networks, identities, and every assumption failing in turn.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuBackend, ORACLE_NETS, oracleObjective } from "../../test/oracle-networks.ts";
import { dot, norm, vectorFrom, zeros, type DType } from "../math/index.ts";
import { lanczos } from "./lanczos.ts";
import { landscape, sharpeningDirection, type LandscapeInput } from "./landscape.ts";

interface Scalars {
  readonly u: readonly number[];
  readonly S: number;
  readonly kappa: number;
  readonly alpha: number;
  readonly alpha_perp: number;
  readonly beta: number;
  readonly delta2: number;
  readonly eta: number;
  readonly epsilon: number | null;
  readonly eigengap: number;
}

function scalarsOf(name: string): Scalars {
  const file = new URL(`../../test/oracles/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Scalars;
}

function relative(actual: number, expected: number): number {
  return Math.abs(actual / expected - 1);
}

const backend = cpuBackend();

describe.each(Object.keys(ORACLE_NETS))("%s", (name) => {
  it.each([
    ["float64", 1e-8],
    ["float32", 1e-3],
  ] as const satisfies readonly (readonly [DType, number])[])(
    "%s: agrees with the oracle",
    async (dtype, tolerance) => {
      const expected = scalarsOf(name);
      const { objective, theta } = oracleObjective(name, dtype, backend);
      const { eigenvalues, eigenvectors } = await lanczos(await objective.hessian(theta), {
        k: 2,
        tol: dtype === "float64" ? 1e-11 : 1e-6,
        start: [vectorFrom(dtype, expected.u)],
      });
      const gradient = zeros(dtype, objective.size);
      const sharpnessGradient = zeros(dtype, objective.size);
      await objective.lossAndGradient(theta, gradient);
      await objective.sharpnessGradient(theta, eigenvectors[0]!, sharpnessGradient);
      const found = landscape({
        gradient,
        u: eigenvectors[0]!,
        sharpness: eigenvalues[0]!,
        lambda2: eigenvalues[1]!,
        sharpnessGradient,
        lr: expected.eta,
      });
      expect(relative(found.kappa, expected.kappa)).toBeLessThan(tolerance);
      expect(relative(found.alpha, expected.alpha)).toBeLessThan(tolerance);
      expect(relative(found.alphaPerp, expected.alpha_perp)).toBeLessThan(tolerance);
      expect(relative(found.beta, expected.beta)).toBeLessThan(tolerance);
      expect(relative(found.eigengap!, expected.eigengap)).toBeLessThan(tolerance);
      if (expected.alpha > 0) {
        expect(relative(found.delta! ** 2, expected.delta2)).toBeLessThan(tolerance);
        expect(relative(found.epsilon!, expected.epsilon!)).toBeLessThan(tolerance);
      } else {
        expect([found.delta, found.epsilon]).toEqual([null, null]);
      }
      await objective.dispose();
    },
  );
});

/** A generic point where everything holds; `u` is e₀. */
const healthy: LandscapeInput = {
  gradient: Float64Array.of(0.5, -1, 2),
  u: Float64Array.of(1, 0, 0),
  sharpness: 10,
  lambda2: 4,
  sharpnessGradient: Float64Array.of(3, 4, -2),
  lr: 0.1,
};

const failing = (input: LandscapeInput): string[] =>
  landscape(input).assumptions.flatMap(({ name, holds }) => (holds ? [] : [name]));

it("gives the closed form on three parameters", () => {
  // ∇S⊥ = (0, 4, −2); α = −(1.5 − 4 − 4) = 6.5; α⊥ = 8.
  const found = landscape(healthy);
  expect(found).toMatchObject({ alpha: 6.5, alphaPerp: 8, beta: 20, kappa: 3, eigengap: 6 });
  expect(found.delta).toBeCloseTo(Math.sqrt(13 / 20), 14);
  expect(found.epsilon).toBeCloseTo(0.1 * Math.sqrt(6.5), 14);
  expect(found.alignment).toBeCloseTo(8 / Math.sqrt(5.25 * 20), 14);
  expect(found.newtonOffset).toBeCloseTo(0.05, 14);
  expect(found.gradSharpnessNorm).toBeCloseTo(Math.sqrt(29), 14);
  expect(found.assumptions.map(({ holds }) => holds)).toEqual([true, true, true, true, true]);
});

it("does not depend on the sign of u, except κ and the offset", () => {
  const u = Float64Array.of(-1, 0, 0);
  const { kappa, newtonOffset, ...rest } = landscape({ ...healthy, u });
  const { kappa: other, newtonOffset: otherOffset, ...others } = landscape(healthy);
  expect(rest).toEqual(others);
  expect([kappa, newtonOffset]).toEqual([-other, -otherOffset!]);
});

// Tenths rather than any double: squares of 1e-170 underflow, which no measurement comes near.
const entries = fc.array(
  fc.integer({ min: -50, max: 50 }).map((x) => x / 10),
  { minLength: 6, maxLength: 6 },
);

it("keeps the alignment in [−1, 1] and scales as the units say when the loss is multiplied", () => {
  fc.assert(
    fc.property(
      entries,
      entries,
      entries,
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      (g, s, direction, c) => {
        const length = Math.hypot(...direction);
        fc.pre(length > 0.1);
        const u = Float64Array.from(direction, (x) => x / length);
        const at = (factor: number): ReturnType<typeof landscape> =>
          landscape({
            gradient: Float64Array.from(g, (x) => x * factor),
            u,
            sharpness: 7 * factor,
            lambda2: 2 * factor,
            sharpnessGradient: Float64Array.from(s, (x) => x * factor),
            lr: 0.2 / factor,
          });
        const [one, many] = [at(1), at(c)];
        const size = 6 * 25;
        expect(Math.abs(many.alpha - c * c * one.alpha)).toBeLessThan(1e-12 * c * c * size);
        expect(Math.abs(many.beta - c * c * one.beta)).toBeLessThan(1e-12 * c * c * size);
        expect(Math.abs(many.kappa - c * one.kappa)).toBeLessThan(1e-12 * c * size);
        if (one.alpha > 1e-6 && one.beta > 1e-6) {
          expect(relative(many.delta!, one.delta!)).toBeLessThan(1e-6);
          expect(relative(many.epsilon!, one.epsilon!)).toBeLessThan(1e-6);
          expect(Math.abs(one.alignment!)).toBeLessThanOrEqual(1);
        }
        if (Math.abs(one.alpha) > 1e-6) {
          const holds = (found: typeof one): boolean[] => found.assumptions.map((each) => each.holds);
          expect(holds(many)).toEqual(holds(one));
        }
      },
    ),
    { seed: 3, numRuns: 60 },
  );
});

it("finds β where ∇S is almost parallel to u and ‖∇S‖² − κ² would cancel", () => {
  const { beta } = landscape({ ...healthy, sharpnessGradient: Float64Array.of(1e9, 1e-3, 0) });
  expect(beta).toBe(1e-6);
});

describe("assumptions", () => {
  it("says what fails, with the numbers", () => {
    const sharp = landscape({ ...healthy, lambda2: 19.5, sharpness: 20 });
    const text = sharp.assumptions.map(({ message }) => message).join(" ");
    expect(text).toContain("λ₂·η = 1.95 reaches 1.9");
    expect(text).toContain("S − λ₂ = 0.5 is only 2.5 % of S = 20 (wanted: 5 %)");
    expect(sharp.assumptions.find(({ name }) => name === "secondEigenvalueStable")).toMatchObject({
      holds: false,
      value: 1.9500000000000002,
      limit: 1.9,
    });
  });

  it.each<[string, Partial<LandscapeInput>, string[]]>([
    ["nothing", {}, []],
    ["a second eigenvalue at the edge", { lambda2: 19, sharpness: 21 }, ["secondEigenvalueStable"]],
    ["a small gap", { lambda2: 9.7 }, ["eigengap"]],
    ["no progressive sharpening", { gradient: Float64Array.of(0, 1, 0) }, ["progressiveSharpening"]],
    ["a repeated eigenvalue", { lambda2: 10 }, ["eigengap", "simpleTopEigenvalue"]],
    ["a gap below the residual", { lambda2: 9.9, residual: 0.2 }, ["eigengap", "simpleTopEigenvalue"]],
    ["a concave loss", { sharpness: -1, lambda2: -2 }, ["positiveSharpness"]],
  ])("%s", (_, change, expected) => {
    expect(failing({ ...healthy, ...change })).toEqual(expected);
  });

  it("says nothing about an eigengap that was not measured", () => {
    const { eigengap, assumptions } = landscape({ ...healthy, lambda2: null });
    expect(eigengap).toBeNull();
    expect(assumptions.map(({ name }) => name)).toEqual(["positiveSharpness", "progressiveSharpening"]);
  });
});

it("has no NaN on a flat loss: everything vanishes", () => {
  const zero = new Float64Array(3);
  const found = landscape({
    ...healthy,
    gradient: zero,
    sharpnessGradient: zero,
    sharpness: 0,
    lambda2: 0,
  });
  expect(found).toMatchObject({ delta: null, epsilon: null, alignment: null, newtonOffset: null });
  expect(JSON.stringify(found.assumptions)).not.toContain("NaN");
  expect(Object.values(found).some((value) => Number.isNaN(value))).toBe(false);
  expect(failing({ ...healthy, gradient: zero, sharpnessGradient: zero, sharpness: 0, lambda2: 0 })).toEqual([
    "positiveSharpness",
    "progressiveSharpening",
    "eigengap",
    "simpleTopEigenvalue",
  ]);
});

it("refuses what has no landscape", () => {
  expect(() => landscape({ ...healthy, u: Float64Array.of(1) })).toThrow(/differ in length/);
  expect(() => landscape({ ...healthy, lr: 0 })).toThrow(/lr/);
  expect(() => landscape({ ...healthy, gradient: Float64Array.of(Number.NaN, 0, 0) })).toThrow(/not finite/);
  expect(() => landscape({ ...healthy, sharpness: Infinity })).toThrow(/not finite/);
});

it("the sharpening direction is the unit of ∇S⊥, in place too, and zero when there is none", () => {
  const u = Float64Array.of(0.6, 0.8, 0);
  const gradS = Float64Array.of(1, 2, -3);
  const out = new Float64Array(3);
  const length = sharpeningDirection(u, gradS, out);
  expect(norm(out)).toBeCloseTo(1, 14);
  expect(dot(out, u)).toBeCloseTo(0, 14);
  expect(length ** 2).toBeCloseTo(14 - 2.2 ** 2, 12);
  expect(dot(out, gradS)).toBeCloseTo(length, 12);
  sharpeningDirection(u, gradS, gradS);
  expect([...gradS]).toEqual([...out]);
  expect(sharpeningDirection(Float64Array.of(1, 0), Float64Array.of(5, 0), out.subarray(0, 2))).toBe(0);
  expect([...out.subarray(0, 2)]).toEqual([0, 0]);
});
