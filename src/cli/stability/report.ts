// From run folders to a stability report: read one by one, analysed, printed, written.
import path from "node:path";
import { stabilityAnalysis, stabilityRun, type StabilityRunAnalysis } from "../../lab/index.ts";
import { readRun } from "../../node/read-run.ts";
import type { Output } from "../output.ts";
import { plainAnalysis } from "./plain.ts";
import { stabilityText } from "./text.ts";
import { type ReportHead, writeStability } from "./write.ts";

/** What to report on, and where to. */
export interface ReportRequest extends ReportHead {
  /** Absolute run folders. */
  readonly folders: readonly string[];
  /** Absolute folder of the report; null to print only. */
  readonly out: string | null;
}

/**
 * Reports on runs with `measure.stability`; the others among them are left out.
 *
 * @throws InputError when none of them has it
 */
export async function reportStability(output: Output, request: ReportRequest): Promise<void> {
  const { folders, out, ...head } = request;
  const runs: StabilityRunAnalysis[] = [];
  // One after another: a record with every step in it takes hundreds of times the room of its series.
  for (const folder of folders) {
    const run = stabilityRun(await readRun(folder));
    if (run !== null) runs.push(run);
  }
  const analysis = stabilityAnalysis(runs);
  const { io } = output;
  const shown = (file: string): string => path.relative(io.cwd, file) || ".";
  const written = out === null ? null : writeStability(analysis, out, head);
  for (const file of written?.undrawn ?? []) {
    output.warn(`${shown(file)} could not be drawn; the SVG beside it can be used`);
  }
  output.json({ type: "stability", ...plainAnalysis(analysis), files: written?.files.map(shown) ?? [] });
  output.text(`${output.paint(head.title, "bold")}\n\n${stabilityText(analysis)}`);
  if (out !== null) output.text(`figures: ${shown(out)}/`);
}
