// `brink show RUN`: how one run stands, and its whole configuration.
import type { Command } from "commander";
import type { RunRecord } from "../../record/index.ts";
import { formatDuration, formatNumber, formatSpread, formatTable } from "../format.ts";
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
      output.json({ id, dir, status, summary, marks, config, provenance: provenance ?? null });
      output.text(`${table(record, dir, status)}\n${stringify(config)}`);
      return 0;
    });
  });
  examplesFirst(command, [
    ["brink show headline-gd", "any unambiguous beginning of an id will do"],
    ["brink show runs/headline-gd-s0-7f3a --json", "summary, marks, configuration, provenance"],
  ]);
}

function table({ id, summary, marks, provenance }: RunRecord, dir: string, status: string): string {
  const rows: string[][] = [
    ["id", id],
    ["folder", dir],
    ["status", summary?.message === undefined ? status : `${status}: ${summary.message}`],
  ];
  if (summary !== null) {
    const { equilibriumSharpness: sharpness, equilibriumSd, equilibriumRecords, threshold } = summary;
    rows.push(["step", `${summary.step} of ${summary.steps}`]);
    if (summary.loss !== null) rows.push(["loss", formatNumber(summary.loss, 6)]);
    for (const key of ["accuracy", "testAccuracy"] as const) {
      const value = summary[key];
      if (value !== undefined && value !== null) rows.push([key, formatNumber(value)]);
    }
    if (sharpness !== null) {
      rows.push([
        "S_eq ± sd",
        `${formatSpread(sharpness, equilibriumSd)} (last ${equilibriumRecords} solves)`,
      ]);
      rows.push(["2/η", formatNumber(threshold)], ["gap", formatNumber(threshold - sharpness)]);
    }
    rows.push(["computing", formatDuration(summary.seconds)]);
  }
  for (const mark of marks) rows.push([mark.kind, `${mark.message} (step ${mark.step})`]);
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
