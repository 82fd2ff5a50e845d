// The lines of the sharpness figures: solves, Rayleigh quotients between them, midpoints, further eigenvalues.
import type { MeasurementEvent, RunRecord } from "../record/index.ts";
import { traceLines } from "./lines.ts";
import type { Line, Sample, XAxis } from "./lines.ts";
import type { Trace } from "./traces.ts";

/** The lines of a trace and the notes that explain their styles. */
export interface SharpnessLines {
  readonly lines: readonly Line[];
  readonly notes: readonly string[];
}

/**
 * Sharpness of one trace, every value multiplied by `scale`: eigenvalues from a solve at the iterate as the
 * main line; Rayleigh quotients of the last eigenvector (lower bounds) faint; values at the midpoint
 * w* = (θ₋₁+2θ+θ₊₁)/4 dotted; eigenvalues 2, 3, … thin.
 */
export function sharpnessLines(trace: Trace, x: XAxis, scale: number): SharpnessLines {
  const lines: Line[] = [];
  const notes: string[] = [];
  const add = (added: readonly Line[], note?: string): void => {
    lines.push(...added);
    if (note !== undefined && added.length > 0) notes.push(note);
  };
  const pick =
    (
      filter: (event: MeasurementEvent) => boolean,
      value: (event: MeasurementEvent) => number | null | undefined,
    ) =>
    (record: RunRecord): Sample[] =>
      record.measurements.flatMap((event) => {
        const picked = filter(event) ? value(event) : undefined;
        return picked === undefined
          ? []
          : [{ step: event.step, value: picked === null ? null : picked * scale }];
      });
  const solve = (event: MeasurementEvent): boolean => event.point === "iterate" && event.rayleigh !== true;

  const main = traceLines(
    trace,
    "sharpness",
    pick(solve, (event) => event.sharpness),
    { x, kind: "main" },
  );
  add(main);
  add(
    traceLines(
      trace,
      "sharpness (Rayleigh)",
      pick(
        (event) => event.point === "iterate" && event.rayleigh === true,
        (event) => event.sharpness,
      ),
      { x, kind: "faint" },
    ),
    "faint: Rayleigh quotient between solves",
  );
  add(
    traceLines(
      trace,
      "sharpness (midpoint)",
      pick(
        (event) => event.point === "midpoint",
        (event) => event.sharpness,
      ),
      { x, kind: "midpoint" },
    ),
    "dotted: at the midpoint of consecutive iterates",
  );
  const most = Math.max(
    0,
    ...trace.runs.flatMap((r) => r.measurements.map((m) => m.eigenvalues?.length ?? 0)),
  );
  for (let k = 1; k < most; k++) {
    const further = traceLines(
      trace,
      `eigenvalue ${k + 1}`,
      pick(solve, (event) => event.eigenvalues?.[k]),
      {
        x,
        kind: "thin",
      },
    );
    add(further, k === 1 ? "thin: further eigenvalues" : undefined);
  }
  return { lines, notes };
}

/**
 * Where a sharpness axis may end: at three times the threshold, and where some runs diverged, no further above
 * the others and the threshold than needed to see them.
 */
export function sharpnessCap(lines: readonly Line[], threshold: number): number {
  const cap = 3 * threshold;
  if (!lines.some((line) => line.diverged)) return cap;
  let highest = 1.4 * threshold;
  for (const line of lines) {
    if (line.diverged) continue;
    for (const value of line.y) if (value > highest) highest = value;
  }
  return Math.min(cap, highest);
}
