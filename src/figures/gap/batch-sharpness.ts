// Figure: full-batch and batch sharpness over training, one column per batch size, with violins of the equilibrium.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import { median, runningMedian } from "../../math/index.ts";
import { stepAxis, valueAxis } from "../axes.ts";
import type { AxisSpec } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import { drawableOnLinear, extremes } from "../domains.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import type { Line } from "../lines.ts";
import { INK, PAPER } from "../palette.ts";
import { referenceLabels, referenceMarks } from "../references.ts";
import type { Reference } from "../references.ts";
import { rowsOf } from "../rows.ts";
import { formatTick } from "../ticks.ts";
import { kernelDensity } from "./density.ts";
import { lineLabels, lineMarks } from "./overlays.ts";
import { rawDots, robustRange } from "./raw.ts";
import { seriesLine } from "./series.ts";
import { hue } from "./styles.ts";
import type { BatchSharpnessColumn, BatchSharpnessSpec } from "./types.ts";

const SHARPNESS = "λ_max";
const BATCH = "batch sharpness";

interface Column {
  readonly label: string;
  readonly sharpness: Line;
  /** As recorded. */
  readonly raw: Line;
  /** Running median with its quartiles as band. */
  readonly median: Line;
  /** Values from the start of the equilibrium phase on: sharpness, then batch sharpness. */
  readonly equilibrium: readonly (readonly number[])[];
}

/**
 * Above: λ_max as a line, batch sharpness as dots with running median and interquartile band. Below: their
 * distributions over the equilibrium phase (kernel density; a bar at the median). All columns share
 * their vertical axes; the last one carries the labels.
 *
 * @throws InputError for a window that is not an odd whole number, or a run with another number of values than steps
 */
export function batchSharpnessFigure(spec: BatchSharpnessSpec, options: FigureOptions): Figure {
  const columns = spec.columns.map(readColumn);
  const references = spec.references.filter(({ value }) => drawableOnLinear(value));
  const last = columns.length - 1;
  const range = robustRange(columns.map((column) => column.raw.y));
  const values = [
    ...columns.flatMap((column) => extremes(column.sharpness, drawableOnLinear)),
    ...columns.flatMap((column) => extremes(column.median, drawableOnLinear)),
    ...(range ?? []),
    ...references.map(({ value }) => value),
  ];
  const y = valueAxis(values, false);
  const cut = columns
    .flatMap((column) => [...column.raw.y])
    .filter((v) => v < y.domain[0] || v > y.domain[1]);
  const phase = columns.flatMap((column) => column.equilibrium.flat());
  const below = valueAxis(
    [...phase, ...references.map(({ value }) => value)].filter(drawableOnLinear),
    false,
  );
  const windows = [...new Set(spec.columns.map((column) => column.window))].join(", ");
  const starts = [...new Set(spec.columns.map((column) => formatTick(column.equilibriumFrom)))].join(", ");
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt:
        `${SHARPNESS} and ${BATCH} against training step for ${spec.columns.map((c) => c.label).join("; ") || "no runs"}` +
        `, and below their distributions in the equilibrium phase${describeMedians(columns)}.`,
      grid: [
        { height: 230, panels: columns.map((column, i) => timePanel(column, y, references, i === last)) },
        {
          height: 150,
          panels: columns.map((column, i) => violinPanel(column, below, references, i === last)),
        },
      ],
      notes:
        spec.columns.length === 0
          ? spec.notes
          : [
              `dots: ${BATCH} as recorded; line and shade: running median of ${windows} and its interquartile range`,
              `violins: from step ${starts} on, bar at the median`,
              ...(cut.length === 0 ? [] : [`${formatTick(cut.length)} dots beyond the axis are not drawn`]),
              ...spec.notes,
            ],
      rows: columns.flatMap((column) => rowsOf([column.sharpness, column.raw, column.median])),
    },
    options,
  );
}

function readColumn(column: BatchSharpnessColumn): Column {
  const about = (series: string, index: number): Parameters<typeof seriesLine>[1] => ({
    label: column.label,
    style: hue(index),
    series,
    kind: "main",
  });
  const sharpness = seriesLine(column.sharpness, about(SHARPNESS, 0));
  const raw = seriesLine(column.batchSharpness, about(BATCH, 1));
  const { median: middle, lower, upper } = runningMedian(raw.y, column.window);
  return {
    label: column.label,
    sharpness,
    raw,
    median: { ...raw, series: `${BATCH}, running median`, y: middle, band: { low: lower, high: upper } },
    equilibrium: [sharpness, raw].map((line) =>
      [...line.y].filter((value, i) => line.x[i]! >= column.equilibriumFrom && drawableOnLinear(value)),
    ),
  };
}

function timePanel(
  column: Column,
  y: AxisSpec,
  references: readonly Reference[],
  labelled: boolean,
): PanelSpec {
  const named = [
    { ...column.sharpness, trace: { ...column.sharpness.trace, label: SHARPNESS } },
    { ...column.median, trace: { ...column.median.trace, label: BATCH } },
  ];
  return {
    title: column.label,
    xLabel: "step",
    yLabel: "curvature",
    x: stepAxis([column.sharpness, column.raw]),
    y,
    empty: ![column.sharpness, column.raw].some((line) => line.y.some(drawableOnLinear)),
    labels: labelled
      ? [
          ...referenceLabels(references),
          ...lineLabels(named, Math.max(...named.map((line) => line.x.at(-1) ?? 0)), drawableOnLinear),
        ]
      : [],
    marks: (pixels) => [
      rawDots(column.raw, pixels, y),
      ...lineMarks(named, pixels, y, drawableOnLinear),
      ...referenceMarks(references),
    ],
  };
}

function violinPanel(
  column: Column,
  y: AxisSpec,
  references: readonly Reference[],
  labelled: boolean,
): PanelSpec {
  const names = [SHARPNESS, BATCH];
  return {
    xLabel: "",
    yLabel: "equilibrium",
    x: {
      log: false,
      domain: [-0.6, 1.6],
      ticks: () => [0, 1],
      format: (tick) => names[tick] ?? "",
    },
    y,
    empty: column.equilibrium.every((values) => values.length === 0),
    labels: labelled ? referenceLabels(references) : [],
    marks: () => [
      ...referenceMarks(references),
      ...column.equilibrium.flatMap((values, i) => violin(values, i, hue(i).colour)),
    ],
  };
}

/** A violin centred at `at`: both halves of the density, and a bar at the median. */
function violin(values: readonly number[], at: number, colour: string): Markish[] {
  if (values.length === 0) return [];
  const middle = median(values);
  return [
    Plot.areaX(kernelDensity(values, 80), {
      y: "value",
      x1: (point: { density: number }) => at - 0.42 * point.density,
      x2: (point: { density: number }) => at + 0.42 * point.density,
      fill: colour,
      fillOpacity: 0.45,
      stroke: colour,
    }),
    Plot.link([middle], {
      x1: at - 0.2,
      x2: at + 0.2,
      y1: middle,
      y2: middle,
      stroke: PAPER,
      strokeWidth: 4,
    }),
    Plot.link([middle], { x1: at - 0.2, x2: at + 0.2, y1: middle, y2: middle, stroke: INK, strokeWidth: 2 }),
  ];
}

function describeMedians(columns: readonly Column[]): string {
  const known = columns.filter((column) => column.equilibrium.every((values) => values.length > 0));
  if (known.length === 0) return "";
  const words = known.map(({ label, equilibrium: [sharpness, batch] }) => {
    const middle = (values: readonly number[]): string => formatTick(Number(median(values).toPrecision(4)));
    return `${label}: ${middle(sharpness!)} and ${middle(batch!)}`;
  });
  return ` (medians: ${words.join("; ")})`;
}
