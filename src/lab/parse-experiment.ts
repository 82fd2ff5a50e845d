// Experiment file + environment + flags → resolved configuration, and which of them set each value.
import { InputError, showValue } from "../math/index.ts";
import { configError, type Locate } from "./config-errors.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { experimentSchema, SHORTHANDS } from "./schema.ts";
import { isSettings, isWritten, keyParts, leafPaths, type Settings, withSetting } from "./settings.ts";
import { parseYaml, type YamlSource } from "./yaml-source.ts";

/** What set a value. Precedence from strongest to weakest. */
export type Origin = "flag" | "env" | "file" | "default";

/** Variables that set a value, by dotted key. BRINK_DATA is not here: it is looked at when data are loaded. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  BRINK_SEED: "seed",
  BRINK_STEPS: "steps",
  BRINK_PRECISION: "precision",
  BRINK_DEVICE: "device",
  BRINK_THREADS: "threads",
};

export interface ParseOptions {
  /** Name of the source in messages. */
  readonly file?: string;
  /** `key=value` of each `--set`, in order; values are YAML. */
  readonly overrides?: readonly string[];
  /** Environment variables; only those of ENVIRONMENT are looked at. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A setting given outside the file. */
export interface Override {
  readonly key: string;
  readonly value: unknown;
  readonly origin: "env" | "flag";
  /** How messages name it: `--set seed=x`, `BRINK_SEED`. */
  readonly label: string;
}

export interface ParsedExperiment {
  readonly config: ExperimentConfig;
  /** For each dotted key of `config` that holds a value, what set it. */
  readonly origin: Readonly<Record<string, Origin>>;
  /** The layers `config` was resolved from, for `expandSweep`. */
  readonly layers: Layers;
}

/** Where a configuration came from, before defaults. */
export interface Layers {
  readonly file: string;
  readonly source: YamlSource;
  readonly written: Settings;
  readonly overrides: readonly Override[];
}

const SHORTHAND_SECTIONS: ReadonlySet<string> = new Set(Object.keys(SHORTHANDS));

/**
 * Reads an experiment.
 *
 * @throws InputError listing every problem with line, value, allowed values and nearest name
 */
export function parseExperiment(text: string, options: ParseOptions = {}): ParsedExperiment {
  const file = options.file ?? "experiment";
  const source = parseYaml(text, file);
  const written = source.value ?? {};
  if (!isSettings(written)) {
    throw new InputError("an experiment is a list of `key: value` settings", {
      file,
      received: showValue(written),
    });
  }
  const overrides = [
    ...environmentOverrides(options.env ?? {}),
    ...(options.overrides ?? []).map(flagOverride),
  ];
  return resolveLayers({ file, source, written, overrides }, []);
}

/** Checks plain data (a run's saved config.yaml, say) and fills in defaults. */
export function resolveConfig(value: unknown, file: string): ExperimentConfig {
  const result = experimentSchema.safeParse(expandShorthands(isSettings(value) ? value : { value }));
  if (result.success) return result.data;
  throw configError(result.error.issues, value, () => file);
}

/** Resolves layers with `variant` settings (of a sweep) between the file and the overrides. */
export function resolveLayers(
  layers: Layers,
  variant: readonly { readonly key: string; readonly value: unknown; readonly label: string }[],
): ParsedExperiment {
  let merged = layers.written;
  for (const { key, value, label } of [...variant, ...layers.overrides]) {
    merged = withSetting(merged, keyParts(key, label), value, SHORTHAND_SECTIONS);
  }
  merged = expandShorthands(merged);
  const locate: Locate = (path) => {
    const key = path.map(String).join(".");
    const owner = [...layers.overrides, ...variant].findLast((entry) => covers(entry.key, key));
    if (owner !== undefined) return owner.label;
    const line = layers.source.lineOf(path);
    return line === undefined ? layers.file : `${layers.file}:${line}`;
  };
  const result = experimentSchema.safeParse(merged);
  if (!result.success) throw configError(result.error.issues, merged, locate);
  return { config: result.data, origin: origins(result.data, layers), layers };
}

function origins(config: ExperimentConfig, layers: Layers): Record<string, Origin> {
  const written = expandShorthands(layers.written);
  const origin: Record<string, Origin> = {};
  for (const path of leafPaths(config as unknown as Settings)) {
    const key = path.join(".");
    const override = layers.overrides.findLast((entry) => covers(entry.key, key));
    origin[key] = override?.origin ?? (isWritten(written, path) ? "file" : "default");
  }
  return origin;
}

/** Whether setting `key` decides the value of `leaf`. A whole section that was replaced decides all its leaves. */
function covers(key: string, leaf: string): boolean {
  return leaf === key || leaf.startsWith(`${key}.`);
}

function expandShorthands(settings: Settings): Settings {
  const result = { ...settings };
  for (const section of SHORTHAND_SECTIONS) {
    if (typeof result[section] === "string") result[section] = { name: result[section] };
  }
  return result;
}

function environmentOverrides(env: Readonly<Record<string, string | undefined>>): Override[] {
  return Object.entries(ENVIRONMENT).flatMap(([variable, key]) => {
    const text = env[variable];
    if (text === undefined || text === "") return [];
    return [{ key, value: parseYaml(text, variable).value, origin: "env" as const, label: variable }];
  });
}

function flagOverride(text: string): Override {
  const label = `--set ${text}`;
  const equals = text.indexOf("=");
  if (equals <= 0) {
    throw new InputError("not a setting", { file: label, allowed: "key=value, such as optimizer.lr=0.02" });
  }
  const key = text.slice(0, equals).trim();
  keyParts(key, label);
  return { key, value: parseYaml(text.slice(equals + 1), label).value, origin: "flag", label };
}
