// Speed of exact drift: SGD steps of a linear classifier with the drift at batch size 1 measured at every one.
import * as ort from "onnxruntime-node";
import { randomStream } from "brink/math";
import { openDriftThread } from "brink/node";
import { onnxRuntimeBackend } from "brink/runtime";
import {
  type DriftThreads,
  gramByEngine,
  LinearDrift,
  LinearModel,
  ThreadedSingleDraws,
  unitInputs,
  type UnitInputs,
} from "brink/theory";
import { summarise, type Summary } from "./harness.ts";
import { benchmark, say, THREADS } from "./parts/benchmark.ts";
import { renderTable, type Row } from "./parts/report.ts";

/** Steps a second the design asks for, at n = 1000, K = 10, d = 784 on two cores. */
const GOAL = 200;
const RATES = [1, 10, 100];
/** Where along a run: the start, while the loss still jumps, and in the tail. */
const STAGES = [0, 100, 1000, 10_000];
const TOLERANCES = [1e-10, 1e-6];
/** Drifts at one place before any is timed. */
const WARM = 25;
/** A run as users make it. */
const RUN_STEPS = 2000;
const RUN_TOLERANCE = 1e-6;
/** Distance of the class means from 0, in standard deviations of one coordinate. */
const RADIUS = 20;
/** Rows of the brute-force side; its time is scaled to all n. */
const BRUTE_ROWS = 20;

await benchmark(
  {
    name: "stability",
    json: "one JSON line of medians in ms",
    options: {
      threads: THREADS,
      n: { value: "N", about: "examples", otherwise: 1000 },
      classes: { value: "K", about: "classes", otherwise: 10 },
      d: { value: "D", about: "dimension", otherwise: 784 },
      rounds: { value: "N", about: "counted steps at every stage", otherwise: 7 },
    },
  },
  async (call) => {
    const threads = call.threads();
    const rounds = call.positive("rounds");
    call.machine();
    const inputs = gaussians(call.positive("n"), call.positive("d"), call.positive("classes"));
    const rows: Row[] = [];
    for (const lr of RATES) {
      rows.push(...(await alongRun(inputs, lr, threads, rounds)), await wholeRun(inputs, lr, threads));
    }
    const { n, d, classes } = inputs;
    const medians = Object.fromEntries(rows.map((row) => [row.name, row.brink!.median]));
    call.deliver({
      record: { n, d, classes, threads, rounds, radius: RADIUS, rows },
      json: medians,
      text: `${renderTable(rows, "brute force")}\n`,
    });
  },
);

/** Threads beside this one, as `brink run` opens them. */
function others(threads: number): DriftThreads {
  return { count: threads - 1, open: openDriftThread };
}

/** Times a step and its drift at every stage of one run, for every tolerance. */
async function alongRun(inputs: UnitInputs, lr: number, threads: number, rounds: number): Promise<Row[]> {
  const model = new LinearModel(inputs);
  const reference = new LinearDrift(model, 1e-14);
  const random = randomStream(0, "batches");
  const rows: Row[] = [];
  let taken = 0;
  for (const stage of STAGES) {
    for (; taken < stage; taken++) model.step([random.integer(inputs.n)], lr);
    const brute = bruteForce(model, lr);
    for (const tolerance of TOLERANCES) {
      const singles = ThreadedSingleDraws.create(model, tolerance, others(threads))!;
      const wall: number[] = [];
      const cpu: number[] = [];
      // As within a run: kernels compiled, threads started and loops optimised.
      for (let call = 0; call < WARM; call++) await singles.drift(model, lr);
      for (let round = 0; round < rounds; round++) {
        const used = process.cpuUsage();
        const begin = performance.now();
        model.step([random.integer(inputs.n)], lr);
        await singles.drift(model, lr);
        const time = performance.now() - begin;
        const { user, system } = process.cpuUsage(used);
        taken++;
        wall.push(time);
        cpu.push((user + system) / 1000);
      }
      const exact = reference.measure({ lr, batch: 1, sampling: "with" });
      const found = await singles.drift(model, lr);
      const error = Math.abs(found.value / exact.value - 1);
      await singles.dispose();
      const time = summarise(wall);
      rows.push({
        name: `η = ${lr}, step ${stage}, tolerance ${tolerance}`,
        unit: "ms",
        brink: time,
        peer: summarise([brute]),
        ratio: inverse(time),
        of: "steps a second",
        goal: { relation: "≥", value: GOAL },
        note: `processor ${summarise(cpu).median.toFixed(1)} ms; L = ${model.point.loss.toExponential(1)}; error ${error.toExponential(0)}`,
      });
      say(`η = ${lr}, step ${stage}, tolerance ${tolerance}: ${time.median.toFixed(1)} ms`);
    }
  }
  return rows;
}

/** Times a run from W₀ with the drift of every step, compiling and starting threads included. */
async function wholeRun(inputs: UnitInputs, lr: number, threads: number): Promise<Row> {
  const model = new LinearModel(inputs);
  const backend = onnxRuntimeBackend(ort, { device: "cpu", threads });
  const random = randomStream(0, "batches");
  const wall: number[] = [];
  const begin = performance.now();
  await gramByEngine(model, backend);
  const singles = ThreadedSingleDraws.create(model, RUN_TOLERANCE, others(threads))!;
  let last = begin;
  for (let t = 0; t < RUN_STEPS; t++) {
    model.step([random.integer(inputs.n)], lr);
    await singles.drift(model, lr);
    const now = performance.now();
    wall.push(now - last);
    last = now;
  }
  await singles.dispose();
  const mean = (last - begin) / RUN_STEPS;
  const { median, lower, upper } = summarise(wall);
  say(`η = ${lr}, ${RUN_STEPS} steps: ${mean.toFixed(1)} ms a step`);
  const time = { median: mean, lower: mean, upper: mean, samples: 1 };
  return {
    name: `η = ${lr}, mean of ${RUN_STEPS} steps from W₀`,
    unit: "ms",
    brink: time,
    ratio: inverse(time),
    of: "steps a second",
    goal: { relation: "≥", value: GOAL },
    note: `a step: median ${median.toFixed(1)}, quartiles ${lower.toFixed(1)}–${upper.toFixed(1)} ms; L = ${model.point.loss.toExponential(1)}`,
  };
}

/** ms of all n²K exponentials by `Math.exp`, as the formula says, from a few rows. */
function bruteForce({ inputs, logits, residuals, gram }: LinearModel, lr: number): number {
  const { n, classes } = inputs;
  const begin = performance.now();
  let total = 0;
  for (let i = 0; i < BRUTE_ROWS; i++) {
    for (let j = 0; j < n; j++) {
      const step = lr * gram![i * n + j]!;
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        sum += Math.exp(logits[j * classes + k]! - step * residuals[i * classes + k]!);
      }
      total += Math.log(sum);
    }
  }
  // Keeps the loop from being optimised away.
  if (Number.isNaN(total)) say("brute force: not a number");
  return ((performance.now() - begin) * n) / BRUTE_ROWS;
}

function inverse({ median, lower, upper, samples }: Summary): Summary {
  return { median: 1000 / median, lower: 1000 / upper, upper: 1000 / lower, samples };
}

/** Unit Gaussians about random means, scaled into the unit ball. */
function gaussians(n: number, d: number, classes: number): UnitInputs {
  const stream = randomStream(0, "stability-bench");
  const means = Array.from({ length: classes }, () => {
    const mean = Array.from({ length: d }, () => stream.normal());
    const size = Math.hypot(...mean);
    return mean.map((value) => (RADIUS * value) / size);
  });
  const labels = Array.from({ length: n }, (_, i) => i % classes);
  const x = labels.flatMap((label) => means[label]!.map((value) => value + stream.normal()));
  return unitInputs(x, labels, classes);
}
