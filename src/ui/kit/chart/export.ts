// A chart as SVG, PNG or CSV, through the same figure functions as the command line. Loaded when first asked for.
import { drawChart } from "../../../figures/chart.ts";
import type { Figure, FigureOptions } from "../../../figures/figure.ts";
import type { Line } from "../../../figures/lines.ts";
import { toCsv } from "../../../figures/rows.ts";
import { lowerBound } from "./columns.ts";
import type { DrawnLine } from "./lines.ts";
import type { ChartReference, ChartSeries, Range } from "./types.ts";

/** What a live chart hands over. */
export interface ExportInput {
  readonly name: string;
  readonly title: string;
  readonly alt: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly DrawnLine[];
  readonly references: readonly ChartReference[];
  readonly logY: boolean;
  readonly cap: number | undefined;
  /** The stretch shown. */
  readonly range: Range;
}

/** Draws the lines as they are on the page, smoothing included; all their points go into the table. */
export function chartFigure(input: ExportInput, options: FigureOptions): Figure {
  const lines = input.lines.filter((line) => line.series.kind !== "path" && line.series.kind !== "points");
  const traces = new Map<ChartSeries, ReturnType<typeof traceOf>>();
  const trace = (line: DrawnLine): ReturnType<typeof traceOf> => {
    const known = traces.get(line.series);
    if (known !== undefined) return known;
    const made = traceOf(line);
    traces.set(line.series, made);
    return made;
  };
  const drawn = lines.map((line) => drawnAs(cropped(line, input.range), trace(line), input.yLabel));
  return drawChart(
    {
      name: input.name,
      title: input.title,
      alt: input.alt,
      yLabel: input.yLabel,
      xLabel: input.xLabel,
      lines: drawn,
      traces: [...traces.values()],
      references: input.references.flatMap(({ value, label }) =>
        value === undefined ? [] : [{ value, label }],
      ),
      log: input.logY,
      ...(input.cap === undefined ? {} : { cap: input.cap }),
      notes: [],
    },
    options,
  );
}

/** The points inside the range. */
function cropped(line: DrawnLine, [low, high]: Range): DrawnLine {
  const from = lowerBound(line.xs, low);
  const to = lowerBound(line.xs, high) + (line.xs[lowerBound(line.xs, high)] === high ? 1 : 0);
  if (from === 0 && to === line.xs.length) return line;
  const cut = (column: Float64Array): Float64Array => column.subarray(from, to);
  const { steps, band } = line.series;
  return {
    ...line,
    xs: cut(line.xs),
    ys: cut(line.ys),
    band: line.band && { low: cut(line.band.low), high: cut(line.band.high) },
    series: {
      ...line.series,
      xs: cut(line.series.xs),
      ...(steps === undefined ? {} : { steps: cut(steps) }),
      ...(band === undefined ? {} : { band }),
    },
  };
}

function drawnAs(line: DrawnLine, trace: Line["trace"], yLabel: string): Line {
  const { series, readable, xs, band } = line;
  const kind = series.kind ?? "main";
  const drawn: Omit<Line, "band"> = {
    trace,
    series: series.quantity ?? yLabel,
    kind: !readable || kind === "path" || kind === "points" ? "faint" : kind,
    runs: [series.owner],
    steps: xs.length === series.xs.length ? (series.steps ?? new Float64Array()) : new Float64Array(),
    x: xs,
    y: line.ys,
    diverged: series.diverged ?? false,
  };
  return band === undefined ? drawn : { ...drawn, band };
}

function traceOf(line: DrawnLine) {
  return {
    label: line.series.label,
    style: { colour: line.series.colour, dash: line.series.dash ?? "" },
    runs: [],
    lr: undefined,
    threshold: undefined,
    fullBatch: false,
  };
}

/** Saves a figure as one of the three. PNG has twice the figure's size in pixels. */
export async function saveFigure(figure: Figure, format: "svg" | "png" | "csv"): Promise<void> {
  const name = `${figure.name}.${format}`;
  if (format === "csv") download(name, new Blob([toCsv(figure.rows)], { type: "text/csv" }));
  else if (format === "svg") download(name, new Blob([figure.svg], { type: "image/svg+xml" }));
  else download(name, await toPng(figure.svg, 2));
}

async function toPng(svg: string, scale: number): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth * scale, image.naturalHeight * scale];
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob(
        (blob) =>
          blob === null ? reject(new Error("the browser could not encode the picture")) : resolve(blob),
        "image/png",
      );
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Hands the reader a file. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
