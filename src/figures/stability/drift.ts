// Figure: the expected loss after the next step over the loss, along single runs, with the phases of training shaded.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { numberAxis, valueAxis } from "../axes.ts";
import type { AxisSpec } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import { drawableOnLog, extremes } from "../domains.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import { lineMarks } from "../gap/overlays.ts";
import type { Line } from "../lines.ts";
import { COLOURS } from "../palette.ts";
import { referenceLabels, referenceMarks } from "../references.ts";
import { rowsOf } from "../rows.ts";
import { expWithin, logCells } from "./cells.ts";
import { inRows } from "./loss.ts";
import type { DriftFigureSpec, DriftPanel, Span } from "./types.ts";

const UNSETTLED = COLOURS[1]!;
const STABLE = COLOURS[2]!;

/**
 * E[L(θ′) | θ]/L(θ), above 1 where the next step is expected to raise the loss. Shaded: up to the last such step, and from
 * the entrance into the theorem's stable set on.
 */
export function driftFigure(spec: DriftFigureSpec, options: FigureOptions): Figure {
  const lines = spec.panels.map(lineOf);
  const y = valueAxis([...lines.flatMap((line) => extremes(line, drawableOnLog)), 1], true);
  const panels = spec.panels.map((panel, i) => panelOf(panel, lines[i]!, y));
  const has = (pick: (panel: DriftPanel) => Span | null): boolean =>
    spec.panels.some((panel) => pick(panel) !== null);
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt: `Expected loss after the next step over the loss, against step, both logarithmic: ${spec.panels.map(({ title }) => title).join("; ")}.`,
      grid: inRows(panels, 230),
      notes: [
        "line: geometric mean over a fortieth of a decade of steps; its shade: smallest to largest among them",
        ...(has(({ unsettled }) => unsettled)
          ? ["orange: up to the last step at which the loss was expected to rise"]
          : []),
        ...(has(({ stable }) => stable) ? ["green: in the theorem's stable set"] : []),
        ...spec.notes,
      ],
      rows: rowsOf(lines),
    },
    options,
  );
}

function lineOf({ title, ratio }: DriftPanel): Line {
  const cells = logCells([ratio]);
  const column = (pick: (cell: (typeof cells)[number]) => number): Float64Array =>
    Float64Array.from(cells, (cell) => expWithin(pick(cell)));
  return {
    trace: { label: "", style: { colour: COLOURS[0]!, dash: "" } },
    series: `${title}: E[L(θ′)|θ]/L(θ)`,
    kind: "main",
    runs: [ratio.run],
    steps: new Float64Array(),
    x: Float64Array.from(cells, ({ step }) => step),
    y: column(({ mean }) => mean),
    band: { low: column(({ low }) => low), high: column(({ high }) => high) },
    bandMeaning: "smallest to largest",
    diverged: false,
  };
}

/** All panels share the vertical axis: batch sizes are there to be compared. */
function panelOf({ title, unsettled, stable }: DriftPanel, line: Line, y: AxisSpec): PanelSpec {
  const last = Math.max(10, line.x.at(-1) ?? 10);
  const references = [{ value: 1, label: "no drift" }];
  return {
    title,
    xLabel: "step t",
    yLabel: "E[L(θ′)|θ]/L(θ)",
    x: numberAxis([1, last], true, 55),
    y,
    empty: line.x.length === 0,
    labels: referenceLabels(references),
    marks: (pixels) => [
      shade(unsettled, UNSETTLED, y.domain, last),
      shade(stable, STABLE, y.domain, last),
      ...lineMarks([line], pixels, y, drawableOnLog),
      ...referenceMarks(references),
    ],
  };
}

function shade(
  span: Span | null,
  colour: string,
  [low, high]: readonly [number, number],
  last: number,
): Markish | null {
  if (span === null) return null;
  const [from, to] = [Math.max(1, span.from), Math.min(last, Math.max(1, span.to))];
  if (!(from < to)) return null;
  return Plot.rect([0], { x1: from, x2: to, y1: low, y2: high, fill: colour, fillOpacity: 0.1 });
}
