// What the figures of a tracked run are drawn from, and the styles its curves have in all of them.
import type { Line, LineKind } from "../lines.ts";
import { COLOURS, DASHES } from "../palette.ts";
import type { Trace } from "../traces.ts";

/** A prediction at one step, with its errors in the units of the coupling theorem. */
export interface PredictedPoint {
  readonly x: number;
  readonly y: number;
  readonly loss: number;
  readonly sharpness: number;
  readonly errors: Readonly<Record<"size" | "deviation" | "loss" | "sharpness", number>>;
}

/** One step of a tracked run. */
export interface TrajectoryPoint {
  readonly step: number;
  readonly real: Readonly<Record<"loss" | "sharpness" | "x" | "y", number>>;
  readonly reference: Readonly<Record<"loss" | "sharpness" | "alpha" | "delta", number>>;
  /** By name of the form. */
  readonly predicted: Readonly<Record<string, PredictedPoint | undefined>>;
  readonly flow?: Readonly<Record<"loss" | "sharpness", number>>;
}

/** A tracked run: real training beside the reference trajectory θ†, the predictions and the gradient flow. */
export interface TrajectoryRun {
  readonly steps: readonly TrajectoryPoint[];
  readonly lr: number;
}

/** The form drawn: the first at the start, which is the best of those followed. */
export function drawnForm({ steps }: TrajectoryRun): string | undefined {
  return Object.keys(steps[0]?.predicted ?? {})[0];
}

type Role = "real" | "predicted" | "reference" | "flow";
const STYLES: Readonly<Record<Role, Trace["style"]>> = {
  real: { colour: COLOURS[0]!, dash: "" },
  predicted: { colour: COLOURS[1]!, dash: DASHES[2]! },
  reference: { colour: COLOURS[2]!, dash: "" },
  flow: { colour: COLOURS[3]!, dash: DASHES[3]! },
};

/** A named curve, for lines built from numbers rather than from run records. */
export function curve(label: string, style: Trace["style"]): Trace {
  return { label, style, runs: [], lr: undefined, threshold: undefined, fullBatch: true };
}

/** The curve of one of the four things that are compared. */
export function roleCurve(role: Role, label: string): Trace {
  return curve(label, STYLES[role]);
}

/** A line of one value a step; steps without one break it. */
export function stepLine(
  trace: Trace,
  series: string,
  kind: LineKind,
  run: TrajectoryRun,
  value: (point: TrajectoryPoint) => number | undefined,
): Line {
  const steps = Float64Array.from(run.steps, ({ step }) => step);
  const y = Float64Array.from(run.steps, (point) => value(point) ?? Number.NaN);
  return { trace, series, kind, runs: [], steps, x: steps, y, diverged: false };
}

/**
 * Each value combined with the one before it: what alternates with the oscillation along u is averaged out, or its
 * larger phase taken. The first value is combined with the one after it.
 */
export function paired(line: Line, combine: (before: number, now: number) => number): Line {
  return {
    ...line,
    y: line.y.map((now, i) => combine(line.y[i === 0 ? Math.min(1, line.y.length - 1) : i - 1]!, now)),
  };
}
