// `brink show RUN`: how one run stands, and its whole configuration.
import type { Command } from "commander";
import { measuredOf, runFindings } from "../../figures/findings.ts";
import { stabilityFindings } from "../stability/findings.ts";
import { isAssumptionWarning, type RunRecord } from "../../record/index.ts";
import { formatDuration, formatNumber, formatTable } from "../format.ts";
import { type CommonOptions, examplesFirst, type Host, withRunsDir } from "../host.ts";
import { statusOf } from "./ls.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
}

/** Registers the command. */
export function addShowCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program.command("show <run>").description("show a run's summary, marks and configuration"),
  ).action(async (ref: string, _options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, async (output) => {
      const { findRun } = await import("../run-refs.ts");
      const { readRun } = await import("../../node/read-run.ts");
      const { isLocked } = await import("../../node/run-lock.ts");
      const { stringify } = await import("yaml");
      const dir = findRun(host.io, options.runsDir, ref);
      const record = await readRun(dir);
      const status = statusOf({ summary: record.summary, live: await isLocked(dir) });
      const { id, config, summary, marks, provenance } = record;
      const measured = measuredOf(record);
      output.json({ id, dir, status, summary, ...measured, marks, config, provenance: provenance ?? null });
      output.text(`${table(record, dir, status)}\n${stringify(config)}`);
      return 0;
    });
  });
  examplesFirst(command, [
    ["brink show headline-gd", "any unambiguous beginning of an id will do"],
    ["brink show runs/headline-gd-s0-7f3a --json", "summary, marks, configuration, provenance"],
  ]);
}

function table(record: RunRecord, dir: string, status: string): string {
  const { id, summary, marks, provenance } = record;
  const rows: string[][] = [
    ["id", id],
    ["folder", dir],
    ["status", summary?.message === undefined ? status : `${status}: ${summary.message}`],
  ];
  if (summary !== null) {
    const { equilibriumSharpness: sharpness, threshold } = summary;
    rows.push(["step", `${summary.step} of ${summary.steps}`]);
    if (summary.loss !== null) rows.push(["loss", formatNumber(summary.loss, 6)]);
    for (const key of ["accuracy", "testAccuracy"] as const) {
      const value = summary[key];
      if (value !== undefined && value !== null) rows.push([key, formatNumber(value)]);
    }
    if (sharpness !== null) {
      rows.push(
        ["2/η", formatNumber(threshold)],
        ["gap", `${formatNumber(threshold - sharpness)}, 2/η − S_eq`],
      );
    }
    for (const { title, text } of [...runFindings(record), ...stabilityFindings(record)])
      rows.push([title, text]);
    rows.push(["computing", formatDuration(summary.seconds)]);
  }
  for (const { kind, message, step } of marks) {
    if (!isAssumptionWarning(message)) rows.push([kind, `${message} (step ${step})`]);
  }
  if (provenance) {
    const commit = provenance.git === null ? "" : `, commit ${provenance.git.commit.slice(0, 12)}`;
    const dirty = provenance.git?.dirty === true ? " with changes" : "";
    rows.push([
      "made by",
      `brink ${provenance.brink}${commit}${dirty}, ${provenance.device}, ${provenance.threads} threads`,
    ]);
    rows.push(["command", provenance.command.join(" ")]);
    rows.push(["started", provenance.createdAt]);
  }
  return formatTable([{ title: "run" }, { title: "" }], rows).replace(/^.*\n/, "");
}
