// `brink pack RUN…`: small copies of ended runs, to publish or to commit.
import path from "node:path";
import type { Command } from "commander";
import { formatTable } from "../format.ts";
import { type CommonOptions, examplesFirst, type Host, resolvePath, withRunsDir } from "../host.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
  readonly out: string;
}

/** Registers the command. */
export function addPackCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("pack <run...>")
      .description("small copies of ended runs: measurements without checkpoints and the loss of every step"),
  )
    .requiredOption("--out <dir>", "folder of the copies, a folder of runs like any other")
    .action(async (refs: string[], _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, async (output) => {
        const { findRuns } = await import("../run-refs.ts");
        const { packRun } = await import("../../node/pack-run.ts");
        const { io } = output;
        const folder = resolvePath(io, options.out);
        const packed = [];
        for (const source of findRuns(io, options.runsDir, refs)) {
          const { id, dir, bytes, written } = await packRun(source, folder);
          packed.push({ id, dir: path.relative(io.cwd, dir), bytes, written });
        }
        output.json({ packed });
        output.text(
          formatTable(
            [{ title: "run" }, { title: "KiB", align: "right" }, { title: "" }],
            packed.map(({ dir, bytes, written }) => [
              dir,
              String(Math.ceil(bytes / 1024)),
              written ? "" : "was there",
            ]),
          ),
        );
        return 0;
      });
    });
  examplesFirst(command, [
    ["brink pack 'gap-*' --out published", "the runs of a campaign, some KiB each"],
    ["brink reproduce fig2 --scale full --no-run --runs-dir published", "its figures again, on any machine"],
    ["brink show published/RUN", "or anything else that reads a run"],
  ]);
}
