// Figure: loss on the test set, measured at the cadence, on a logarithmic axis.
import type { RunRecord } from "../record/index.ts";
import { drawChart } from "./chart.ts";
import { describeTraces } from "./describe.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { traceLines } from "./lines.ts";
import { measuredSamples } from "./measured.ts";
import { makeTraces } from "./traces.ts";

/** Whether any run has a test loss to draw. */
export function hasTestLoss(records: readonly RunRecord[]): boolean {
  return records.some((record) => record.measurements.some((event) => event.testLoss !== undefined));
}

/** Test loss against steps (or effective time), with the training loss dotted beside it. */
export function testLossFigure(records: readonly RunRecord[], options: FigureOptions): Figure {
  const traces = makeTraces(records);
  const x = options.x ?? "step";
  const test = measuredSamples((event) => event.testLoss);
  const train = measuredSamples((event) => event.loss);
  const lines = traces.flatMap((trace) => [
    ...traceLines(trace, "test loss", test, { x, log: true, kind: "main" }),
    ...traceLines(trace, "loss", train, { x, log: true, kind: "dashed" }),
  ]);
  return drawChart(
    {
      name: "test-loss",
      title: "Test loss",
      alt: `Test loss (logarithmic) against ${x === "time" ? "effective time" : "step"} ${describeTraces(traces)}.`,
      yLabel: "test loss (log scale)",
      lines,
      traces,
      log: true,
      notes: lines.some((line) => line.kind === "dashed") ? ["dotted: training loss"] : [],
    },
    options,
  );
}
