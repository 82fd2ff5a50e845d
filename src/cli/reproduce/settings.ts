// The settings a paper leaves open and a reader needs: what the runs behind a figure had, in words.
import type { GapRun } from "../../lab/index.ts";
import type { LossName } from "../../nets/index.ts";

/** One line: what, and what it was. */
export interface SettingLine {
  readonly setting: string;
  readonly value: string;
}

const LOSSES: Readonly<Record<LossName, string>> = {
  mse: "½·Σ over outputs, mean over examples",
  "mse-sum": "Σ over outputs without the ½, mean over examples",
  ce: "cross-entropy, natural logarithm, mean over examples",
  logistic: "logistic, mean over examples",
};

/** Settings of the runs; several values of one setting are all named. */
export function openSettings(runs: readonly GapRun[]): SettingLine[] {
  const each = (value: (run: GapRun) => string): string => [...new Set(runs.map(value))].join("; ");
  const stochastic = runs.filter(({ batch }) => batch !== "full");
  const perBatch = (value: (run: GapRun) => string): string => {
    const bySize = new Map<string, Set<string>>();
    for (const run of runs) {
      const size = run.batch === "full" ? "GD" : `b${run.batch}`;
      bySize.set(size, (bySize.get(size) ?? new Set()).add(value(run)));
    }
    return [...bySize].map(([size, values]) => `${size} ${[...values].join("/")}`).join(", ");
  };
  const lines: SettingLine[] = [
    { setting: "data", value: each(({ config: { data } }) => describeData(data)) },
    { setting: "network", value: each(({ config: { net } }) => describeNet(net)) },
    { setting: "loss", value: each(({ config: { loss } }) => LOSSES[loss]) },
    { setting: "learning rate", value: each(({ lr }) => String(lr)) },
    { setting: "sampling", value: [...new Set(stochastic.map(({ sampling }) => sampling))].join("; ") },
    { setting: "steps", value: perBatch(({ config: { steps } }) => String(steps)) },
    {
      setting: "measured every",
      value: perBatch(({ config: { measure } }) => `${measure.every} steps`),
    },
    {
      setting: "S_eq",
      value: each(({ config: { measure } }) => `mean of the last ${measure.equilibriumRecords} records`),
    },
    {
      setting: "seeds",
      value: [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b).join(", "),
    },
    { setting: "precision", value: each(({ config: { precision } }) => precision) },
    { setting: "Brink", value: each(({ record }) => builtFrom(record.provenance ?? null)) },
  ];
  return lines.filter(({ value }) => value !== "");
}

/** Plain `key value` of a section, its name first; bookkeeping left out. */
function describeData(data: object): string {
  return describe(data, new Set(["dir", "dtype", "testN"]));
}

function describeNet(net: object): string {
  return describe(net, new Set());
}

function describe(section: object, hidden: ReadonlySet<string>): string {
  const { name, ...rest } = section as Record<string, unknown>;
  const parts = Object.entries(rest)
    .filter(([key, value]) => !hidden.has(key) && value !== null)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.map(text).join("-") : text(value)}`);
  return [text(name), ...parts].join(", ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function builtFrom(provenance: GapRun["record"]["provenance"] | null): string {
  if (provenance === null || provenance === undefined) return "";
  const { brink, git } = provenance;
  return git === null ? brink : `${brink} (${git.commit.slice(0, 8)}${git.dirty ? ", modified" : ""})`;
}
