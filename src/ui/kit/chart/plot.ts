// The live plot: uPlot draws axes and cursor and takes the drag, our canvases above it hold the lines and the highlight.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { verticalDomain } from "../../../figures/domains.ts";
import { formatTick, linearTicks, logTicks } from "../../../figures/ticks.ts";
import {
  drawBrackets,
  drawLine,
  drawLines,
  drawMarks,
  drawnExtent,
  drawnPoints,
  drawReferences,
  prepareCanvas,
} from "./canvas.ts";
import type { Area, Ink } from "./canvas.ts";
import { nearestIndex } from "./columns.ts";
import type { DrawnLine } from "./lines.ts";
import type { ChartBracket, ChartMark, ChartReference, Range } from "./types.ts";

/** Everything that decides the picture. */
export interface PlotInput {
  readonly lines: readonly DrawnLine[];
  readonly references: readonly ChartReference[];
  readonly marks: readonly ChartMark[];
  readonly brackets: readonly ChartBracket[];
  readonly range: Range;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Greatest value the axis need reach. */
  readonly cap: number | undefined;
  /** Values the vertical axis must include. */
  readonly include: readonly number[];
  readonly ink: Ink;
}

/** What the reader does with the pointer. */
export interface PlotEvents {
  readonly onZoom: (range: Range | null) => void;
  /** Place on the horizontal axis, and the line nearest to the pointer where one is near. */
  readonly onCursor: (x: number | null, near: DrawnLine | null) => void;
}

const AXIS_FONT = "11px system-ui, sans-serif";
/** Pixels within which a line counts as pointed at. */
const REACH = 24;

/** A live plot in an element, which must have a width. Nothing is drawn between frames. */
export class LivePlot {
  #input: PlotInput;
  #points: readonly Uint32Array[] = [];
  #highlighted: string | null = null;
  #frame = 0;
  #yDomain: Range = [0, 1];
  #cut = false;
  readonly #plot: uPlot;
  readonly #base: HTMLCanvasElement;
  readonly #over: HTMLCanvasElement;
  readonly #events: PlotEvents;

  constructor(
    root: HTMLElement,
    size: { readonly width: number; readonly height: number },
    input: PlotInput,
    events: PlotEvents,
  ) {
    this.#input = input;
    this.#events = events;
    const { logX, logY, ink } = input;
    const axis = (log: boolean, perTick: number) => ({
      font: AXIS_FONT,
      stroke: () => this.#input.ink.text,
      grid: { stroke: () => this.#input.ink.grid, width: 1 },
      ticks: { show: false },
      splits: (plot: uPlot, index: number, low: number, high: number): number[] => {
        const count = Math.max(
          2,
          (index === 0 ? plot.bbox.width : plot.bbox.height) / uPlot.pxRatio / perTick,
        );
        return log ? logTicks(low, high, count) : linearTicks(low, high, count);
      },
      filter: (_plot: uPlot, splits: number[]): number[] => splits,
      values: (_plot: uPlot, splits: number[]): string[] => splits.map(formatTick),
    });
    this.#plot = new uPlot(
      {
        ...size,
        padding: [8, 14, 0, 0],
        legend: { show: false },
        scales: {
          x: scale(logX, () => this.#input.range),
          y: scale(logY, () => this.#yDomain),
        },
        series: [{}, { stroke: ink.text }],
        axes: [
          { ...axis(logX, 70), size: 20, gap: 3 },
          { ...axis(logY, 42), size: tickRoom, gap: 4 },
        ],
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false, dist: 4 },
          bind: { dblclick: () => () => (events.onZoom(null), null) },
        },
        hooks: {
          setSelect: [() => this.#select()],
          setCursor: [() => this.#point()],
        },
      },
      [
        [1, 2],
        [null, null],
      ],
      root,
    );
    this.#base = layer(this.#plot.over);
    this.#over = layer(this.#plot.over);
    this.#followTouch();
    this.update(input);
  }

  /** Whether values above the axis are not shown. */
  get cut(): boolean {
    return this.#cut;
  }

  /** Shows other input (of the same `logX` and `logY`) at the next frame. */
  update(input: PlotInput): void {
    this.#input = input;
    this.#schedule();
  }

  resize(size: { readonly width: number; readonly height: number }): void {
    this.#plot.setSize(size);
    this.#schedule();
  }

  /** Puts the cursor at a place on the axis without saying so to `onCursor`; null takes it away. */
  moveCursor(x: number | null): void {
    const left = x === null ? -10 : this.#plot.valToPos(x, "x");
    this.#plot.setCursor({ left, top: -10 }, false);
  }

  /** Brings the lines of one owner forward. */
  highlight(owner: string | null): void {
    if (owner === this.#highlighted) return;
    this.#highlighted = owner;
    this.#drawHighlight();
  }

  /** Draws now what is due, for tests and exports. */
  flush(): void {
    if (this.#frame === 0) return;
    cancelAnimationFrame(this.#frame);
    this.#draw();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#plot.destroy();
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const { lines, references, marks, brackets, range, logX, logY, cap, include, ink } = this.#input;
    const width = this.#plot.over.clientWidth;
    this.#points = lines.map((line) => drawnPoints(line, { range, width, logX }));
    const values = drawnExtent(lines, this.#points, logY);
    const told = [
      ...references.flatMap(({ value, ys }) => (value === undefined ? [...(ys ?? [])] : [value])),
      ...brackets.flatMap(({ low, high }) => [low, high]),
      ...include,
    ].filter((value) => Number.isFinite(value) && (!logY || value > 0));
    this.#yDomain = verticalDomain([...values, ...told], cap, logY);
    this.#cut = values.some((value) => value > this.#yDomain[1]);
    this.#plot.batch(() => {
      this.#plot.setScale("x", { min: range[0], max: range[1] });
      this.#plot.setScale("y", { min: this.#yDomain[0], max: this.#yDomain[1] });
    });
    const area = this.#area();
    const context = prepareCanvas(this.#base, area);
    if (context === null) return;
    drawLines(context, lines, this.#points, area, ink);
    drawMarks(context, marks, area, ink);
    drawBrackets(context, brackets, area, ink);
    drawReferences(context, references, area, ink);
    this.#drawHighlight();
  }

  #drawHighlight(): void {
    const area = this.#area();
    const context = prepareCanvas(this.#over, area);
    if (context === null) return;
    const { lines, ink } = this.#input;
    const owner = this.#highlighted;
    const own = owner === null ? [] : [...lines.entries()].filter(([, line]) => line.series.owner === owner);
    const others = own.length > 0 && lines.some((line) => line.series.owner !== owner);
    this.#base.style.opacity = others ? "0.3" : "1";
    if (!others) return;
    drawReferences(context, this.#input.references, area, ink);
    for (const [i, line] of own) {
      const points = this.#points[i];
      if (points !== undefined) drawLine(context, line, points, area, ink, 1.4);
    }
  }

  #area(): Area {
    const { over } = this.#plot;
    const { range, logX } = this.#input;
    return {
      width: over.clientWidth,
      height: over.clientHeight,
      ratio: devicePixelRatio,
      range,
      logX,
      x: (value) => this.#plot.valToPos(value, "x"),
      y: (value) => this.#plot.valToPos(value, "y"),
    };
  }

  #select(): void {
    const { left, width } = this.#plot.select;
    if (width < 4) return;
    const ends: Range = [this.#plot.posToVal(left, "x"), this.#plot.posToVal(left + width, "x")];
    this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#events.onZoom(ends);
  }

  #point(): void {
    const { left = -10, top = -10 } = this.#plot.cursor;
    if (left < 0) this.#events.onCursor(null, null);
    else this.#events.onCursor(this.#plot.posToVal(left, "x"), top < 0 ? null : this.#near(left, top));
  }

  /** The readable line nearest to a place in the area, within reach. */
  #near(left: number, top: number): DrawnLine | null {
    const x = this.#plot.posToVal(left, "x");
    let best: DrawnLine | null = null;
    let distance = REACH;
    for (const line of this.#input.lines) {
      if (!line.readable) continue;
      const value = line.ys[nearestIndex(line.xs, x)];
      if (value === undefined || !Number.isFinite(value)) continue;
      const away = Math.abs(this.#plot.valToPos(value, "y") - top);
      if (away < distance) [best, distance] = [line, away];
    }
    return best;
  }

  /** A finger has no hover: touching moves the cursor, sideways as far as it goes, while the page scrolls up and down. */
  #followTouch(): void {
    const { over } = this.#plot;
    const follow = (event: PointerEvent): void => {
      if (event.pointerType !== "touch") return;
      const box = over.getBoundingClientRect();
      this.#plot.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
    };
    over.style.touchAction = "pan-y";
    over.addEventListener("pointerdown", follow);
    over.addEventListener("pointermove", follow);
  }
}

function layer(parent: HTMLElement): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = "chart-layer";
  parent.prepend(canvas);
  return canvas;
}

/** A scale whose range we decide. uPlot counts kinds of axes by an enum that exists at compile time only. */
function scale(log: boolean, range: () => Range): uPlot.Scale {
  const made: uPlot.Scale = { time: false, range: () => [...range()] };
  return Object.assign(made, { distr: log ? 3 : 1 });
}

/** Room for the tick labels of the vertical axis, in pixels. */
function tickRoom(_plot: uPlot, values: string[] | null): number {
  const longest = Math.max(2, ...(values ?? []).map((text) => text.length));
  return Math.ceil(longest * 6.6 + 12);
}
