// The oracle networks of test/oracles as objectives, for any backend and precision.
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { NetworkObjective } from "../src/curvature/index.ts";
import { vectorFrom, type DType, type Vector } from "../src/math/index.ts";
import { buildNetwork, type LossName, type NetConfig } from "../src/nets/index.ts";
import { onnxRuntimeBackend, referenceBackend, type Backend } from "../src/runtime/index.ts";

/** Fields of net_*.json that tests use; see the theory notes that come with the oracles. */
export interface NetOracle {
  readonly X: readonly unknown[];
  readonly labels: readonly number[];
  readonly theta: readonly number[];
  readonly loss: number;
  readonly grad: readonly number[];
  readonly per_sample_grad: readonly (readonly number[])[];
  readonly eigenvalues_desc: readonly number[];
  readonly hessian_upper: readonly number[];
  readonly S: number;
  readonly u: readonly number[];
  readonly gradS: readonly number[];
  readonly hvp_test: { readonly Hv: readonly number[] };
  readonly D3_vv: readonly number[];
  readonly eta_sgd: number;
  readonly trajectories: {
    readonly eta: number;
    readonly gd: readonly { readonly step: number; readonly loss: number; readonly S: number }[];
    readonly sgd_loss?: unknown;
  };
}

interface Case {
  readonly net: NetConfig;
  readonly inputShape: readonly number[];
  readonly outputs: number;
  readonly loss: LossName;
}

const conv = (activation: "tanh" | "relu", pooling: "average" | "max"): NetConfig => ({
  name: "cnn",
  channels: [2],
  kernel: 3,
  padding: "same",
  pooling,
  hidden: [],
  activation,
});

/** Every oracle network by file name. */
export const ORACLE_NETS: Readonly<Record<string, Case>> = {
  net_tanh_mse: {
    net: { name: "mlp", widths: [4, 4], activation: "tanh" },
    inputShape: [3],
    outputs: 2,
    loss: "mse",
  },
  net_tanh_ce: {
    net: { name: "mlp", widths: [4, 4], activation: "tanh" },
    inputShape: [3],
    outputs: 3,
    loss: "ce",
  },
  net_relu_mse: {
    net: { name: "mlp", widths: [6], activation: "relu" },
    inputShape: [3],
    outputs: 2,
    loss: "mse",
  },
  net_conv_tanh_avg_ce: { net: conv("tanh", "average"), inputShape: [1, 4, 4], outputs: 3, loss: "ce" },
  net_conv_relu_max_mse: { net: conv("relu", "max"), inputShape: [1, 4, 4], outputs: 2, loss: "mse" },
};

export function readOracle(name: string): NetOracle {
  return JSON.parse(readFileSync(new URL(`oracles/${name}.json`, import.meta.url), "utf8")) as NetOracle;
}

/** ONNX Runtime on the CPU with one thread: enough for nets of this size. */
export function cpuBackend(threads = 1): Backend {
  return onnxRuntimeBackend(ort, { device: "cpu", threads });
}

export { referenceBackend };

/** The objective of an oracle network, with its data and parameters. */
export function oracleObjective(
  name: string,
  dtype: DType,
  backend: Backend,
  memoryBudget?: number,
): { objective: NetworkObjective; theta: Vector; oracle: NetOracle } {
  const oracle = readOracle(name);
  const { net, inputShape, outputs, loss } = ORACLE_NETS[name]!;
  const n = oracle.labels.length;
  const y = new Float64Array(n * outputs);
  oracle.labels.forEach((label, i) => {
    y[i * outputs + label] = 1;
  });
  const objective = new NetworkObjective({
    network: buildNetwork(net, inputShape, outputs),
    loss,
    train: { n, x: Float64Array.from((oracle.X as number[][]).flat(3)), y },
    classes: outputs,
    dtype,
    backend,
    ...(memoryBudget === undefined ? {} : { memoryBudget }),
  });
  return { objective, theta: vectorFrom(dtype, oracle.theta), oracle };
}
