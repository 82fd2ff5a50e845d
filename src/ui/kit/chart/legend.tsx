// Names, strokes and values at the cursor of a chart's lines.
import type { JSX } from "preact";
import { formatNumber } from "../../../figures/ticks.ts";
import { onBackground } from "../theme.tsx";
import type { ChartGroup } from "./group.ts";
import type { DrawnLine } from "./lines.ts";
import type { ChartBracket, ChartMark, ChartSeries } from "./types.ts";
import { readings } from "./values.ts";

/** More lines than this are not listed: the one pointed at is named instead. */
const MOST_LISTED = 10;

/** Kinds of strokes in words. */
const KINDS: Readonly<Record<NonNullable<ChartSeries["kind"]>, string>> = {
  main: "line",
  dense: "line",
  faint: "faint",
  thin: "thin",
  midpoint: "dotted",
  dashed: "dashed",
  path: "path",
  points: "dots",
};

/** A short piece of a line as it is drawn. */
export function Swatch({
  colour,
  dash,
}: {
  readonly colour: string;
  readonly dash: readonly number[];
}): JSX.Element {
  return (
    <svg class="swatch" width="22" height="8" aria-hidden="true">
      <path d="M0 4H22" stroke={colour} stroke-width="2.2" stroke-dasharray={dash.join(" ")} />
    </svg>
  );
}

export function Legend({
  lines,
  marks,
  brackets,
  group,
  isDark,
}: {
  readonly lines: readonly DrawnLine[];
  readonly marks: readonly ChartMark[];
  readonly brackets: readonly ChartBracket[];
  readonly group: ChartGroup;
  readonly isDark: boolean;
}): JSX.Element | null {
  const explained = lines.filter(({ readable, series }) => readable && series.note !== undefined);
  const named = lines.filter(
    (line) =>
      line.readable && line.label !== "" && (!explained.includes(line) || explained.length === lines.length),
  );
  const hovered = group.hovered.value;
  const listed = named.length <= MOST_LISTED ? named : named.filter((line) => line.series.owner === hovered);
  const cursor = group.cursor.value;
  const values = new Map(
    (cursor === null ? [] : readings(listed, cursor)).map(({ line, y }) => [line, formatNumber(y)]),
  );
  if (named.length === 0) return null;
  return (
    <ul class="chart-legend">
      {listed.length === 0 ? (
        <li class="muted">{named.length} lines; point at one to see which it is</li>
      ) : null}
      {listed.map((line) => (
        <li
          key={`${line.series.owner} ${line.label}`}
          class={line.series.owner === hovered ? "hovered" : ""}
          onPointerEnter={() => (group.hovered.value = line.series.owner)}
          onPointerLeave={() => (group.hovered.value = null)}
        >
          <Swatch colour={onBackground(line.series.colour, isDark)} dash={line.dash} />
          <span class="legend-label">{line.label}</span>
          <span class="legend-value">{values.get(line) ?? ""}</span>
        </li>
      ))}
      {[
        ...new Set([
          ...explained.map(({ series }) => `${KINDS[series.kind ?? "main"]}: ${series.note}`),
          ...[...marks, ...brackets].map(({ label }) => label),
        ]),
      ].map((label) => (
        <li key={label} class="muted">
          {label}
        </li>
      ))}
    </ul>
  );
}
