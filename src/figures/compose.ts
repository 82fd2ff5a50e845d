// Several panels in one figure: a grid whose plotting areas line up, with one set of notes below.
import type { Markish } from "@observablehq/plot";
import {
  append,
  appendLabels,
  appendNotes,
  appendTitles,
  labelLayout,
  NOTE_HEIGHT,
  wrapNotes,
} from "./annotations.ts";
import type { ChartLabel, Frame, LabelLayout } from "./annotations.ts";
import { axisAt, numberAxis } from "./axes.ts";
import type { AxisSpec } from "./axes.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { finishFigure } from "./finish.ts";
import { FONT_SIZE } from "./palette.ts";
import { plotPanel } from "./panel.ts";
import type { Plotted } from "./panel.ts";
import type { Row } from "./rows.ts";
import { textWidth } from "./text.ts";

/** A panel before its size is known. */
export interface PanelSpec {
  readonly title?: string;
  /** Empty for none, as the next one. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: AxisSpec;
  readonly y: AxisSpec;
  /** Marks for a plotting area that many pixels wide, back to front. */
  readonly marks: (pixels: number) => readonly (Markish | null)[];
  readonly labels: readonly ChartLabel[];
  /** Whether there is nothing to draw, which the panel then says. */
  readonly empty: boolean;
  /** Draws into the panel what marks cannot, such as an inset. */
  readonly decorate?: (area: PanelArea) => void;
}

/** A drawn panel, for decorations: coordinates are those of its frame. */
export interface PanelArea extends Pick<Plotted, "toX" | "toY"> {
  readonly document: Document;
  readonly parent: Element;
  readonly frame: Frame;
}

/** Panels side by side. */
export interface PanelRow {
  /** Height of the plotting areas in pixels; many labels make it taller. */
  readonly height: number;
  readonly panels: readonly PanelSpec[];
}

/** A figure of several panels. */
export interface PanelFigure extends Pick<Figure, "name" | "title" | "alt"> {
  readonly grid: readonly PanelRow[];
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
}

const WIDTHS: readonly number[] = [640, 960, 1120];
const NARROWEST = 90;
const LABEL_LINES = 3;
/** What a figure without panels shows. */
const NOTHING: PanelSpec = {
  xLabel: "",
  yLabel: "",
  x: numberAxis([0, 1], false, 80),
  y: numberAxis([0, 1], false, 42),
  marks: () => [],
  labels: [],
  empty: true,
};

/** Draws the grid. Panels of a column share their margins, so that what stands above each other lines up. */
export function composeFigure(spec: PanelFigure, options: FigureOptions): Figure {
  const { document } = options;
  const filled = spec.grid.filter((row) => row.panels.length > 0);
  const grid = filled.length > 0 ? filled : [{ height: 120, panels: [NOTHING] }];
  const columns = Math.max(...grid.map((row) => row.panels.length));
  const asked = options.width ?? WIDTHS[Math.min(columns, WIDTHS.length) - 1]!;
  const layouts = grid.map((row) =>
    row.panels.map((panel) => labelLayout(panel.empty ? [] : panel.labels, asked / columns, LABEL_LINES)),
  );
  const heights = plotHeights(grid, layouts, options.height ?? 0);
  const lefts = columnMargins(columns, grid, (panel, row) => leftMargin(panel, heights[row]!));
  const rights = columnMargins(columns, grid, (_, row, column) => layouts[row]![column]!.marginRight);
  const margins = [...lefts, ...rights].reduce((total, margin) => total + margin, 0);
  const across = Math.max(NARROWEST, Math.floor((asked - margins) / columns));
  const width = Math.max(asked, margins + columns * across);

  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  let top = 0;
  for (const [i, row] of grid.entries()) {
    const above = Math.max(...row.panels.map(topMargin));
    const below = Math.max(...row.panels.map(bottomMargin));
    const height = above + heights[i]! + below;
    let left = 0;
    for (const [j, panel] of row.panels.entries()) {
      const frame: Frame = {
        left: lefts[j]!,
        right: rights[j]!,
        top: above,
        bottom: below,
        width: lefts[j]! + across + rights[j]!,
        height,
      };
      const parent = append(document, svg, "g", {
        "aria-label": panel.title ?? panel.yLabel,
        transform: `translate(${left},${top})`,
      });
      appendPanel(document, parent, panel, layouts[i]![j]!, frame);
      left += frame.width;
    }
    top += height;
  }
  const notes = wrapNotes(spec.notes, width - 20);
  appendNotes(document, svg, notes, top);
  const height = top + notes.length * NOTE_HEIGHT + 2;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("text-anchor", "middle");
  return finishFigure(spec, svg, spec.rows, options);
}

function appendPanel(
  document: Document,
  parent: Element,
  panel: PanelSpec,
  layout: LabelLayout,
  frame: Frame,
): void {
  const across = frame.width - frame.left - frame.right;
  const x = axisAt(panel.x, across);
  const y = axisAt(panel.y, frame.height - frame.top - frame.bottom);
  const bare = { ticks: [] };
  const { svg, toX, toY } = panel.empty
    ? plotPanel(document, frame, { ...x, ...bare }, { ...y, ...bare }, [])
    : plotPanel(document, frame, x, y, panel.marks(across));
  while (svg.firstChild !== null) parent.appendChild(svg.firstChild);
  const [low, high] = y.domain;
  const within = (value: number): number => toY(Math.min(high, Math.max(low, value)));
  if (!panel.empty) {
    panel.decorate?.({ document, parent, frame, toX, toY });
    appendLabels(document, parent, panel.labels, layout, within, frame);
  }
  appendTitles(document, parent, frame, {
    ...(panel.title === undefined ? {} : { panel: panel.title }),
    x: panel.xLabel === "" ? "" : `${panel.xLabel} →`,
    y: panel.yLabel === "" ? "" : `↑ ${panel.yLabel}`,
    ...(panel.empty ? { empty: "No finite values to draw." } : {}),
  });
}

/** Heights of the plotting areas: as asked for, stretched to the least height, and room for every label. */
function plotHeights(
  grid: readonly PanelRow[],
  layouts: readonly (readonly LabelLayout[])[],
  least: number,
): number[] {
  const total = grid.reduce((sum, row) => sum + row.height, 0);
  const stretch = Math.max(1, (least - 90 * grid.length) / Math.max(1, total));
  return grid.map((row, i) => {
    const labels = layouts[i]!.map((layout) => layout.heights.reduce((sum, height) => sum + height, 0));
    return Math.ceil(Math.max(row.height * stretch, ...labels));
  });
}

function columnMargins(
  columns: number,
  grid: readonly PanelRow[],
  margin: (panel: PanelSpec, row: number, column: number) => number,
): number[] {
  return Array.from({ length: columns }, (_, column) =>
    Math.max(
      0,
      ...grid.flatMap(({ panels }, row) =>
        panels[column] === undefined ? [] : [margin(panels[column], row, column)],
      ),
    ),
  );
}

/** Room for the texts at the ticks. */
function leftMargin(panel: PanelSpec, height: number): number {
  const ticks = panel.empty ? [] : panel.y.ticks(height);
  const widest = Math.max(0, ...ticks.map((tick) => textWidth(panel.y.format(tick), FONT_SIZE)));
  return Math.ceil(Math.max(34, widest + 16));
}

function bottomMargin(panel: PanelSpec): number {
  if (panel.xLabel !== "") return 42;
  const named = panel.x.ticks(NARROWEST).some((tick) => panel.x.format(tick) !== "");
  return named ? 32 : 16;
}

function topMargin(panel: PanelSpec): number {
  return 12 + (panel.title === undefined ? 0 : 18) + (panel.yLabel === "" ? 0 : 18);
}
