// Runs from disk as reports want them.
import { readRun } from "../node/read-run.ts";
import type { ReportedRun } from "./write-report.ts";

/** Reads the runs in the given folders, in order. */
export async function loadRuns(folders: readonly string[]): Promise<ReportedRun[]> {
  const runs: ReportedRun[] = [];
  // One after another: a long run's events fill hundreds of megabytes while they are parsed.
  for (const folder of folders) runs.push({ record: await readRun(folder), folder });
  return runs;
}
