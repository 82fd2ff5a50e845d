// What differs between the configurations of several runs, and short labels that name only that.

/** Plain configuration data, as in config.yaml. */
export type Config = Readonly<Record<string, unknown>>;

/**
 * Dotted keys of every leaf of a configuration with its value as text. Lists are leaves ("200-200"), and so
 * are empty objects. Keys that contain dots themselves are kept as written.
 */
export function flattenConfig(config: Config): Map<string, string> {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (isPlainObject(value) && Object.keys(value).length > 0) {
      for (const [key, child] of Object.entries(value)) walk(child, path === "" ? key : `${path}.${key}`);
    } else if (value !== undefined) {
      leaves.set(path, formatValue(value));
    }
  };
  for (const [key, value] of Object.entries(config)) walk(value, key);
  return leaves;
}

/**
 * The dotted keys on which the configurations do not all agree, each with one value per configuration (in
 * order; undefined where a configuration has no such key). Empty when there are fewer than two.
 */
export function differing(configs: readonly Config[]): Map<string, (string | undefined)[]> {
  const flat = configs.map(flattenConfig);
  const keys = new Set(flat.flatMap((leaves) => [...leaves.keys()]));
  const result = new Map<string, (string | undefined)[]>();
  for (const key of keys) {
    const values = flat.map((leaves) => leaves.get(key));
    if (new Set(values).size > 1) result.set(key, values);
  }
  return result;
}

/** The fields that decide what is trained and how; the others only tell runs apart when these do not. */
const DEFINING = ["optimizer", "loss", "net", "data", "precision", "seed"];

/**
 * One short label per configuration made of what differs: `gd`, `sgd batch 50`, `lr 0.02`. Fields of the
 * optimizer come first, then loss, net, data, precision and seed; bookkeeping (name, cadence, steps) is used
 * only when two labels would otherwise be equal, and `ids` when even that does not separate them. A single
 * configuration has an empty label.
 */
export function configLabels(configs: readonly Config[], ids: readonly string[]): string[] {
  const table = differing(configs);
  // A key that only some configurations have says nothing about the others; but a batch size always does, since
  // a run without one uses all examples.
  const informative = [...table].filter(
    ([key, values]) => key === "optimizer.batch" || new Set(values.filter(isDefined)).size > 1,
  );
  const rank = (key: string): number => {
    const index = DEFINING.indexOf(key.split(".")[0]!);
    return index < 0 ? DEFINING.length : index + (key.endsWith(".name") ? 0 : 0.5);
  };
  const byRank = (entries: [string, (string | undefined)[]][]): string[] =>
    entries.map(([key]) => key).sort((a, b) => rank(a) - rank(b));
  const defining = byRank(informative.filter(([key]) => rank(key) < DEFINING.length));
  const rest = byRank([...table].filter(([key]) => !defining.includes(key)));

  const keys = [...defining];
  let labels = labelsFrom(keys, table, configs);
  for (const key of rest) {
    if (new Set(labels).size === labels.length) break;
    const candidate = labelsFrom(keys.concat(key), table, configs);
    if (new Set(candidate).size > new Set(labels).size) {
      keys.push(key);
      labels = candidate;
    }
  }
  if (configs.length < 2) return labels;
  return labels.map((label, i) =>
    label !== "" && labels.indexOf(label) === labels.lastIndexOf(label)
      ? label
      : `${label} ${ids[i]!}`.trim(),
  );
}

function labelsFrom(
  keys: readonly string[],
  table: Map<string, (string | undefined)[]>,
  configs: readonly Config[],
): string[] {
  const shortNames = keys.map((key) => key.split(".").at(-1)!);
  return configs.map((config, i) => {
    const fullBatch = isFullBatch(config);
    const parts: string[] = [];
    for (const [k, key] of keys.entries()) {
      const value = table.get(key)![i];
      if (value === undefined) continue;
      // Gradient descent's batch is always everything, so naming it (or how it is drawn) adds nothing.
      if (fullBatch && (key === "optimizer.batch" || key === "optimizer.sampling")) {
        if (table.get("optimizer.name") === undefined && key === "optimizer.batch") parts.push("full batch");
        continue;
      }
      const short = shortNames[k]!;
      if (short === "name") parts.push(value);
      else
        parts.push(`${shortNames.indexOf(short) === shortNames.lastIndexOf(short) ? short : key} ${value}`);
    }
    return parts.join(" ");
  });
}

/** Differences that are not a setting of the experiment, and the seed, which is what means are taken over. */
const NOT_A_SETTING = /^(?:name|seed|report|checkpoint(?:\..*)?)$/;
/** Settings that decide what the loss is. */
const PROBLEM = /^(?:loss$|net\.|data\.(?:name|n|file|classes|standardize|targets)$)/;

/** Dotted keys on which configurations differ, apart from name and bookkeeping; the seed only if `withSeed`. */
export function differingKeys(configs: readonly Config[], withSeed: boolean): string[] {
  return [...differing(configs).keys()].filter(
    (key) => !NOT_A_SETTING.test(key) || (withSeed && key === "seed"),
  );
}

/**
 * A sentence for runs of different data, networks or losses, which are easily drawn in one figure and mean little side
 * by side; null for runs of one problem.
 */
export function mixedProblems(configs: readonly Config[]): string | null {
  const keys = differingKeys(configs, false).filter((key) => PROBLEM.test(key));
  return keys.length === 0
    ? null
    : `the runs are of different problems (${keys.join(", ")}), so their sharpness and loss need not be on one scale`;
}

/** Whether a configuration trains on all examples at every step (gradient descent, or `batch: full`). */
export function isFullBatch(config: Config): boolean {
  const optimizer = config["optimizer"];
  if (!isPlainObject(optimizer)) return false;
  return optimizer["name"] === "gd" || optimizer["batch"] === "full";
}

/** The value at a dotted path of a configuration, or undefined. */
export function configValue(config: Config, path: string): unknown {
  let value: unknown = config;
  for (const key of path.split(".")) {
    if (!isPlainObject(value)) return undefined;
    value = value[key];
  }
  return value;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatValue).join("-");
  if (typeof value === "string" && value !== "") return value;
  return JSON.stringify(value) ?? String(value);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDefined(value: string | undefined): value is string {
  return value !== undefined;
}
