// Gap predictions against simulated stationary measurements, closed forms and limits, and rescaling end to end.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuBackend } from "../../test/oracle-networks.ts";
import { vectorFrom, zeros } from "../math/index.ts";
import { buildNetwork, type LossName } from "../nets/index.ts";
import { gapCurve, gapPredictions, type GapPrediction, type GapPredictions } from "./gap.ts";
import { lanczos } from "./lanczos.ts";
import { landscape, sharpeningDirection, type Landscape } from "./landscape.ts";
import { noiseVariance, projectedVariance } from "./noise.ts";
import { NetworkObjective } from "./objective.ts";

function readOracle(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../test/oracles/${name}.json`, import.meta.url), "utf8"));
}

const dynamics = readOracle("xy_dynamics") as {
  readonly stationary_120k_steps_100_runs_burn40k: Readonly<
    Record<string, { mean: { y: number }; se: { y: number }; theory_ybar: number }>
  >;
  readonly extra: Readonly<
    Record<
      string,
      {
        blowup: number | null;
        mean: { y: number } | null;
        formula: number;
        quad: number;
        refined: number;
      }
    >
  >;
};
const twoNoises = readOracle("xy_ynoise") as Readonly<
  Record<string, { Ey: number; se: number; theory: number; paper: number }>
>;

/** The number, where one is predicted. */
function valueOf({ value, reason }: GapPrediction): number {
  expect(reason).toBeNull();
  return value!;
}

/** The published simulation: β = 1, δ² = 0.5. */
const published = { lr: 0.01, alpha: 0.25, beta: 1 } as const;

describe("against simulated stationary dynamics", () => {
  it.each(Object.entries(dynamics.stationary_120k_steps_100_runs_burn40k))(
    "σ_u² = %s",
    (noise, { mean, se, theory_ybar }) => {
      const predicted = gapPredictions({ ...published, noiseU: Number(noise) });
      expect(valueOf(predicted.meanField)).toBeCloseTo(-theory_ybar, 12);
      // Below β·δ⁴ = 0.25 the variance of y exceeds α, and the closure with it.
      const tolerance = Number(noise) < 0.25 ? 0.25 * -mean.y : 4 * se.y;
      expect(Math.abs(valueOf(predicted.refined) + mean.y)).toBeLessThan(tolerance);
      // The mean field leaves out 3ηα/2, and is that much worse.
      expect(valueOf(predicted.refined) - valueOf(predicted.meanField)).toBeGreaterThan(0.003_74);
    },
  );

  it.each(Object.entries(twoNoises))("noise on x and y, %s", (variances, { Ey, se, theory, paper }) => {
    const [noiseU, noiseY] = variances.split(",").map(Number) as [number, number];
    const predicted = gapPredictions({ ...published, noiseU, noiseS: noiseY / published.beta });
    expect(valueOf(predicted.meanField)).toBeCloseTo(-paper, 12);
    expect(valueOf(predicted.twoNoise)).toBeCloseTo(-theory, 12);
    if (noiseU === 0) {
      expect(predicted.refined.reason).toMatch(/without noise along u/);
      return;
    }
    expect(Math.abs(valueOf(predicted.refined) + Ey)).toBeLessThan(4 * se);
    if (noiseY > 0) expect(Math.abs(valueOf(predicted.meanField) + Ey)).toBeGreaterThan(4 * se);
  });

  it.each(Object.entries(dynamics.extra).filter(([key]) => key.startsWith("eta")))(
    "finite steps, %s",
    (key, { blowup, mean, formula, quad, refined }) => {
      const [lr, ratio] = key.slice(3).split("_ratio").map(Number) as [number, number];
      const delta2 = 0.5;
      const found = gapPredictions({ ...published, lr, noiseU: (ratio * delta2) / lr ** 2 });
      expect(valueOf(found.meanField)).toBeCloseTo(-formula, 11);
      expect(valueOf(found.ar1)).toBeCloseTo(-quad, 11);
      if (blowup !== null) {
        expect(found.refined.value).toBeNull();
        expect(found.refined.reason).toMatch(/ε = η√α = 0\.[24] is not small/);
        return;
      }
      expect(valueOf(found.refined)).toBeCloseTo(-refined, 11);
      // Good to 8 % where the noise is not tiny against the step.
      if (ratio >= 0.1) expect(Math.abs(valueOf(found.refined) / -mean!.y - 1)).toBeLessThan(0.08);
    },
  );
});

describe("limits", () => {
  it("no noise: no gap, and no stationary law", () => {
    const { meanField, twoNoise, ar1, refined } = gapPredictions({ ...published, noiseU: 0 });
    expect([meanField.value, twoNoise.value, ar1.value]).toEqual([0, 0, 0]);
    expect(refined.value).toBeNull();
  });

  it("small noise: the AR(1) form tends to the mean field, without losing digits", () => {
    const { meanField, ar1 } = gapPredictions({ ...published, noiseU: 1e-9 });
    expect(Math.abs(ar1.value! / meanField.value! - 1)).toBeLessThan(1e-12);
  });

  it("the AR(1) form is the sharpness whose oscillation has variance δ²", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 0.5, noNaN: true }),
        fc.double({ min: 1e-3, max: 50, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        (lr, alpha, beta, ratio) => {
          const delta2 = (2 * alpha) / beta;
          const noiseU = (ratio * delta2) / lr ** 2;
          const found = gapPredictions({ lr, alpha, beta, noiseU }).ar1;
          fc.pre(found.value !== null);
          const s = 2 / lr - found.value;
          // η·S·(2 − ηS) = q, and 2 − ηS is η times the gap.
          const variance = (lr * noiseU) / (s * lr * found.value);
          expect(Math.abs(variance / delta2 - 1)).toBeLessThan(1e-9);
        },
      ),
      { seed: 7 },
    );
  });

  it("no self-stabilisation: no gap at any noise", () => {
    const { meanField, twoNoise, ar1 } = gapPredictions({ ...published, beta: 0, noiseU: 5, noiseS: 2 });
    expect([meanField.value, twoNoise.value, ar1.value]).toEqual([0, 0, 0]);
  });
});

describe("out of validity", () => {
  it.each([0, -3, Number.NaN])("α = %d: nothing is predicted, and why", (alpha) => {
    for (const prediction of Object.values(gapPredictions({ ...published, alpha, noiseU: 1 }))) {
      expect(prediction).toMatchObject({ value: null, reason: expect.stringMatching(/α = .*not positive/) });
    }
  });

  it("too much noise: the linear formulas stay, the exact ones say why not", () => {
    const found = gapPredictions({ ...published, noiseU: 6000 });
    expect(valueOf(found.meanField)).toBeCloseTo(60, 10);
    expect(found.ar1.reason).toMatch(/η²σ_u²\/δ² = 1\.2 exceeds 1/);
    expect(found.refined.reason).toMatch(/too strong for an equilibrium/);
    const border = gapPredictions({ ...published, noiseU: 4999.9 });
    expect(border.ar1.value).not.toBeNull();
    expect(border.refined.value).toBeNull();
  });

  it.each([
    [{ lr: 0 }, /lr/],
    [{ beta: -1 }, /beta/],
    [{ noiseU: -1 }, /noiseU/],
    [{ noiseS: Infinity }, /noiseS/],
  ])("refuses %j", (change, message) => {
    expect(() => gapPredictions({ ...published, noiseU: 1, ...change })).toThrow(message);
  });
});

describe("the curve over batch sizes", () => {
  const batches = [50, 100, 200, 500, 1000, 2500, 5000];
  const curve = (sampling: "with" | "without" | "shuffle"): readonly number[] =>
    gapCurve({ ...published, varianceU: 100, varianceS: 30, n: 5000, batches, sampling }).map(({ gap }) =>
      valueOf(gap.meanField),
    );

  /** Least-squares slope of log y against log b. */
  function slope(y: readonly number[]): number {
    const points = y.map((value, k) => [Math.log(batches[k]!), Math.log(value)] as const);
    const [mx, my] = [0, 1].map((c) => points.reduce((sum, point) => sum + point[c]!, 0) / points.length);
    const sxy = points.reduce((sum, [x, v]) => sum + (x - mx!) * (v - my!), 0);
    return sxy / points.reduce((sum, [x]) => sum + (x - mx!) ** 2, 0);
  }

  it("is 1/b with replacement, and steeper without, by what sampling alone explains", () => {
    expect(slope(curve("with"))).toBeCloseTo(-1, 12);
    expect(slope(curve("without").slice(0, 5))).toBeCloseTo(-1.068, 3);
    expect(slope(curve("without").slice(0, 6))).toBeCloseTo(-1.152, 3);
    // Epochs of 25 batches (b = 200) have one sign in excess: otherwise exactly −1.
    expect(Math.abs(slope(curve("shuffle").slice(0, 6)) + 1)).toBeLessThan(0.005);
    expect(curve("without")[6]).toBe(0);
    expect(curve("shuffle")[6]).toBe(0);
  });

  it("epochs cancel the noise on the sharpness, so that only independent batches have the second term", () => {
    const at = (sampling: "without" | "shuffle"): GapPredictions =>
      gapCurve({ ...published, varianceU: 100, varianceS: 30, n: 5000, batches: [50], sampling })[0]!.gap;
    expect(at("shuffle").twoNoise.value).toBe(at("shuffle").meanField.value);
    expect(valueOf(at("without").twoNoise)).toBeCloseTo(valueOf(at("without").meanField) * 1.6, 12);
  });
});

describe("rescaling the loss by c and the learning rate by 1/c", () => {
  const oracle = readOracle("eos_cheb") as {
    readonly X: readonly (readonly number[])[];
    readonly Y: readonly (readonly number[])[];
    readonly theta_cross: readonly number[];
    readonly eta: number;
    readonly at_cross: { readonly S: number; readonly alpha: number; readonly beta: number };
    readonly noise_at_cross: Readonly<Record<string, { sigma_u2: number }>>;
  };
  const theta = vectorFrom("float64", oracle.theta_cross);
  const n = oracle.X.length;
  const backend = cpuBackend();

  /** Everything from the network up: Lanczos, ∇S, projections, landscape, predictions. */
  async function measure(
    loss: LossName,
    lr: number,
  ): Promise<{ sharpness: number; noise: number; at: Landscape; gap: GapPredictions }> {
    const objective = new NetworkObjective({
      network: buildNetwork({ name: "mlp", widths: [6, 6], activation: "tanh" }, [1], 1),
      loss,
      train: { n, x: Float64Array.from(oracle.X.flat()), y: Float64Array.from(oracle.Y.flat()) },
      classes: 0,
      dtype: "float64",
      backend,
    });
    const { eigenvalues, eigenvectors } = await lanczos(await objective.hessian(theta), { k: 2, tol: 1e-11 });
    const u = eigenvectors[0]!;
    const gradient = zeros("float64", objective.size);
    const sharpnessGradient = zeros("float64", objective.size);
    await objective.lossAndGradient(theta, gradient);
    await objective.sharpnessGradient(theta, u, sharpnessGradient);
    const sharpness = eigenvalues[0]!;
    const at = landscape({ gradient, u, sharpness, lambda2: eigenvalues[1]!, sharpnessGradient, lr });
    const direction = zeros("float64", objective.size);
    sharpeningDirection(u, sharpnessGradient, direction);
    const varianceAlong = async (along: typeof u): Promise<number> =>
      projectedVariance(await objective.projections(theta, along));
    const noise = await varianceAlong(u);
    const gap = gapCurve({
      lr,
      alpha: at.alpha,
      beta: at.beta,
      n,
      batches: [6],
      sampling: "without",
      varianceU: noise,
      varianceS: await varianceAlong(direction),
    })[0]!.gap;
    await objective.dispose();
    return { sharpness, noise, at, gap };
  }

  it("leaves ηS, δ, ε and ηΔS unchanged, end to end (½·Σ against Σ: c = 2)", async () => {
    const lr = oracle.eta;
    const [half, whole] = [await measure("mse", lr), await measure("mse-sum", lr / 2)];
    expect(half.sharpness / oracle.at_cross.S).toBeCloseTo(1, 9);
    expect(half.at.alpha / oracle.at_cross.alpha).toBeCloseTo(1, 7);
    expect(half.at.beta / oracle.at_cross.beta).toBeCloseTo(1, 7);
    for (const b of [1, 4, 6]) {
      const expected = oracle.noise_at_cross[String(b)]!.sigma_u2;
      expect(noiseVariance(half.noise, n, b, "without") / expected).toBeCloseTo(1, 8);
    }
    expect(whole.sharpness / half.sharpness).toBeCloseTo(2, 9);
    expect(whole.noise / half.noise).toBeCloseTo(4, 8);
    expect(whole.at.delta! / half.at.delta!).toBeCloseTo(1, 8);
    expect(whole.at.epsilon! / half.at.epsilon!).toBeCloseTo(1, 8);
    expect(whole.at.assumptions.map(({ holds }) => holds)).toEqual(
      half.at.assumptions.map(({ holds }) => holds),
    );
    for (const key of ["meanField", "twoNoise", "refined", "ar1"] as const) {
      expect(((lr / 2) * valueOf(whole.gap[key])) / (lr * valueOf(half.gap[key]))).toBeCloseTo(1, 8);
    }
  });

  it("holds for any factor in the predictions", () => {
    const positive = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(positive, positive, positive, positive, positive, (c, alpha, beta, noiseU, noiseS) => {
        const lr = 0.01;
        const one = gapPredictions({ lr, alpha, beta, noiseU, noiseS });
        const many = gapPredictions({
          lr: lr / c,
          alpha: alpha * c * c,
          beta: beta * c * c,
          noiseU: noiseU * c * c,
          noiseS: noiseS * c * c,
        });
        for (const key of ["meanField", "twoNoise", "refined", "ar1"] as const) {
          const [a, b] = [one[key], many[key]];
          if (a.value !== null && b.value !== null) expect(b.value / c / a.value).toBeCloseTo(1, 6);
          else fc.pre(a.value === null && b.value === null);
        }
      }),
      { seed: 9 },
    );
  });
});
