// Runs side by side: what differs, the numbers they ended with, and the same grouped over seeds.
import { existsSync } from "node:fs";
import path from "node:path";
import { differing, differingKeys, flattenConfig, mixedProblems } from "../../figures/index.ts";
import { measuredOf } from "../../figures/findings.ts";
import { InputError } from "../../math/index.ts";
import { readRun } from "../../node/read-run.ts";
import { isLocked } from "../../node/run-lock.ts";
import type { RunRecord } from "../../record/index.ts";
import { statusOf } from "../commands/ls.ts";
import { type Column, formatNumber, formatTable } from "../format.ts";
import { resolvePath } from "../host.ts";
import type { Io, Output } from "../output.ts";
import { summedUp } from "../results.ts";
import { findRuns, isRunFolder } from "../run-refs.ts";
import { type ComparedRun, gapToGd, groupRuns, groupTable } from "./groups.ts";
import { MANIFEST_FILE, readManifest } from "./manifest.ts";
import { chooseMetrics, type Metric } from "./metrics.ts";

/** What to compare runs by. */
export interface ComparisonOptions {
  readonly runsDir: string;
  /** Settings to group by; all but the seed when absent. */
  readonly by: readonly string[] | undefined;
  /** Numbers to show; the usual ones when absent. */
  readonly metrics: readonly string[] | undefined;
}

/**
 * Prints the comparison of the runs that `refs` name.
 *
 * @returns the process exit code
 * @throws InputError for a reference, setting or number that no run has
 */
export async function compare(
  output: Output,
  refs: readonly string[],
  options: ComparisonOptions,
): Promise<number> {
  const { io } = output;
  const folders = await foldersOf(io, options.runsDir, refs);
  const records: RunRecord[] = [];
  const statuses: string[] = [];
  for (const folder of folders) {
    // The losses of all steps of hundreds of runs would not fit; nothing here looks at them.
    const record: RunRecord = { ...(await readRun(folder)), steps: [] };
    records.push(record);
    statuses.push(statusOf({ summary: record.summary, live: await isLocked(folder) }));
  }
  const metrics = chooseMetrics(nonEmpty(options.metrics, "--metric"), records, gapToGd);
  const runs = records.map((record, i) => ({
    id: record.id,
    config: record.config,
    status: statuses[i]!,
    metrics: Object.fromEntries(metrics.map((metric) => [metric.name, metric.value(record, records)])),
  }));
  const names = metrics.map(({ name }) => name);
  const by = nonEmpty(options.by, "--group-by");
  const grouped = groupRuns(runs, names, by);
  const keys = differingKeys(
    records.map(({ config }) => config),
    true,
  );
  output.json({
    differs: Object.fromEntries(
      [...differing(records.map(({ config }) => config))].filter(([key]) => keys.includes(key)),
    ),
    runs: runs.map(({ id, status, metrics: values }, i) => ({
      run: id,
      status,
      metrics: values,
      edge: records[i]!.summary?.edge ?? null,
      ...measuredOf(records[i]!),
    })),
    groupedBy: grouped.keys,
    groups: grouped.groups,
    mixed: grouped.mixed,
  });
  if (by === undefined) output.text(runTable(runs, keys, metrics));
  // Without repetitions a second table would only say the same again.
  if (by !== undefined || grouped.groups.length < runs.length) {
    if (by === undefined) output.text("\nmean ± sd over seeds:");
    output.text(groupTable(grouped, metrics));
  }
  output.below(summedUp(records));
  const apart = mixedProblems(records.map(({ config }) => config));
  if (apart !== null) output.warn(apart);
  warnDoubts(output, grouped);
  return 0;
}

function nonEmpty(names: readonly string[] | undefined, flag: string): readonly string[] | undefined {
  if (names?.length === 0) throw new InputError("needs at least one name", { field: flag });
  return names;
}

/** Run folders of references as everywhere, and of the folders of sweeps. */
async function foldersOf(io: Io, runsDir: string, refs: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const ref of refs) {
    const sweep = [resolvePath(io, ref), path.join(resolvePath(io, runsDir), ref)].find((folder) =>
      existsSync(path.join(folder, MANIFEST_FILE)),
    );
    if (sweep === undefined) {
      folders.push(...findRuns(io, runsDir, [ref]));
      continue;
    }
    const { entries, damaged } = await readManifest(sweep);
    if (damaged !== null) {
      throw new InputError(`the sweep's manifest is damaged: ${damaged}`, {
        file: path.join(ref, MANIFEST_FILE),
        hint: "`brink sweep` with the same file rebuilds it, or name the runs",
      });
    }
    const found = Array.from(entries.values(), ({ run }) => path.resolve(sweep, "../..", run)).filter(
      isRunFolder,
    );
    if (found.length === 0) throw new InputError("the sweep has no runs", { file: ref });
    folders.push(...found);
  }
  return [...new Set(folders)];
}

function runTable(runs: readonly ComparedRun[], keys: readonly string[], metrics: readonly Metric[]): string {
  const last = keys.map((key) => key.split(".").at(-1)!);
  const columns: Column[] = [
    { title: "run" },
    ...keys.map((key, i) => ({
      title: last.indexOf(last[i]!) === last.lastIndexOf(last[i]!) ? last[i]! : key,
    })),
    { title: "status" },
    ...metrics.map(({ title }) => ({ title, align: "right" as const })),
  ];
  const flat = runs.map(({ config }) => flattenConfig(config));
  return formatTable(
    columns,
    runs.map(({ id, status, metrics: values }, i) => [
      id,
      ...keys.map((key) => flat[i]!.get(key) ?? "–"),
      status,
      ...metrics.map(({ name }) => formatNumber(values[name])),
    ]),
  );
}

function warnDoubts(output: Output, { groups, mixed }: ReturnType<typeof groupRuns>): void {
  const excluded = groups.flatMap((group) => group.excluded);
  if (excluded.length > 0) {
    const runs = excluded.map(({ run, status }) => `${run} (${status})`).join(", ");
    output.warn(`not in any mean: ${runs}`);
  }
  if (mixed.length > 0) output.warn(`groups mix runs that also differ in ${mixed.join(", ")}`);
}
