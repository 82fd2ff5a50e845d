// The training loop on the degree-4 model: known end points, cadence, midpoints, stop rules, divergence.
import { expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import type { MeasurementEvent, RunSummary, StepEvent } from "../record/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import type { RunItem, RunOptions } from "./run-types.ts";
import { runExperiment } from "./runner.ts";
import { Tracker } from "./tracker.ts";

function configure(text: string): ExperimentConfig {
  return parseExperiment(text).config;
}

function options(config: ExperimentConfig, more: Partial<RunOptions> = {}): RunOptions {
  const dtype = config.precision;
  return {
    config,
    objective: productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2, 1], testTargets: [1, 9], dtype }),
    solveSharpness: lanczosSharpness,
    theta0: dtype === "float64" ? new Float64Array([7.2, 0.15]) : new Float32Array([7.2, 0.15]),
    hasTest: true,
    clock: () => 0,
    ...more,
  };
}

async function collect(options: RunOptions): Promise<{ items: RunItem[]; summary: RunSummary }> {
  const items: RunItem[] = [];
  const stream = runExperiment(options);
  for (;;) {
    const { value, done } = await stream.next();
    if (done === true) return { items, summary: value };
    items.push(value);
  }
}

function only<T extends RunItem["type"]>(
  items: readonly RunItem[],
  type: T,
): Extract<RunItem, { type: T }>[] {
  return items.filter((item): item is Extract<RunItem, { type: T }> => item.type === type);
}

it("gradient descent ends where theory says: sharpness 99.99003 at η = 0.02 from (7.2, 0.15)", async () => {
  const config = configure(
    "{precision: float64, optimizer: {name: gd, lr: 0.02}, steps: 100000, measure: {every: 50000, sharpness: {tol: 1e-10}}}",
  );
  const single = productObjective({ targets: [1], dtype: "float64" });
  const { items, summary } = await collect(options(config, { objective: single, hasTest: false }));
  expect(summary).toMatchObject({ status: "finished", step: 100_000, threshold: 100, onset: 0 });
  expect(summary.sharpness).toBeCloseTo(99.99003, 4);
  expect(summary.loss).toBeLessThan(1e-18);
  expect(only(items, "step")).toHaveLength(100_000);
  expect(only(items, "mark").map(({ kind }) => kind)).toEqual(["onset", "finished"]);
});

it("emits header, steps in order and measurements at the cadence, the last step included", async () => {
  const { items, summary } = await collect(
    options(configure("{steps: 25, optimizer: {lr: 0.001}, measure: {every: 10, testEvery: 2}}")),
  );
  expect(items[0]).toEqual({ type: "header", version: 1 });
  expect(only(items, "step").map(({ step }) => step)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
  const measurements = only(items, "measurement");
  expect(measurements.map(({ step }) => step)).toEqual([0, 11, 20, 25]);
  expect(measurements.map((event) => event.testLoss !== undefined)).toEqual([true, false, true, true]);
  for (const event of measurements) {
    expect(event).toMatchObject({ point: "iterate", converged: true });
    expect(event.sharpness).toBe(event.eigenvalues![0]);
    expect(event.residuals).toHaveLength(1);
    expect(event.gradNorm).toBeGreaterThan(0);
    expect(event.accuracy).toBe(1);
  }
  // GD's step loss is the full loss at the iterate before it.
  const at11 = measurements[1]!.loss;
  expect(only(items, "step").find(({ step }) => step === 12)!.loss).toBe(at11);
  expect(summary.hvps).toBe(measurements.reduce((sum, { hvps }) => sum + hvps!, 0));
  expect(summary.testAccuracy).toBe(0.5);
});

it("counts each event once in the checkpoints' progress", async () => {
  const { items } = await collect(
    options(configure("{steps: 30, checkpoint: {every: 7}, measure: {every: 5}}")),
  );
  let events = 0;
  for (const item of items) {
    if (item.type === "checkpoint") expect(item.checkpoint.progress.events).toBe(events);
    else events += 1;
  }
  expect(only(items, "checkpoint")).toHaveLength(1 + 4 + 1);
});

it("measures only what is asked for", async () => {
  const text =
    "{steps: 4, measure: {every: 2, accuracy: false, gradNorm: false, testEvery: 0, sharpness: false}, optimizer: {name: sgd, batch: 2}}";
  const { items, summary } = await collect(options(configure(text)));
  expect(only(items, "measurement")).toEqual(
    [0, 3, 4].map((step) => ({ type: "measurement", step, point: "iterate" })),
  );
  expect(summary).toMatchObject({ equilibriumSharpness: null, sharpness: null, loss: null });
  const none = await collect(options(configure("{steps: 4, measure: {every: 0}}")));
  expect(only(none.items, "measurement")).toEqual([]);
  expect(none.summary.loss).not.toBeNull();
});

it("midpoints are (θ₋₁ + 2θ + θ₊₁)/4, measured after the step that completes them", async () => {
  for (const every of [1, 2, 5]) {
    const seen: number[][] = [];
    const config = configure(
      `{precision: float64, steps: 12, optimizer: {lr: 0.02}, measure: {every: ${every}, point: midpoint, accuracy: false, gradNorm: false}}`,
    );
    const path: number[][] = [];
    const base = options(config);
    const objective = {
      ...base.objective,
      lossAndGradient: async (theta: Float64Array<ArrayBuffer>, gradient: Float64Array<ArrayBuffer>) => {
        path.push([...theta]);
        return base.objective.lossAndGradient(theta, gradient);
      },
    } as RunOptions["objective"];
    const { items } = await collect({
      ...base,
      objective,
      solveSharpness: async (objective, theta, warm, solver) => {
        seen.push([...theta]);
        return lanczosSharpness(objective, theta, warm, solver);
      },
    });
    // With GD a point whose gradient is needed twice (measured, then stepped from) is computed once.
    const iterates = path.filter((point, i) => i === 0 || point.join() !== path[i - 1]!.join());
    const measured = only(items, "measurement").filter(({ point }) => point === "midpoint");
    expect(measured.length).toBeGreaterThan(1);
    expect(seen).toEqual(
      measured.map(({ step: t }) =>
        [0, 1].map((i) => (iterates[t - 1]![i]! + 2 * iterates[t]![i]! + iterates[t + 1]![i]!) / 4),
      ),
    );
    for (const event of measured) {
      const before = items[items.indexOf(event) - 1] as StepEvent;
      expect(before).toMatchObject({ type: "step", step: event.step + 1 });
    }
  }
});

it("Rayleigh quotients are flagged lower bounds of the sharpness and stay out of the equilibrium", async () => {
  const config = configure(
    "{precision: float64, steps: 60, optimizer: {lr: 0.02}, measure: {every: 20, rayleigh: 3, sharpness: {tol: 1e-9}}}",
  );
  const { items, summary } = await collect(options(config));
  const measurements = only(items, "measurement");
  const quotients = measurements.filter(({ rayleigh }) => rayleigh === true);
  expect(quotients).toHaveLength(9);
  expect(quotients.every(({ hvps, point }) => hvps === 1 && point === "iterate")).toBe(true);
  const solved = measurements.filter(({ rayleigh }) => rayleigh !== true);
  expect(summary.equilibriumRecords).toBe(solved.length);
});

it("the equilibrium sharpness is the mean and sample deviation of the last records", async () => {
  const config = configure("{steps: 100, optimizer: {lr: 0.02}, measure: {every: 5, equilibriumRecords: 4}}");
  const { items, summary } = await collect(options(config));
  const last = only(items, "measurement")
    .slice(-4)
    .map(({ sharpness }) => sharpness!);
  const mean = last.reduce((a, b) => a + b) / 4;
  expect(summary.equilibriumRecords).toBe(4);
  expect(summary.equilibriumSharpness).toBeCloseTo(mean, 10);
  const variance = last.reduce((sum, s) => sum + (s - mean) ** 2, 0) / 3;
  expect(summary.equilibriumSd).toBeCloseTo(Math.sqrt(variance), 10);
  expect(summary.equilibriumStderr).toBeGreaterThanOrEqual(summary.equilibriumSd! / 2);
});

it("the summary judges the sharpness against the threshold, from all records", async () => {
  const settings = "precision: float64, optimizer: {lr: 0.02}";
  const single = productObjective({ targets: [1], dtype: "float64" });
  const settled = await collect(
    options(configure(`{${settings}, steps: 2000, measure: {every: 5, point: midpoint}}`), {
      objective: single,
      hasTest: false,
    }),
  );
  expect(settled.summary.edge).toMatchObject({ verdict: "at the edge", onset: expect.any(Number) });
  expect(settled.summary.edge!.sentence).toMatch(
    /^At the edge: sharpness ends at .* % of the threshold 100\)/,
  );
  expect(settled.summary.edge!.ratio).toBeCloseTo(settled.summary.equilibriumSharpness! / 100, 12);
  const short = await collect(options(configure(`{${settings}, steps: 5, measure: {every: 5}}`)));
  expect(short.summary.edge).toMatchObject({ verdict: "unknown", onset: null });
  expect(short.summary.equilibriumWarning).toMatch(/only 2 of 20 records exist/);
  const blind = await collect(options(configure("{steps: 3, measure: {sharpness: false}}")));
  expect(blind.summary).not.toHaveProperty("edge");
  expect(blind.summary).not.toHaveProperty("equilibriumWarning");
});

it("a solve that is not finite counts as a record without a value", async () => {
  let solves = 0;
  const config = configure("{steps: 30, optimizer: {lr: 0.02}, measure: {every: 5, equilibriumRecords: 4}}");
  const broken: RunOptions["solveSharpness"] = async (...given) =>
    ++solves === 5
      ? { eigenvalues: [NaN], eigenvectors: [], residuals: [NaN], hvps: 1, converged: false }
      : lanczosSharpness(...given);
  const { summary } = await collect(options(config, { solveSharpness: broken }));
  expect(summary.equilibriumRecords).toBe(3);
  expect(summary.equilibriumWarning).toMatch(/1 of the last 4 records is not finite/);
});

it("thousands of solves keep the checkpoint small and the verdict the same", () => {
  const { measure, ...rest } = configure("{measure: {equilibriumRecords: 20}}");
  const tracker = new Tracker({ ...rest, measure }, 100, () => 0, undefined, 0);
  const climb = (step: number): number => Math.min(99, step / 50) + Math.sin(step);
  for (let step = 0; step < 10_000; step++) {
    tracker.noteMeasurement({ type: "measurement", step, point: "iterate", sharpness: climb(step) });
  }
  const { recent } = tracker.progress();
  expect(recent.length).toBeLessThan(4100);
  expect(recent.slice(-40)).toEqual(Array.from({ length: 40 }, (_, i) => [9960 + i, climb(9960 + i)]));
  const { edge, equilibriumRecords } = tracker.summary("finished", 10_000);
  expect(equilibriumRecords).toBe(20);
  expect(edge!.verdict).toBe("at the edge");
  expect(Math.abs(edge!.onset! - 4500)).toBeLessThan(60);
});

it("with both points, both are recorded and the iterate's records make the equilibrium", async () => {
  const config = configure("{steps: 40, optimizer: {lr: 0.02}, measure: {every: 10, point: both}}");
  const { items, summary } = await collect(options(config));
  const [iterate, midpoint] = ["iterate", "midpoint"].map((point) =>
    only(items, "measurement").filter((event: MeasurementEvent) => event.point === point),
  );
  expect(iterate!.map(({ step }) => step)).toEqual([0, 11, 20, 31, 40]);
  expect(midpoint!.map(({ step }) => step)).toEqual([11, 20, 31]);
  expect(summary.equilibriumRecords).toBe(5);
});

it("stops at the loss or accuracy asked for, and says so", async () => {
  const byLoss = await collect(
    options(configure("{steps: 5000, precision: float64, optimizer: {lr: 0.01}, stop: {loss: 0.005}}")),
  );
  expect(byLoss.summary.status).toBe("finished");
  expect(byLoss.summary.step).toBeLessThan(5000);
  expect(byLoss.summary.loss).toBeLessThanOrEqual(0.005);
  const end = only(byLoss.items, "mark").at(-1)!;
  expect(end).toMatchObject({ kind: "stopped", step: byLoss.summary.step });
  expect(byLoss.items.at(-1)).toMatchObject({ type: "checkpoint" });

  const byAccuracy = await collect(
    options(configure("{steps: 100, measure: {every: 10}, stop: {accuracy: 1}}"), {
      theta0: new Float32Array([3, 1]),
    }),
  );
  expect(byAccuracy.summary).toMatchObject({ accuracy: 1, status: "finished" });
});

it("a non-finite loss is recorded as null, marks the run diverged and leaves the last checkpoint finite", async () => {
  const config = configure(
    "{steps: 1000, optimizer: {lr: 1}, checkpoint: {every: 1}, measure: {every: 0}, stop: {diverged: false}}",
  );
  const finite: boolean[] = [];
  const items: RunItem[] = [];
  const stream = runExperiment(options(config));
  let next = await stream.next();
  for (; next.done !== true; next = await stream.next()) {
    items.push(next.value);
    // The vectors are live, so they have to be looked at when they are handed out.
    if (next.value.type === "checkpoint") {
      finite.push(next.value.checkpoint.theta.every((value: number) => Number.isFinite(value)));
    }
  }
  const summary = next.value;
  expect(summary).toMatchObject({ status: "diverged" });
  expect(summary.message).toMatch(/not finite/);
  const last = only(items, "step").at(-1)!;
  expect(last.loss).toBeNull();
  expect(items.at(-1)).toMatchObject({ type: "mark", kind: "diverged", step: last.step });
  expect(only(items, "mark").map(({ kind }) => kind)).toEqual(["warning", "diverged"]);
  expect(finite.length).toBeGreaterThan(2);
  expect(finite).not.toContain(false);
});

it("a loss above the factor ends the run at once when that is asked for", async () => {
  const config = configure(
    "{steps: 1000, optimizer: {lr: 1}, stop: {divergedFactor: 10}, measure: {every: 0}}",
  );
  const { items, summary } = await collect(options(config));
  expect(summary.status).toBe("diverged");
  const steps = only(items, "step");
  expect(steps.at(-1)!.loss).toBeGreaterThan(10);
  expect(steps.slice(0, -1).every(({ loss }) => loss! <= 10)).toBe(true);
});

it("parameters that turn non-finite while the loss does not are caught at the cadence", async () => {
  const base = options(configure("{steps: 100, measure: {every: 10}}"));
  let calls = 0;
  const objective = {
    ...base.objective,
    lossAndGradient: async (_: unknown, gradient: Float32Array) => {
      calls += 1;
      gradient.fill(calls > 5 ? Number.NaN : 0);
      return 1;
    },
  } as RunOptions["objective"];
  const { items, summary } = await collect({ ...base, objective });
  expect(summary).toMatchObject({ status: "diverged", step: 11 });
  expect(only(items, "mark").at(-1)!.message).toMatch(/parameter/);
});

it("a solver that finds nothing finite is recorded as null and the next solve starts cold", async () => {
  const warmStarts: unknown[] = [];
  const { items, summary } = await collect(
    options(configure("{steps: 30, optimizer: {lr: 0.001}, measure: {every: 10}}"), {
      solveSharpness: async (_, __, warm) => {
        warmStarts.push(warm);
        return {
          eigenvalues: [Number.NaN],
          eigenvectors: [],
          residuals: [Number.NaN],
          hvps: 3,
          converged: false,
        };
      },
    }),
  );
  expect(warmStarts).toEqual([null, null, null, null]);
  expect(only(items, "measurement")[0]).toMatchObject({
    sharpness: null,
    eigenvalues: [null],
    converged: false,
  });
  expect(summary).toMatchObject({ status: "finished", equilibriumSharpness: null, hvps: 12 });
});

it("zero steps measure the start and finish", async () => {
  const { items, summary } = await collect(options(configure("{steps: 0}")));
  expect(items.map(({ type }) => type)).toEqual(["header", "measurement", "mark", "checkpoint"]);
  expect(summary).toMatchObject({ status: "finished", step: 0 });
});

it("rejects parameters that do not fit, and impossible batches, before the first step", async () => {
  const config = configure("{steps: 1}");
  for (const theta0 of [new Float32Array(3), new Float64Array(2), new Float32Array([1, Number.NaN])]) {
    await expect(collect(options(config, { theta0 }))).rejects.toThrow(InputError);
  }
  const large = configure("{steps: 1, optimizer: {name: sgd, batch: 7}}");
  await expect(collect(options(large))).rejects.toThrow(/larger than the training set.*1 to 6/s);
});

it("leaves the caller's initial parameters alone", async () => {
  const theta0 = new Float32Array([7.2, 0.15]);
  await collect(options(configure("{steps: 3}"), { theta0 }));
  expect(theta0).toEqual(new Float32Array([7.2, 0.15]));
});
