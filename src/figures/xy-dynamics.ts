// Figure: oscillation x² and sharpness y of the scalar system over time, a column a noise level.
import { InputError, mean } from "../math/index.ts";
import { stepAxis, valueAxis, withoutTickLabels } from "./axes.ts";
import type { AxisSpec } from "./axes.ts";
import { composeFigure } from "./compose.ts";
import type { PanelSpec } from "./compose.ts";
import { drawableOnLinear, extremes } from "./domains.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { lineMarks } from "./gap/overlays.ts";
import type { Line } from "./lines.ts";
import { COLOURS, REFERENCE_INK } from "./palette.ts";
import type { TraceStyle } from "./palette.ts";
import { rowsOf } from "./rows.ts";
import { formatTick } from "./ticks.ts";

/** A quantity over the steps 0, 1, …: mean over runs, its standard error (NaN for one run), and theory's constant. */
export interface XyQuantity {
  readonly values: ArrayLike<number>;
  readonly stderr: ArrayLike<number>;
  /** null where theory has none. */
  readonly predicted: number | null;
}

/** One noise level. */
export interface XyColumn {
  /** σ_u². */
  readonly noise: number;
  /** Runs averaged. */
  readonly runs: number;
  readonly x2: XyQuantity;
  readonly y: XyQuantity;
}

/** What the figure is drawn from. */
export interface XyDynamicsSpec {
  readonly columns: readonly XyColumn[];
  readonly notes: readonly string[];
}

const SIMULATED: TraceStyle = { colour: COLOURS[0]!, dash: "" };
/** Red and dashed, as in arXiv 2604.21016. */
const AVERAGE: TraceStyle = { colour: COLOURS[1]!, dash: "6 3" };
const THEORY: TraceStyle = { colour: REFERENCE_INK, dash: "1.5 3" };
const QUANTITIES = [
  { key: "x2", label: "x²" },
  { key: "y", label: "y" },
] as const;

/**
 * Rows x² and y, columns σ_u², all columns on the same axes: the mean over runs with a band of ± 1 standard error, the
 * average of that over the drawn time (dashed), and what theory says it tends to (dotted). Columns nothing is left of
 * stay empty. Drawn from the extremes of every pixel column, so that no oscillation is lost to thinning.
 *
 * @throws InputError when a quantity has not as many errors as values
 */
export function xyDynamicsFigure(spec: XyDynamicsSpec, options: FigureOptions): Figure {
  const rows = QUANTITIES.map(({ key, label }) => spec.columns.map((column) => linesOf(column, key, label)));
  const lines = rows.flat(2);
  const time = stepAxis(lines);
  const levels = spec.columns.map(({ noise }) => formatTick(noise)).join(", ");
  const runs = [...new Set(spec.columns.map((column) => column.runs))].join(" or ");
  return composeFigure(
    {
      name: "xy_dynamic",
      title: "Oscillation and sharpness of the scalar system under gradient noise",
      alt:
        `Mean of x² (above) and of y, the sharpness above 2/η (below), against step, for gradient noise ` +
        `σ_u² = ${levels === "" ? "none" : levels}${describeAverages(spec.columns)}.`,
      grid: rows.map((row, i) => {
        const y = valueAxis(
          row.flat().flatMap((line) => extremes(line, drawableOnLinear)),
          false,
        );
        const lowest = i === rows.length - 1;
        return {
          height: 150,
          panels: row.map((panelLines, j) =>
            panel(
              panelLines,
              { y, x: lowest ? time : withoutTickLabels(time), lowest },
              {
                ...(i === 0 ? { title: `σ_u² = ${formatTick(spec.columns[j]!.noise)}` } : {}),
                yLabel: QUANTITIES[i]!.label,
              },
            ),
          ),
        };
      }),
      notes: [
        ...(spec.columns.length === 0 ? [] : [`solid: mean over ${runs} runs, shaded ± 1 standard error`]),
        "dashed: average over the time shown",
        "dotted: what theory expects",
        ...spec.notes,
      ],
      rows: lines.length === 0 ? [] : rowsOf(lines),
    },
    options,
  );
}

/** Simulation, its time average and the prediction; none when nothing was simulated. */
function linesOf(column: XyColumn, key: "x2" | "y", label: string): Line[] {
  const { values, stderr, predicted } = column[key];
  if (values.length !== stderr.length) {
    throw new InputError("a quantity has another number of errors than values", {
      field: key,
      received: String(stderr.length),
      allowed: String(values.length),
    });
  }
  if (values.length === 0) return [];
  const simulated = Float64Array.from(values);
  const steps = simulated.map((_, t) => t);
  const line = (name: string, style: TraceStyle, at: Float64Array, y: Float64Array): Line => ({
    trace: { label: name, style },
    series: name === "mean over runs" ? label : `${label}, ${name}`,
    kind: "main",
    runs: [`σ_u² = ${column.noise}`],
    steps: at,
    x: at,
    y,
    diverged: false,
  });
  const ends = Float64Array.of(0, simulated.length - 1);
  const constant = (name: string, style: TraceStyle, value: number): Line =>
    line(name, style, ends, Float64Array.of(value, value));
  return [
    {
      ...line("mean over runs", SIMULATED, steps, simulated),
      ...(Number.isFinite(stderr[0])
        ? {
            band: {
              low: simulated.map((value, t) => value - stderr[t]!),
              high: simulated.map((value, t) => value + stderr[t]!),
            },
          }
        : {}),
    },
    ...(predicted === null ? [] : [constant("theory", THEORY, predicted)]),
    constant("time average", AVERAGE, mean(simulated)),
  ];
}

function panel(
  lines: readonly Line[],
  { x, y, lowest }: { readonly x: AxisSpec; readonly y: AxisSpec; readonly lowest: boolean },
  texts: Pick<PanelSpec, "title" | "yLabel">,
): PanelSpec {
  return {
    ...texts,
    xLabel: lowest ? "step" : "",
    x,
    y,
    empty: lines.length === 0,
    // The notes say what the three strokes are: columns of many noise levels leave no room beside them.
    labels: [],
    marks: (pixels) => lineMarks(lines, pixels, y, drawableOnLinear),
  };
}

function describeAverages(columns: readonly XyColumn[]): string {
  const words = columns.flatMap(({ noise, x2, y }) => {
    if (x2.values.length === 0) return [];
    const average = (values: ArrayLike<number>): string => formatTick(Number(mean(values).toPrecision(3)));
    return [`σ_u² = ${formatTick(noise)}: ${average(x2.values)} and ${average(y.values)}`];
  });
  return words.length === 0 ? "" : `. Averages over the time shown: ${words.join("; ")}`;
}
