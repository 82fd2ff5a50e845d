// The table at the end of a training command, what the runs found in words, and the same as plain data.
import type { Finding } from "../figures/finding.ts";
import { findingsOfAll, type FoundRun, runFindings } from "../figures/findings.ts";
import type { RunSummary } from "../record/index.ts";
import { type Column, formatNumber, formatSpread, formatTable } from "./format.ts";

/** How one run ended. */
export interface RunResult {
  /** Name of the run's folder; null when it came to none. */
  readonly run: string | null;
  /** Name within the experiment. */
  readonly name: string;
  /** Folder, as the user can type it. */
  readonly dir: string | null;
  readonly status: RunSummary["status"];
  readonly step: number;
  readonly loss: number | null;
  /** Mean sharpness of the last solves, and its standard deviation. */
  readonly equilibriumSharpness: number | null;
  readonly equilibriumSd: number | null;
  /** Standard error of that mean, correlation included; see `RunSummary`, also for the next. */
  readonly equilibriumStderr?: number | null;
  readonly equilibriumTau?: number | null;
  readonly equilibriumRecords?: number;
  readonly equilibriumWarning?: string;
  /** How the sharpness stands to the threshold. */
  readonly edge?: RunSummary["edge"];
  /** Step of the first solve at or above the threshold. */
  readonly onset?: number;
  readonly assumptions?: RunSummary["assumptions"];
  readonly measured?: RunSummary["measured"];
  readonly threshold: number;
  /** 2/η − S_eq. */
  readonly gap: number | null;
  readonly accuracy?: number | null;
  readonly testAccuracy?: number | null;
  readonly seconds: number;
  readonly message?: string;
}

/** A summary as a result row. */
export function resultOf(run: string, name: string, dir: string, summary: RunSummary): RunResult {
  const { equilibriumSharpness, threshold } = summary;
  return {
    run,
    name,
    dir,
    status: summary.status,
    step: summary.step,
    loss: summary.loss,
    equilibriumSharpness,
    equilibriumSd: summary.equilibriumSd,
    threshold,
    gap: equilibriumSharpness === null ? null : threshold - equilibriumSharpness,
    equilibriumRecords: summary.equilibriumRecords,
    ...picked(summary, [
      "equilibriumStderr",
      "equilibriumTau",
      "equilibriumWarning",
      "edge",
      "onset",
      "assumptions",
      "measured",
      "accuracy",
      "testAccuracy",
    ]),
    seconds: summary.seconds,
    ...picked(summary, ["message"]),
  };
}

/** The named fields, as far as they are there. */
function picked<K extends keyof RunSummary>(summary: RunSummary, names: readonly K[]): Pick<RunSummary, K> {
  const entries = names.flatMap((name) => (summary[name] === undefined ? [] : [[name, summary[name]]]));
  return Object.fromEntries(entries) as Pick<RunSummary, K>;
}

const columns: readonly Column[] = [
  { title: "run" },
  { title: "S_eq ± sd", align: "right" },
  { title: "2/η", align: "right" },
  { title: "gap", align: "right" },
  { title: "loss", align: "right" },
  { title: "status" },
];

/** One line a run: equilibrium sharpness, threshold 2/η, gap between them, loss, status. */
export function resultTable(results: readonly RunResult[]): string {
  const shown = (value: number | null): string => (value === null ? "–" : formatNumber(value));
  return formatTable(
    columns,
    results.map((result) => [
      result.name,
      result.equilibriumSharpness === null
        ? "–"
        : formatSpread(result.equilibriumSharpness, result.equilibriumSd),
      formatNumber(result.threshold),
      shown(result.gap),
      shown(result.loss),
      result.message === undefined ? result.status : `${result.status}: ${result.message}`,
    ]),
  );
}

/** Runs whose findings are spelled out; more are summed up. */
const MOST_SPELLED_OUT = 4;

/** What the runs found, below their table: each in its own words, many in two lines. Empty when nothing was measured. */
export function findingsText(runs: readonly (FoundRun & { readonly name: string })[]): string {
  if (runs.length > MOST_SPELLED_OUT) return summedUp(runs);
  const several = runs.length > 1;
  return runs
    .map((run) => ({ name: run.name, text: lines(runFindings(run), several ? "  " : "") }))
    .filter(({ text }) => text !== "")
    .map(({ name, text }) => (several ? `${name}\n${text}` : text))
    .join("");
}

/** How many runs ended where, and how often the theory's assumptions failed in them. */
export function summedUp(runs: readonly FoundRun[]): string {
  return lines(findingsOfAll(runs), "");
}

function lines(findings: readonly Finding[], indent: string): string {
  if (findings.length === 0) return "";
  const table = formatTable(
    [{ title: "" }, { title: "" }],
    findings.map(({ title, text }) => [indent + title, text]),
  );
  return table.replace(/^\n/, "");
}

/** Exit code of a command that trained: the worst that happened, interruption first because the user asked for it. */
export function exitCodeOf(statuses: readonly RunSummary["status"][]): number {
  if (statuses.includes("interrupted")) return 130;
  if (statuses.includes("failed")) return 1;
  return statuses.includes("diverged") ? 3 : 0;
}
