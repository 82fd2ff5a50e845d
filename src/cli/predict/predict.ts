// From names of runs to predicted gaps: gather, measure what is missing, compare, write.
import path from "node:path";
import { gapAnalysis, type GapRun } from "../../lab/index.ts";
import { InputError } from "../../math/index.ts";
import { resolvePath } from "../host.ts";
import { interruptedExitCode, withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { type LoadedRun, RunShelf } from "../reproduce/gather.ts";
import { findRuns } from "../run-refs.ts";
import { type ComparedGroup, compareGroup } from "./compare.ts";
import { SegmentStore } from "./segment-store.ts";
import { type MeasuredRun, RunSession } from "./run-session.ts";
import { predictionText } from "./table.ts";
import { writePrediction } from "./write.ts";

/** Flags of the command. */
export interface PredictOptions {
  readonly runsDir: string;
  readonly window: number;
  readonly segments: number;
  readonly threads?: number;
  /** False under `--no-run`. */
  readonly run: boolean;
  readonly out: string;
}

/**
 * Measures and predicts. Segments are kept as they come, so that a second call measures only what is missing.
 *
 * @returns the exit code
 * @throws InputError when the runs cannot be compared, or there is no finished SGD run among them
 */
export async function predict(
  output: Output,
  argv: readonly string[],
  refs: readonly string[],
  options: PredictOptions,
): Promise<number> {
  const { io } = output;
  const shelf = new RunShelf();
  const loaded: LoadedRun[] = [];
  for (const folder of findRuns(io, options.runsDir, refs)) loaded.push(await shelf.read(folder));
  const finished = loaded.filter(({ record, dir }) => {
    const status = record.summary?.status ?? "running";
    if (status !== "finished") output.warn(`${path.basename(dir)} is left out: ${status}`);
    return status === "finished";
  });
  const analysis =
    finished.length === 0
      ? null
      : gapAnalysis(
          finished.map(({ record }) => record),
          ["batch", "lr"],
        );
  if (analysis === null || analysis.runs.every(({ batch }) => batch === "full")) {
    throw new InputError("no finished run of SGD among them: without noise there is no gap to predict", {
      received: refs.join(", "),
    });
  }
  const out = resolvePath(io, options.out);
  const measured = new Map<string, MeasuredRun>();
  let interrupted = false;
  for (const [i, run] of analysis.runs.entries()) {
    const { dir } = finished[i]!;
    const found = await measure(output, out, run, dir, options);
    measured.set(run.id, found);
    interrupted = found.interrupted;
    if (interrupted) break;
  }
  const windowsOf = ({ lr, batch }: Pick<GapRun, "lr" | "batch">): MeasuredRun[] =>
    [...measured.values()].filter(
      ({ run, segments }) => run.lr === lr && run.batch === batch && segments.length > 0,
    );
  const groups = analysis.groups.flatMap((group): ComparedGroup[] => {
    const own = windowsOf(group);
    return own.length === 0 ? [] : [compareGroup(group, own, windowsOf({ ...group, batch: "full" }))];
  });
  if (groups.length > 0) {
    const { files, undrawn } = writePrediction(groups, out, ["brink", ...argv].join(" "));
    output.json({ groups, files: files.map((file) => path.relative(io.cwd, file)) });
    output.text(predictionText(groups));
    for (const file of undrawn) output.warn(`${path.relative(io.cwd, file)} could not be drawn`);
    output.note(`written: ${path.relative(io.cwd, out) || "."}`);
  } else if (!interrupted) {
    throw new InputError("nothing is measured yet", { file: options.out, hint: "Leave out --no-run" });
  }
  if (!interrupted) return 0;
  output.note("interrupted; the same command goes on");
  return interruptedExitCode;
}

async function measure(
  output: Output,
  out: string,
  run: GapRun,
  dir: string,
  options: PredictOptions,
): Promise<MeasuredRun> {
  const store = new SegmentStore(path.join(out, `${run.id}.jsonl`), options.window);
  const session = new RunSession(output, run, dir, store);
  if (!options.run || store.segments.length >= options.segments) return session.measured(options.segments);
  return withInterrupt(
    {
      source: process,
      now: output.io.now,
      onFirst: () => session.note("stopping; measured windows are kept; press Ctrl-C again to stop now"),
    },
    (signal) => session.measure(options, signal),
  );
}
