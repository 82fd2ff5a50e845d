// `brink report RUN…`: one page of figures and tables for any runs.
import path from "node:path";
import type { Command } from "commander";
import { measuredOf } from "../../figures/findings.ts";
import type { RunRecord } from "../../record/index.ts";
import { type CommonOptions, examplesFirst, type Host, resolvePath, withRunsDir } from "../host.ts";
import type { Output } from "../output.ts";
import { resultOf } from "../results.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
  readonly out: string;
  readonly title?: string;
}

/** Registers the command. */
export function addReportCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program.command("report <run...>").description("write one HTML page, SVG, PNG and CSV of runs"),
  )
    .option("--out <dir>", "folder to write", "brink-report")
    .option("--title <text>", "heading of the page (default: the runs' names)")
    .action(async (refs: string[], _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, async (output) => {
        output.note(`reading ${refs.join(", ")}`);
        const { findRuns } = await import("../run-refs.ts");
        const folders = findRuns(host.io, options.runsDir, refs);
        const { loadRuns } = await import("../load-runs.ts");
        const { writeReport } = await import("../write-report.ts");
        const { mixedProblems } = await import("../../figures/differing.ts");
        const runs = await loadRuns(folders);
        const { page, files, undrawn } = writeReport(runs, resolvePath(host.io, options.out), {
          title: options.title ?? titleOf(runs.map(({ record }) => nameOf(record))),
          generatedAt: new Date().toISOString(),
        });
        warnUndrawn(output, undrawn);
        const mixed = mixedProblems(runs.map(({ record }) => record.config));
        if (mixed !== null) output.warn(mixed);
        const shown = (file: string): string => path.relative(host.io.cwd, file);
        output.json({
          report: shown(page),
          files: files.map(shown),
          runs: runs.map(({ record }) => record.id),
          results: runs.map(({ record, folder }) => found(record, shown(folder))),
        });
        output.text(`report: ${shown(page)}`);
        return 0;
      });
    });
  examplesFirst(command, [
    ["brink report headline-gd-s0-7f3a", "one run, by id"],
    ["brink report 'headline-*' --out figures", "all runs whose id matches"],
    ["brink report runs/a other/place/b", "runs anywhere, by path"],
  ]);
}

/** What the page says about a run, as data. */
function found(record: RunRecord, dir: string): Record<string, unknown> {
  const { id, summary } = record;
  if (summary === null) return { run: id, dir, status: "no summary", ...measuredOf(record) };
  return { ...resultOf(id, nameOf(record), dir, summary), ...measuredOf(record) };
}

/** Says which pictures are missing; their SVG and CSV are there. */
export function warnUndrawn(output: Output, undrawn: readonly string[]): void {
  for (const file of undrawn) output.warn(`${file} could not be drawn; the SVG beside it can be used`);
}

function nameOf({ id, config }: RunRecord): string {
  return typeof config["name"] === "string" ? config["name"] : id;
}

const longestTitle = 80;

function titleOf(names: readonly string[]): string {
  const distinct = [...new Set(names)];
  const title = distinct.join(", ");
  return title.length <= longestTitle ? title : `${distinct[0]!} and ${distinct.length - 1} more`;
}
