// Runs grouped by what sets them apart, with mean ± sd over the rest: seeds, unless told otherwise.
import {
  type Config,
  configLabels,
  differingKeys,
  flattenConfig,
  gradientDescentFor,
} from "../../figures/index.ts";
import { didYouMean, groupStatistics, InputError, type Summary } from "../../math/index.ts";
import type { RunRecord } from "../../record/index.ts";
import { type Column, formatNumber, formatSpread, formatTable } from "../format.ts";

/** A run with the numbers to compare. */
export interface ComparedRun {
  readonly id: string;
  readonly config: Config;
  /** Only `finished` runs enter means. */
  readonly status: string;
  /** By metric; null or absent where the run has no such number. */
  readonly metrics: Readonly<Record<string, number | null | undefined>>;
}

/** Runs that agree on the keys grouped by. */
export interface RunGroup {
  readonly label: string;
  /** Value of each key grouped by, as text; keys the configurations lack are left out. */
  readonly values: Readonly<Record<string, string>>;
  readonly runs: readonly string[];
  /** Runs that enter no mean, because they diverged, failed or are not over. */
  readonly excluded: readonly { readonly run: string; readonly status: string }[];
  readonly metrics: Readonly<Record<string, Summary>>;
}

export interface GroupedRuns {
  readonly keys: readonly string[];
  readonly groups: readonly RunGroup[];
  /** Keys (other than the seed) on which runs within one group differ: its mean mixes them. */
  readonly mixed: readonly string[];
}

/**
 * Groups runs by `by` (dotted keys, or whole sections), or by everything they differ in except the seed.
 *
 * @throws InputError for a key that no configuration has
 */
export function groupRuns(
  runs: readonly ComparedRun[],
  metrics: readonly string[],
  by?: readonly string[],
): GroupedRuns {
  const flat = new Map(runs.map((run) => [run, flattenConfig(run.config)]));
  const keys =
    by === undefined
      ? differingKeys(
          runs.map(({ config }) => config),
          false,
        )
      : leavesOf(by, [...flat.values()]);
  const keyOf = (run: ComparedRun): string =>
    JSON.stringify(keys.map((key) => flat.get(run)!.get(key) ?? null));
  const members = new Map<string, ComparedRun[]>();
  for (const run of runs) members.set(keyOf(run), [...(members.get(keyOf(run)) ?? []), run]);
  const byMetric = metrics.map((metric) => ({
    metric,
    groups: new Map(
      groupStatistics(runs, keyOf, ({ status, metrics: values }) =>
        status === "finished" ? values[metric] : null,
      ).map((group) => [group.key, group]),
    ),
  }));
  const labels = groupLabels([...members.values()], keys, by !== undefined, flat);
  const mixed = new Set<string>();
  const groups = [...members].map(([key, group], i) => {
    const apart = differingKeys(
      group.map(({ config }) => config),
      false,
    );
    for (const other of apart) mixed.add(other);
    const leaves = flat.get(group[0]!)!;
    return {
      label: labels[i]!,
      values: Object.fromEntries(
        keys.flatMap((name) => (leaves.has(name) ? [[name, leaves.get(name)!]] : [])),
      ),
      runs: group.map(({ id }) => id),
      excluded: group
        .filter(({ status }) => status !== "finished")
        .map(({ id, status }) => ({ run: id, status })),
      metrics: Object.fromEntries(
        byMetric.map(({ metric, groups }) => {
          const { n, mean, sd, stderr } = groups.get(key)!;
          return [metric, { n, mean, sd, stderr }];
        }),
      ),
    };
  });
  return { keys, groups, mixed: [...mixed] };
}

function leavesOf(by: readonly string[], flat: readonly ReadonlyMap<string, string>[]): string[] {
  const all = [...new Set(flat.flatMap((leaves) => [...leaves.keys()]))];
  return by.flatMap((key) => {
    const leaves = all.filter((leaf) => leaf === key || leaf.startsWith(`${key}.`));
    if (leaves.length > 0) return leaves;
    const hint = didYouMean(key, all);
    throw new InputError("no run has this setting", {
      field: "--group-by",
      received: key,
      ...(hint === undefined ? {} : { hint }),
    });
  });
}

function groupLabels(
  groups: readonly (readonly ComparedRun[])[],
  keys: readonly string[],
  asKeys: boolean,
  flat: ReadonlyMap<ComparedRun, ReadonlyMap<string, string>>,
): string[] {
  const first = groups.map((group) => group[0]!);
  if (asKeys) {
    return first.map((run) => keys.map((key) => `${key}=${flat.get(run)!.get(key) ?? "–"}`).join(" "));
  }
  const bare = first.map(({ config: { name: _name, seed: _seed, ...rest } }) => rest);
  const labels = configLabels(
    bare,
    first.map(({ id }) => id),
  );
  return labels.map((label, i) => {
    const { config, id } = first[i]!;
    if (label !== "") return label;
    return typeof config["name"] === "string" ? config["name"] : id;
  });
}

/**
 * S of gradient descent minus S of the run, undefined when there is no finished full-batch run with the same learning
 * rate, data, network and loss. The full-batch run of the same seed is taken if there is one, else the first.
 */
export function gapToGd(record: RunRecord, records: readonly RunRecord[]): number | undefined {
  const sharpness = record.summary?.equilibriumSharpness ?? null;
  const finished = records.filter(({ summary }) => summary?.status === "finished");
  const reference = gradientDescentFor(record, finished)?.summary?.equilibriumSharpness ?? null;
  return sharpness === null || reference === null ? undefined : reference - sharpness;
}

/** Plain table of groups: label, runs that count, mean ± sd of each metric that any group has. */
export function groupTable(
  { groups }: GroupedRuns,
  metrics: readonly { readonly name: string; readonly title: string }[],
): string {
  const shown = metrics.filter(({ name }) => groups.some((group) => group.metrics[name]!.n > 0));
  const columns: Column[] = [
    { title: "group" },
    { title: "runs", align: "right" },
    ...shown.map(({ title }) => ({ title, align: "right" as const })),
  ];
  return formatTable(
    columns,
    groups.map(({ label, runs, excluded, metrics: values }) => [
      label,
      excluded.length === 0 ? String(runs.length) : `${runs.length - excluded.length} of ${runs.length}`,
      ...shown.map(({ name }) => {
        const { mean, sd } = values[name]!;
        if (mean === null) return "–";
        // A learning rate's threshold is the same in every run of a group.
        return sd === 0 ? formatNumber(mean) : formatSpread(mean, sd);
      }),
    ]),
  );
}
