// `brink resume RUN`: goes on where a run stopped, to the same bits as if it never had.
import path from "node:path";
import type { Command } from "commander";
import type { ExperimentConfig } from "../../lab/index.ts";
import { InputError } from "../../math/index.ts";
import type { RunFolder } from "../../node/run-store.ts";
import type { RunSummary } from "../../record/index.ts";
import { type CommonOptions, examplesFirst, type Host, integerFrom, withRunsDir } from "../host.ts";
import { withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import type { Progress } from "../progress.ts";
import { exitCodeOf, findingsText, resultOf, resultTable } from "../results.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
  readonly steps?: number;
}

/** Registers the command. */
export function addResumeCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("resume <run>")
      .description("continue an interrupted run, to the same bits, or extend a finished one"),
  )
    .option("--steps <n>", "go on to n steps in all, as if the run had been made with them", integerFrom(1))
    .action(async (ref: string, _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => resume(output, host, ref, options));
    });
  examplesFirst(command, [
    ["brink resume headline-b8", "any unambiguous beginning of an id will do"],
    ["brink resume runs/headline-b8-s0-7f3a", "or the folder"],
    ["brink resume headline-b8 --steps 20000", "longer than it was made for"],
  ]);
}

async function resume(output: Output, host: Host, ref: string, options: Options): Promise<number> {
  const { io } = output;
  output.note(`resuming ${ref}`);
  const { findRun } = await import("../run-refs.ts");
  const { readProvenance, readRunConfig, readSummary } = await import("../../node/read-run.ts");
  const { openRun } = await import("../../node/run-store.ts");
  const dir = findRun(io, options.runsDir, ref);
  const provenance = await readProvenance(dir);
  const before = await readRunConfig(dir);
  const store = await openRun(dir);
  try {
    const recorded = await readSummary(dir);
    const config = withSteps(before, recorded, options.steps);
    const longer = config !== before;
    if (longer) await refuseWithoutCheckpoint(store, recorded);
    if (!longer && (recorded?.status === "finished" || recorded?.status === "diverged")) {
      const hint = recorded.status === "finished" ? " (--steps N extends it)" : "";
      output.note(`the run has ended (${recorded.status}); nothing to resume${hint}`);
      return finish(output, store.id, config, dir, recorded);
    }
    const { assemble, loadData, startingPoint } = await import("../assemble.ts");
    const { train } = await import("../train.ts");
    const { decodeCheckpoint } = await import("../../lab/index.ts");
    // The thread count decides the order of sums: the same one as before, whatever this machine's default.
    const threads = provenance?.threads ?? config.threads;
    const problem = await assemble({ ...config, threads }, await loadData(config, io));
    try {
      const layout = problem.network.layout.entries;
      // In this order: killed at any point between, the run still resumes to its old or its new end.
      if (longer && recorded !== null) await store.saveSummary({ ...recorded, status: "interrupted" });
      const checkpoint = await store.rewind((tensors, name) => {
        const found = decodeCheckpoint(tensors, layout, config, name);
        // The last point is measured whatever the cadence says: a longer run has nothing of that.
        return longer && found.progress.ended !== null ? null : found;
      });
      if (longer) await store.saveConfig(config);
      if (checkpoint === null) output.note("no checkpoint yet: starting again from the beginning");
      const theta0 = checkpoint?.theta ?? (await startingPoint(problem, io)).theta;
      const { recordSession } = await import("../record-problem.ts");
      const fromStep = checkpoint?.step ?? 0;
      const raised = longer ? config.steps : undefined;
      const changed = await recordSession(store, problem, host.argv, provenance, fromStep, raised);
      if (changed !== null) output.warn(changed);
      output.json({
        type: "run",
        run: store.id,
        dir: path.relative(io.cwd, dir),
        fromStep,
        ...(longer ? { steps: config.steps } : {}),
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
      return finish(output, store.id, config, dir, summary);
    } finally {
      await problem.objective.dispose();
    }
  } finally {
    await store.close();
  }
}

/**
 * The configuration with more steps; the same object when there is nothing to change.
 *
 * @throws InputError for fewer steps, and for a run that more steps would not take further
 */
function withSteps(
  config: ExperimentConfig,
  summary: RunSummary | null,
  steps: number | undefined,
): ExperimentConfig {
  if (steps === undefined || steps === config.steps) return config;
  const refuse = (message: string, hint?: string): never => {
    throw new InputError(message, {
      field: "--steps",
      received: String(steps),
      ...(hint === undefined ? { allowed: `more than the ${config.steps} the run was made for` } : { hint }),
    });
  };
  if (steps < config.steps) refuse("a run cannot be shortened");
  if (summary?.status === "diverged") {
    refuse(
      `the run diverged at step ${summary.step}, and would again`,
      "Start one with a smaller optimizer.lr",
    );
  }
  if (summary?.status === "finished" && summary.step < config.steps) {
    refuse(
      `the run was stopped at step ${summary.step} by its \`stop\` rule, and would be again`,
      "Start one with another `stop`",
    );
  }
  if (summary?.status === "finished" && summary.step > 0 && config.checkpoint.keep < 2) {
    refuse(
      "the run kept only its last checkpoint, which holds its end",
      "Start a new run with more steps, or with checkpoint.keep of 2",
    );
  }
  return { ...config, steps };
}

/** A longer run that began again from its first step would throw its record away. */
async function refuseWithoutCheckpoint(store: RunFolder, summary: RunSummary | null): Promise<void> {
  if ((summary?.step ?? 0) === 0 || (await store.checkpointSteps()).length > 0) return;
  throw new InputError("the run has no checkpoint to go on from", {
    file: store.dir,
    hint: "A packed copy has none: extend the run it was made from",
  });
}

function finish(
  output: Output,
  id: string,
  config: ExperimentConfig,
  dir: string,
  summary: RunSummary,
): number {
  const { name } = config;
  const shown = path.relative(output.io.cwd, dir);
  const result = resultOf(id, name, shown, summary);
  output.json({ type: "summary", ...result });
  output.text(resultTable([result]));
  output.below(findingsText([{ name, config: { ...config }, summary }]));
  if (summary.status === "interrupted") output.note(`continue with: brink resume ${shown}`);
  return exitCodeOf([summary.status]);
}
