// `brink resume RUN`: goes on where a run stopped, to the same bits as if it never had.
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { parseSummary, RUN_FILES, type RunSummary } from "../../record/index.ts";
import { type CommonOptions, examplesFirst, type Host, withRunsDir } from "../host.ts";
import { withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import type { Progress } from "../progress.ts";
import { exitCodeOf, resultOf, resultTable } from "../results.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
}

/** Registers the command. */
export function addResumeCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program.command("resume <run>").description("continue an interrupted run, to the same bits"),
  ).action(async (ref: string, _options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, (output) => resume(output, host, ref, options));
  });
  examplesFirst(command, [
    ["brink resume headline-b8", "any unambiguous beginning of an id will do"],
    ["brink resume runs/headline-b8-s0-7f3a", "or the folder"],
  ]);
}

async function resume(output: Output, host: Host, ref: string, options: Options): Promise<number> {
  const { io } = output;
  output.note(`resuming ${ref}`);
  const { findRun } = await import("../run-refs.ts");
  const { readProvenance, readRunConfig } = await import("../../node/read-run.ts");
  const { openRun } = await import("../../node/run-store.ts");
  const dir = findRun(io, options.runsDir, ref);
  const provenance = await readProvenance(dir);
  const config = await readRunConfig(dir);
  const store = await openRun(dir);
  try {
    const ended = await endedResult(dir);
    if (ended !== null) {
      output.note(`the run has ended (${ended.status}); nothing to resume`);
      return finish(output, store.id, config.name, dir, ended);
    }
    const { assemble, loadData, startingPoint } = await import("../assemble.ts");
    const { train } = await import("../train.ts");
    const { decodeCheckpoint } = await import("../../lab/index.ts");
    // The thread count decides the order of sums: the same one as before, whatever this machine's default.
    const threads = provenance?.threads ?? config.threads;
    const problem = await assemble({ ...config, threads }, await loadData(config, io));
    try {
      const layout = problem.network.layout.entries;
      const checkpoint = await store.rewind((tensors, name) =>
        decodeCheckpoint(tensors, layout, config, name),
      );
      if (checkpoint === null) output.note("no checkpoint yet: starting again from the beginning");
      const theta0 = checkpoint?.theta ?? (await startingPoint(problem, io)).theta;
      const { recordSession } = await import("../record-problem.ts");
      const changed = await recordSession(store, problem, host.argv, provenance, checkpoint?.step ?? 0);
      if (changed !== null) output.warn(changed);
      output.json({
        type: "run",
        run: store.id,
        dir: path.relative(io.cwd, dir),
        fromStep: checkpoint?.step ?? 0,
      });
      let progress: Progress | undefined;
      const summary = await withInterrupt(
        {
          source: process,
          now: io.now,
          onFirst: () => progress?.note("finishing the step, saving; press Ctrl-C again to stop now"),
        },
        (signal) =>
          train(output, {
            run: store.id,
            name: config.name,
            problem,
            store,
            theta0,
            ...(checkpoint === null ? {} : { resume: checkpoint }),
            signal,
            onProgress: (line) => {
              progress = line;
            },
          }),
      );
      return finish(output, store.id, config.name, dir, summary);
    } finally {
      await problem.objective.dispose();
    }
  } finally {
    await store.close();
  }
}

/** The summary of a run that is over: finished, or diverged (which would only diverge again). */
async function endedResult(dir: string): Promise<RunSummary | null> {
  const file = path.join(dir, RUN_FILES.summary);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const summary = parseSummary(text, file);
  return summary.status === "finished" || summary.status === "diverged" ? summary : null;
}

function finish(output: Output, id: string, name: string, dir: string, summary: RunSummary): number {
  const shown = path.relative(output.io.cwd, dir);
  const result = resultOf(id, name, shown, summary);
  output.json({ type: "summary", ...result });
  output.text(resultTable([result]));
  if (summary.status === "interrupted") output.note(`continue with: brink resume ${shown}`);
  return exitCodeOf([summary.status]);
}
