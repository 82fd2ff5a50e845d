// A run's values by name, as the table shows, the filter compares and grouping uses them: settings, state, statistics.
import { nearest } from "../../math/errors.ts";
import type { ConfigValue, RunEntry, SeriesStats } from "../../record/serve-api.ts";

/** What a field can hold; undefined where a run has no such thing. */
export type FieldValue = ConfigValue | undefined;

const STATE: Readonly<Record<string, (run: RunEntry) => FieldValue>> = {
  id: (run) => run.id,
  name: (run) => run.name,
  status: (run) => run.status,
  step: (run) => run.step,
  steps: (run) => run.steps,
  threshold: (run) => run.threshold,
  tags: (run) => run.notes.tags,
  notes: (run) => run.notes.text,
  created: (run) => run.createdAt,
  onset: (run) => run.summary?.onset,
  seconds: (run) => run.summary?.seconds,
  equilibrium: (run) => run.summary?.equilibriumSharpness,
  equilibriumSd: (run) => run.summary?.equilibriumSd,
  verdict: (run) => run.summary?.edge?.verdict,
  gap: (run) => {
    const settled = run.summary?.equilibriumSharpness ?? null;
    return settled === null || run.threshold === null ? undefined : run.threshold - settled;
  },
};

/** What can be asked of a series: `last.loss`, `max.sharpness`, `maxStep.sharpness`. */
export const STATISTICS = ["last", "min", "max", "minStep", "maxStep"] as const;
type StatisticName = (typeof STATISTICS)[number];

const STATISTIC = new RegExp(`^(${STATISTICS.join("|")})\\.(.+)$`);

/** The value of a field, by its full name. */
export function fieldOf(run: RunEntry, name: string): FieldValue {
  if (Object.hasOwn(run.config, name)) return run.config[name];
  if (Object.hasOwn(STATE, name)) return STATE[name]!(run);
  const match = STATISTIC.exec(name);
  if (match === null) return undefined;
  return seriesNamed(run, match[2]!)?.[match[1] as StatisticName];
}

/** Statistics of a series by its short name: at the iterate before the midpoint, measured before per step. */
function seriesNamed({ series }: RunEntry, short: string): SeriesStats | undefined {
  if (series === null) return undefined;
  const places = [`iterate ${short}`, `step ${short}`, `midpoint ${short}`, short];
  const found = places.find((name) => Object.hasOwn(series, name));
  return found === undefined ? undefined : series[found];
}

/** Every field some run has, settings first. */
export function fieldNames(runs: readonly RunEntry[]): string[] {
  const settings = new Set<string>();
  const short = new Set<string>();
  for (const run of runs) {
    for (const key of Object.keys(run.config)) settings.add(key);
    for (const key of Object.keys(run.series ?? {})) short.add(key.replace(/^\w+ /, ""));
  }
  // A setting shadows a state of its name ("name", "steps"), being the same thing.
  const state = Object.keys(STATE).filter((name) => !settings.has(name));
  const statistics = STATISTICS.flatMap((statistic) => [...short].map((name) => `${statistic}.${name}`));
  return [...settings, ...state, ...statistics];
}

/** How a name as typed resolves among the fields there are. */
export type Resolution =
  | { readonly name: string }
  | { readonly unknown: string; readonly hint: string | undefined }
  | { readonly ambiguous: readonly string[] };

/** Resolves a name: as it is, or by its end (`lr` for `optimizer.lr`) when only one setting ends so. */
export function resolveField(typed: string, names: readonly string[]): Resolution {
  if (names.includes(typed)) return { name: typed };
  const ending = names.filter((name) => name.endsWith(`.${typed}`) && !STATISTIC.test(name));
  if (ending.length === 1) return { name: ending[0]! };
  if (ending.length > 1) return { ambiguous: ending };
  return {
    unknown: typed,
    hint: nearest(typed, [...names, ...names.map((name) => name.split(".").at(-1)!)]),
  };
}

/** A value as text: lists as in file names ("200-200"), missing as "". */
export function showField(value: FieldValue): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "object") return value.join("-");
  return String(value);
}

/** Order of two values: numbers by size, all else as text, missing last. */
export function compareFields(a: FieldValue, b: FieldValue): number {
  const [missingA, missingB] = [isMissing(a), isMissing(b)];
  if (missingA || missingB) return Number(missingA) - Number(missingB);
  if (typeof a === "number" && typeof b === "number") return a - b;
  // Numbers before words: "full" is the greatest batch.
  if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
  return showField(a).localeCompare(showField(b), "en", { numeric: true });
}

function isMissing(value: FieldValue): boolean {
  return value === undefined || value === null || (typeof value === "number" && !Number.isFinite(value));
}
