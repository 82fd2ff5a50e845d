// From records to the lines of a figure: values against step or effective time, seeds averaged.
import type { RunRecord } from "../record/index.ts";
import { InputError, mean, sampleSd } from "../math/index.ts";
import { hasDiverged } from "./traces.ts";
import type { Trace } from "./traces.ts";

/** Horizontal axis: optimiser steps, or effective time η·step (comparable across learning rates). */
export type XAxis = "step" | "time";

/**
 * How a line is drawn: the figure's main curves, values of every step (main curves too, but dense), faint ones
 * behind, thin further ones, dots at midpoints, dashes for the test set.
 */
export type LineKind = "main" | "dense" | "faint" | "thin" | "midpoint" | "dashed";

/** One value of a quantity; null when it came out non-finite. */
export interface Sample {
  readonly step: number;
  readonly value: number | null;
}

/** One drawn line. The arrays have equal length; NaN in `y` breaks the line. */
export interface Line {
  readonly trace: Pick<Trace, "label" | "style">;
  /** Name of the quantity, as in the CSV. */
  readonly series: string;
  readonly kind: LineKind;
  /** Ids of the runs it was computed from; several for a mean over seeds. */
  readonly runs: readonly string[];
  /** Empty where the horizontal axis is not training time. */
  readonly steps: Float64Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Mean − sd and mean + sd over seeds, where the line is such a mean. */
  readonly band?: { readonly low: Float64Array; readonly high: Float64Array };
  /** What the band is, where it is no such mean. */
  readonly bandMeaning?: string;
  /** Whether the line stops because the run diverged. */
  readonly diverged: boolean;
}

export interface LineOptions {
  readonly x: XAxis;
  /** Average seeds in log space (for logarithmic axes), giving geometric means and spreads. */
  readonly log?: boolean;
  readonly kind: LineKind;
}

/**
 * The lines of one quantity for one trace: the mean over seeds with a band of ± 1 sample standard deviation
 * (at the steps all of them have finite values), plus a separate line for every seed that diverged, since
 * averaging it in would either hide the divergence or cut the others short. A single run is one line.
 */
export function traceLines(
  trace: Trace,
  series: string,
  extract: (record: RunRecord) => readonly Sample[],
  options: LineOptions,
): Line[] {
  const alive = trace.runs.filter((record) => !hasDiverged(record));
  const mean = alive.length > 1 ? meanOverSeeds(alive.map(extract), options.log ?? false) : undefined;
  // Seeds measured at different steps have nothing to average; they are drawn one by one.
  const together = mean !== undefined && mean.steps.length > 0 ? alive : [];
  const lines: Line[] = [];
  if (mean !== undefined && together.length > 0) {
    const line = lineOf(trace, series, together, mean.steps, mean.y, options);
    const banded = options.kind === "main" || options.kind === "dense" || options.kind === "dashed";
    lines.push(banded ? { ...line, band: { low: mean.low, high: mean.high } } : line);
  }
  for (const record of trace.runs) {
    if (together.includes(record)) continue;
    const samples = extract(record);
    if (samples.length === 0) continue;
    const steps = Float64Array.from(samples, (sample) => sample.step);
    const y = Float64Array.from(samples, (sample) => finite(sample.value));
    lines.push(lineOf(trace, series, [record], steps, y, options));
  }
  return lines;
}

function lineOf(
  trace: Trace,
  series: string,
  records: readonly RunRecord[],
  steps: Float64Array,
  y: Float64Array,
  options: LineOptions,
): Line {
  const scale = options.x === "time" ? requireLearningRate(trace, records) : 1;
  return {
    trace,
    series,
    kind: options.kind,
    runs: records.map((record) => record.id),
    steps,
    x: steps.map((step) => step * scale),
    y,
    diverged: records.length === 1 && hasDiverged(records[0]!),
  };
}

function requireLearningRate(trace: Trace, records: readonly RunRecord[]): number {
  if (trace.lr !== undefined) return trace.lr;
  throw new InputError("effective time needs the learning rate of every run", {
    file: records[0]?.id ?? "run",
    field: "optimizer.lr",
    received: "nothing usable",
    allowed: "a positive number",
    hint: "Draw against steps instead.",
  });
}

/** Mean and mean ± sd at the steps every seed has a finite (positive, when `log`) value for. */
export function meanOverSeeds(
  seeds: readonly (readonly Sample[])[],
  log: boolean,
): { steps: Float64Array; y: Float64Array; low: Float64Array; high: Float64Array } {
  const into = log ? Math.log : (value: number): number => value;
  const back = log ? Math.exp : (value: number): number => value;
  const others = seeds.slice(1).map((samples) => new Map(samples.map((s) => [s.step, s.value])));
  const rows: { step: number; mean: number; sd: number }[] = [];
  for (const sample of seeds[0]!) {
    const values = [sample.value, ...others.map((seed) => seed.get(sample.step))].map((v) => into(finite(v)));
    if (!values.every(Number.isFinite)) continue;
    rows.push({ step: sample.step, mean: mean(values), sd: sampleSd(values) });
  }
  return {
    steps: Float64Array.from(rows, (row) => row.step),
    y: Float64Array.from(rows, (row) => back(row.mean)),
    low: Float64Array.from(rows, (row) => back(row.mean - row.sd)),
    high: Float64Array.from(rows, (row) => back(row.mean + row.sd)),
  };
}

function finite(value: number | null | undefined): number {
  return typeof value === "number" && Number.isFinite(value) ? value : Number.NaN;
}
