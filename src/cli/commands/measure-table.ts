// A measurement for reading: one row a quantity, estimates with their errors, nested tables by batch size.
import type { EstimateRecord, MeasurementEvent, NoiseRecord } from "../../record/index.ts";
import { formatNumber, formatSpread, formatTable } from "../format.ts";

/** One measurement; names as in events.jsonl. Null where the value is undefined or not finite, absent when not asked for. */
export interface Measurement extends Omit<
  MeasurementEvent,
  "type" | "step" | "point" | "rayleigh" | "eigenvalues" | "residuals" | "loss" | "gradNorm"
> {
  readonly n: number;
  readonly parameters: number;
  readonly loss: number;
  readonly gradNorm: number;
  /** Descending. */
  readonly eigenvalues?: readonly number[];
  /** ‖Hu − λu‖ of each. */
  readonly residuals?: readonly number[];
}

/** Shown as part of another row, or as warnings. */
const HIDDEN: ReadonlySet<string> = new Set(["traceStderr", "traceProbes", "assumptions"]);

/** Two columns, quantity and value; everything of the measurement but the assumptions. */
export function measurementTable(measurement: Measurement): string {
  const rows = Object.entries(measurement)
    .filter(([name]) => !HIDDEN.has(name))
    .flatMap(([name]) => rowsOf(name as keyof Measurement, measurement));
  return formatTable([{ title: "quantity" }, { title: "value" }], rows);
}

function rowsOf(name: keyof Measurement, measurement: Measurement): string[][] {
  switch (name) {
    case "noiseVariance":
    case "sharpeningNoiseVariance":
      return noiseRows(name, measurement[name]!);
    case "noiseVarianceSampled":
      return byBatch(name, measurement[name]!, ({ variance, stderr, batches, sampling }) =>
        estimate({ mean: variance, stderr, batches }, sampling),
      );
    case "batchSharpness":
      return Object.entries(measurement[name]!).flatMap(([b, { ratioOfMeans, sampling, ...found }]) => [
        [`${name} b=${b}`, estimate(found, sampling)],
        [`  ratio of means b=${b}`, estimate(ratioOfMeans, sampling)],
      ]);
    case "gni":
    case "interactionAwareSharpness":
      return byBatch(name, measurement[name]!, (found) => estimate(found));
    case "trace": {
      const { trace, traceStderr, traceProbes } = measurement;
      const exact = traceStderr === 0 ? "exact" : `${traceProbes} probes`;
      return [[name, `${error(trace ?? null, traceStderr ?? null)} (${exact})`]];
    }
    default:
      return [[name, plain(measurement[name])]];
  }
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map((entry: number) => formatNumber(entry, 8)).join("  ");
  if (value === null) return "undefined here";
  return typeof value !== "number" || Number.isInteger(value)
    ? JSON.stringify(value)
    : formatNumber(value, 8);
}

/** One row a batch size, the samplings side by side: `with 1.2  without 1.1  shuffle 1.2`. */
function noiseRows(name: string, noise: NoiseRecord): string[][] {
  return Object.keys(noise.with).map((b) => [
    `${name} b=${b}`,
    (["with", "without", "shuffle"] as const)
      .map((sampling) => {
        const value = noise[sampling][b] ?? null;
        return `${sampling} ${value === null ? "undefined here" : formatNumber(value, 6)}`;
      })
      .join("  "),
  ]);
}

function byBatch<T>(
  name: string,
  records: Readonly<Record<string, T>>,
  show: (record: T) => string,
): string[][] {
  return Object.entries(records).map(([b, record]) => [`${name} b=${b}`, show(record)]);
}

function estimate(found: Omit<EstimateRecord, "certified"> | null, sampling?: string): string {
  if (found === null || found.mean === null) return "undefined here";
  const how = found.stderr === 0 ? "exact" : `${found.batches} batches`;
  return `${error(found.mean, found.stderr)} (${how}${sampling === undefined ? "" : `, ${sampling}`})`;
}

function error(mean: number | null, stderr: number | null): string {
  return stderr === 0 ? formatNumber(mean, 8) : formatSpread(mean, stderr);
}
