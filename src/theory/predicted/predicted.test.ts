// Predicted dynamics, kernels and coupling errors against the 61-parameter oracle, closed forms and identities.
import { afterAll, describe, expect, it } from "vitest";
import { eosOracle } from "../../../test/eos-oracle.ts";
import { axpy, dot, norm, randomStream, type Vector, zeros } from "../../math/index.ts";
import { advanceReference } from "../reference/constrained.ts";
import { type LocalGeometry, measureGeometry } from "../reference/local-geometry.ts";
import { solvableLandscape } from "../reference/solvable-landscape.ts";
import { couplingErrors, distance, predictedValues } from "./coupling.ts";
import { beginStep, finishStep, PREDICTED_FORMS, type PredictedForm } from "./forms.ts";
import { Predictor } from "./predictor.ts";
import { PropagatedVector, responseCovector } from "./response.ts";
import { summariseTrack } from "./summary.ts";
import type { TrackedStep } from "./track-types.ts";
import { UnrolledDynamics } from "./unrolled.ts";

const { objective, oracle, vector } = eosOracle();
const lr = oracle.eta;

afterAll(() => objective.dispose());

function displacement(): Vector {
  const v = vector(oracle.theta_0);
  axpy(-1, vector(oracle.theta_dagger_0), v);
  return v;
}

describe("one step", () => {
  const published: readonly [PredictedForm, "v_seed" | "v_code" | "v_gen"][] = [
    ["enhanced", "v_seed"],
    ["code", "v_code"],
    ["generalised", "v_gen"],
  ];

  it.each(published)("%s: agrees with the oracle to full vectors", async (form, field) => {
    const at = await measureGeometry(objective, vector(oracle.theta_dagger_0), { lr });
    const pending = await beginStep(form, objective, at, displacement(), lr);
    const next = await advanceReference(objective, at, { lr });
    const found = finishStep(pending, next.u, null, lr);
    expect(distance(found, vector(oracle.step1[field]))).toBeLessThan(1e-6 * norm(found));
  });

  it("plain: differs from enhanced by the κ term along u only", async () => {
    const at = await measureGeometry(objective, vector(oracle.theta_dagger_0), { lr });
    const v = displacement();
    const [plain, enhanced] = await Promise.all([
      beginStep("plain", objective, at, v, lr),
      beginStep("enhanced", objective, at, v, lr),
    ]);
    const x = dot(at.u, v);
    expect(enhanced.along! - plain.along!).toBeCloseTo((-lr / 2) * at.kappa * x * x, 15);
    expect(distance(plain.rest, enhanced.rest)).toBe(0);
  });

  it("is the frozen scalar map on the solvable landscape, exactly, in every form", async () => {
    const [a, c, eta] = [0.5, 2, 0.05];
    const on = solvableLandscape({ a, c, lr: eta });
    const at = await measureGeometry(on, Float64Array.of(0, 0), { lr: eta });
    const [x, y] = [0.3, -0.07];
    const gradient = zeros("float64", 2);
    await on.lossAndGradient(Float64Array.of(x, y), gradient);
    const noise = Float64Array.of(0.4, -0.2);
    for (const form of PREDICTED_FORMS) {
      const pending = await beginStep(form, on, at, Float64Array.of(x, y), eta);
      const found = finishStep(pending, at.u, noise, eta);
      expect(found[0]).toBeCloseTo(x - eta * (gradient[0]! + noise[0]!), 12);
      expect(found[1]).toBeCloseTo(y - eta * (gradient[1]! + noise[1]!), 12);
      expect(found[0]).toBeCloseTo(-(1 + eta * c * y) * x - eta * noise[0]!, 12);
      expect(c * found[1]!).toBeCloseTo(
        c * y + eta * (a * c - (c * c * x * x) / 2) - eta * c * noise[1]!,
        12,
      );
    }
  });
});

describe("responses", () => {
  it("β_{s→t} and ‖γ_{s→t}‖ agree with the oracle, forwards and backwards", async () => {
    const wanted = Object.entries(oracle.beta_s_to_t).map(([key, expected]) => {
      const [s, t] = key.split("->").map(Number) as [number, number];
      return { s, t, expected };
    });
    const points: LocalGeometry[] = [];
    const vectors = new Map<number, PropagatedVector>();
    const found = new Map<string, number>();
    let at = await measureGeometry(objective, vector(oracle.theta_dagger_0), { lr });
    const last = Math.max(...wanted.map(({ t }) => t));
    for (let k = 0; k <= last; k++) {
      points.push(at);
      for (const carried of vectors.values()) await carried.advance(at);
      if (wanted.some(({ s }) => s === k)) vectors.set(k, new PropagatedVector(at.sharpening, lr));
      at = await advanceReference(objective, at, { lr });
      for (const [s, carried] of vectors) found.set(`${s}->${k}`, carried.response(at));
    }
    points.push(at);
    for (const { s, t, expected } of wanted) {
      expect(found.get(`${s}->${t}`)! / expected.beta).toBeCloseTo(1, 5);
      const covector = await responseCovector(objective, points, [s, t], lr);
      expect(norm(covector) / expected.gamma_norm).toBeCloseTo(1, 5);
      // What γ makes of ∇S⊥_s is β, once there is an A_{s+1} in between to project it.
      if (t > s) expect(dot(covector, points[s]!.sharpening) / expected.beta).toBeCloseTo(1, 5);
    }
    await expect(responseCovector(objective, points, [3, last + 1], lr)).rejects.toThrow(/no such response/);
  });
});

describe("unrolled form", () => {
  async function bothForms(steps: number, noiseScale: number): Promise<readonly (readonly number[])[]> {
    const random = randomStream(7, "noise");
    const v = displacement();
    let at = await measureGeometry(objective, vector(oracle.theta_dagger_0), { lr });
    const vectorForm = new Predictor("enhanced", objective, lr, v);
    const unrolled = new UnrolledDynamics(at, v, lr);
    const rows: number[][] = [];
    for (let t = 0; t < steps; t++) {
      await vectorForm.begin(at);
      await unrolled.begin(at);
      const noise =
        noiseScale === 0
          ? null
          : Float64Array.from({ length: objective.size }, () => noiseScale * random.normal());
      const next = await advanceReference(objective, at, { lr });
      vectorForm.finish(next.u, noise);
      unrolled.finish(at, next, noise);
      const { x, y } = vectorForm.coordinates(next);
      rows.push([x, y, unrolled.state.x, unrolled.state.y]);
      at = next;
    }
    return rows;
  }

  it("gives the oracle's ŷ without noise", async () => {
    const { t, y_next_unrolled } = oracle.scalar_form_check;
    const rows = await bothForms(t + 1, 0);
    for (const [x, y, ux, uy] of rows) {
      expect(ux).toBeCloseTo(x!, 14);
      expect(uy).toBeCloseTo(y!, 12);
    }
    expect(rows[t]![3]! / y_next_unrolled).toBeCloseTo(1, 5);
  });

  it("equals the vector form under noise too", async () => {
    for (const [x, y, ux, uy] of await bothForms(8, 0.02)) {
      expect(ux).toBeCloseTo(x!, 14);
      expect(uy).toBeCloseTo(y!, 12);
    }
  });
});

describe("coupling errors", () => {
  it("are zero where the prediction is right, and one unit off where it is off by one", async () => {
    const at = await measureGeometry(objective, vector(oracle.theta_dagger_0), { lr });
    const v = displacement();
    const x = dot(at.u, v);
    const values = predictedValues(at, { x, y: 0.25 }, lr);
    expect(values.loss).toBeCloseTo(at.loss + (x * x) / lr, 14);
    expect(values.meanSharpness).toBe(2 / lr + 0.25);
    expect(values.sharpness).toBeCloseTo(2 / lr + 0.25 + at.kappa * x, 12);
    const { loss, sharpness } = values;
    const right = couplingErrors({ at, v, predicted: v, values, loss, sharpness, lr });
    expect([right.deviation, right.loss, right.sharpness]).toEqual([0, 0, 0]);
    expect(right.size).toBeCloseTo(oracle.x0_over_delta, 5);
    const [delta, epsilon] = [Math.sqrt(at.delta2), lr * Math.sqrt(at.alpha)];
    const moved = v.slice();
    axpy(epsilon * delta, at.sharpening, moved);
    const off = couplingErrors({
      at,
      v,
      predicted: moved,
      values,
      loss: loss + (epsilon * delta ** 2) / lr,
      sharpness: sharpness - epsilon ** 2 / lr,
      lr,
    });
    expect(off.deviation / Math.sqrt(at.beta)).toBeCloseTo(1, 10);
    expect(off.loss).toBeCloseTo(1, 10);
    expect(off.sharpness).toBeCloseTo(-1, 6);
  });
});

describe("summary", () => {
  const at = (step: number, y: number, deviation?: number): TrackedStep => ({
    type: "step",
    step,
    real: { loss: 1, sharpness: 2, x: 0, y, distance: 0.1 },
    reference: {
      loss: 1,
      sharpness: 2,
      lambda2: null,
      alpha: 1,
      beta: 1,
      kappa: 0,
      delta: 0.5,
      epsilon: 0.1,
      slope: 0,
    },
    predicted:
      deviation === undefined
        ? {}
        : {
            code: {
              x: 0,
              y: 0,
              loss: 1,
              sharpness: 2,
              deviation,
              errors: { size: 1, deviation, loss: -deviation, sharpness: 0 },
            },
          },
  });

  it("takes absolute errors, counts turns, and follows a form as long as it was followed", () => {
    const found = summariseTrack(
      [at(0, -1e-15, 0), at(1, 2, 0.1), at(2, 0, 0.4), at(3, -1, 0.2), at(4, 3)],
      0.1,
    )!;
    expect(found.turns).toBe(2);
    expect(found.last.step).toBe(4);
    expect(found.forms.code).toMatchObject({ steps: 4, deviation: 0.8 });
    expect(found.forms.code!.errors.loss).toEqual({ median: expect.closeTo(0.15, 12) as number, max: 0.4 });
    expect(found.noise).toBeUndefined();
    expect(summariseTrack([], 0.1)).toBeNull();
  });

  it("holds the noise against what the theory takes for granted", () => {
    const noisy = [2, -4].map((zeta, step) => Object.assign(at(step, 1), { noise: { zeta, norm: 5 } }));
    const { noise } = summariseTrack([at(0, 1), ...noisy], 0.1)!;
    // η = 0.1, δ = 0.5, ε = 0.1: η²E ζ²/δ² = 0.01·10/0.25, 3ε² = 0.03; η²‖ξ‖²/(εδ²) = 0.25/0.025.
    expect(noise!.alongU).toBeCloseTo(10, 12);
    expect(noise!.equilibrium).toBeCloseTo(0.43, 12);
    expect(noise!.coupling).toBeCloseTo(10, 12);
  });
});
