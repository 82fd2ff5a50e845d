// `brink ls`: the runs so far.
import type { Command } from "commander";
import type { RunListing } from "../../node/read-run.ts";
import { formatNumber, formatSpread, formatTable } from "../format.ts";
import { type CommonOptions, examplesFirst, type Host, resolvePath, withRunsDir } from "../host.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
}

/** Registers the command. */
export function addLsCommand(program: Command, host: Host): void {
  const command = withRunsDir(program.command("ls").description("list runs")).action(
    async (_options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, async (output) => {
        const { listRuns } = await import("../../node/read-run.ts");
        const runs = await listRuns(resolvePath(host.io, options.runsDir));
        output.json({ runs: runs.map((run) => ({ ...run, status: statusOf(run) })) });
        if (runs.length === 0) output.note(`no runs in ${options.runsDir}; start one with: brink run FILE`);
        else output.text(table(runs, new Date()));
        return 0;
      });
    },
  );
  examplesFirst(command, [
    ["brink ls", "the runs in runs/"],
    ["brink ls --runs-dir elsewhere --json", "those of another folder, for a program"],
  ]);
}

/** Status to show: a run that says `running` but that no process is writing was killed. */
export function statusOf({ summary, live }: Pick<RunListing, "summary" | "live">): string {
  if (live) return "running";
  if (summary === null) return "not started";
  return summary.status === "running" ? "killed" : summary.status;
}

function table(runs: readonly RunListing[], now: Date): string {
  return formatTable(
    [
      { title: "id" },
      { title: "name" },
      { title: "step", align: "right" },
      { title: "status" },
      { title: "loss", align: "right" },
      { title: "S_eq ± sd", align: "right" },
      { title: "when" },
    ],
    runs.map((run) => {
      const { id, name, summary, createdAt } = run;
      const sharpness = summary?.equilibriumSharpness ?? null;
      return [
        id,
        name,
        summary === null ? "–" : `${summary.step}/${summary.steps}`,
        statusOf(run),
        summary?.loss === null || summary === null ? "–" : formatNumber(summary.loss),
        sharpness === null ? "–" : formatSpread(sharpness, summary!.equilibriumSd),
        createdAt === null ? "–" : formatAge(createdAt, now),
      ];
    }),
  );
}

/** How long ago, in the largest unit that fits; a date after a month. */
export function formatAge(iso: string, now: Date): string {
  const seconds = (now.getTime() - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return "–";
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 30 * 86_400) return `${Math.floor(seconds / 86_400)} d ago`;
  return iso.slice(0, 10);
}
