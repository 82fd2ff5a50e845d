// Defaults and accepted values of every data option, and the check that rejects anything else.
import { InputError, didYouMean, showValue } from "../math/index.ts";
import type { DataConfig, DataName, DataSettings } from "./config.ts";

/** What one option accepts, and its default (`undefined`: the option is required). */
export type OptionRule =
  | {
      readonly kind: "integer" | "number";
      readonly default: number;
      readonly min: number;
      readonly max: number;
    }
  | { readonly kind: "count"; readonly default: number | "all"; readonly min: number }
  | { readonly kind: "choice"; readonly default: string | null; readonly values: readonly (string | null)[] }
  | { readonly kind: "flag"; readonly default: boolean }
  | { readonly kind: "text"; readonly default: null | undefined }
  | { readonly kind: "classes"; readonly default: null };

const integer = (value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): OptionRule => ({
  kind: "integer",
  default: value,
  min,
  max,
});
const real = (value: number, min: number, max: number = Number.MAX_VALUE): OptionRule => ({
  kind: "number",
  default: value,
  min,
  max,
});
const choice = (value: string | null, ...others: (string | null)[]): OptionRule => ({
  kind: "choice",
  default: value,
  values: [value, ...others],
});

const seed: OptionRule = integer(0, 0);
const dtype: OptionRule = choice(null, "float32", "float64");
const targets: OptionRule = choice("onehot", "pm1");
const dir: OptionRule = { kind: "text", default: null };

const imageSet: Readonly<Record<string, OptionRule>> = {
  n: { kind: "count", default: 5000, min: 1 },
  testN: { kind: "count", default: 1000, min: 0 },
  subset: choice("first", "random"),
  seed,
  standardize: choice("pixel", "channel", "none"),
  unitBall: { kind: "flag", default: false },
  targets,
  classes: { kind: "classes", default: null },
  dtype,
  dir,
};
// Border pixels of handwritten digits hardly vary, so dividing each pixel by its own deviation would blow up
// the few images that touch them: one mean and deviation for the channel is the customary scaling.
const digitSet: Readonly<Record<string, OptionRule>> = {
  ...imageSet,
  standardize: choice("channel", "pixel", "none"),
};

/** Every option of every data set with its default: the table behind checks, defaults and documentation. */
export const DATA_OPTIONS: Readonly<Record<DataName, Readonly<Record<string, OptionRule>>>> = {
  cifar10: imageSet,
  mnist: digitSet,
  "fashion-mnist": digitSet,
  arrays: {
    ...imageSet,
    file: { kind: "text", default: undefined },
    n: { kind: "count", default: "all", min: 1 },
    testN: { kind: "count", default: "all", min: 0 },
    standardize: choice("none", "pixel", "channel"),
  },
  chebyshev: { degree: integer(4, 0, 1000), n: integer(20, 2, 1_000_000), dtype },
  gaussians: {
    classes: integer(3, 2, 256),
    n: integer(150, 2, 10_000_000),
    testN: integer(0, 0, 10_000_000),
    features: integer(10, 1, 100_000),
    radius: real(3, 1e-6),
    sigma: real(1, 0),
    margin: real(0.1, 0),
    unitBall: { kind: "flag", default: true },
    targets,
    seed,
    dtype,
  },
  "synthetic-images": {
    n: integer(1000, 1, 1_000_000),
    testN: integer(500, 0, 1_000_000),
    classes: integer(10, 2, 256),
    size: integer(8, 2, 64),
    channels: integer(3, 1, 3),
    modes: integer(3, 1, 64),
    signal: real(0.6, 0),
    noise: real(1, 0),
    pixelNoise: real(0.05, 0),
    spectrum: real(2, 0, 8),
    deformation: real(0.06, 0, 1),
    contrast: real(0.3, 0, 4),
    polarity: real(0, 0, 1),
    colour: real(0.35, 0, 10),
    labelNoise: real(0, 0, 1),
    standardize: choice("pixel", "channel", "none"),
    targets,
    seed,
    dtype,
  },
};

/** Names of all data sets. */
export const DATA_NAMES: readonly DataName[] = Object.keys(DATA_OPTIONS) as DataName[];

/**
 * Fills in the defaults and checks every option.
 *
 * @param config the `data` section as plain data; unknown at compile time because it comes from a file
 * @throws InputError naming the option, the value, what is allowed and the nearest valid name
 */
export function resolveDataConfig(config: DataConfig | Readonly<Record<string, unknown>>): DataSettings {
  const given: unknown = config;
  if (!isRecord(given))
    throw new InputError("must be a section of options", { field: "data", received: showValue(given) });
  const name = given["name"];
  if (typeof name !== "string" || !Object.hasOwn(DATA_OPTIONS, name)) {
    const hint = didYouMean(showValue(name), DATA_NAMES);
    throw new InputError("unknown data set", {
      field: "data.name",
      received: showValue(name),
      allowed: DATA_NAMES,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  const rules = DATA_OPTIONS[name as DataName];
  for (const key of Object.keys(given)) {
    if (key === "name" || Object.hasOwn(rules, key)) continue;
    const hint = didYouMean(key, Object.keys(rules));
    throw new InputError(`data set "${name}" has no such option`, {
      field: `data.${key}`,
      received: showValue(given[key]),
      allowed: `name, ${Object.keys(rules).join(", ")}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  const settings: Record<string, unknown> = { name };
  for (const [key, rule] of Object.entries(rules)) {
    const value = given[key] === undefined ? rule.default : given[key];
    if (!accepts(rule, value)) {
      throw new InputError(given[key] === undefined ? "required option is missing" : "bad value", {
        field: `data.${key}`,
        ...(given[key] === undefined ? {} : { received: showValue(value) }),
        allowed: describeRule(rule),
      });
    }
    settings[key] = value;
  }
  return settings as unknown as DataSettings;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function accepts(rule: OptionRule, value: unknown): boolean {
  switch (rule.kind) {
    case "integer":
      return Number.isSafeInteger(value) && (value as number) >= rule.min && (value as number) <= rule.max;
    case "number":
      return Number.isFinite(value) && (value as number) >= rule.min && (value as number) <= rule.max;
    case "count":
      return value === "all" || (Number.isSafeInteger(value) && (value as number) >= rule.min);
    case "choice":
      return rule.values.includes(value as string | null);
    case "flag":
      return typeof value === "boolean";
    case "text":
      return (value === null && rule.default === null) || (typeof value === "string" && value !== "");
    default:
      if (value === null || (Number.isSafeInteger(value) && (value as number) >= 2)) return true;
      return Array.isArray(value) && areClasses(value);
  }
}

/** Two or more entries; class numbers from 0, each at most once, groups of them not empty. */
export function areClasses(entries: readonly unknown[]): boolean {
  const numbers: unknown[] = entries.flat();
  return (
    entries.length >= 2 &&
    new Set(numbers).size === numbers.length &&
    entries.every((entry) => !Array.isArray(entry) || entry.length > 0) &&
    numbers.every((entry) => Number.isSafeInteger(entry) && (entry as number) >= 0)
  );
}

/** What an option accepts, in words. */
export function describeRule(rule: OptionRule): string {
  switch (rule.kind) {
    case "integer":
    case "number": {
      const noun = rule.kind === "integer" ? "an integer" : "a number";
      return rule.max < Number.MAX_SAFE_INTEGER
        ? `${noun} from ${rule.min} to ${rule.max}`
        : `${noun} of at least ${rule.min}`;
    }
    case "count":
      return `an integer of at least ${rule.min}, or all`;
    case "choice":
      return rule.values.map((value) => value ?? "null (follow the source)").join(" | ");
    case "flag":
      return "true | false";
    case "text":
      return "a path";
    default:
      return "a list of two or more different class numbers or lists of them (each list counts as one class), a number of classes (2 or more), or null for all";
  }
}
