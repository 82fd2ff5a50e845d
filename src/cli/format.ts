// Numbers, durations and plain-text tables as the command line prints them.

/** A number with `digits` significant digits and no trailing noise; "–" for absent, "nan" for non-finite. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === undefined) return "–";
  if (value === null || !Number.isFinite(value)) return "nan";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-4) return value.toExponential(Math.max(0, digits - 1));
  const text = value.toPrecision(digits);
  // Precision shorter than the integer part would switch to an exponent; the whole number reads better.
  return text.includes("e") ? value.toFixed(0) : text;
}

/** `value ± spread` with the spread's two leading digits deciding how many decimals both get. */
export function formatSpread(value: number | null | undefined, spread: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatNumber(value);
  if (spread === null || spread === undefined || !Number.isFinite(spread)) return formatNumber(value);
  if (spread === 0) return `${formatNumber(value)} ± 0`;
  const decimals = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(spread))));
  return `${value.toFixed(decimals)} ± ${spread.toFixed(decimals)}`;
}

/** Seconds as `42 s`, `12:30` (min:s) or `1:02:03`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "?";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Bytes as `512 MiB`, `2.5 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`;
}

/** A column of a table: its heading and the side its cells lean to. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Plain-text table: columns padded to their widest cell, two spaces apart, no line ends in blanks. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, j) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[j] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, j) => {
        const cell = cells[j] ?? "";
        const padding = " ".repeat(widths[j]! - displayWidth(cell));
        return column.align === "right" ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)].map((text) => `${text}\n`).join("");
}

/** Columns a string takes in a terminal: colour codes take none, and Brink prints no wide or combining characters. */
function displayWidth(text: string): number {
  return Array.from(text.replaceAll(colorCode, "")).length;
}

const colorCode = new RegExp(`${String.fromCodePoint(27)}\\[\\d+m`, "g");
