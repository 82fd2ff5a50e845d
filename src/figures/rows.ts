// The plotted data as a table: every value behind a figure (not only the thinned ones drawn), and as CSV.
import type { Line } from "./lines.ts";

/** One plotted value. `low` and `high` are mean ∓ sd for means over seeds. */
export interface Row {
  /** Run id; ids joined by spaces for a mean over seeds. */
  readonly run: string;
  readonly label: string;
  readonly series: string;
  /** Absent where the horizontal axis is not training time. */
  readonly step?: number;
  readonly x: number;
  /** null where the value was not finite. */
  readonly y: number | null;
  readonly low?: number;
  readonly high?: number;
}

/** All values of the lines, line by line in drawing order. */
export function rowsOf(lines: readonly Line[]): Row[] {
  const rows: Row[] = [];
  for (const line of lines) {
    const run = line.runs.join(" ");
    for (let i = 0; i < line.x.length; i++) {
      const y = line.y[i]!;
      const row = {
        run,
        label: line.trace.label,
        series: line.series,
        ...(line.steps.length === 0 ? {} : { step: line.steps[i]! }),
        x: line.x[i]!,
        y: Number.isNaN(y) ? null : y,
      };
      rows.push(line.band ? { ...row, low: line.band.low[i]!, high: line.band.high[i]! } : row);
    }
  }
  return rows;
}

const COLUMNS = ["run", "label", "series", "step", "x", "y", "low", "high"] as const;

/** Rows as CSV (RFC 4180, header line, LF line ends): full precision, empty where there is no value. */
export function toCsv(rows: readonly Row[]): string {
  const lines = [COLUMNS.join(",")];
  for (const row of rows) {
    lines.push(
      `${csvField(row.run)},${csvField(row.label)},${csvField(row.series)},${row.step ?? ""},${row.x},` +
        `${row.y ?? ""},${row.low ?? ""},${row.high ?? ""}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function csvField(text: string): string {
  // A leading =, +, - or @ would be run as a formula by spreadsheets; a leading apostrophe makes it text.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
