// One experiment file → the runs it stands for: listed variants times the cartesian product of its sweep.
import { InputError } from "../math/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { type Origin, type ParsedExperiment, resolveLayers } from "./parse-experiment.ts";
import { keyParts } from "./settings.ts";

/** One run of an experiment: no sweep and no variants left in its configuration. */
export interface ExpandedRun {
  readonly name: string;
  readonly config: ExperimentConfig;
  readonly origin: Readonly<Record<string, Origin>>;
}

interface Choice {
  readonly suffix: string;
  readonly settings: readonly { readonly key: string; readonly value: unknown; readonly label: string }[];
}

const MOST_RUNS = 10_000;

/**
 * The runs of an experiment, in file order with the last swept key varying fastest; a file with neither `sweep`
 * nor `runs` is one run. A key set by a flag or a variable is no longer swept. Names are
 * `name-variant-b50-s0`, unique within the file.
 *
 * @throws InputError for a swept key that does not exist, a bad value, or more than 10,000 runs
 */
export function expandSweep(parsed: ParsedExperiment): ExpandedRun[] {
  const { config, layers } = parsed;
  const fixed = new Set(layers.overrides.map(({ key }) => key));
  const variants: Choice[] = config.runs.map(({ name, set }) => ({
    suffix: `-${name}`,
    settings: Object.entries(set).map(([key, value]) => setting(key, value, `runs: ${name}`)),
  }));
  const axes = Object.entries(config.sweep)
    .filter(([key]) => !fixed.has(key))
    .map(([key, values]) =>
      values.map((value) => ({
        suffix: `-${valueLabel(key, value)}`,
        settings: [setting(key, value, "sweep")],
      })),
    );
  const count = axes.reduce((product, axis) => product * axis.length, Math.max(1, variants.length));
  if (count > MOST_RUNS) {
    throw new InputError("the sweep is too large", {
      file: layers.file,
      field: "sweep",
      received: `${count} runs`,
      allowed: `at most ${MOST_RUNS}`,
    });
  }
  let choices: readonly Choice[] = variants.length === 0 ? [{ suffix: "", settings: [] }] : variants;
  for (const axis of axes) {
    choices = choices.flatMap((choice) =>
      axis.map(({ suffix, settings }) => ({
        suffix: choice.suffix + suffix,
        settings: [...choice.settings, ...settings],
      })),
    );
  }
  const taken = new Set<string>();
  return choices.map(({ suffix, settings }) => {
    const resolved = resolveLayers(layers, settings);
    const name = unique(`${config.name}${suffix}`, taken);
    return { name, config: { ...resolved.config, name, sweep: {}, runs: [] }, origin: resolved.origin };
  });
}

function setting(key: string, value: unknown, label: string): Choice["settings"][number] {
  const [head] = keyParts(key, label);
  if (head === "sweep" || head === "runs" || head === "name") {
    throw new InputError("this key cannot vary between runs", { file: label, received: key });
  }
  return { key, value, label };
}

function unique(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let i = 2; taken.has(candidate); i++) candidate = `${name}-${i}`;
  taken.add(candidate);
  return candidate;
}

const SHORT: Readonly<Record<string, string>> = { "optimizer.batch": "b", seed: "s", "optimizer.lr": "lr" };

/** `b50`, `s0`, `lr0.01`, `activation-relu`: short, and safe in a folder name. */
function valueLabel(key: string, value: unknown): string {
  const last = key.split(".").at(-1)!;
  const named = typeof value === "object" && value !== null && "name" in value ? value.name : value;
  const text = typeof named === "string" || typeof named === "number" ? String(named) : JSON.stringify(named);
  const safe = text.replaceAll(/[^A-Za-z0-9.-]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return SHORT[key] === undefined ? `${last}-${safe}` : `${SHORT[key]}${safe}`;
}

/**
 * A readable folder name for a run: its name, batch and seed, and four hex digits of a hash of the whole
 * configuration, as in `gap-fc-tanh-b50-s0-7f3a`. Parts the name has already are not repeated.
 */
export function runLabel(config: ExperimentConfig): string {
  const name = config.name.replaceAll(/[^A-Za-z0-9._-]+/g, "-");
  const parts = new Set(name.split("-"));
  const batch = config.optimizer.name === "gd" ? "gd" : `b${config.optimizer.batch}`;
  const extra = [batch, `s${config.seed}`].filter((part) => !parts.has(part));
  return [name, ...extra, configHash(config)].join("-");
}

/** First four hex digits of the 32-bit FNV-1a hash of the configuration as JSON. */
function configHash(config: ExperimentConfig): string {
  let hash = 0x811c_9dc5;
  for (const char of JSON.stringify(config)) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x0100_0193);
  return (hash >>> 0).toString(16).padStart(8, "0").slice(0, 4);
}
