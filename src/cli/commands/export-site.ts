// `brink export-site DIR RUN…`: the pages and some recorded runs as files for any static host.
import path from "node:path";
import type { Command } from "commander";
import { type CommonOptions, examplesFirst, type Host, resolvePath, withRunsDir } from "../host.ts";
import { version } from "../version.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
}

/** Registers the command. */
export function addExportSiteCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("export-site <dir> [run...]")
      .description("write playground and recorded runs as a folder for any static host"),
  ).action(async (dir: string, refs: string[], _options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, async (output) => {
      const { findRuns } = await import("../run-refs.ts");
      const { writeSnapshot } = await import("../../server/index.ts");
      const { pagesFolder } = await import("../serve/pages.ts");
      const out = resolvePath(host.io, dir);
      const runs: string[] = [];
      const folders = refs.length === 0 ? [] : findRuns(host.io, options.runsDir, refs);
      const files = await writeSnapshot({
        folders,
        site: pagesFolder(),
        out,
        brink: version(),
        madeAt: new Date(),
        onRun: ({ id, status, problem }) => {
          runs.push(id);
          output.note(`${runs.length} of ${folders.length}: ${id}`);
          if (status === "broken") output.warn(`${id} is broken and is shown as such: ${problem}`);
          if (status === "running") output.warn(`${id} is still running; the site shows it as it is now`);
        },
      });
      const shown = path.relative(host.io.cwd, out) || ".";
      output.json({ dir: shown, runs, answers: files });
      output.text(`site: ${shown}, ${runs.length} runs`);
      return 0;
    });
  });
  examplesFirst(command, [
    ["brink export-site public 'gap-*'", "the playground, and the runs whose id matches, read-only"],
    ["brink export-site public", "the playground alone"],
  ]);
}
