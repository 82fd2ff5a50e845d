// Speed of what the sharpness gap is explained by: exact gradient noise, ∇S, and a full measurement of one iterate.
import {
  lanczos,
  noiseVariance,
  projectedVariance,
  type BatchSampling,
  type HessianOperator,
} from "brink/curvature";
import { PointProbe, parseExperiment } from "brink/lab";
import { dot, randomStream, vectorFrom, zeros, type Vector } from "brink/math";
import { interleave, over, paired, ratio, side, timed, type Rounds, type Side } from "./harness.ts";
import { benchmarkImages } from "./parts/inputs.ts";
import { benchmark, say, THREADS } from "./parts/benchmark.ts";
import { renderTable, type Row } from "./parts/report.ts";
import { createSubject, type Subject } from "./parts/subject.ts";

/** What the published measurement of σ_u² averages over. */
const SAMPLED = { batches: 50, batch: 500 } as const;
const LR = 0.01;
/** Descent before the first measurement and between two, as in a run. */
const STEPS = { settle: 100, between: 50 } as const;
const PAUSE = 60;
const SAMPLINGS: readonly BatchSampling[] = ["with", "without", "shuffle"];

/** S and u to 1e-3, λ₂ to two digits, ∇S, α, β, σ_u² for seven batch sizes, batch sharpness from 30 batches of 100. */
const MEASURED = `
net: { name: fc-tanh }
data: { name: synthetic-images }
loss: mse
optimizer: { name: sgd, lr: ${LR}, batch: 100 }
measure:
  sharpness: { k: 1, tol: 1.0e-3 }
  landscape: true
  noise: { batches: [50, 100, 200, 500, 1000, 2000, 2500], sampled: 0 }
  batchSharpness: { batch: 100, batches: 30 }
`;

await benchmark(
  {
    name: "gap",
    json: "one JSON line of medians in ms",
    options: {
      threads: THREADS,
      n: { value: "N", about: "examples", otherwise: 5000 },
      rounds: { value: "N", about: "counted rounds", otherwise: 9 },
    },
  },
  async (call) => {
    const n = call.positive("n");
    const count = call.positive("rounds");
    const threads = call.threads();
    const machine = call.machine();
    if (n < 2500)
      throw new Error("this benchmark measures noise up to b = 2500 and needs at least as many examples");
    const images = await benchmarkImages(n);
    const fc = createSubject("fc-tanh", images, threads);
    const iterate = await descended(fc);
    const rounds = await interleave(
      await sides(fc, iterate),
      { rounds: count, warmup: 1, pause: PAUSE },
      (done, total) => say(`round ${done} of ${total}`),
    );
    await fc.objective.dispose();
    const table = rows(rounds, n);
    const medians = Object.fromEntries([...rounds.keys()].map((name) => [name, over(rounds, name)!.median]));
    const settings = { data: images.name, n, rounds: count, threads, sampled: SAMPLED, measured: MEASURED };
    call.deliver({
      record: { settings, rows: table },
      json: medians,
      text: `${machine.cpu}, ${threads} threads; ${images.name}, n = ${n}, float32; ms, median (quartiles)\n\n${renderTable(table)}\n`,
    });
  },
);

/** An iterate some steps into training. */
async function descended({ objective, theta }: Subject): Promise<Vector> {
  const iterate = vectorFrom(objective.dtype, theta);
  await descend({ objective, theta }, iterate, STEPS.settle);
  return iterate;
}

async function descend({ objective }: Subject, iterate: Vector, steps: number): Promise<void> {
  const next = zeros(objective.dtype, objective.size);
  for (let step = 0; step < steps; step++) {
    await objective.descend(iterate, null, LR, next);
    iterate.set(next);
  }
}

async function sides(fc: Subject, start: Vector): Promise<readonly Side[]> {
  const { objective } = fc;
  const theta = vectorFrom(objective.dtype, start);
  const out = zeros(objective.dtype, objective.size);
  const u = (await lanczos(await objective.hessian(theta), { tol: 1e-3 })).eigenvectors[0]!;
  return [
    side("gradient", 3, () => objective.lossAndGradient(theta, out)),
    side("gradSharpness", 2, () => objective.sharpnessGradient(theta, u, out)),
    linearised("gradSharpnessKept", fc, theta, (at) => objective.sharpnessGradient(theta, u, out, at)),
    side("exactNoise", 3, () => exactNoise(fc, theta, u)),
    linearised("exactNoiseKept", fc, theta, (at) => exactNoise(fc, theta, u, at)),
    side("sampledNoise", 1, () => sampledNoise(fc, theta, u, out)),
    measurementSide(fc, vectorFrom(objective.dtype, start)),
  ];
}

/** A side whose point has been linearised beforehand, as the eigensolve that found u did. */
function linearised(
  name: string,
  { objective }: Subject,
  theta: Vector,
  action: (at: HessianOperator) => Promise<unknown>,
): Side {
  return {
    name,
    sample: async () => {
      const at = await objective.hessian(theta);
      return side(name, 3, () => action(at)).sample();
    },
  };
}

/** σ_u² for every batch size and sampling, from one forward-mode pass. */
async function exactNoise(
  { objective }: Subject,
  theta: Vector,
  u: Vector,
  at?: HessianOperator,
): Promise<void> {
  const s2 = projectedVariance(await objective.projections(theta, u, at));
  for (const sampling of SAMPLINGS) {
    for (let b = 1; b <= objective.n; b++) noiseVariance(s2, objective.n, b, sampling);
  }
}

/** Variance of ⟨u, g_B⟩ over random batches, one gradient a batch. */
async function sampledNoise({ objective }: Subject, theta: Vector, u: Vector, out: Vector): Promise<number> {
  const random = randomStream(0, "bench-noise");
  const order = Uint32Array.from({ length: objective.n }, (_, i) => i);
  const batch = Math.min(SAMPLED.batch, objective.n);
  let [sum, squares] = [0, 0];
  for (let k = 0; k < SAMPLED.batches; k++) {
    random.partialShuffle(order, batch);
    await objective.batchLossAndGradient(theta, order.subarray(0, batch), out);
    const along = dot(out, u);
    sum += along;
    squares += along * along;
  }
  return (squares - (sum * sum) / SAMPLED.batches) / (SAMPLED.batches - 1);
}

/** A measurement as a run makes it, started from the eigenvectors of the last one, `between` steps earlier. */
function measurementSide(fc: Subject, iterate: Vector): Side {
  const { objective } = fc;
  const { config } = parseExperiment(MEASURED, { file: "measured" });
  const probe = new PointProbe(config, objective);
  const gradient = zeros(objective.dtype, objective.size);
  let warm: readonly Vector[] = [];
  let step = 0;
  const measure = async (): Promise<void> => {
    await objective.lossAndGradient(iterate, gradient);
    const hessian = await objective.hessian(iterate);
    const eigen = await lanczos(hessian, { k: probe.eigenpairs, tol: [1e-3, 0.02], start: warm });
    warm = eigen.eigenvectors;
    await probe.measure({ step, point: "iterate", theta: iterate, gradient, hessian, eigen });
  };
  return {
    name: "measurement",
    sample: async () => {
      if (step === 0) await measure();
      await descend(fc, iterate, STEPS.between);
      step += STEPS.between;
      return [await timed(measure)];
    },
  };
}

function rows(rounds: Rounds, n: number): readonly Row[] {
  const gradients = (name: string): ReturnType<typeof ratio> => ratio(rounds, name, "gradient");
  return [
    { name: "FC gradient", brink: over(rounds, "gradient") },
    {
      name: "∇S",
      brink: over(rounds, "gradSharpness"),
      ratio: gradients("gradSharpness"),
      of: "gradient",
      goal: { relation: "≤", value: 2 },
    },
    {
      name: "∇S where the Hessian is linearised",
      brink: over(rounds, "gradSharpnessKept"),
      ratio: gradients("gradSharpnessKept"),
      of: "gradient",
    },
    {
      name: `exact σ_u² for b = 1 … ${n}, three samplings`,
      brink: over(rounds, "exactNoise"),
      ratio: ratio(rounds, "exactNoise", "sampledNoise"),
      of: `estimate from ${SAMPLED.batches} batches`,
    },
    {
      name: "the same where the Hessian is linearised",
      brink: over(rounds, "exactNoiseKept"),
      ratio: ratio(rounds, "exactNoiseKept", "sampledNoise"),
      of: `estimate from ${SAMPLED.batches} batches`,
      goal: { relation: "≤", value: 0.1 },
      note: "as in every measurement: u comes from there",
    },
    {
      name: `σ_u² from ${SAMPLED.batches} batches of ${SAMPLED.batch}`,
      brink: over(rounds, "sampledNoise"),
      ratio: gradients("sampledNoise"),
      of: "gradient",
    },
    {
      name: "full measurement",
      unit: "s",
      brink: paired(rounds, ["measurement"], (ms) => ms / 1000),
      ratio: paired(rounds, ["measurement"], (ms) => ms / 1000),
      of: "seconds",
      goal: { relation: "≤", value: 2 },
      note: "S, u, λ₂, ∇S, α, β, σ_u², batch sharpness from 30 batches of 100",
    },
  ];
}
