// The numbers of a report: one row per run, and the gradient-descent run each gap is measured against.
import type { RunRecord } from "../record/index.ts";
import { configLabels, configValue, flattenConfig, isFullBatch } from "./differing.ts";
import { learningRate, runThreshold } from "./traces.ts";

/** What a report says about one run. Absent: not measured or not known; null: measured and not finite. */
export interface SummaryRow {
  readonly id: string;
  /** The configuration's name. */
  readonly name: string | undefined;
  /** What sets the run apart from the others; empty for a single run. */
  readonly differs: string;
  readonly status: string;
  readonly step: number;
  readonly steps: number | undefined;
  readonly loss: number | null | undefined;
  readonly accuracy: number | null | undefined;
  readonly testAccuracy: number | null | undefined;
  /** Mean sharpness at the end of the run, its sample sd, and over how many solves. */
  readonly equilibrium: number | undefined;
  readonly equilibriumSd: number | undefined;
  readonly equilibriumRecords: number;
  /** Standard error of that mean, and the autocorrelation time of the solves. */
  readonly equilibriumStderr: number | undefined;
  readonly equilibriumTau: number | undefined;
  /** How the sharpness ended; see `edge` in math. */
  readonly edge: string | undefined;
  readonly threshold: number | undefined;
  /** Equilibrium sharpness ÷ threshold. */
  readonly relative: number | undefined;
  /** threshold − equilibrium sharpness. */
  readonly gap: number | undefined;
  /** Equilibrium sharpness of the gradient-descent run minus this run's; absent for that run itself. */
  readonly gapToGd: number | undefined;
  /** Id of that gradient-descent run. */
  readonly gd: string | undefined;
  readonly seconds: number | undefined;
}

/** One row per record, in the order given. Works without summaries: then the last events stand in. */
export function summaryRows(records: readonly RunRecord[]): SummaryRow[] {
  const labels = configLabels(
    records.map((record) => record.config),
    records.map((record) => record.id),
  );
  return records.map((record, i) => {
    const { summary } = record;
    const threshold = runThreshold(record);
    const equilibrium = finite(summary?.equilibriumSharpness);
    const gd = equilibrium === undefined ? undefined : gradientDescentFor(record, records);
    const gdEquilibrium = finite(gd?.summary?.equilibriumSharpness);
    const name = record.config["name"];
    const steps = configValue(record.config, "steps");
    const both = threshold !== undefined && equilibrium !== undefined;
    return {
      id: record.id,
      name: typeof name === "string" ? name : undefined,
      differs: labels[i]!,
      status: summary?.status ?? "no summary",
      step: summary?.step ?? record.steps.at(-1)?.step ?? 0,
      steps: summary?.steps ?? (typeof steps === "number" ? steps : undefined),
      loss: summary === null ? lastValue(record, "loss") : summary.loss,
      accuracy: summary?.accuracy ?? lastValue(record, "accuracy"),
      testAccuracy: summary?.testAccuracy ?? lastValue(record, "testAccuracy"),
      equilibrium,
      equilibriumSd: finite(summary?.equilibriumSd),
      equilibriumRecords: summary?.equilibriumRecords ?? 0,
      equilibriumStderr: finite(summary?.equilibriumStderr),
      equilibriumTau: finite(summary?.equilibriumTau),
      edge: summary?.status === "diverged" ? undefined : summary?.edge?.verdict,
      threshold,
      relative: both ? equilibrium / threshold : undefined,
      gap: both ? threshold - equilibrium : undefined,
      gapToGd:
        equilibrium !== undefined && gdEquilibrium !== undefined ? gdEquilibrium - equilibrium : undefined,
      gd: gdEquilibrium === undefined ? undefined : gd?.id,
      seconds: summary?.seconds,
    };
  });
}

/**
 * The full-batch run to compare a mini-batch run with: same learning rate, and same configuration apart from
 * batch, sampling, seed and bookkeeping; the same seed if there is one, else the first. Undefined for
 * full-batch runs.
 */
export function gradientDescentFor(record: RunRecord, records: readonly RunRecord[]): RunRecord | undefined {
  if (isFullBatch(record.config)) return undefined;
  const key = comparisonKey(record);
  const candidates = records.filter(
    (other) =>
      isFullBatch(other.config) &&
      other.summary?.status !== "diverged" &&
      learningRate(other) === learningRate(record) &&
      comparisonKey(other) === key,
  );
  return candidates.find((other) => other.config["seed"] === record.config["seed"]) ?? candidates[0];
}

const COMPARED = new Set(["data", "net", "loss", "precision"]);

function comparisonKey(record: RunRecord): string {
  const leaves = [...flattenConfig(record.config)].filter(([key]) => COMPARED.has(key.split(".")[0]!));
  return JSON.stringify(leaves.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function lastValue(
  record: RunRecord,
  field: "loss" | "accuracy" | "testAccuracy",
): number | null | undefined {
  const value = record.measurements.findLast(
    (event) => event.point === "iterate" && event[field] !== undefined,
  );
  if (value !== undefined) return value[field];
  return field === "loss" ? record.steps.at(-1)?.loss : undefined;
}

function finite(value: number | null | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
