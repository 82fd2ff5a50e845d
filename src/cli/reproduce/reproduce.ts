// From figure names to figures: train what is missing, gather, analyse, write, print.
import path from "node:path";
import { groupBy } from "../../lab/index.ts";
import { InputError } from "../../math/index.ts";
import { formatTable } from "../format.ts";
import { resolvePath } from "../host.ts";
import { Output } from "../output.ts";
import { exitCodeOf } from "../results.ts";
import { findRuns } from "../run-refs.ts";
import { conductSweep } from "../sweep/conduct.ts";
import type { Scale } from "./campaigns.ts";
import { textTable } from "./comparison.ts";
import type { PaperFigure } from "./figure-spec.ts";
import { Campaigns, type Gathered, gather, gatherFrom, type LoadedRun, RunShelf } from "./gather.ts";
import { type Reproduced, reproduced } from "./reproduced.ts";
import { writeFigure } from "./write.ts";

/** Flags of the command. */
export interface ReproduceOptions {
  readonly scale: Scale;
  readonly runsDir: string;
  /** Folder that gets one folder a figure. */
  readonly out: string;
  /** False under `--no-run`. */
  readonly run: boolean;
  readonly seeds?: number;
  readonly jobs?: number;
  readonly from?: readonly string[];
  readonly set?: readonly string[];
}

/**
 * Reproduces figures. Of several, one that has no runs is a warning.
 *
 * @returns the exit code: that of the worst run trained here
 * @throws InputError when there is nothing to draw at all, or the runs cannot stand in one figure
 */
export async function reproduce(
  output: Output,
  argv: readonly string[],
  figures: readonly PaperFigure[],
  options: ReproduceOptions,
): Promise<number> {
  checkOptions(options);
  const { io } = output;
  const root = resolvePath(io, options.runsDir);
  const shelf = new RunShelf();
  let code = 0;
  let find: (figure: PaperFigure) => Promise<Gathered>;
  if (options.from === undefined) {
    const { scale, set = [], seeds } = options;
    const campaigns = new Campaigns(io, { scale, set, seeds });
    if (options.run) code = await train(output, argv, campaigns, figures, root, options.jobs);
    if (code === INTERRUPTED) return code;
    find = (figure) => gather(figure, campaigns, root, shelf);
  } else {
    const loaded: LoadedRun[] = [];
    for (const folder of findRuns(io, options.runsDir, options.from)) loaded.push(await shelf.read(folder));
    find = (figure) => Promise.resolve(gatherFrom(figure, loaded));
  }
  const scale = options.from === undefined ? options.scale : "own";
  const command = ["brink", ...argv].join(" ");
  let drawn = 0;
  for (const figure of figures) {
    try {
      const result = reproduced(figure, await find(figure), scale, command);
      report(output, result, path.join(resolvePath(io, options.out), `${figure.name}-${scale}`));
      drawn += 1;
    } catch (error) {
      if (!(error instanceof InputError) || figures.length === 1) throw error;
      output.warn(`${figure.name}: ${error.message}`);
    }
  }
  if (drawn > 0) return code;
  throw new InputError("nothing to draw: no figure has a finished run", { file: options.runsDir });
}

const INTERRUPTED = 130;

function checkOptions({ from, seeds, set, jobs }: ReproduceOptions): void {
  if (from === undefined) return;
  const idle = Object.entries({ "--seeds": seeds, "--set": set, "--jobs": jobs }).find(
    ([, value]) => value !== undefined,
  );
  if (idle !== undefined) {
    throw new InputError("changes nothing of runs that are there already", {
      field: idle[0],
      hint: "Leave it out, or leave out --from",
    });
  }
}

/** Trains what the figures need and is not finished. Returns the exit code of the worst run. */
async function train(
  output: Output,
  argv: readonly string[],
  campaigns: Campaigns,
  figures: readonly PaperFigure[],
  root: string,
  jobs: number | undefined,
): Promise<number> {
  // stdout is for the figures' numbers: what the runs themselves say stays out of it.
  const quiet = new Output(output.io, { ...output.options, json: false });
  let code = 0;
  for (const { experiment, variants } of campaigns.ofFigures(figures)) {
    output.note(`${experiment}:`);
    const { runs, notStarted } = await conductSweep({
      output: quiet,
      name: experiment,
      root,
      variants,
      jobs,
      argv,
    });
    for (const { result } of runs) {
      if (result.status === "failed" || result.status === "diverged") {
        output.warn(
          `${result.name} ${result.status} at step ${result.step}: ${result.message ?? "see its record"}`,
        );
      }
    }
    const ended = exitCodeOf(runs.map(({ result }) => result.status));
    if (notStarted.length > 0 || ended === INTERRUPTED) {
      output.note("go on with the same command");
      return INTERRUPTED;
    }
    code = code === 0 ? ended : code;
  }
  return code;
}

/** Writes a figure and prints its numbers. */
function report(output: Output, result: Reproduced, folder: string): void {
  const { io } = output;
  const { files, undrawn } = writeFigure(result, folder);
  const shown = (file: string): string => path.relative(io.cwd, file) || ".";
  for (const file of undrawn) {
    output.warn(`${shown(file)} could not be drawn; the SVG beside it can be used`);
  }
  output.json({ ...result.numbers, files: files.map(shown) });
  const settings = formatTable(
    [{ title: "setting the paper leaves open" }, { title: "here" }],
    result.settings.map(({ setting, value }) => [setting, value]),
  );
  const byReason = groupBy(result.missing, ({ reason }) => reason);
  const missing = [...byReason]
    .map(([reason, runs]) => `  ${reason}: ${runs.map(({ run }) => run).join(", ")}\n`)
    .join("");
  const parts = [
    `${output.paint(`${result.name} (${result.scale}): ${result.title}`, "bold")}\n\n${textTable(result.rows)}`,
    settings,
    ...(missing === "" ? [] : [`missing:\n${missing}`]),
    `figure: ${shown(folder)}/\n`,
  ];
  output.text(`${parts.join("\n")}\n`);
}
