// What charts run along: steps, or what steps amount to in effective time, epochs or seconds.
import type { RunEntry } from "../../record/serve-api.ts";

export type XAxisName = "step" | "time" | "epoch" | "seconds";

export interface XAxis {
  readonly name: XAxisName;
  /** In menus. */
  readonly label: string;
  /** At the axis. */
  readonly title: string;
}

export const X_AXES: readonly XAxis[] = [
  { name: "step", label: "step", title: "step" },
  { name: "time", label: "η · step", title: "effective time η·step" },
  { name: "epoch", label: "epochs", title: "passes over the training data" },
  { name: "seconds", label: "seconds", title: "seconds of computing (steps at the run's mean speed)" },
];

/** Times of computing are recorded per run, not per step (equal runs have equal records), hence the mean speed. */
const FACTORS: Readonly<Record<XAxisName, (run: RunEntry) => number | null>> = {
  step: () => 1,
  time: (run) => positive(run.config["optimizer.lr"]),
  epoch: (run) => {
    if (run.config["optimizer.name"] === "gd" || run.config["optimizer.batch"] === "full") return 1;
    const [batch, n] = [positive(run.config["optimizer.batch"]), positive(run.config["data.n"])];
    return batch === null || n === null ? null : batch / n;
  },
  seconds: (run) => {
    const seconds = positive(run.summary?.seconds);
    const steps = positive(run.summary?.step);
    return seconds === null || steps === null ? null : seconds / steps;
  },
};

/** What a step of this run amounts to along an axis; null when the record does not say. */
export function stepLength(axis: XAxisName, run: RunEntry): number | null {
  return FACTORS[axis](run);
}

function positive(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
}

const scaled = new WeakMap<Float64Array, Map<number, Float64Array>>();

/** A column times a factor, remembered. */
export function scaleColumn(column: Float64Array, factor: number): Float64Array {
  if (factor === 1) return column;
  let known = scaled.get(column);
  if (known === undefined) scaled.set(column, (known = new Map()));
  let result = known.get(factor);
  if (result === undefined) known.set(factor, (result = column.map((value) => value * factor)));
  return result;
}
