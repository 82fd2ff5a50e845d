// Figure: when a set was left, and for how long, as counts a run in bins of a fifth of a decade.
import { numberAxis, valueAxis } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import { drawableOnLinear, extremes } from "../domains.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import { lineLabels, lineMarks } from "../gap/overlays.ts";
import { hue } from "../gap/styles.ts";
import type { Line } from "../lines.ts";
import type { TraceStyle } from "../palette.ts";
import { rowsOf } from "../rows.ts";
import type { PassageGroup, PassagesSpec } from "./types.ts";

const BINS_PER_DECADE = 5;

/** Left panels: exits by step. Right panels: lengths of the excursions, those that ended. */
export function passagesFigure(spec: PassagesSpec, options: FigureOptions): Figure {
  const labels = [...new Set(spec.panels.flatMap(({ groups }) => groups.map(({ label }) => label)))];
  const styles = new Map(labels.map((label, i) => [label, hue(i)]));
  const rows = spec.panels.map(({ title, groups }) => [
    histogram(title, "step of the exit", groups, ({ exits }) => exits, styles),
    histogram(title, "steps outside", groups, ({ lengths }) => lengths, styles),
  ]);
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt: `Numbers of exits a run by step and by length of the excursion: ${spec.panels
        .map(({ title, groups }) => `${title}: ${groups.map(describe).join(", ")}`)
        .join("; ")}.`,
      grid: rows.map((panels) => ({ height: 190, panels: panels.map(({ panel }) => panel) })),
      notes: ["counts a run in bins of a fifth of a decade", ...spec.notes],
      rows: rows.flat().flatMap(({ lines }) => rowsOf(lines)),
    },
    options,
  );
}

function histogram(
  title: string,
  xLabel: string,
  groups: readonly PassageGroup[],
  pick: (group: PassageGroup) => readonly number[],
  styles: ReadonlyMap<string, TraceStyle>,
): { readonly panel: PanelSpec; readonly lines: readonly Line[] } {
  const largest = Math.max(10, ...groups.flatMap((group) => pick(group)));
  const bins = Math.ceil(Math.log10(largest) * BINS_PER_DECADE + 1e-9);
  const lines = groups.map((group) =>
    staircase(group.label, styles.get(group.label)!, `${title}: ${xLabel}`, pick(group), bins, group.runs),
  );
  const values = lines.flatMap((line) => extremes(line, drawableOnLinear));
  const y = valueAxis([0, ...values], false);
  const last = 10 ** (bins / BINS_PER_DECADE);
  return {
    lines,
    panel: {
      title,
      xLabel,
      yLabel: "exits a run",
      x: numberAxis([1, last], true, 55),
      y,
      empty: groups.every((group) => pick(group).length === 0),
      labels: lineLabels(lines, last, drawableOnLinear),
      marks: (pixels) => lineMarks(lines, pixels, y, drawableOnLinear),
    },
  };
}

/** The counts as the outline of a histogram. */
function staircase(
  label: string,
  style: TraceStyle,
  series: string,
  values: readonly number[],
  bins: number,
  runs: number,
): Line {
  const counts = new Float64Array(bins);
  for (const value of values) {
    counts[Math.min(bins - 1, Math.floor(Math.log10(Math.max(1, value)) * BINS_PER_DECADE + 1e-9))]! += 1;
  }
  const edge = (k: number): number => 10 ** (k / BINS_PER_DECADE);
  const points = Array.from(counts).flatMap((count, k) => [
    [edge(k), count / Math.max(1, runs)] as const,
    [edge(k + 1), count / Math.max(1, runs)] as const,
  ]);
  return {
    trace: { label, style },
    series,
    kind: "main",
    runs: [],
    steps: new Float64Array(),
    x: Float64Array.from(points, ([x]) => x),
    y: Float64Array.from(points, ([, y]) => y),
    diverged: false,
  };
}

function describe({ label, exits, runs }: PassageGroup): string {
  return `${label} ${exits.length} in ${runs} ${runs === 1 ? "run" : "runs"}`;
}
