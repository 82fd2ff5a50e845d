// Figure: training loss over steps, both logarithmic, for several learning rates and batch sizes, under the theorem's envelopes.
import { numberAxis, valueAxis } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import { drawableOnLog, extremes } from "../domains.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import { lineLabels, lineMarks } from "../gap/overlays.ts";
import { hue } from "../gap/styles.ts";
import type { Line } from "../lines.ts";
import { INK } from "../palette.ts";
import type { TraceStyle } from "../palette.ts";
import { rowsOf } from "../rows.ts";
import { expWithin, logCells } from "./cells.ts";
import type { LargeStepLossSpec, LossGroup, LossPanel } from "./types.ts";

/** Envelopes are drawn only this far above the largest loss: where they begin they say little. */
const HEADROOM = 30;

/**
 * One panel a batch size, one colour a learning rate: geometric mean over seeds and neighbouring steps, the band from the
 * smallest to the largest loss among them (so that spikes show), the theorem's envelope dashed, t⁻¹ dotted.
 */
export function largeStepLossFigure(spec: LargeStepLossSpec, options: FigureOptions): Figure {
  const labels = [...new Set(spec.panels.flatMap(({ groups }) => groups.map(({ label }) => label)))];
  const styles = new Map(labels.map((label, i) => [label, hue(i)]));
  const range = spec.panels.flatMap(({ groups }) =>
    groups.flatMap((group) => extremes(lossLine(group, hue(0), ""), drawableOnLog)),
  );
  const drawn = spec.panels.map((panel) => panelOf(panel, styles, range));
  const bounded = spec.panels.some(({ groups }) => groups.some(({ bound }) => bound.length > 0));
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt: `Training loss against step, both logarithmic. ${spec.panels.map(describe).join(" ")}`,
      grid: inRows(drawn.map(({ panel }) => panel)),
      notes: [
        "line: geometric mean over seeds and a fortieth of a decade of steps; shaded: smallest to largest loss among them",
        "dotted: 1/t",
        ...(bounded ? ["dashed: the theorem's bound on the best loss so far, in the colour of its run"] : []),
        ...spec.notes,
      ],
      rows: drawn.flatMap(({ lines }) => rowsOf(lines)),
    },
    options,
  );
}

/** Three panels side by side, or rows of two. */
export function inRows(
  panels: readonly PanelSpec[],
  height = 280,
): { readonly height: number; readonly panels: readonly PanelSpec[] }[] {
  const across = panels.length <= 3 ? panels.length : 2;
  const rows = [];
  for (let i = 0; i < panels.length; i += across) rows.push({ height, panels: panels.slice(i, i + across) });
  return rows;
}

function panelOf(
  panel: LossPanel,
  styles: ReadonlyMap<string, TraceStyle>,
  range: readonly number[],
): { readonly panel: PanelSpec; readonly lines: readonly Line[] } {
  const measured = panel.groups.map((group) => lossLine(group, styles.get(group.label)!, panel.title));
  const values = measured.flatMap((line) => extremes(line, drawableOnLog));
  const top = range.length === 0 ? 1 : Math.max(...range);
  const bounds = panel.groups.flatMap((group) =>
    boundLine(group, styles.get(group.label)!, panel.title, HEADROOM * top),
  );
  const guide = guideLine(measured);
  // One range for all panels: batch sizes are there to be compared.
  const y = valueAxis(bounds.length === 0 ? range : [...range, HEADROOM * top], true);
  const last = Math.max(1, ...measured.map((line) => line.x.at(-1) ?? 1));
  return {
    lines: [...measured, ...bounds],
    panel: {
      title: panel.title,
      xLabel: "step t",
      yLabel: "training loss",
      x: numberAxis([1, Math.max(10, last)], true, 55),
      y,
      empty: values.length === 0,
      labels: lineLabels(measured, last, drawableOnLog),
      marks: (pixels) => [
        ...lineMarks([...guide, ...bounds], pixels, y, drawableOnLog),
        ...lineMarks(measured, pixels, y, drawableOnLog),
      ],
    },
  };
}

function lossLine({ label, runs }: LossGroup, style: TraceStyle, series: string): Line {
  const cells = logCells(runs);
  const column = (pick: (cell: (typeof cells)[number]) => number): Float64Array =>
    Float64Array.from(cells, (cell) => expWithin(pick(cell)));
  return {
    trace: { label, style },
    series: `${series}: loss`,
    kind: "main",
    runs: runs.map(({ run }) => run),
    steps: new Float64Array(),
    x: Float64Array.from(cells, ({ step }) => step),
    y: column(({ mean }) => mean),
    band: { low: column(({ low }) => low), high: column(({ high }) => high) },
    bandMeaning: "smallest to largest",
    diverged: false,
  };
}

function boundLine({ label, bound }: LossGroup, style: TraceStyle, series: string, most: number): Line[] {
  const points = bound.filter(({ log }) => log !== null && log <= Math.log(most));
  if (points.length < 2) return [];
  return [
    {
      trace: { label, style: { ...style, dash: "6 3" } },
      series: `${series}: bound`,
      kind: "main",
      runs: [],
      steps: new Float64Array(),
      x: Float64Array.from(points, ({ step }) => step),
      y: Float64Array.from(points, ({ log }) => expWithin(log!)),
      diverged: false,
    },
  ];
}

/** 1/t below the last quarter (in log t) of the lowest curve. */
function guideLine(lines: readonly Line[]): Line[] {
  const ends = lines.flatMap((line) => {
    const x = line.x.at(-1);
    const y = line.y.at(-1);
    return x === undefined || y === undefined || !drawableOnLog(y) ? [] : [{ x, y }];
  });
  const lowest = ends.toSorted((a, b) => a.y - b.y)[0];
  if (lowest === undefined || lowest.x < 10) return [];
  const from = lowest.x ** 0.7;
  const at = (x: number): number => (0.4 * lowest.y * lowest.x) / x;
  return [
    {
      trace: { label: "1/t", style: { colour: INK, dash: "1.5 3" } },
      series: "guide",
      kind: "main",
      runs: [],
      steps: new Float64Array(),
      x: Float64Array.of(from, lowest.x),
      y: Float64Array.of(at(from), at(lowest.x)),
      diverged: false,
    },
  ];
}

function describe({ title, groups }: LossPanel): string {
  return `${title}: ${groups.map(({ label }) => label).join(", ") || "no runs"}.`;
}
