// Figure: sharpness divided by each run's own stability threshold; 1 is the edge of stability.
import type { RunRecord } from "../record/index.ts";
import { drawChart } from "./chart.ts";
import { describeTraces } from "./describe.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { sharpnessCap, sharpnessLines } from "./sharpness-lines.ts";
import { makeTraces } from "./traces.ts";

/**
 * Sharpness ÷ threshold against steps (or effective time): runs with different learning rates on one scale,
 * with a reference line at 1. Runs without a known threshold are left out and a note names them.
 */
export function relativeSharpnessFigure(records: readonly RunRecord[], options: FigureOptions): Figure {
  const traces = makeTraces(records);
  const x = options.x ?? "step";
  const known = traces.filter((trace) => trace.threshold !== undefined);
  const unknown = traces.filter((trace) => trace.threshold === undefined);
  const parts = known.map((trace) => sharpnessLines(trace, x, 1 / trace.threshold!));
  return drawChart(
    {
      name: "relative-sharpness",
      title: "Sharpness ÷ threshold",
      alt:
        `Sharpness divided by the stability threshold against ${x === "time" ? "effective time" : "step"}, ` +
        `with the edge of stability at 1, ${describeTraces(known)}.`,
      yLabel: "sharpness ÷ stability threshold",
      lines: parts.flatMap((part) => part.lines),
      traces: known,
      references: known.length === 0 ? [] : [{ value: 1, label: "threshold" }],
      include: [0],
      onsets: true,
      cap: sharpnessCap(
        parts.flatMap((part) => part.lines),
        1,
      ),
      notes: [
        ...new Set(parts.flatMap((part) => part.notes)),
        ...unknown.map((trace) => `threshold unknown: ${trace.label || trace.runs[0]!.id}`),
      ],
    },
    options,
  );
}
