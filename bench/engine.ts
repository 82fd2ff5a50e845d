// Engine speed: gradient, Hessian product, SGD step, sharpness, ∇S, and the same in PyTorch beside it.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Dataset } from "brink/data";
import type { Vector } from "brink/math";
import { interleave, over, summarise, type Rounds } from "./harness.ts";
import { pointCheck, requireAgreement } from "./parts/check.ts";
import { cnnRows, fcRows, sharpnessRow } from "./parts/engine-rows.ts";
import { cnnPeerSides, cnnSides, fcPeerSides, fcSides } from "./parts/engine-sides.ts";
import { benchmarkImages, writePeerFiles } from "./parts/inputs.ts";
import { matrixProduct, type MatrixProduct } from "./parts/matmul.ts";
import { benchmark, type Invocation, say } from "./parts/benchmark.ts";
import { renderTable, type Row } from "./parts/report.ts";
import { warmSharpness, type WarmPlan, type WarmResult } from "./parts/sharpness.ts";
import { createSubject, type Subject } from "./parts/subject.ts";
import { startTorchPeer, type TorchPeer } from "./peers/torch-peer.ts";

/** Pause between sides in ms: longer than the worker pools of either side spin after their last job. */
const PAUSE = 60;
/** Rounds of the convolutional network, whose every visit takes seconds. */
const CNN_ROUNDS = 3;

/** Progressive sharpening: far below 2/η = 200, where most of a run's measurements are made. */
const CLIMBING: WarmPlan = { lr: 0.01, settle: 100, between: 50, solves: 5, accuracy: 1e-4 };
/** 2/η = 66.7 is reached within 400 steps: at the edge the iterate oscillates and warm starts help less. */
const AT_THE_EDGE: WarmPlan = { lr: 0.03, settle: 400, between: 50, solves: 3, accuracy: 1e-4 };

const PARTS = ["peer", "cnn", "edge"];

interface Plan {
  readonly n: number;
  readonly rounds: number;
  readonly threads: number;
  readonly skip: ReadonlySet<string>;
}

/** Everything measured, before it becomes rows. */
interface Measured {
  readonly data: string;
  readonly peer: TorchPeer | undefined;
  readonly rows: readonly Row[];
  readonly medians: Readonly<Record<string, number>>;
}

const OPTIONS = {
  skip: { value: "PARTS", about: `leave out any of: ${PARTS.join(",")}` },
  threads: { value: "N", about: "threads of both sides (default: all cores)" },
  n: { value: "N", about: "examples", otherwise: 5000 },
  rounds: { value: "N", about: "counted rounds", otherwise: 9 },
};

await benchmark(
  {
    name: "engine",
    json: "one JSON line of Brink's medians in ms (without --record: nothing else is measured)",
    options: OPTIONS,
  },
  async (call) => {
    const alone = call.on("json") && !call.on("record");
    const plan: Plan = {
      n: call.positive("n"),
      rounds: call.positive("rounds"),
      threads: call.threads(),
      skip: alone ? new Set(PARTS) : call.words("skip", PARTS),
    };
    const peer = plan.skip.has("peer") ? undefined : await findPeer(plan.threads);
    try {
      call.machine();
      deliver(call, plan, await measure(plan, peer));
    } finally {
      await peer?.close();
    }
  },
);

async function findPeer(threads: number): Promise<TorchPeer | undefined> {
  const peer = await startTorchPeer(threads);
  if (typeof peer !== "string") return peer;
  say(peer);
  return undefined;
}

async function measure(plan: Plan, peer: TorchPeer | undefined): Promise<Measured> {
  const images = await benchmarkImages(plan.n);
  const fc = createSubject("fc-tanh", images, plan.threads);
  const product = await matrixProduct(plan.threads);
  say("sharpness along a descent");
  const climbing = await warmSharpness(fc.objective, fc.theta, CLIMBING);
  const cnn = plan.skip.has("cnn") ? undefined : createSubject("cnn-tanh", images, plan.threads);
  if (peer !== undefined) await comparePoints(peer, images, climbing.theta, fc, cnn);
  const rounds = await interleave(
    [...fcSides(fc, climbing, product), ...(peer === undefined ? [] : fcPeerSides(peer))],
    { rounds: plan.rounds, warmup: 1, pause: PAUSE },
    (done, total) => say(`FC-Tanh round ${done} of ${total}`),
  );
  const rows: Row[] = [...fcRows(rounds, product, plan.n)];
  if (peer !== undefined) say("one cold sharpness by eigsh (tens of seconds)");
  const cold = await peer?.measure("sharpness", 1);
  rows.push(sharpnessRow("FC sharpness, warm", climbing, cold));
  if (!plan.skip.has("edge")) {
    say("sharpness at the edge");
    const edge = await warmSharpness(fc.objective, fc.theta, AT_THE_EDGE);
    rows.push(
      sharpnessRow(`FC sharpness, warm, at 2/η = ${(2 / AT_THE_EDGE.lr).toFixed(1)}`, edge, undefined),
    );
  }
  if (cnn !== undefined) {
    const cnnRounds = await interleave(
      [...cnnSides(cnn), ...(peer === undefined ? [] : cnnPeerSides(peer))],
      { rounds: Math.min(plan.rounds, CNN_ROUNDS), warmup: 0, pause: PAUSE },
      (done, total) => say(`cnn-tanh round ${done} of ${total}`),
    );
    rows.push(...cnnRows(cnnRounds, cnn.objective.keepsLinearisation));
  }
  const medians = jsonLine(rounds, climbing, product, plan.threads);
  await Promise.all([fc.objective.dispose(), cnn?.objective.dispose(), product.dispose()]);
  return { data: images.name, peer, rows, medians };
}

/** Hands the peer the same examples and parameters and makes sure that both compute the same function. */
async function comparePoints(
  peer: TorchPeer,
  images: Dataset,
  theta: Vector,
  fc: Subject,
  cnn: Subject | undefined,
): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "brink-bench-"));
  try {
    await writePeerFiles(folder, images, { fc: theta, ...(cnn === undefined ? {} : { cnn: cnn.theta }) });
    await peer.load(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
  requireAgreement("FC-Tanh", await pointCheck(fc.objective, theta), await peer.check("fc"));
  if (cnn === undefined) return;
  requireAgreement("cnn-tanh", await pointCheck(cnn.objective, cnn.theta), await peer.check("cnn"));
}

function jsonLine(
  rounds: Rounds,
  sharp: WarmResult,
  product: MatrixProduct,
  threads: number,
): Record<string, number> {
  const median = (name: string): number => Number(over(rounds, name)!.median.toFixed(3));
  return {
    gradient: median("gradient"),
    hvp: median("hvp"),
    sgdStep50: median("sgdStep50"),
    sharpnessWarm: Number(summarise(sharp.solves.map((solve) => solve.ms)).median.toFixed(3)),
    gradSharpness: median("gradSharpness"),
    matmulGflops: Number((product.flops / over(rounds, "matmul")!.median / 1e6).toFixed(1)),
    threads,
  };
}

/** To the file, to standard output, or both. */
function deliver(
  call: Invocation<keyof typeof OPTIONS>,
  { n, rounds, threads }: Plan,
  { data, peer, rows, medians }: Measured,
): void {
  const { cpu, onnxruntime } = call.machine();
  const peerText = peer === undefined ? "" : `, PyTorch ${peer.description.torch} (${peer.description.blas})`;
  call.deliver({
    record: {
      peer: peer?.description ?? null,
      settings: { data, n, rounds, threads, climbing: CLIMBING, atTheEdge: AT_THE_EDGE },
      medians,
      rows,
    },
    json: medians,
    text:
      `${cpu}, ${threads} threads, ONNX Runtime ${onnxruntime}${peerText}; ` +
      `${data}, n = ${n}, float32; ms unless said otherwise, median (quartiles)\n\n` +
      `${renderTable(rows)}\n`,
  });
}
