// Figure: the gap per batch size as bars, and beside it how a prediction tracks it.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { valueAxis } from "../axes.ts";
import type { AxisSpec } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import { drawableOnLinear } from "../domains.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import type { Line } from "../lines.ts";
import { INK } from "../palette.ts";
import { rowsOf } from "../rows.ts";
import { lineLabels, lineMarks, overlayLine } from "./overlays.ts";
import { describePanel, pointsNotes, pointsPanel, pointsRows } from "./points.ts";
import { hue, overlayStyles } from "./styles.ts";
import { barEnds, barNote, describePoint, pointName, pointRows } from "./sweep.ts";
import type { AnatomySpec, SweepPoint } from "./types.ts";

const GAP = "gap";

/**
 * One bar per setting in the order given, with error bars of ±1 sd and a curve over them; negative gaps hang below
 * zero. Beside it a panel of points.
 */
export function anatomyFigure(spec: AnatomySpec, options: FigureOptions): Figure {
  const bars = spec.bars.filter((bar) => drawableOnLinear(bar.mean));
  const lost = spec.bars.filter((bar) => !bars.includes(bar));
  const curves = spec.curve === null ? [] : [spec.curve];
  const lines = curves.map((curve) => overlayLine(curve, overlayStyles(curves, 1)[0]!, GAP));
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt:
        `Bars: ${bars.map(describePoint).join("; ") || "no values"}` +
        `${spec.curve === null ? "" : `, with ${spec.curve.label}`}. ${describePanel(spec.tracking)}`,
      grid: [{ height: 290, panels: [barPanel(spec, bars, lines), pointsPanel(spec.tracking)] }],
      notes: [
        ...new Set([...barNote(bars), ...pointsNotes([spec.tracking])]),
        ...(lost.length === 0 ? [] : [`no bar: ${lost.map(describePoint).join("; ")}`]),
        ...spec.notes,
      ],
      rows: [...pointRows(spec.bars, "measured", GAP), ...rowsOf(lines), ...pointsRows(spec.tracking)],
    },
    options,
  );
}

function barPanel(spec: AnatomySpec, bars: readonly SweepPoint[], lines: readonly Line[]): PanelSpec {
  const placed = lines.map((line) => overBars(line, bars));
  const y = valueAxis(
    [
      ...(bars.length === 0 ? [] : [0]),
      ...bars.flatMap((bar) => barEnds(bar, false)),
      ...placed.flatMap((line) => [...line.y].filter(drawableOnLinear)),
    ],
    false,
  );
  const { colour } = hue(0);
  const marks: readonly (Markish | null)[] = [
    Plot.rect(
      bars.map((bar, i) => ({ left: i - 0.36, right: i + 0.36, height: bar.mean })),
      { x1: "left", x2: "right", y1: 0, y2: "height", fill: colour, fillOpacity: 0.75 },
    ),
    Plot.ruleX(
      bars.flatMap((bar, i) =>
        bar.sd === null ? [] : [{ i, low: bar.mean - bar.sd, high: bar.mean + bar.sd }],
      ),
      { x: "i", y1: "low", y2: "high", stroke: INK, strokeWidth: 1.4, ariaDescription: "± 1 sd" },
    ),
    Plot.ruleY([0], { stroke: INK }),
  ];
  return {
    title: spec.barsTitle ?? `Gap by ${spec.tracking.xLabel}`,
    xLabel: spec.tracking.xLabel,
    yLabel: GAP,
    x: barAxis(bars),
    y,
    empty: bars.length === 0,
    labels: lineLabels(placed, bars.length - 1, drawableOnLinear),
    marks: (pixels) => [...marks, ...lineMarks(placed, pixels, y, drawableOnLinear)],
  };
}

/** Bars stand at 0, 1, 2, …, named by their settings. */
function barAxis(bars: readonly SweepPoint[]): AxisSpec {
  return {
    log: false,
    domain: [-0.6, Math.max(1, bars.length) - 0.4],
    ticks: () => bars.map((_, i) => i),
    format: (tick) => (bars[tick] === undefined ? "" : pointName(bars[tick])),
  };
}

/**
 * The curve moved to where the bars stand: between neighbouring bars by the logarithm of x (by x itself where that
 * is not positive). Parts beyond the first and last bar are left out.
 */
function overBars(line: Line, bars: readonly SweepPoint[]): Line {
  const positions = line.x.map((x) => barPosition(x, bars));
  const kept = [...positions.keys()].filter((i) => Number.isFinite(positions[i]!));
  kept.sort((a, b) => positions[a]! - positions[b]!);
  return {
    ...line,
    x: Float64Array.from(kept, (i) => positions[i]!),
    y: Float64Array.from(kept, (i) => line.y[i]!),
  };
}

/** Where x stands among the bars, NaN beyond them. */
function barPosition(x: number, bars: readonly SweepPoint[]): number {
  const exact = bars.findIndex((bar) => bar.x === x);
  if (exact >= 0) return exact;
  const into = x > 0 && bars.every((bar) => bar.x > 0) ? Math.log : (value: number): number => value;
  for (let i = 0; i + 1 < bars.length; i++) {
    const [from, to] = [into(bars[i]!.x), into(bars[i + 1]!.x)];
    const share = (into(x) - from) / (to - from);
    if (share > 0 && share < 1) return i + share;
  }
  return Number.NaN;
}
