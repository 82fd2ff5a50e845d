// Figure: training and test accuracy at the measurement cadence.
import type { RunRecord } from "../record/index.ts";
import { drawChart } from "./chart.ts";
import { describeTraces } from "./describe.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { traceLines } from "./lines.ts";
import { measuredSamples } from "./measured.ts";
import { makeTraces } from "./traces.ts";

/** Whether any run has an accuracy to draw. */
export function hasAccuracy(records: readonly RunRecord[]): boolean {
  return records.some((record) =>
    record.measurements.some((event) => event.accuracy !== undefined || event.testAccuracy !== undefined),
  );
}

/** Accuracy (fraction correct) against steps or effective time: training solid, test dotted. */
export function accuracyFigure(records: readonly RunRecord[], options: FigureOptions): Figure {
  const traces = makeTraces(records);
  const x = options.x ?? "step";
  const train = traces.flatMap((trace) =>
    traceLines(
      trace,
      "accuracy",
      measuredSamples((event) => event.accuracy),
      { x, kind: "main" },
    ),
  );
  const test = traces.flatMap((trace) =>
    traceLines(
      trace,
      "test accuracy",
      measuredSamples((event) => event.testAccuracy),
      { x, kind: "dashed" },
    ),
  );
  return drawChart(
    {
      name: "accuracy",
      title: "Accuracy",
      alt: `Accuracy against ${x === "time" ? "effective time" : "step"} ${describeTraces(traces)}.`,
      yLabel: "accuracy",
      lines: [...train, ...test],
      traces,
      yFormat: (value) => `${Number((100 * value).toPrecision(6))}%`,
      notes: test.length === 0 ? [] : train.length === 0 ? ["on the test set"] : ["dotted: test set"],
    },
    options,
  );
}
