// The `net` and `loss` sections of an experiment file; names and final checks come from the nets layer.
import * as z from "zod";
import { InputError } from "../math/index.ts";
import {
  ACTIVATION_NAMES,
  ARCHITECTURE_NAMES,
  INIT_SCHEMES,
  LOSS_NAMES,
  type LossName,
  type NetConfig,
  PRESET_NAMES,
  resolveNet,
} from "../nets/index.ts";
import { flag, oneOf, path, positive, strict, whole, wrapped } from "./schema-fields.ts";

const anyActivation = z.union([
  oneOf(ACTIVATION_NAMES),
  strict({
    name: oneOf(ACTIVATION_NAMES),
    slope: z.number().optional(),
    leak: z.number().min(0).max(1).optional(),
    width: positive().optional(),
    rescale: flag().optional(),
  }),
]);
const activation = anyActivation.default("tanh");
const init = z.union([z.literal([...INIT_SCHEMES]), strict({ file: path() })], {
  error: `allowed: ${INIT_SCHEMES.join(" | ")} | { file: a path }`,
});
const sizes = z.array(whole(1, 1_000_000), { error: "allowed: a list of sizes" }).max(1000);
const bias = z.union([flag(), z.literal("zero")], { error: "allowed: true | false | zero" });

const common = {
  gain: z
    .union([positive(), z.array(positive()).min(1).max(1000)], {
      error: "allowed: a number above 0, or a list of one for each layer",
    })
    .default(1),
  outputBias: flag().optional(),
};

const mlp = strict({
  name: z.literal("mlp").default("mlp"),
  widths: sizes.default([200, 200]),
  activation,
  init: init.default("pytorch"),
  bias: bias.default(true),
  ...common,
});

const cnn = strict({
  name: z.literal("cnn"),
  channels: sizes.min(1, { error: "allowed: at least one convolution" }).default([32, 32]),
  kernel: whole(1, 101).default(3),
  padding: oneOf(["same", "valid"]).default("same"),
  pooling: oneOf(["average", "max"]).default("average"),
  hidden: sizes.default([128]),
  activation,
  init: init.default("pytorch"),
  bias: bias.default(true),
  ...common,
});

const deepLinear = strict({
  name: z.literal("deep-linear"),
  depth: whole(1, 1000).default(20),
  width: whole(1, 100_000).default(50),
  init: init.default("xavier-normal"),
  bias: bias.default(false),
  ...common,
});

const meanField = strict({
  name: z.literal("mean-field"),
  width: whole(1, 100_000).default(512),
  activation: anyActivation.default("leaky-softplus"),
  init: init.default("pytorch"),
  gain: positive().default(1),
});

const preset = strict({
  name: z.literal(PRESET_NAMES.filter((name) => !ARCHITECTURE_NAMES.includes(name))),
  init: init.optional(),
});

/** Schema of `net`; FC-Tanh's family (`mlp`, 200-200, tanh) when absent. */
export const netSchema: z.ZodType<NetConfig, unknown> = z
  .discriminatedUnion("name", [mlp, cnn, deepLinear, meanField, preset])
  .superRefine((net, context) => {
    try {
      resolveNet(net as NetConfig);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      context.addIssue(wrapped(error));
    }
  })
  .prefault({}) as unknown as z.ZodType<NetConfig, unknown>;

/** Schema of `loss`. */
export const lossSchema: z.ZodType<LossName, unknown> = oneOf(LOSS_NAMES).default("mse");
