// Figure: norm of the full-batch gradient, measured at the cadence, on a logarithmic axis.
import type { RunRecord } from "../record/index.ts";
import { drawChart } from "./chart.ts";
import { describeTraces } from "./describe.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { traceLines } from "./lines.ts";
import { measuredSamples } from "./measured.ts";
import { makeTraces } from "./traces.ts";

/** Whether any run has a gradient norm to draw. */
export function hasGradNorm(records: readonly RunRecord[]): boolean {
  return records.some((record) => record.measurements.some((event) => event.gradNorm !== undefined));
}

/** Norm of the full-batch gradient against steps (or effective time). */
export function gradNormFigure(records: readonly RunRecord[], options: FigureOptions): Figure {
  const traces = makeTraces(records);
  const x = options.x ?? "step";
  const norms = measuredSamples((event) => event.gradNorm);
  return drawChart(
    {
      name: "grad-norm",
      title: "Gradient norm",
      alt:
        `Norm of the full-batch gradient (logarithmic) against ${x === "time" ? "effective time" : "step"} ` +
        `${describeTraces(traces)}.`,
      yLabel: "‖∇L‖ (log scale)",
      lines: traces.flatMap((trace) =>
        traceLines(trace, "gradient norm", norms, { x, log: true, kind: "main" }),
      ),
      traces,
      log: true,
      notes: [],
    },
    options,
  );
}
