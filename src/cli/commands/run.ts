// `brink run FILE`: trains every run an experiment file describes, one after another, and reports.
import path from "node:path";
import type { Command } from "commander";
import type { Dataset } from "../../data/index.ts";
import type { ExpandedRun } from "../../lab/index.ts";
import { BrinkError } from "../../math/index.ts";
import type { RunSummary } from "../../record/index.ts";
import {
  type CommonOptions,
  type ConfigOptions,
  examplesFirst,
  type Host,
  resolvePath,
  withConfigOptions,
  withRunsDir,
} from "../host.ts";
import { withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import type { Progress } from "../progress.ts";
import { warnUndrawn } from "./report.ts";
import type { FoundRun } from "../../figures/findings.ts";
import { exitCodeOf, findingsText, resultOf, type RunResult, resultTable } from "../results.ts";

interface Options extends CommonOptions, ConfigOptions {
  readonly runsDir: string;
  readonly report?: boolean;
  readonly out: string;
}

/** Registers the command. */
export function addRunCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    withConfigOptions(program.command("run <file>").description("train an experiment and keep the record")),
  )
    .option("--report", "write a report when done (or set report: true in the file)")
    .option("--no-report", "write none, whatever the file says")
    .option("--out <dir>", "folder for the report", "brink-report")
    .action(async (file: string, _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => run(output, host, file, options));
    });
  examplesFirst(command, [
    ["brink run experiments/headline.yaml --report", "GD and SGD, then one page of figures"],
    ["brink run E.yaml --set optimizer.lr=0.02 --set seed=1", "the same with other settings"],
    ["brink run E.yaml --json | jq .sharpness", "measurements as JSON lines"],
  ]);
}

/** Runs a hint spells out before it uses a pattern. */
const mostNamed = 4;

async function run(output: Output, host: Host, file: string, options: Options): Promise<number> {
  const { io } = output;
  output.note(`reading ${file}`);
  const { expandSweep } = await import("../../lab/index.ts");
  const { loadExperiment } = await import("../experiment-file.ts");
  const parsed = loadExperiment(io, file, options);
  const runs = expandSweep(parsed);
  const session = await openSession(output, host, runs, options);
  const results: RunResult[] = [];
  const folders: string[] = [];
  const found: (FoundRun & { name: string })[] = [];
  let failure: number | null = null;
  let progress: Progress | undefined;
  await withInterrupt(
    {
      source: process,
      now: io.now,
      onFirst: () => {
        const text = "finishing the step, saving; press Ctrl-C again to stop now";
        if (progress === undefined) output.note(text);
        else progress.note(text);
      },
    },
    async (signal) => {
      for (const [i, expanded] of runs.entries()) {
        if (signal.aborted) break;
        if (runs.length > 1) output.note(`run ${i + 1} of ${runs.length}: ${expanded.name}`);
        try {
          const { result, folder, summary } = await session.train(expanded, signal, (line) => {
            progress = line;
          });
          results.push(result);
          folders.push(folder);
          found.push({ name: expanded.name, config: { ...expanded.config }, summary });
        } catch (error) {
          // One bad variant must not cost the others; alone, it is simply the command's error.
          if (runs.length === 1) throw error;
          failure ??= error instanceof BrinkError ? error.exitCode : 1;
          output.error(error);
          results.push(failedResult(expanded, error));
        }
      }
      if (signal.aborted && results.length < runs.length) {
        output.note(
          `not started: ${runs
            .slice(results.length)
            .map(({ name }) => name)
            .join(", ")}`,
        );
      }
    },
  );
  output.text(resultTable(results));
  output.below(findingsText(found));
  const wanted = options.report ?? parsed.config.report;
  const page =
    wanted && folders.length > 0 ? await report(output, folders, parsed.config.name, options.out) : null;
  output.json({ type: "done", runs: results, report: page });
  if (page === null && folders.length > 0) {
    const shown =
      folders.length > mostNamed
        ? [`'${path.join(options.runsDir, `${parsed.config.name}-*`)}'`]
        : folders.map((folder) => path.relative(io.cwd, folder));
    output.note(`figures: brink report ${shown.join(" ")}`);
  }
  for (const { status, dir } of results) {
    if (status === "interrupted") output.note(`continue with: brink resume ${dir}`);
  }
  const code = exitCodeOf(results.map(({ status }) => status));
  return code === 1 && failure !== null ? failure : code;
}

/** Trains the runs of one command; the data they share are loaded once. */
interface Session {
  train(
    expanded: ExpandedRun,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ): Promise<{ readonly result: RunResult; readonly folder: string; readonly summary: RunSummary }>;
}

async function openSession(
  output: Output,
  host: Host,
  runs: readonly ExpandedRun[],
  options: Options,
): Promise<Session> {
  const { io } = output;
  const { assemble, loadData, provenanceOf, startingPoint } = await import("../assemble.ts");
  const { createRun } = await import("../../node/run-store.ts");
  const { train } = await import("../train.ts");
  const dataKey = ({ config }: ExpandedRun): string => JSON.stringify([config.data, config.precision]);
  let loaded: { key: string; dataset: Dataset } | null = null;
  const datasetOf = async (expanded: ExpandedRun): Promise<Dataset> => {
    const key = dataKey(expanded);
    if (loaded?.key !== key) {
      // The old set is let go first: two large ones need not fit in memory together.
      loaded = null;
      loaded = { key, dataset: await loadData(expanded.config, io) };
      for (const note of loaded.dataset.provenance.notes) output.note(note);
    }
    return loaded.dataset;
  };
  const first = runs[0]!;
  await checkBeforehand(
    await datasetOf(first),
    runs.filter((other) => dataKey(other) === dataKey(first)),
  );
  return {
    async train(expanded, signal, onProgress) {
      const { config } = expanded;
      const problem = await assemble(config, await datasetOf(expanded));
      try {
        const { theta, notes } = await startingPoint(problem, io);
        for (const note of notes) output.note(note);
        const provenance = await provenanceOf(problem, host.argv);
        const root = resolvePath(io, options.runsDir);
        const store = await createRun({ root, config, provenance });
        try {
          const dir = path.relative(io.cwd, store.dir) || ".";
          output.note(`${problem.network.description}: ${problem.objective.size} parameters; record: ${dir}`);
          output.json({ type: "run", run: store.id, dir, name: expanded.name });
          const summary = await train(output, {
            run: store.id,
            name: expanded.name,
            problem,
            store,
            theta0: theta,
            signal,
            onProgress,
          });
          const result = resultOf(store.id, expanded.name, dir, summary);
          output.json({ type: "summary", ...result });
          return { result, folder: store.dir, summary };
        } finally {
          await store.close();
        }
      } finally {
        await problem.objective.dispose();
      }
    },
  };
}

/** Finds mistakes that only the data reveal (a batch larger than n, a network that does not fit) before any training. */
async function checkBeforehand(dataset: Dataset, runs: readonly ExpandedRun[]): Promise<void> {
  const { buildNetwork } = await import("../../nets/index.ts");
  const { resolveBatch } = await import("../../optim/index.ts");
  const { measurePlan } = await import("../../lab/index.ts");
  for (const { config } of runs) {
    buildNetwork(config.net, dataset.inputShape, dataset.outputs);
    measurePlan(config, dataset.train.n);
    if (config.optimizer.name !== "gd") resolveBatch(config.optimizer.batch, dataset.train.n);
  }
}

function failedResult({ name, config }: ExpandedRun, error: unknown): RunResult {
  return {
    run: null,
    name,
    dir: null,
    status: "failed",
    step: 0,
    loss: null,
    equilibriumSharpness: null,
    equilibriumSd: null,
    threshold: 2 / config.optimizer.lr,
    gap: null,
    seconds: 0,
    message: error instanceof Error ? error.message : String(error),
  };
}

async function report(
  output: Output,
  folders: readonly string[],
  title: string,
  out: string,
): Promise<string> {
  const { loadRuns } = await import("../load-runs.ts");
  const { writeReport } = await import("../write-report.ts");
  const folder = resolvePath(output.io, out);
  const { page, undrawn } = writeReport(await loadRuns(folders), folder, {
    title,
    generatedAt: new Date().toISOString(),
  });
  warnUndrawn(output, undrawn);
  const shown = path.relative(output.io.cwd, page);
  output.text(`report: ${shown}`);
  return shown;
}
