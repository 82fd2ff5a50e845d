// What the engine benchmark times, on Brink's side and on the peer's: one `Side` a measurement.
import { norm, randomStream, vectorFrom, zeros, type Vector } from "brink/math";
import { side, type Side } from "../harness.ts";
import type { PeerMeasurement, TorchPeer } from "../peers/torch-peer.ts";
import type { MatrixProduct } from "./matmul.ts";
import type { WarmResult } from "./sharpness.ts";
import type { Subject } from "./subject.ts";

/** Examples per SGD step. */
const BATCH = 50;
const LR = 0.01;
/** SGD steps timed as one block: a single step is too short for the clock and for the scheduler's whims. */
const BLOCK = 25;

/** FC-Tanh at the point the sharpness solves ended at. */
export function fcSides(fc: Subject, sharp: WarmResult, product: MatrixProduct): readonly Side[] {
  const { objective } = fc;
  const { theta } = sharp;
  const out = zeros(objective.dtype, objective.size);
  const steps = sgdBlock(fc, vectorFrom(objective.dtype, theta));
  return [
    side("matmul", 3, () => product.run()),
    side("gradient", 3, () => objective.lossAndGradient(theta, out)),
    side("linearise", 2, () => objective.hessian(theta)),
    hvpSide("hvp", 3, fc, theta),
    {
      name: "sgdStep50",
      sample: async () => (await side("sgdStep50", 2, steps).sample()).map((ms) => ms / BLOCK),
    },
    side("gradSharpness", 2, () => objective.sharpnessGradient(theta, sharp.eigenvector, out)),
  ];
}

/** The convolutional network at its initialisation. */
export function cnnSides(cnn: Subject): readonly Side[] {
  const out = zeros(cnn.objective.dtype, cnn.objective.size);
  return [
    side("cnnGradient", 1, () => cnn.objective.lossAndGradient(cnn.theta, out)),
    hvpSide("cnnHvp", 1, cnn, cnn.theta),
  ];
}

/** Hessian products. Linearised on each visit, untimed: an operator lasts only until the next linearisation. */
function hvpSide(name: string, repeats: number, subject: Subject, theta: Vector): Side {
  const { objective } = subject;
  const out = zeros(objective.dtype, objective.size);
  const probe = unitProbe(objective.size);
  return {
    name,
    sample: async () => {
      const operator = await objective.hessian(theta);
      return side(name, repeats, () => operator.apply(probe, out)).sample();
    },
  };
}

/** Blocks of SGD steps through shuffled epochs: gather, gradient, update. */
function sgdBlock(fc: Subject, theta: Vector): () => Promise<void> {
  const { objective } = fc;
  const stream = randomStream(0, "bench-batches");
  const order = Uint32Array.from({ length: objective.n }, (_, i) => i);
  const batch = Math.min(BATCH, objective.n);
  let current = theta;
  let next = zeros(objective.dtype, objective.size);
  let position = objective.n;
  return async () => {
    for (let step = 0; step < BLOCK; step++) {
      if (position + batch > objective.n) {
        stream.shuffle(order);
        position = 0;
      }
      await objective.descend(current, order.subarray(position, position + batch), LR, next);
      [current, next] = [next, current];
      position += batch;
    }
  };
}

function unitProbe(size: number): Vector {
  const stream = randomStream(0, "bench-probe");
  const probe = zeros("float32", size);
  for (let i = 0; i < size; i++) probe[i] = stream.normal();
  const length = norm(probe);
  return probe.map((value) => value / length);
}

/** The peer's visit: one untimed repeat, then the counted ones, as on Brink's side. */
function peerSide(peer: TorchPeer, what: PeerMeasurement, repeats: number): Side {
  return {
    name: `peer ${what}`,
    sample: async () => (await peer.measure(what, repeats + 1)).times.slice(1),
  };
}

export function fcPeerSides(peer: TorchPeer): readonly Side[] {
  return [
    peerSide(peer, "matmul", 3),
    peerSide(peer, "gradient", 3),
    peerSide(peer, "hvp", 2),
    peerSide(peer, "sgdStep", 2),
  ];
}

export function cnnPeerSides(peer: TorchPeer): readonly Side[] {
  return [peerSide(peer, "cnnGradient", 1), peerSide(peer, "cnnHvp", 1)];
}
