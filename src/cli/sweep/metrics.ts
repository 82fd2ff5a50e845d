// Numbers by which runs are compared: those of the summary, and any measured quantity at equilibrium.
import { didYouMean, equilibrium, InputError, mean } from "../../math/index.ts";
import type { MeasurementEvent, RunRecord, RunSummary } from "../../record/index.ts";

/** A number a run can be asked for. */
export interface Metric {
  readonly name: string;
  /** Heading of its column. */
  readonly title: string;
  /** Undefined where the run has no such number; null where it came out non-finite. */
  readonly value: (record: RunRecord, records: readonly RunRecord[]) => number | null | undefined;
}

const DEFAULT_RECORDS = 20;
/** Before the name of a field: as measured at the midpoint. */
const MIDPOINT = /^midpoint\./;

/** How many measurements at the end of a run count as its equilibrium. */
function equilibriumRecords(record: RunRecord): number {
  const measure = record.config["measure"] as { equilibriumRecords?: unknown } | null | undefined;
  const count = measure?.equilibriumRecords;
  return typeof count === "number" && Number.isInteger(count) && count > 0 ? count : DEFAULT_RECORDS;
}

/** Solved sharpnesses, where the summary's mean takes them from: midpoints only when nothing else was measured. */
function solves(record: RunRecord): { step: number; value: number | null }[] {
  const solved = record.measurements.filter(
    ({ sharpness, rayleigh }) => sharpness !== undefined && rayleigh !== true,
  );
  const atIterate = solved.filter(({ point }) => point === "iterate");
  return (atIterate.length > 0 ? atIterate : solved).map(({ step, sharpness }) => ({
    step,
    value: sharpness ?? null,
  }));
}

function atEquilibrium(record: RunRecord): ReturnType<typeof equilibrium> {
  return equilibrium(solves(record), { last: equilibriumRecords(record) });
}

function ofSummary(key: keyof RunSummary, title: string): Metric {
  return {
    name: key,
    title,
    value: ({ summary }) => {
      const value = summary?.[key];
      return typeof value === "number" ? value : value === null ? null : undefined;
    },
  };
}

function sharpnessOf(record: RunRecord): number | undefined {
  return atEquilibrium(record).mean ?? undefined;
}

const named: readonly Metric[] = [
  { name: "sharpness", title: "S_eq", value: sharpnessOf },
  { name: "stderr", title: "stderr", value: (record) => atEquilibrium(record).stderr ?? undefined },
  { name: "tau", title: "τ", value: (record) => atEquilibrium(record).tau ?? undefined },
  { name: "sd", title: "sd", value: (record) => atEquilibrium(record).sd ?? undefined },
  ofSummary("threshold", "2/η"),
  {
    name: "gap",
    title: "gap to 2/η",
    value: (record) => difference(record.summary?.threshold, sharpnessOf(record)),
  },
  {
    name: "relative",
    title: "S·η/2",
    value: (record) => {
      const [sharpness, threshold] = [sharpnessOf(record), record.summary?.threshold];
      return sharpness === undefined || threshold === undefined ? undefined : sharpness / threshold;
    },
  },
  ofSummary("loss", "loss"),
  ofSummary("accuracy", "accuracy"),
  ofSummary("testAccuracy", "test accuracy"),
  ofSummary("onset", "onset"),
  ofSummary("step", "step"),
  ofSummary("hvps", "hvps"),
  ofSummary("seconds", "seconds"),
];

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

/** Shown when the user names none, as far as any run has them. */
const DEFAULTS: readonly string[] = [
  "sharpness",
  "stderr",
  "gap",
  "gapToGd",
  "loss",
  "accuracy",
  "testAccuracy",
];

/**
 * The metrics a user named, or the usual ones. A name is one of the summary's (`sharpness`, also written `S_eq`,
 * `stderr`, `gap`, `gapToGd`, `loss`, …) or a field of a measurement (`gradNorm`, `alpha`, `noiseVariance.with.50`),
 * of which the mean over the last `measure.equilibriumRecords` measurements is taken: at the iterates, unless there are
 * only midpoints or `midpoint.alpha` asks for those.
 *
 * @param gapToGd the gap to gradient descent, which takes the other runs to know
 * @throws InputError for a name that no run has
 */
export function chooseMetrics(
  names: readonly string[] | undefined,
  records: readonly RunRecord[],
  gapToGd: Metric["value"],
): Metric[] {
  const known = [
    ...named.slice(0, 6),
    { name: "gapToGd", title: "gap to GD", value: gapToGd },
    ...named.slice(6),
  ];
  const byName = new Map(known.map((metric) => [metric.name, metric]));
  if (names === undefined) {
    return DEFAULTS.map((name) => byName.get(name)!).filter(({ value }) =>
      records.some((record) => typeof value(record, records) === "number"),
    );
  }
  const fields = new Set(records.flatMap(({ measurements }) => numericFields(measurements)));
  return names.map((name) => {
    const metric = byName.get(name === "S_eq" ? "sharpness" : name);
    if (metric !== undefined) return metric;
    if (fields.has(name.replace(MIDPOINT, "")))
      return { name, title: name, value: (record) => fieldMean(record, name) };
    const allowed = [...new Set([...byName.keys(), ...fields])];
    const hint = didYouMean(name, allowed);
    throw new InputError("no run has this number", {
      field: "--metric",
      received: name,
      allowed,
      ...(hint === undefined ? {} : { hint }),
    });
  });
}

/** Dotted paths of the numbers in a run's measurements. */
function numericFields(measurements: readonly MeasurementEvent[]): string[] {
  const paths = new Set<string>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "number") paths.add(path);
    else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [key, child] of Object.entries(value)) walk(child, path === "" ? key : `${path}.${key}`);
    }
  };
  for (const measurement of measurements) walk(measurement, "");
  paths.delete("step");
  return [...paths];
}

/** Mean of the last measurements of a field; null when any of them came out non-finite. */
function fieldMean(record: RunRecord, name: string): number | null | undefined {
  const path = name.replace(MIDPOINT, "");
  const at = (place: string): (number | null)[] =>
    record.measurements
      .filter(({ point }) => point === place)
      .map((measurement) => fieldAt(measurement, path))
      .filter((value) => value !== undefined);
  const atIterate = path === name ? at("iterate") : [];
  const values = (atIterate.length > 0 ? atIterate : at("midpoint")).slice(-equilibriumRecords(record));
  if (values.length === 0) return undefined;
  const finite = values.filter((value) => value !== null);
  return finite.length < values.length ? null : mean(finite);
}

function fieldAt(measurement: MeasurementEvent, path: string): number | null | undefined {
  let value: unknown = measurement;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === "number" || value === null ? value : undefined;
}
