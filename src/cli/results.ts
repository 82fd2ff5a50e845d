// The table at the end of a training command, and the same rows as plain data.
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
  /** Standard error of that mean, correlation included. */
  readonly equilibriumStderr?: number | null;
  /** How the sharpness stands to the threshold. */
  readonly edge?: RunSummary["edge"];
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
    ...(summary.equilibriumStderr === undefined ? {} : { equilibriumStderr: summary.equilibriumStderr }),
    ...(summary.edge === undefined ? {} : { edge: summary.edge }),
    ...(summary.accuracy === undefined ? {} : { accuracy: summary.accuracy }),
    ...(summary.testAccuracy === undefined ? {} : { testAccuracy: summary.testAccuracy }),
    seconds: summary.seconds,
    ...(summary.message === undefined ? {} : { message: summary.message }),
  };
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

/** Exit code of a command that trained: the worst that happened, interruption first because the user asked for it. */
export function exitCodeOf(statuses: readonly RunSummary["status"][]): number {
  if (statuses.includes("interrupted")) return 130;
  if (statuses.includes("failed")) return 1;
  return statuses.includes("diverged") ? 3 : 0;
}
