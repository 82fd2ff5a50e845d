// measure.stability: loss, potential and drift are those of an independent reference, whichever probe finds them; training never notices.
import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { NetworkObjective } from "../../curvature/index.ts";
import { randomStream, type Vector, vectorFrom } from "../../math/index.ts";
import { buildNetwork } from "../../nets/index.ts";
import type { MeasurementEvent } from "../../record/index.ts";
import { referenceBackend } from "../../runtime/index.ts";
import { LinearModel } from "../../theory/index.ts";
import type { ExperimentConfig } from "../config-types.ts";
import { lanczosSharpness } from "../lanczos-sharpness.ts";
import { parseExperiment } from "../parse-experiment.ts";
import type { Checkpoint, Classifier, RunItem } from "../run-types.ts";
import { runExperiment } from "../runner.ts";
import { LinearProbe } from "./linear-probe.ts";
import type { LossProbe } from "./loss-probe.ts";
import { NetworkProbe } from "./network-probe.ts";

interface Oracle {
  readonly X: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly W: readonly (readonly number[])[];
  readonly loss: number;
  readonly G: number;
  readonly grad_norm: number;
  readonly E_norm2_b1: number;
  readonly conditional_drift: readonly ({ readonly eta: number; readonly b: number } & Readonly<
    Record<"with" | "without", { readonly drift: number; readonly prob_increase: number } | undefined>
  >)[];
}

const oracle = JSON.parse(
  readFileSync(new URL("../../../test/oracles/linear_ce.json", import.meta.url), "utf8"),
) as Oracle;
const n = oracle.X.length;
const linear = { name: "mlp", widths: [], activation: "identity", bias: false } as const;
const inputs = Float64Array.from(oracle.X.flat());
const labels = Int32Array.from(oracle.y);
/** The oracle's W is inputs×classes; parameters are classes×inputs. */
const theta = Float64Array.from({ length: 9 }, (_, i) => oracle.W[i % 3]![Math.floor(i / 3)]!);

function problem(net: ExperimentConfig["net"] = linear): {
  objective: NetworkObjective;
  classifier: Classifier;
} {
  const network = buildNetwork(net, [3], 3);
  const y = Float64Array.from({ length: 3 * n }, (_, i) => (labels[Math.floor(i / 3)] === i % 3 ? 1 : 0));
  const objective = new NetworkObjective({
    network,
    loss: "ce",
    train: { n, x: inputs, y },
    classes: 3,
    dtype: "float64",
    backend: referenceBackend(),
  });
  const outputs = (at: Vector): Promise<Vector> => objective.outputs(at);
  return { objective, classifier: { inputs, labels, classes: 3, net: network.config, outputs } };
}

const { objective, classifier } = problem();
const probes: readonly (readonly [string, LossProbe])[] = [
  ["linear", new LinearProbe(classifier, true)],
  ["network", new NetworkProbe(objective, classifier)],
];

describe.each(probes)("the %s probe", (name, probe) => {
  test("finds loss, potential and gradients of the oracle", async () => {
    const { loss, logLoss, potential, gradients } = await probe.point(theta);
    expect(loss).toBeCloseTo(oracle.loss, 13);
    expect(logLoss).toBeCloseTo(Math.log(oracle.loss), 13);
    expect(potential).toBeCloseTo(oracle.G, 13);
    if (name === "network") return;
    expect(gradients!.gradNorm).toBeCloseTo(oracle.grad_norm, 13);
    expect(gradients!.meanSquareGradient).toBeCloseTo(oracle.E_norm2_b1, 13);
  });

  test("finds the oracle's drift over all batches, drawn with and without replacement", async () => {
    await probe.point(theta);
    for (const { eta: lr, b: batch, ...bySampling } of oracle.conditional_drift) {
      for (const sampling of ["with", "without"] as const) {
        const stated = bySampling[sampling];
        if (stated === undefined) continue;
        const settings = { n, batch, sampling, lr, seed: 0, batches: 1000 };
        const { relative, increases, exact, stderr } = await probe.drift(3, settings);
        expect([exact, stderr]).toEqual([true, 0]);
        expect(oracle.loss * relative!).toBeCloseTo(stated.drift, 11);
        expect(increases).toBeCloseTo(stated.prob_increase, 12);
      }
    }
  });
});

test("random batches estimate the drift within their standard error, the same ones for the same step", async () => {
  const [, probe] = probes[1]!;
  await probe.point(theta);
  const settings = { n, batch: 3, sampling: "with", lr: 5, seed: 4, batches: 100 } as const;
  const estimate = await probe.drift(7, settings);
  expect(estimate).toMatchObject({ exact: false, batches: 100 });
  expect(Math.abs(oracle.loss * estimate.relative! + 0.3753433302298971)).toBeLessThan(
    4 * oracle.loss * estimate.stderr!,
  );
  expect(await probe.drift(7, settings)).toEqual(estimate);
  expect((await probe.drift(8, settings)).relative).not.toBe(estimate.relative);
});

test("many examples: the engine's matrix products give the drift that one pair after the other gives", async () => {
  const random = randomStream(6, "many");
  const many = 220;
  const wide: Classifier = {
    ...classifier,
    inputs: Float64Array.from({ length: 3 * many }, () => random.normal() / 2),
    labels: Int32Array.from({ length: many }, (_, i) => i % 3),
  };
  const engine = { ...wide, backend: referenceBackend() };
  const [slow, fast] = [new LinearProbe(wide, true), new LinearProbe(engine, true)];
  // The loss alone needs no inner products of all pairs of inputs, which cost O(n²d).
  const gram = vi.spyOn(LinearModel.prototype, "gram", "get");
  for (const data of [wide, engine]) await new LinearProbe(data, false).point(theta);
  expect(gram).not.toHaveBeenCalled();
  gram.mockRestore();
  for (const lr of [1e-4, 0.05, 3]) {
    const settings = { n: many, batch: 1, sampling: "with", lr, seed: 0, batches: 10 } as const;
    for (const probe of [slow, fast]) await probe.point(theta);
    const [expected, found] = [await slow.drift(2, settings), await fast.drift(2, settings)];
    expect(found).toMatchObject({ exact: true, stderr: 0, batches: many });
    expect(Math.abs(found.relative! / expected.relative! - 1)).toBeLessThan(1e-5);
    expect(Math.abs(found.secondOrder! / expected.secondOrder! - 1)).toBeLessThan(1e-6);
    expect(found.increases).toBeCloseTo(expected.increases!, 2);
  }
});

async function run(text: string, net?: ExperimentConfig["net"], resume?: Checkpoint): Promise<RunItem[]> {
  const { config } = parseExperiment(`{precision: float64, loss: ce, checkpoint: {every: 7}, ${text}}`);
  const made = problem(net);
  const items: RunItem[] = [];
  const size = made.objective.size;
  for await (const item of runExperiment({
    config,
    objective: made.objective,
    solveSharpness: lanczosSharpness,
    theta0: vectorFrom(
      "float64",
      Float64Array.from({ length: size }, (_, i) => Math.sin(i + 1)),
    ),
    classifier: made.classifier,
    hasTest: false,
    clock: () => 0,
    resume,
  })) {
    items.push(item.type === "checkpoint" ? structuredClone(item) : item);
  }
  return items;
}

const sgd = "optimizer: {name: sgd, lr: 3, batch: 2, sampling: with}, steps: 20";
const measured = (items: readonly RunItem[]): MeasurementEvent[] =>
  items.filter((item) => item.type === "measurement");

describe("along a run", () => {
  test("the loss is there at every step, the drift at its own cadence, the problem at the start", async () => {
    const items = measured(await run(`${sgd}, measure: {every: 10, stability: {drift: {every: 4}}}`));
    expect(items.map(({ step }) => step)).toEqual(Array.from({ length: 21 }, (_, k) => k));
    expect(items.flatMap(({ step, stability }) => (stability!.drift ? [step] : []))).toEqual([
      0, 4, 8, 12, 16, 20,
    ]);
    expect(items[0]!.stability!.problem).toMatchObject({
      examples: 9,
      features: 3,
      classes: 3,
      zeroInputs: 0,
    });
    expect(items.filter(({ sharpness }) => sharpness !== undefined).map(({ step }) => step)).toEqual([
      0, 11, 20,
    ]);
    for (const { loss, stability } of items) expect(Math.exp(stability!.logLoss!)).toBeCloseTo(loss!, 12);
  });

  test("training is the same to the bit with and without", async () => {
    const steps = (items: readonly RunItem[]): RunItem[] => items.filter(({ type }) => type === "step");
    const with_ = await run(`${sgd}, measure: {every: 5, stability: true}`);
    expect(steps(with_)).toEqual(steps(await run(`${sgd}, measure: {every: 5}`)));
  });

  test("a resumed run measures what an uninterrupted one does, for networks too", async () => {
    const text = `${sgd}, measure: {every: 5, sharpness: false, stability: {drift: {batches: 10}}}`;
    const net = { name: "mean-field", width: 4 } as const;
    const whole = await run(text, net);
    const middle = whole.find((item) => item.type === "checkpoint" && item.checkpoint.step === 7);
    if (middle?.type !== "checkpoint") throw new Error("no checkpoint");
    const rest = await run(text, net, middle.checkpoint);
    expect(measured(rest)).toEqual(measured(whole).filter(({ step }) => step > 7));
    expect(measured(rest).every(({ stability }) => stability!.drift!.batches === 10)).toBe(true);
  });
});

test("another loss than cross-entropy is refused by name", () => {
  expect(() => parseExperiment("{loss: mse, measure: {stability: true}}")).toThrow(
    /loss: .*received "?mse"?; allowed: ce with measure\.stability/,
  );
});
