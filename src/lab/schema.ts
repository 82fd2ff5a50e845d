// The experiment file's schema: every field with its default, unknown keys refused; exported as JSON Schema.
import * as z from "zod";
import { DATA_NAMES } from "../data/index.ts";
import { ARCHITECTURE_NAMES, PRESET_NAMES } from "../nets/index.ts";
import { SAMPLINGS, UPDATE_RULES } from "../optim/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { dataSchema } from "./schema-data.ts";
import {
  flag,
  oneOf,
  positive,
  seed,
  strict,
  switchable,
  tolerance,
  whole,
  wholeOr,
} from "./schema-fields.ts";
import { lossSchema, netSchema } from "./schema-net.ts";

const lr = positive().default(0.01);
const sampling = oneOf(SAMPLINGS).default("shuffle");

const optimizer = z
  .discriminatedUnion("name", [
    strict({
      name: z.literal("gd").default("gd"),
      lr,
      batch: z
        .literal("full", { error: "allowed: full (gd uses every example; sgd takes batches)" })
        .default("full"),
      sampling,
    }),
    strict({ name: z.literal("sgd"), lr, batch: wholeOr("full", 1).default(50), sampling }),
  ])
  .prefault({});

const sharpness = z
  .union([
    z.literal(false),
    strict({
      k: whole(1, 1000).default(1),
      tol: positive(0.1).default(1e-4),
      maxProducts: whole(2, 1_000_000).default(200),
    }),
  ])
  .prefault({});

const sizesError = "allowed: a batch size, a list of them, or optimizer";
const sizes = z.array(whole(1)).min(1, { error: "allowed: at least one batch size" });

const noise = switchable({
  batches: z
    .union([z.literal("optimizer"), sizes], { error: "allowed: a list of batch sizes, or optimizer" })
    .default("optimizer"),
  sampled: z
    .union([z.literal(0), whole(2)], { error: "allowed: 0, or a whole number of at least 2" })
    .default(50),
});

const batchSharpness = switchable({
  batch: z.union([z.literal("optimizer"), whole(1), sizes], { error: sizesError }).default("optimizer"),
  batches: whole(2, 100_000).default(30),
  tolerance: tolerance(1).default(0),
  sampling: oneOf(["optimizer", ...SAMPLINGS]).default("optimizer"),
});

const trace = switchable({
  probes: whole(2, 100_000).default(100),
  tolerance: tolerance(1).default(0.05),
});

const stability = switchable({
  every: whole(1).default(1),
  drift: z
    .union([z.literal(false), strict({ every: whole(1).default(1), batches: whole(2, 100_000).default(50) })])
    .prefault({}),
  margin: flag().default(true),
});

const measure = strict({
  every: whole(0).default(50),
  alternate: flag().default(true),
  sharpness,
  point: oneOf(["iterate", "midpoint", "both"]).default("iterate"),
  rayleigh: whole(0, 1000).default(0),
  accuracy: flag().default(true),
  gradNorm: flag().default(true),
  landscape: flag().default(false),
  noise,
  batchSharpness,
  interaction: flag().default(false),
  stepSharpness: flag().default(false),
  coupling: flag().default(false),
  stability,
  trace,
  probeEvery: whole(1).default(1),
  testEvery: whole(0).default(1),
  equilibriumRecords: whole(1, 100_000).default(20),
})
  .superRefine((measured, context) => {
    const { probeEvery, alternate } = measured;
    if (probeEvery % 2 === 0 && alternate) {
      const message =
        "allowed: an odd number (an even one sees one phase of the oscillation), or alternate: false";
      context.addIssue({ code: "custom", path: ["probeEvery"], message });
    }
    if (measured.stepSharpness && measured.point === "midpoint") {
      const message = "allowed: false with point: midpoint, because a step is taken at an iterate";
      context.addIssue({ code: "custom", path: ["stepSharpness"], message });
    }
    if (measured.sharpness !== false) return;
    for (const name of ["landscape", "noise"] as const) {
      if (measured[name] === false) continue;
      const message = "allowed: false without measure.sharpness, whose eigenvector it needs";
      context.addIssue({ code: "custom", path: [name], message });
    }
  })
  .prefault({});

const stop = strict({
  loss: positive().optional(),
  accuracy: positive(1).optional(),
  diverged: flag().default(true),
  divergedFactor: positive().default(1e4),
}).prefault({});

const checkpoint = strict({
  every: wholeOr("auto", 1).default("auto"),
  keep: whole(1, 1000).default(2),
}).prefault({});

const nameError =
  "allowed: 1 to 80 letters, digits, spaces, '.', '_' or '-', beginning with a letter or digit";
const nameSchema = z
  .string({ error: nameError })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,79}$/, { error: nameError });

const settings = z.record(z.string(), z.unknown(), { error: "allowed: { dotted.key: value, … }" });
const variant = strict({ name: nameSchema, set: settings.default({}) });
const valueLists = z.record(z.string(), z.array(z.unknown(), { error: "allowed: a list of values" }).min(1), {
  error: "allowed: { dotted.key: [values], … }",
});

const experiment = strict({
  name: nameSchema.default("experiment"),
  data: dataSchema,
  net: netSchema,
  loss: lossSchema,
  optimizer,
  steps: whole(0).default(1000),
  seed: seed(),
  precision: oneOf(["float32", "float64"]).default("float32"),
  device: oneOf(["cpu", "webgpu", "cuda", "reference"]).default("cpu"),
  threads: wholeOr("auto", 1).default("auto"),
  memory: whole(16, 1_048_576).default(512),
  measure,
  stop,
  checkpoint,
  sweep: valueLists.default({}),
  runs: z.array(variant, { error: "allowed: a list of { name, set }" }).default([]),
  report: flag().default(false),
}).superRefine(({ loss, measure: { stability: measured } }, context) => {
  if (measured === false || loss === "ce") return;
  const message = "allowed: ce with measure.stability, because stable sets are a theory of cross-entropy";
  context.addIssue({ code: "custom", path: ["loss"], message });
});

/** The schema itself. Use `parseExperiment` to read a file: it adds overrides, origins and readable errors. */
export const experimentSchema: z.ZodType<ExperimentConfig, unknown> = experiment as unknown as z.ZodType<
  ExperimentConfig,
  unknown
>;

/** Sections that may be written as a bare name: `net: fc-tanh` means `net: { name: fc-tanh }`. */
export const SHORTHANDS: Readonly<Record<string, readonly string[]>> = {
  data: DATA_NAMES,
  net: [...new Set([...ARCHITECTURE_NAMES, ...PRESET_NAMES])],
  optimizer: UPDATE_RULES,
};

/** JSON Schema (draft 2020-12) of an experiment file, for editors. */
export function experimentJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(experiment, { io: "input" }) as Record<string, unknown>;
  const properties = schema["properties"] as Record<string, Record<string, unknown>>;
  for (const [section, names] of Object.entries(SHORTHANDS)) {
    const { default: initial, ...full } = properties[section]!;
    properties[section] = { default: initial, anyOf: [{ type: "string", enum: names }, full] };
  }
  return { ...schema, title: "Brink experiment" };
}
