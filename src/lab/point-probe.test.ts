// Everything measured at a point against independent numbers, and what becomes of it where it is undefined.
import { expect, it } from "vitest";
import { cpuBackend, oracleObjective, referenceBackend } from "../../test/oracle-networks.ts";
import type { ExampleObjective } from "../curvature/index.ts";
import { dot, norm, type Vector, vectorFrom, zeros } from "../math/index.ts";
import type { MeasurementEvent } from "../record/index.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { measurePlan } from "./measure-plan.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { PointProbe } from "./point-probe.ts";
import { productObjective } from "./product-objective.ts";
import type { RunItem } from "./run-types.ts";
import { runExperiment } from "./runner.ts";

const EVERYTHING = "landscape: true, noise: true, batchSharpness: true, interaction: true, trace: true";

function configure(measure: string, more = "") {
  return parseExperiment(`{precision: float64, ${more}measure: {${measure}}}`).config;
}

type Config = ReturnType<typeof configure>;

async function measureAt(
  objective: ExampleObjective,
  config: Config,
  theta: Vector,
  { step = 0, k = 2 } = {},
): Promise<Partial<MeasurementEvent> & { probe: PointProbe }> {
  const probe = new PointProbe(config, objective);
  const gradient = zeros(objective.dtype, objective.size);
  await objective.lossAndGradient(theta, gradient);
  const hessian = await objective.hessian(theta);
  const solve = { k, tol: 1e-11, maxProducts: 500, seed: 0, hessian };
  const eigen = await lanczosSharpness(objective, theta, null, solve);
  return { ...(await probe.measure({ step, point: "iterate", theta, gradient, hessian, eigen })), probe };
}

interface Batches {
  readonly sigma_u2: number;
  readonly batch_sharpness_mean_of_ratios: number;
  readonly batch_sharpness_ratio_of_means: number;
  readonly ias: number;
  readonly gni: number;
}

interface Landscapes {
  readonly alpha: number;
  readonly alpha_perp: number;
  readonly beta: number;
  readonly kappa: number;
  readonly trace_H: number;
  readonly eta: number;
  readonly gradS: readonly number[];
  readonly per_sample_grad: readonly (readonly number[])[];
  readonly eigenvalues_desc: readonly number[];
  readonly batches: Readonly<
    Record<string, Readonly<Record<"without_replacement" | "with_replacement", Batches>>>
  >;
}

it("agrees with independently computed networks, exactly where all batches can be visited", async () => {
  for (const name of ["net_tanh_mse", "net_conv_tanh_avg_ce"]) {
    const { objective, theta, oracle } = oracleObjective(name, "float64", cpuBackend());
    const truth = oracle as unknown as Landscapes;
    const measure =
      "landscape: true, noise: {batches: [1, 2, 3, 6], sampled: 0}, batchSharpness: {batch: [1, 2, 3, 6]}, interaction: true, trace: true";
    const config = configure(measure, `optimizer: {lr: ${truth.eta}}, `);
    const found = await measureAt(objective, config, theta);
    const close = (value: number | null | undefined, expected: number): void => {
      expect(Math.abs(value! - expected)).toBeLessThan(1e-8 * Math.max(1, Math.abs(expected)));
    };
    close(found.alpha, truth.alpha);
    close(found.alphaPerp, truth.alpha_perp);
    close(found.beta, truth.beta);
    close(Math.abs(found.kappa!), Math.abs(truth.kappa));
    close(found.gradSharpnessNorm, norm(vectorFrom("float64", truth.gradS)));
    close(found.lambda2, truth.eigenvalues_desc[1]!);
    close(found.eigengap, truth.eigenvalues_desc[0]! - truth.eigenvalues_desc[1]!);
    close(found.trace, truth.trace_H);
    expect(found).toMatchObject({ traceStderr: 0, traceProbes: theta.length });
    if (truth.alpha > 0) {
      close(found.delta, Math.sqrt((2 * truth.alpha) / truth.beta));
      close(found.epsilon, truth.eta * Math.sqrt(truth.alpha));
    } else expect(found).toMatchObject({ delta: null, epsilon: null });
    for (const b of ["1", "2", "3", "6"]) {
      const { without_replacement: without } = truth.batches[b]!;
      close(found.noiseVariance!.without[b], without.sigma_u2);
      close(found.batchSharpness![b]!.mean, without.batch_sharpness_mean_of_ratios);
      close(found.batchSharpness![b]!.ratioOfMeans!.mean, without.batch_sharpness_ratio_of_means);
      close(found.interactionAwareSharpness![b]!.mean, without.ias);
      close(found.gni![b]!.mean, without.gni);
      expect(found.batchSharpness![b]).toMatchObject({ stderr: 0, certified: true, sampling: "shuffle" });
      if (b !== "6") close(found.noiseVariance!.with[b], truth.batches[b]!.with_replacement.sigma_u2);
    }
    // b = n: no noise; and the full batch's own curvature.
    expect(found.noiseVariance!.shuffle["6"]).toBe(0);
    close(found.directionalSharpness, found.batchSharpness!["6"]!.mean!);
    // σ_s² by hand: variance of the examples' gradients along ∇S⊥.
    const perp = sharpeningDirectionOf(truth.gradS, theta.length, found.probe, oracle.u);
    const along = truth.per_sample_grad.map((gradient) => dot(vectorFrom("float64", gradient), perp));
    const mean = along.reduce((a, b) => a + b, 0) / along.length;
    const variance = along.reduce((sum, p) => sum + (p - mean) ** 2, 0) / along.length;
    close(found.sharpeningNoiseVariance!.with["2"], variance / 2);
    close(found.sharpeningNoiseVariance!.without["2"], (variance / 2) * (4 / 5));
    // A mode slower than an epoch feels nothing of noise that each epoch sums to zero.
    close(found.sharpeningNoiseVariance!.shuffle["2"], 0);
    await objective.dispose();
  }
});

/** ∇S⊥/‖∇S⊥‖ from the oracle's ∇S and u; checks ∇S of the probe on the way (it does not depend on u's sign). */
function sharpeningDirectionOf(
  gradS: readonly number[],
  size: number,
  probe: PointProbe,
  u: readonly number[],
): Vector {
  const perp = vectorFrom("float64", gradS);
  for (let i = 0; i < size; i++) expect(probe.sharpnessGradient![i]).toBeCloseTo(perp[i]!, 8);
  const top = vectorFrom("float64", u);
  const kappa = dot(perp, top);
  for (let i = 0; i < size; i++) perp[i]! -= kappa * top[i]!;
  const length = norm(perp);
  return perp.map((value) => value / length);
}

it("with more batches than are asked for samples them: reproducible, near the exact value, new at every step", async () => {
  const { objective, theta, oracle } = oracleObjective("net_tanh_mse", "float64", referenceBackend());
  const exact = (oracle as unknown as Landscapes).batches["3"]!.with_replacement;
  const config = configure(
    "noise: {batches: [3], sampled: 40}, batchSharpness: {batch: 3, batches: 40, sampling: with}",
    "optimizer: {sampling: with}, ",
  );
  const found = await measureAt(objective, config, theta);
  const { mean, stderr, batches, certified, ratioOfMeans, sampling } = found.batchSharpness!["3"]!;
  expect([batches, certified, sampling]).toEqual([40, false, "with"]);
  expect(Math.abs(mean! - exact.batch_sharpness_mean_of_ratios)).toBeLessThan(4 * stderr!);
  expect(Math.abs(ratioOfMeans!.mean! - exact.batch_sharpness_ratio_of_means)).toBeLessThan(
    4 * ratioOfMeans!.stderr!,
  );
  const sampled = found.noiseVarianceSampled!["3"]!;
  expect(sampled).toMatchObject({ batches: 40, sampling: "with" });
  expect(Math.abs(sampled.variance! - exact.sigma_u2)).toBeLessThan(4 * sampled.stderr!);
  const again = await measureAt(objective, config, theta);
  expect([again.batchSharpness, again.noiseVarianceSampled]).toEqual([
    found.batchSharpness,
    found.noiseVarianceSampled,
  ]);
  const later = await measureAt(objective, config, theta, { step: 50 });
  expect(later.batchSharpness!["3"]!.mean).not.toBe(mean);
  expect(later.noiseVarianceSampled!["3"]!.variance).not.toBe(sampled.variance);
  expect(later.noiseVariance).toEqual(found.noiseVariance);
  await objective.dispose();
});

it("stops at the tolerance, and estimates the trace of a Hessian with more dimensions than probes", async () => {
  const { objective, theta, oracle } = oracleObjective("net_tanh_mse", "float64", referenceBackend());
  const config = configure(
    "batchSharpness: {batch: 3, batches: 1000, tolerance: 0.05, sampling: with}, trace: {probes: 40, tolerance: 0}",
  );
  const { batchSharpness, trace, traceStderr, traceProbes } = await measureAt(objective, config, theta);
  const { mean, stderr, batches, certified } = batchSharpness!["3"]!;
  expect(certified).toBe(true);
  expect(batches).toBeLessThan(1000);
  expect(stderr!).toBeLessThanOrEqual(0.05 * mean!);
  expect(traceProbes).toBe(40);
  expect(traceStderr).toBeGreaterThan(0);
  expect(Math.abs(trace! - (oracle as unknown as Landscapes).trace_H)).toBeLessThan(5 * traceStderr!);
  await objective.dispose();
});

it("where the loss is flat, or the iterate is not finite, what is undefined is null", async () => {
  // Every derivative up to the second vanishes at the origin of x²y².
  const objective = productObjective({ targets: [0, 0, 0], dtype: "float64" });
  const config = configure(EVERYTHING, "optimizer: {name: sgd, batch: 2}, ");
  const flat = await measureAt(objective, config, new Float64Array([0, 0]));
  expect(flat).toMatchObject({
    alpha: null,
    beta: null,
    delta: null,
    epsilon: null,
    alignment: null,
    newtonOffset: null,
    directionalSharpness: null,
    trace: 0,
  });
  expect(flat.noiseVariance!.without).toEqual({ "1": 0, "2": 0 });
  expect(flat.sharpeningNoiseVariance!.without).toEqual({ "1": null, "2": null });
  expect(flat.batchSharpness!["2"]).toMatchObject({ mean: null, batches: 0, ratioOfMeans: null });
  const failed = flat.assumptions!.filter(({ holds }) => !holds);
  expect(failed.map(({ name }) => name)).toEqual(["positiveSharpness"]);
  expect(failed.every(({ message }) => message !== undefined && message.length > 20)).toBe(true);

  const far = await measureAt(objective, config, new Float64Array([1e200, 1e200]));
  expect(far).toMatchObject({ alpha: null, beta: null, kappa: null, lambda2: null, trace: null });
  expect(far).toMatchObject({ assumptions: [], traceStderr: null });
  expect(far.noiseVariance!.with).toEqual({ "1": null, "2": null });
  expect(far.batchSharpness!["2"]!.mean).toBeNull();
  expect(JSON.stringify(far)).not.toMatch(/NaN|Infinity/);
});

it("where the top eigenvalue is double, says so instead of numbers of an arbitrary eigenvector", async () => {
  // L = a(x² + y²)/2 + (x³ + y³)/6 at the origin: H = a·1, and ∇S depends on which unit vector is called u.
  const a = 3;
  const base = productObjective({ targets: [0, 1], dtype: "float64" });
  const objective: ExampleObjective = {
    ...base,
    lossAndGradient: async (_, gradient) => {
      gradient.set([0.1, -0.2]);
      return 0;
    },
    hessian: async () => ({
      size: 2,
      dtype: "float64",
      products: 0,
      apply: async (v, out) => out.set([a * v[0]!, a * v[1]!]),
    }),
    sharpnessGradient: async (_, u, out) => {
      out.set([u[0]! ** 2, u[1]! ** 2]);
      return a;
    },
  };
  const found = await measureAt(objective, configure("landscape: true"), new Float64Array(2));
  for (const name of [
    "alpha",
    "alphaPerp",
    "beta",
    "kappa",
    "delta",
    "epsilon",
    "gradSharpnessNorm",
  ] as const) {
    expect([name, found[name]]).toEqual([name, null]);
  }
  expect(found).toMatchObject({ lambda2: a, eigengap: expect.closeTo(0, 12) });
  const failed = found.assumptions!.filter(({ holds }) => !holds);
  expect(failed.map(({ name }) => name)).toEqual(["simpleTopEigenvalue"]);
  expect(failed[0]!.message).toContain("one eigenvalue to the accuracy of the solver");
});

it("plans: sizes sorted and single, the optimizer's own by default, and none larger than the data", () => {
  const sgd = "optimizer: {name: sgd, batch: 4, sampling: without}, ";
  expect(measurePlan(configure(EVERYTHING, sgd), 10)).toMatchObject({
    landscape: true,
    noise: { batches: [1, 4], sampling: "without" },
    batches: { sizes: [4], sampling: "without", batches: 30, interaction: true },
  });
  expect(measurePlan(configure(EVERYTHING), 10).noise!.batches).toEqual([1, 10]);
  expect(measurePlan(configure("noise: {batches: [10, 3, 3]}"), 10).noise!.batches).toEqual([3, 10]);
  expect(measurePlan(configure("interaction: true"), 10).batches).toMatchObject({
    sizes: [10],
    batchSharpness: false,
    interaction: true,
  });
  expect(measurePlan(configure(""), 10)).toEqual({
    landscape: false,
    noise: null,
    stepSharpness: false,
    batches: null,
    trace: null,
  });
  expect(() => measurePlan(configure("noise: {batches: [3, 11]}"), 10)).toThrow(
    /measure\.noise\.batches: .*received 11; allowed: at most 10/,
  );
  expect(() => measurePlan(configure("batchSharpness: {batch: 11}"), 10)).toThrow(
    /measure\.batchSharpness\.batch: .*received 11/,
  );
  expect(() => measurePlan(configure("noise: true", "optimizer: {name: sgd, batch: 11}, "), 10)).toThrow(
    /11/,
  );
});

async function itemsOf(config: Config): Promise<RunItem[]> {
  const objective = productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2, 1], dtype: "float64" });
  const stream = runExperiment({
    config,
    objective,
    solveSharpness: lanczosSharpness,
    theta0: new Float64Array([7.2, 0.15]),
    hasTest: false,
    clock: () => 0,
  });
  const items: RunItem[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

it("measuring everything changes no step of a run, and every record says where it was taken", async () => {
  for (const optimizer of ["{name: gd, lr: 0.02}", "{name: sgd, lr: 0.02, batch: 2}"]) {
    const settings = `steps: 30, optimizer: ${optimizer}, `;
    const plain = await itemsOf(configure("every: 6, point: both", settings));
    const full = await itemsOf(configure(`every: 6, point: both, ${EVERYTHING}`, settings));
    const steps = (items: RunItem[]): RunItem[] => items.filter(({ type }) => type === "step");
    expect(steps(full)).toEqual(steps(plain));
    const measured = full.filter((item) => item.type === "measurement");
    expect(measured.map(({ point }) => point)).toContain("midpoint");
    for (const event of measured) {
      expect(event.eigenvalues).toHaveLength(2);
      expect(event.alpha).toBeTypeOf("number");
      expect(event.eigengap).toBe(event.sharpness! - event.lambda2!);
      const sizes = optimizer.includes("sgd") ? ["1", "2"] : ["1", "6"];
      expect(Object.keys(event.noiseVariance!.with)).toEqual(sizes);
      expect(event.batchSharpness![sizes[1]!]!.mean).toBeTypeOf("number");
    }
    for (const event of plain) expect(event).not.toHaveProperty("alpha");
  }
});

it("a run warns once, at its end, of each assumption that failed, and how often", async () => {
  const settings = "steps: 30, optimizer: {name: gd, lr: 0.02}, ";
  const items = await itemsOf(configure("every: 5, landscape: true", settings));
  const measured = items.filter((item) => item.type === "measurement");
  const failing = measured.filter(({ alpha }) => alpha! <= 0);
  expect(failing.length).toBeGreaterThan(0);
  expect(failing.length).toBeLessThan(measured.length);
  const warnings = items.filter((item) => item.type === "mark").filter(({ kind }) => kind === "warning");
  const aboutAlpha = warnings.filter(({ message }) => message.includes("α"));
  expect(aboutAlpha).toHaveLength(1);
  expect(aboutAlpha[0]!.step).toBe(30);
  const where = `at ${failing.length} of ${measured.length} measured iterates: α = `;
  expect(aboutAlpha[0]!.message.startsWith(where)).toBe(true);
  const plain = await itemsOf(configure("every: 5", settings));
  expect(plain.filter((item) => item.type === "mark").some(({ kind }) => kind === "warning")).toBe(false);
});

it("at the midpoint the gradient is that of the midpoint", async () => {
  const settings = "steps: 20, optimizer: {name: gd, lr: 0.02}, ";
  const items = await itemsOf(
    configure("every: 5, point: midpoint, landscape: true, sharpness: {tol: 1e-12}", settings),
  );
  const points: Float64Array<ArrayBuffer>[] = [];
  const objective = productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2, 1], dtype: "float64" });
  let theta = new Float64Array([7.2, 0.15]);
  for (let t = 0; t <= 21; t++) {
    points.push(theta);
    const next = new Float64Array(2);
    await objective.descend(theta, null, 0.02, next);
    theta = next;
  }
  const measured = items
    .filter((item) => item.type === "measurement")
    .filter(({ point }) => point === "midpoint");
  expect(measured.length).toBeGreaterThan(1);
  for (const { step, alpha, newtonOffset } of measured) {
    const middle = new Float64Array(
      [0, 1].map((i) => (points[step - 1]![i]! + 2 * points[step]![i]! + points[step + 1]![i]!) / 4),
    );
    const expected = await measureAt(objective, configure("landscape: true", settings), middle);
    expect(alpha!).toBeCloseTo(expected.alpha!, 6);
    expect(Math.abs(newtonOffset!)).toBeCloseTo(Math.abs(expected.newtonOffset!), 8);
  }
});

it("a run that diverges with everything on ends as one, its records valid JSON without gaps", async () => {
  for (const precision of ["float32", "float64"] as const) {
    const settings = `precision: ${precision}, steps: 50, optimizer: {name: sgd, lr: 3, batch: 2}, stop: {diverged: false}`;
    const { config } = parseExperiment(`{${settings}, measure: {every: 1, point: both, ${EVERYTHING}}}`);
    const objective = productObjective({ targets: [1, 0.9, 1.1, 0.8], dtype: precision });
    const theta0 = vectorFrom(precision, [7.2, 0.15]);
    const clock = (): number => 0;
    const stream = runExperiment({
      config,
      objective,
      solveSharpness: lanczosSharpness,
      theta0,
      hasTest: false,
      clock,
    });
    const measured: MeasurementEvent[] = [];
    let next = await stream.next();
    for (; next.done !== true; next = await stream.next()) {
      if (next.value.type === "measurement") measured.push(next.value);
    }
    expect(next.value.status).toBe("diverged");
    expect(measured.length).toBeGreaterThan(1);
    for (const event of measured) expect(JSON.parse(JSON.stringify(event))).toEqual(event);
  }
});

it("examples that are all alike have no gradient noise, and one curvature", async () => {
  const objective = productObjective({ targets: [1, 1, 1, 1], dtype: "float64" });
  const config = configure(EVERYTHING, "optimizer: {name: sgd, batch: 2}, ");
  const found = await measureAt(objective, config, new Float64Array([1.3, 0.7]));
  for (const noise of [found.noiseVariance!, found.sharpeningNoiseVariance!]) {
    for (const row of Object.values(noise)) {
      for (const value of Object.values(row)) expect(Math.abs(value!)).toBeLessThan(1e-28);
    }
  }
  expect(found.batchSharpness!["2"]!.mean).toBeCloseTo(found.directionalSharpness!, 12);
  expect(found.gni!["2"]!.mean).toBeCloseTo(found.directionalSharpness!, 12);
});
