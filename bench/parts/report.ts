// Tables for the terminal and result files for bench/results.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Summary } from "../harness.ts";
import { root } from "./machine.ts";

/** A wish of the design, against which a ratio is printed. Never asserted: machines differ. */
export interface Goal {
  readonly relation: "≤" | "≥";
  readonly value: number;
}

/** One line of a benchmark's table. Times in ms unless `unit` says otherwise. */
export interface Row {
  readonly name: string;
  readonly unit?: string;
  readonly brink?: Summary | undefined;
  readonly peer?: Summary | undefined;
  readonly ratio?: Summary | undefined;
  /** What the ratio is of, e.g. "Brink ÷ PyTorch". */
  readonly of?: string;
  readonly goal?: Goal;
  readonly note?: string;
}

/** Three significant digits, no exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(magnitude >= 1 ? 2 : 3);
}

/** "median (lower–upper)". */
export function spread(summary: Summary | undefined): string {
  if (summary === undefined) return "";
  if (summary.samples === 1) return digits(summary.median);
  return `${digits(summary.median)} (${digits(summary.lower)}–${digits(summary.upper)})`;
}

/** Whether the median meets the goal. */
export function meets(ratio: Summary, goal: Goal): boolean {
  return goal.relation === "≤" ? ratio.median <= goal.value : ratio.median >= goal.value;
}

/** Columns padded to their widest cell; `peer` heads the column of the other side. */
export function renderTable(rows: readonly Row[], peer = "PyTorch"): string {
  const cells = rows.map((row) => [
    row.unit === undefined ? row.name : `${row.name} [${row.unit}]`,
    spread(row.brink),
    spread(row.peer),
    row.ratio === undefined ? "" : spread(row.ratio),
    row.of ?? "",
    row.goal === undefined ? "" : `${row.goal.relation} ${row.goal.value}`,
    row.goal === undefined || row.ratio === undefined ? "" : meets(row.ratio, row.goal) ? "met" : "not met",
    row.note ?? "",
  ]);
  const header = ["", "Brink", peer, "ratio", "of", "goal", "", ""];
  const widths = header.map((title, k) => Math.max(title.length, ...cells.map((line) => line[k]!.length)));
  const render = (line: readonly string[]): string =>
    line
      .map((cell, k) => cell.padEnd(widths[k]!))
      .join("  ")
      .trimEnd();
  return [render(header), ...cells.map(render)].join("\n");
}

/** Writes bench/results/NAME.json (temporary file, then rename) and returns its path from the root. */
export function recordResult(name: string, result: object): string {
  const relative = path.join("bench", "results", `${name}.json`);
  const file = path.join(root, relative);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, `${JSON.stringify(result, rounded, 2)}\n`);
  renameSync(`${file}.part`, file);
  return relative;
}

/** Five significant digits: more would only make differences between two records hard to read. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
