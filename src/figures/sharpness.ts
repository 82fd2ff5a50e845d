// Figure: sharpness (largest Hessian eigenvalue) against steps, with each run's stability threshold.
import type { RunRecord } from "../record/index.ts";
import { drawChart } from "./chart.ts";
import { describeTraces, thresholdReferences } from "./describe.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { sharpnessCap, sharpnessLines } from "./sharpness-lines.ts";
import { makeTraces } from "./traces.ts";

/**
 * Sharpness against steps (or effective time), with one dashed reference line per distinct threshold (2/η for
 * GD and SGD). The axis does not follow a run that blows up. See {@link sharpnessLines} for the line styles.
 */
export function sharpnessFigure(records: readonly RunRecord[], options: FigureOptions): Figure {
  const traces = makeTraces(records);
  const x = options.x ?? "step";
  const parts = traces.map((trace) => sharpnessLines(trace, x, 1));
  const lines = parts.flatMap((part) => part.lines);
  const references = thresholdReferences(traces);
  const highest = Math.max(0, ...references.map((reference) => reference.value));
  const lead = references.length === 0 ? "" : `, with ${references.map((r) => r.label).join(", ")}`;
  return drawChart(
    {
      name: "sharpness",
      title: "Sharpness",
      alt: `Sharpness against ${x === "time" ? "effective time" : "step"}${lead}, ${describeTraces(traces)}.`,
      yLabel: "sharpness (largest Hessian eigenvalue)",
      lines,
      traces,
      references,
      include: [0],
      onsets: true,
      ...(highest > 0 ? { cap: sharpnessCap(lines, highest) } : {}),
      notes: [...new Set(parts.flatMap((part) => part.notes))],
    },
    options,
  );
}
