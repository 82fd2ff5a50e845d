// Words for what a figure shows: alternative texts and labels of reference lines.
import type { Reference } from "./references.ts";
import { FONT_SIZE } from "./palette.ts";
import { fitText } from "./text.ts";
import { formatNumber } from "./ticks.ts";
import type { Trace } from "./traces.ts";

/** `for 3 runs: gd; sgd batch 50; sgd batch 100`: the end of an alternative text. */
export function describeTraces(traces: readonly Trace[]): string {
  const runs = traces.flatMap((trace) => trace.runs);
  if (runs.length === 0) return "(no runs)";
  if (runs.length === 1) return `for the run ${runs[0]!.id}`;
  return `for ${runs.length} runs: ${traces.map((trace) => fitText(trace.label, 400, FONT_SIZE)).join("; ")}`;
}

/** One reference line per distinct threshold, labelled 2/η = 200, naming the learning rate when there are several. */
export function thresholdReferences(traces: readonly Trace[]): Reference[] {
  const byValue = new Map<string, Trace>();
  for (const trace of traces) {
    // Thresholds that differ only by rounding (2/0.01 read back from text) are one line.
    if (trace.threshold !== undefined) byValue.set(trace.threshold.toPrecision(9), trace);
  }
  return [...byValue.values()].map((trace) => {
    const value = trace.threshold!;
    const isTwoOverLr = trace.lr !== undefined && Math.abs(value * trace.lr - 2) < 1e-6;
    const name = isTwoOverLr ? "2/η" : "threshold";
    const which = byValue.size > 1 && trace.lr !== undefined ? ` (lr ${trace.lr})` : "";
    return { value, label: `${name} = ${shortNumber(value)}${which}` };
  });
}

function shortNumber(value: number): string {
  return Number.isInteger(value) && value < 1e6 ? value.toLocaleString("en-US") : formatNumber(value, 4);
}
