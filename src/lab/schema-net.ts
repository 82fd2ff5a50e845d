// The `net` and `loss` sections of an experiment file.
import * as z from "zod";
import type { InitScheme, LossSpec, NetSpec } from "./config-types.ts";
import { flag, oneOf, path, positive, strict, whole } from "./schema-fields.ts";

/** Activations by name. */
export const ACTIVATION_NAMES: readonly string[] = [
  "tanh",
  "relu",
  "leaky-relu",
  "elu",
  "hardtanh",
  "softplus",
  "gelu",
  "silu",
  "sigmoid",
  "identity",
];

/** Published architectures by name. */
export const PRESET_NAMES: readonly string[] = [
  "fc-tanh",
  "fc-relu",
  "cnn-tanh",
  "cnn-relu",
  "cnn-elu",
  "gap-cnn",
];

/** Names of the configurable architectures. */
export const ARCHITECTURE_NAMES: readonly string[] = ["mlp", "cnn", "deep-linear"];

/** Losses by name. */
export const LOSS_NAMES: readonly LossSpec[] = ["mse", "mse-sum", "ce", "logistic"];

const SCHEMES: readonly InitScheme[] = ["pytorch", "xavier-normal", "kaiming-normal"];

const activation = oneOf(ACTIVATION_NAMES).default("tanh");
const init = z.union([z.literal([...SCHEMES]), strict({ file: path() })], {
  error: `allowed: ${SCHEMES.join(" | ")} | { file: a path }`,
});
const gain = positive().default(1);
const bias = z.union([flag(), z.literal("zero")], { error: "allowed: true | false | zero" });
const hidden = z.array(whole(1, 1_000_000), { error: "allowed: a list of layer widths" }).max(1000);

const mlp = strict({
  name: z.literal("mlp"),
  widths: hidden.default([200, 200]),
  activation,
  init: init.default("pytorch"),
  gain,
  bias: bias.default(true),
});

const cnn = strict({
  name: z.literal("cnn"),
  channels: z
    .array(whole(1, 100_000), { error: "allowed: a list of channel counts" })
    .min(1)
    .max(1000)
    .default([32, 32]),
  kernel: whole(1, 101).default(3),
  padding: oneOf(["same", "valid"]).default("same"),
  pooling: oneOf(["average", "max"]).default("average"),
  hidden: hidden.default([128]),
  activation,
  init: init.default("pytorch"),
  gain,
  bias: bias.default(true),
});

const deepLinear = strict({
  name: z.literal("deep-linear"),
  depth: whole(1, 1000).default(20),
  width: whole(1, 100_000).default(50),
  init: init.default("xavier-normal"),
  gain,
  bias: bias.default(false),
});

const preset = strict({
  name: z.literal([...PRESET_NAMES]),
  init: init.optional(),
});

/** Schema of `net`; FC-Tanh's family (`mlp`, 200-200, tanh) when absent. */
export const netSchema: z.ZodType<NetSpec, unknown> = z
  .discriminatedUnion("name", [mlp, cnn, deepLinear, preset])
  .prefault({ name: "mlp" }) as z.ZodType<NetSpec, unknown>;

/** Schema of `loss`. */
export const lossSchema: z.ZodType<LossSpec, unknown> = oneOf(LOSS_NAMES).default("mse");
