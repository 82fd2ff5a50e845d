// Figure: training loss on a logarithmic axis, every step and at the measurement cadence.
import type { RunRecord } from "../record/index.ts";
import { drawChart } from "./chart.ts";
import { describeTraces } from "./describe.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { traceLines } from "./lines.ts";
import type { Line, Sample } from "./lines.ts";
import { measuredSamples } from "./measured.ts";
import { hasDiverged, makeTraces } from "./traces.ts";

/**
 * Training loss against steps (or effective time), one colour per run. Runs on mini-batches show the loss of
 * each step's batch faintly behind the full loss measured at the cadence; full-batch runs show their
 * per-step loss, which is the full loss. Losses ≤ 0 are not drawn.
 */
export function lossFigure(records: readonly RunRecord[], options: FigureOptions): Figure {
  const traces = makeTraces(records);
  const x = options.x ?? "step";
  const lines: Line[] = [];
  let faint = false;
  for (const trace of traces) {
    const perStep = (record: RunRecord): Sample[] =>
      record.steps.map((event) => ({ step: event.step, value: event.loss }));
    const full = trace.runs.some((record) => measuredLoss(record).length > 0);
    if (trace.fullBatch && trace.runs.some((record) => record.steps.length > 0)) {
      lines.push(...traceLines(trace, "loss", perStep, { x, log: true, kind: "dense" }));
    } else {
      lines.push(
        ...traceLines(trace, "batch loss", perStep, { x, log: true, kind: full ? "faint" : "dense" }),
        ...traceLines(trace, "loss", measuredLoss, { x, log: true, kind: "main" }),
      );
      faint ||= full && trace.runs.some((record) => record.steps.length > 0);
    }
  }
  const cap = lossCap(records);
  return drawChart(
    {
      name: "loss",
      title: "Training loss",
      alt: `Training loss (logarithmic) against ${x === "time" ? "effective time" : "step"} ${describeTraces(traces)}.`,
      yLabel: "training loss (log scale)",
      lines,
      traces,
      log: true,
      onsets: true,
      ...(cap === undefined ? {} : { cap }),
      notes: faint ? ["faint: loss of each step's batch"] : [],
    },
    options,
  );
}

const measuredLoss = measuredSamples((event) => event.loss);

/**
 * Ten times the largest loss without the divergences: a diverging run passes through 10^30 on its way to
 * infinity, and drawn in full it would flatten all others.
 */
function lossCap(records: readonly RunRecord[]): number | undefined {
  if (!records.some(hasDiverged)) return undefined;
  let highest = 0;
  for (const record of records) {
    const losses = [...record.steps, ...measuredLoss(record).map((s) => ({ loss: s.value }))].map(
      (e) => e.loss,
    );
    const usable = losses.filter((loss) => loss !== null && Number.isFinite(loss));
    for (const loss of hasDiverged(record) ? usable.slice(0, 1) : usable)
      highest = Math.max(highest, loss ?? 0);
  }
  return highest > 0 ? 10 * highest : undefined;
}
