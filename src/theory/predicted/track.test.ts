// A tracked run end to end: every number of the 61-parameter oracle, the solvable landscape, and how tracking ends.
import { afterAll, describe, expect, it } from "vitest";
import { eosOracle } from "../../../test/eos-oracle.ts";
import type { Objective } from "../../curvature/index.ts";
import { type BatchSampler, batchSampler, type SamplerState } from "../../optim/index.ts";
import { solvableLandscape } from "../reference/solvable-landscape.ts";
import { track } from "./track.ts";
import type { TrackState } from "./track-state.ts";
import type { TrackedStep, TrackEnd, TrackOptions, TrackWarning } from "./track-types.ts";

const { objective, oracle, vector } = eosOracle();
const lr = oracle.eta;

afterAll(() => objective.dispose());

interface Tracked {
  readonly steps: readonly TrackedStep[];
  readonly warnings: readonly TrackWarning[];
  readonly end: TrackEnd;
}

async function tracked(options: TrackOptions): Promise<Tracked> {
  const steps: TrackedStep[] = [];
  const warnings: TrackWarning[] = [];
  const items = track(options);
  for (;;) {
    const item = await items.next();
    if (item.done === true) return { steps, warnings, end: item.value };
    if (item.value.type === "step") steps.push(item.value);
    else if (item.value.type === "warning") warnings.push(item.value);
  }
}

/** Batches listed beforehand. */
function listed(batches: readonly (readonly number[])[], n: number): BatchSampler {
  let k = 0;
  return {
    n,
    batch: batches[0]!.length,
    next: () => Uint32Array.from(batches[k++]!),
    state: () => {
      throw new Error("not saved in a test");
    },
  };
}

const start = { objective, theta: vector(oracle.theta_0), reference: vector(oracle.theta_dagger_0), lr };

describe("gradient descent on the oracle", () => {
  it("reproduces 200 steps of everything; the generalised form within half a per cent of δ", async () => {
    const { steps, warnings, end } = await tracked({
      ...start,
      steps: 200,
      sampler: null,
      forms: ["enhanced", "code", "generalised"],
      sharpnessTol: 1e-7,
      responseEvery: 0,
    });
    expect(end).toEqual({ status: "finished", step: 200, message: "200 steps" });
    expect(warnings).toEqual([]);
    const worst = Math.max(
      ...steps.map(({ predicted }) => predicted.generalised!.deviation / steps[0]!.reference.delta),
    );
    expect(worst).toBeLessThan(0.005);
    const last = steps[200]!;
    expect(last.predicted.enhanced!.deviation / last.reference.delta).toBeGreaterThan(0.2);
    for (const row of oracle.tracked) {
      const { real, reference, predicted } = steps[row.t]!;
      // The sign of the eigenvector is free; x and κ change with it.
      const sign = Math.sign(reference.kappa / row.kappa);
      const close = (actual: number, expected: number, scale = Math.abs(expected)): void =>
        expect(Math.abs(actual - expected) / scale).toBeLessThan(1e-4);
      close(real.loss, row.gd_loss);
      close(real.sharpness, row.gd_S);
      close(sign * real.x, row.gd_x);
      close(real.y, row.gd_y, 1);
      close(reference.loss, row.dag_loss);
      close(reference.sharpness, row.dag_S);
      close(reference.lambda2!, row.dag_l2);
      close(reference.alpha, row.alpha);
      close(reference.beta, row.beta);
      close(sign * reference.kappa, row.kappa);
      close(reference.delta, row.delta);
      close(reference.epsilon, row.eps);
      const { enhanced, code, generalised } = predicted;
      close(sign * enhanced!.x, row.x_seed);
      close(enhanced!.y, row.y_seed, 1);
      close(sign * code!.x, row.x_code);
      close(code!.y, row.y_code, 1);
      close(sign * generalised!.x, row.x_gen);
      close(generalised!.y, row.y_gen, 1);
      close(enhanced!.loss, row.loss_pred_seed);
      close(enhanced!.sharpness, row.S_pred_seed);
      close(enhanced!.deviation, row.dev_seed, row.delta);
      close(code!.deviation, row.dev_code, row.delta);
      close(generalised!.deviation, row.dev_gen, row.delta);
    }
    // The flow goes on sharpening and descends below the run that is held at the edge.
    expect(last.flow!.sharpness).toBeGreaterThan(2 / lr + 1);
    expect(last.flow!.loss).toBeLessThan(last.real.loss);
  });
});

describe("SGD on the oracle", () => {
  const { b, batches, series } = oracle.sgd;
  const n = oracle.X.length;

  it("reproduces the run and the prediction driven by its noise, up to where a large kick ends both", async () => {
    const { steps, warnings } = await tracked({
      ...start,
      steps: 60,
      sampler: listed(batches, n),
      forms: ["enhanced"],
      flow: false,
      sharpnessTol: 1e-7,
    });
    expect(b).toBe(batches[0]!.length);
    for (const row of series) {
      const { real, predicted, reference } = steps[row.t]!;
      const sign = Math.sign(reference.kappa) * -1;
      const tolerance = row.t <= 30 ? 1e-4 : 1e-3;
      expect(Math.abs(real.loss / row.loss - 1)).toBeLessThan(tolerance);
      expect(Math.abs(real.sharpness / row.S - 1)).toBeLessThan(tolerance);
      expect(Math.abs(sign * real.x - row.x)).toBeLessThan(tolerance * reference.delta);
      expect(Math.abs(real.y - row.y)).toBeLessThan(tolerance);
      expect(Math.abs(real.distance / row.norm_v - 1)).toBeLessThan(tolerance);
      const { enhanced } = predicted;
      expect(Math.abs(sign * enhanced!.x - row.x_hat)).toBeLessThan(10 * tolerance * reference.delta);
      expect(Math.abs(enhanced!.y - row.y_hat)).toBeLessThan(10 * tolerance);
    }
    expect(steps[1]!.noise!.zeta).not.toBe(0);
    expect(steps.slice(1).every(({ noise }) => Math.abs(noise!.zeta) <= noise!.norm)).toBe(true);
    expect(warnings.map(({ message }) => message).join()).toMatch(/‖θ − θ†‖ is .*·δ: beyond 10·δ/);
  });

  it("leaves θ† to gradient descent alone, and a separate run's noise leaves the real path alone", async () => {
    const sampler = (seed: number): BatchSampler => batchSampler({ sampling: "without", n, batch: 6, seed });
    const shared = { ...start, steps: 6, flow: false, responseEvery: 0 };
    const gd = await tracked({ ...shared, sampler: null });
    const same = await tracked({ ...shared, sampler: sampler(1) });
    const separate = await tracked({ ...shared, sampler: sampler(1), separateNoise: sampler(2) });
    expect(same.steps.map(({ reference }) => reference)).toEqual(gd.steps.map(({ reference }) => reference));
    expect(separate.steps.map(({ real }) => real)).toEqual(same.steps.map(({ real }) => real));
    const deviation = ({ steps }: Tracked): number => steps.at(-1)!.predicted.generalised!.deviation;
    expect(deviation(separate)).toBeGreaterThan(10 * deviation(same));
    expect(separate.steps[1]!.noise).not.toEqual(same.steps[1]!.noise);
  });
});

describe("the solvable landscape", () => {
  const on = solvableLandscape({ a: 0.5, c: 2, lr: 0.05, noise: [1, -1, 0.5, -0.5] });

  it("gives the tabulated trajectory, every form exact, the response constant", async () => {
    const { steps, end } = await tracked({
      objective: on,
      theta: Float64Array.of(0.3, 0),
      reference: Float64Array.of(0, 0),
      lr: 0.05,
      steps: 50,
      sampler: null,
      forms: ["generalised", "enhanced", "code", "plain"],
      responseEvery: 20,
    });
    expect(end.status).toBe("finished");
    expect(Math.abs(steps[10]!.real.x)).toBeCloseTo(0.32866809, 7);
    expect(steps[10]!.real.y).toBeCloseTo(0.40537653, 7);
    expect(Math.abs(steps[50]!.real.x)).toBeCloseTo(1.28561035, 6);
    expect(steps[50]!.real.y).toBeCloseTo(-0.19787751, 6);
    for (const { predicted, reference, responses } of steps) {
      expect(reference.delta ** 2).toBeCloseTo(0.5, 10);
      for (const form of Object.values(predicted)) expect(form.deviation).toBeLessThan(1e-9);
      for (const beta of Object.values(responses ?? {})) expect(beta).toBeCloseTo(4, 9);
    }
    expect(Object.keys(steps[50]!.responses!)).toEqual(["0", "20", "40"]);
  });

  it("stays exact under the noise of mini-batches", async () => {
    const sampler = batchSampler({ sampling: "with", n: 4, batch: 1, seed: 3 });
    const options = {
      objective: on,
      theta: Float64Array.of(0, 0),
      lr: 0.05,
      steps: 30,
      sampler,
      kick: 0.5,
    };
    const { steps } = await tracked({ ...options, forms: ["enhanced", "plain"] });
    expect(Math.abs(steps[0]!.real.x)).toBeCloseTo(0.5 * Math.SQRT1_2, 10);
    for (const { predicted } of steps) {
      expect(predicted.enhanced!.deviation).toBeLessThan(1e-10);
      expect(predicted.plain!.deviation).toBeLessThan(1e-10);
    }
  });

  it("stops with a sentence when an assumption fails on the way", async () => {
    let calls = 0;
    const drying: Objective = {
      ...on,
      lossAndGradient: async (theta, gradient) => {
        const loss = await on.lossAndGradient(theta, gradient);
        // The driving slope wears out and turns round.
        gradient[1] = gradient[1]! + 0.01 * calls++;
        return loss;
      },
    };
    const options = {
      objective: drying,
      theta: Float64Array.of(0.1, 0),
      lr: 0.05,
      steps: 500,
      sampler: null,
    };
    const { steps, end } = await tracked(options);
    expect(end.status).toBe("stopped");
    expect(end.step).toBe(steps.length);
    expect(end.message).toMatch(/^α = -?[\d.e-]+ is not positive/);
  });

  it("says when the real run diverges, a prediction blows up, or the user interrupts", async () => {
    const wild = { objective: on, lr: 0.05, steps: 60, sampler: null, flow: false };
    const far = await tracked({ ...wild, theta: Float64Array.of(0, 0), kick: 60 });
    expect(far.end.status).toBe("diverged");
    expect(far.end.message).toBe("the loss of the real run is not finite");
    expect(far.warnings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringMatching(/prediction has blown up/)]),
    );
    const signal = { aborted: false };
    const items = track({ ...wild, theta: Float64Array.of(0.1, 0), signal });
    await items.next();
    signal.aborted = true;
    expect(await items.next()).toEqual({
      done: true,
      value: { status: "interrupted", step: 0, message: "interrupted" },
    });
  });

  it("refuses float32", async () => {
    const single = eosOracle("float32");
    await expect(tracked({ ...start, objective: single.objective, steps: 1, sampler: null })).rejects.toThrow(
      /needs float64 \(received float32\)/,
    );
    await single.objective.dispose();
  });
});

describe("a saved state", () => {
  const batches = Array.from({ length: 12 }, (_, t) => [
    t % 12,
    (t + 3) % 12,
    (t + 7) % 12,
    (5 * t + 1) % 12,
  ]);
  const distinct = batches.map((batch) => [...new Set(batch)].slice(0, 3));

  it("goes on as the uninterrupted run, to the tolerance of the eigen-solves", async () => {
    const options = { ...start, steps: 12, responseEvery: 4, sharpnessTol: 1e-7 };
    const noise = (from: number): BatchSampler => ({
      ...listed(distinct.slice(from), 12),
      state: () => ({}) as SamplerState,
    });
    const whole = await tracked({ ...options, sampler: noise(0) });
    let saved: TrackState | undefined;
    const saveDue = (): boolean => saved === undefined && ++asked === 6;
    let asked = 0;
    for await (const item of track({ ...options, sampler: noise(0), saveDue })) {
      if (item.type === "state") {
        const vectors = new Map([...item.state.vectors].map(([name, vector]) => [name, vector.slice()]));
        saved = { ...item.state, vectors };
        break;
      }
    }
    expect(saved!.step).toBe(6);
    const rest = await tracked({ ...options, sampler: noise(6), resume: saved! });
    const expected = whole.steps.slice(6);
    expect(rest.steps.map(({ step }) => step)).toEqual(expected.map(({ step }) => step));
    rest.steps.forEach((step, i) => {
      const same = expected[i]!;
      expect(step.real.x).toBeCloseTo(same.real.x, 7);
      expect(step.reference.sharpness).toBeCloseTo(same.reference.sharpness, 6);
      expect(step.predicted.enhanced!.x).toBeCloseTo(same.predicted.enhanced!.x, 7);
      expect(step.flow!.distance).toBeCloseTo(same.flow!.distance, 7);
      expect(Object.keys(step.responses!)).toEqual(Object.keys(same.responses!));
      expect(step.responses!["0"]! / same.responses!["0"]!).toBeCloseTo(1, 5);
    });
    expect(rest.steps[0]!.noise!.zeta).toBeCloseTo(expected[0]!.noise!.zeta, 9);
  });

  it("is offered on interruption, and says which vector it lacks", async () => {
    const states: TrackState[] = [];
    const options = { ...start, steps: 5, sampler: null, forms: [] };
    for await (const item of track({ ...options, signal: { aborted: true }, saveDue: (last) => last })) {
      if (item.type === "state") states.push(item.state);
    }
    expect(states.map(({ step }) => step)).toEqual([1]);
    const vectors = new Map([...states[0]!.vectors].filter(([name]) => name !== "theta"));
    await expect(tracked({ ...options, resume: { ...states[0]!, vectors } })).rejects.toThrow(
      /lacks a vector.*theta|theta.*lacks a vector/,
    );
  });
});
