// One plotting area: axes, grid and frame around given marks. A chart is one, a figure may be several.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import type { Frame } from "./annotations.ts";
import { INK } from "./palette.ts";

/** One axis of a panel. */
export interface Axis {
  readonly log: boolean;
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly format: (tick: number) => string;
}

/** A drawn panel: its own SVG element and the scales that place annotations in it. */
export interface Plotted {
  readonly svg: SVGSVGElement;
  readonly toX: (value: number) => number;
  readonly toY: (value: number) => number;
}

/** Draws axes and marks into a new SVG element of the frame's size. */
export function plotPanel(
  document: Document,
  frame: Frame,
  x: Axis,
  y: Axis,
  marks: readonly Markish[],
): Plotted {
  const plot = Plot.plot({
    document,
    width: frame.width,
    height: frame.height,
    marginLeft: frame.left,
    marginRight: frame.right,
    marginTop: frame.top,
    marginBottom: frame.bottom,
    x: { type: x.log ? "log" : "linear", domain: x.domain },
    y: { type: y.log ? "log" : "linear", domain: y.domain },
    marks: [
      Plot.gridY(y.ticks, { stroke: INK, strokeOpacity: 0.1 }),
      Plot.ruleX([x.domain[0]], { stroke: INK }),
      // Texts as a channel: a tick format would be asked only for the ticks the library likes on a log axis.
      Plot.axisY(y.ticks, { text: y.format, label: null, tickSize: 4 }),
      Plot.axisX(x.ticks, { text: x.format, label: null, tickSize: 4 }),
      Plot.frame({ anchor: "bottom", stroke: INK }),
      ...marks,
    ],
  });
  const svg = plot as unknown as SVGSVGElement;
  dropPixelOffset(svg);
  const xScale = plot.scale("x")!;
  const yScale = plot.scale("y")!;
  return {
    svg,
    toX: (value) => xScale.apply(value) as number,
    toY: (value) => yScale.apply(value) as number,
  };
}

/**
 * Undoes the half pixel by which Plot moves every mark where it finds a screen of low resolution (it looks for
 * a global `window`), so that a figure is the same file in every browser and in Node. Marks have whole-pixel
 * translations otherwise.
 */
function dropPixelOffset(svg: SVGSVGElement): void {
  for (const element of svg.querySelectorAll("g, line")) {
    const match = /^translate\((-?[\d.]+),(-?[\d.]+)\)$/.exec(element.getAttribute("transform") ?? "");
    if (match === null) continue;
    const [x, y] = [Math.floor(Number(match[1])), Math.floor(Number(match[2]))];
    if (x === 0 && y === 0) element.removeAttribute("transform");
    else element.setAttribute("transform", `translate(${x},${y})`);
  }
}
