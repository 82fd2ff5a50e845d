// The 61-parameter network that really reaches the edge of stability (test/oracles/eos_cheb.json), as an objective.
import { readFileSync } from "node:fs";
import { NetworkObjective } from "../src/curvature/index.ts";
import { vectorFrom, type DType, type Vector } from "../src/math/index.ts";
import { buildNetwork } from "../src/nets/index.ts";
import { cpuBackend } from "./oracle-networks.ts";

/** One row of the tracked run; `_seed`: with κ, `_code`: published code, `_gen`: generalised. */
export interface TrackedRow {
  readonly t: number;
  readonly gd_loss: number;
  readonly gd_S: number;
  readonly gd_x: number;
  readonly gd_y: number;
  readonly dag_loss: number;
  readonly dag_S: number;
  readonly dag_l2: number;
  readonly alpha: number;
  readonly beta: number;
  readonly kappa: number;
  readonly delta: number;
  readonly eps: number;
  readonly x_seed: number;
  readonly y_seed: number;
  readonly x_code: number;
  readonly y_code: number;
  readonly x_gen: number;
  readonly y_gen: number;
  readonly loss_pred_seed: number;
  readonly S_pred_seed: number;
  readonly dev_seed: number;
  readonly dev_code: number;
  readonly dev_gen: number;
}

/** What the tests use of the file. */
export interface EosOracle {
  readonly X: readonly (readonly number[])[];
  readonly Y: readonly (readonly number[])[];
  readonly theta_init: readonly number[];
  readonly eta: number;
  readonly progressive_sharpening: {
    readonly eta: number;
    readonly series: readonly { readonly step: number; readonly loss: number; readonly S: number }[];
    readonly crossed_65_at_multiple_of_10: number;
  };
  readonly theta_cross: readonly number[];
  readonly at_cross: Readonly<
    Record<"loss" | "S" | "l2" | "alpha" | "beta" | "kappa" | "u_dot_grad", number>
  >;
  readonly projection_to_63: {
    readonly two_over_eta: number;
    readonly linear: readonly {
      readonly iter: number;
      readonly S_minus: number;
      readonly u_dot_grad: number;
      readonly dist: number;
    }[];
    readonly theta_3: readonly number[];
    readonly exact: { readonly dist: number; readonly theta: readonly number[] };
  };
  readonly theta_dagger_0: readonly number[];
  readonly theta_0: readonly number[];
  readonly x0_over_delta: number;
  readonly step1: Readonly<Record<"theta_dagger" | "gd" | "v_seed" | "v_code" | "v_gen", readonly number[]>>;
  readonly tracked: readonly TrackedRow[];
  readonly beta_s_to_t: Readonly<
    Record<string, { readonly beta: number; readonly gamma_norm: number; readonly beta_check: number | null }>
  >;
  readonly scalar_form_check: {
    readonly t: number;
    readonly y_next_vector: number;
    readonly y_next_unrolled: number;
  };
  readonly sgd: {
    readonly b: number;
    readonly batches: readonly (readonly number[])[];
    readonly series: readonly {
      readonly t: number;
      readonly loss: number;
      readonly S: number;
      readonly x: number;
      readonly y: number;
      readonly x_hat: number;
      readonly y_hat: number;
      readonly dev: number;
      readonly norm_v: number;
    }[];
  };
}

/** The objective and what is known of it. Dispose of the objective when done. */
export function eosOracle(dtype: DType = "float64"): {
  readonly objective: NetworkObjective;
  readonly oracle: EosOracle;
  readonly vector: (values: readonly number[]) => Vector;
} {
  const file = new URL("oracles/eos_cheb.json", import.meta.url);
  const oracle = JSON.parse(readFileSync(file, "utf8")) as EosOracle;
  const objective = new NetworkObjective({
    network: buildNetwork({ name: "mlp", widths: [6, 6], activation: "tanh" }, [1], 1),
    loss: "mse",
    train: {
      n: oracle.X.length,
      x: Float64Array.from(oracle.X.flat()),
      y: Float64Array.from(oracle.Y.flat()),
    },
    classes: 0,
    dtype,
    backend: cpuBackend(),
  });
  return { objective, oracle, vector: (values) => vectorFrom(dtype, values) };
}
