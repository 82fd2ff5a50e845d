// The `data` section of an experiment file, made from the data layer's own table of options.
import * as z from "zod";
import {
  areClasses,
  DATA_NAMES,
  DATA_OPTIONS,
  type DataSettings,
  describeRule,
  type OptionRule,
} from "../data/index.ts";
import { flag, path, strict } from "./schema-fields.ts";

function optionSchema(rule: OptionRule): z.ZodType {
  const error = `allowed: ${describeRule(rule)}`;
  switch (rule.kind) {
    case "integer":
      return z.int({ error }).min(rule.min, { error }).max(rule.max, { error }).default(rule.default);
    case "number":
      return z.number({ error }).min(rule.min, { error }).max(rule.max, { error }).default(rule.default);
    case "count":
      return z
        .union([z.literal("all"), z.int({ error }).min(rule.min, { error })], { error })
        .default(rule.default as "all");
    case "choice":
      return z.literal([...rule.values], { error }).default(rule.default);
    case "flag":
      return flag().default(rule.default);
    case "text":
      return rule.default === undefined ? path() : z.union([z.null(), path()], { error }).default(null);
    default: {
      const number = z.int({ error }).min(0, { error });
      return z
        .union(
          [
            z.null(),
            z.int({ error }).min(2, { error }),
            z
              .array(z.union([number, z.array(number, { error })], { error }), { error })
              .min(2, { error })
              .refine(areClasses, { error }),
          ],
          { error },
        )
        .default(null);
    }
  }
}

/** Used when a `data` section names none. */
const DEFAULT_NAME = "synthetic-images";

const variants = DATA_NAMES.map((name) => {
  const options = Object.entries(DATA_OPTIONS[name]).map(([key, rule]) => [key, optionSchema(rule)]);
  const literal = z.literal(name);
  return strict({
    name: name === DEFAULT_NAME ? literal.default(name) : literal,
    ...Object.fromEntries(options),
  });
});

/** Schema of `data`; the built-in images when absent. */
export const dataSchema: z.ZodType<DataSettings, unknown> = z
  .discriminatedUnion("name", variants as [(typeof variants)[number], ...(typeof variants)[number][]])
  .prefault({}) as unknown as z.ZodType<DataSettings, unknown>;
