// Text around a chart: labels beside the line ends, axis titles, and notes below.
import { FONT_SIZE, INK, PAPER, REFERENCE_INK } from "./palette.ts";
import type { TraceStyle } from "./palette.ts";
import { fitText, spread, textWidth, wrapText } from "./text.ts";

/** Size of the image and of the margins around the plotting area, in pixels. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
  readonly height: number;
}

/** A label in the right margin, beside the value its line ends at. */
export interface ChartLabel {
  readonly text: string;
  readonly value: number;
  /** Whether the line reaches the right edge, so that a leader can join it to the label. */
  readonly reachesEdge: boolean;
  readonly style: TraceStyle;
  /** What stands before the text: a piece of line (default), or the mark of the points it names. */
  readonly swatch?: Swatch;
}

/** A mark before a label, or beside the text of a legend. */
export type Swatch = "line" | "dot" | "open" | "square";

/** Where the labels go. */
export interface LabelLayout {
  /** Lines of each label. */
  readonly texts: readonly (readonly string[])[];
  readonly marginRight: number;
  /** Height each label takes, with the space to the next. */
  readonly heights: readonly number[];
}

/** Height of a line of notes. */
export const NOTE_HEIGHT = 14;
/** Lines of one note; nothing a note says takes more, except text from a hostile configuration. */
const MOST_LINES = 4;
/** Height of a line of a label. */
const LINE = 13;
const LEADER = 14;
const SWATCH = 18;
const SPACE = 4;

/**
 * Breaks labels into at most `lines` lines, shortened so that they take at most two fifths of the width, and says
 * how much margin they need.
 */
export function labelLayout(labels: readonly ChartLabel[], width: number, lines = 1): LabelLayout {
  if (labels.length === 0) return { texts: [], marginRight: 24, heights: [] };
  const room = 0.4 * width - LEADER - SWATCH - 2 * SPACE;
  const texts = labels.map((label) => wrapText(label.text, room, FONT_SIZE, lines));
  const widest = Math.max(...texts.flat().map((text) => textWidth(text, FONT_SIZE)));
  return {
    texts,
    marginRight: Math.ceil(widest + LEADER + SWATCH + 3 * SPACE),
    heights: texts.map((text) => text.length * LINE + 1),
  };
}

/** Draws the labels, moved apart where they would overlap, each with a piece of its line. */
export function appendLabels(
  document: Document,
  svg: Element,
  labels: readonly ChartLabel[],
  layout: LabelLayout,
  toY: (value: number) => number,
  frame: Frame,
): void {
  if (labels.length === 0) return;
  const edge = frame.width - frame.right;
  const wanted = labels.map((label) => toY(label.value));
  const placed = spread(wanted, layout.heights, frame.top, frame.height - frame.bottom);
  const group = append(document, svg, "g", { "aria-label": "labels" });
  for (const [i, label] of labels.entries()) {
    const y = placed[i]!;
    const start = edge + LEADER;
    if (label.reachesEdge && Math.abs(y - wanted[i]!) > 1) {
      append(document, group, "path", {
        d: `M${edge + 1},${wanted[i]!}L${start - 1},${y}`,
        stroke: label.style.colour,
        "stroke-opacity": "0.5",
        "stroke-width": "0.8",
        fill: "none",
      });
    }
    appendSwatch(document, group, label.swatch ?? "line", label.style, start, y);
    const lines = layout.texts[i]!;
    const text = append(document, group, "text", {
      x: String(start + SWATCH + SPACE),
      y: String(y - ((lines.length - 1) * LINE) / 2),
      dy: "0.35em",
      "text-anchor": "start",
      fill: INK,
    });
    if (lines.length === 1) text.textContent = lines[0]!;
    else {
      for (const [k, line] of lines.entries()) {
        const place = { x: String(start + SWATCH + SPACE), dy: k === 0 ? "0.35em" : String(LINE) };
        append(document, text, "tspan", place).textContent = line;
      }
    }
    if (lines.join(" ") !== label.text) append(document, text, "title", {}).textContent = label.text;
  }
}

/** Draws a swatch of the usual width, its left end at (x, y). */
function appendSwatch(
  document: Document,
  group: Element,
  swatch: Swatch,
  { colour, dash }: TraceStyle,
  x: number,
  y: number,
): void {
  const middle = x + SWATCH / 2;
  if (swatch === "square") {
    const size = { width: "7", height: "7", x: String(middle - 3.5), y: String(y - 3.5) };
    append(document, group, "rect", { ...size, fill: colour });
    return;
  }
  if (swatch !== "dot") {
    append(document, group, "path", {
      d: `M${x},${y}H${x + SWATCH}`,
      stroke: colour,
      "stroke-width": "2",
      ...(dash === "" ? {} : { "stroke-dasharray": dash }),
      fill: "none",
    });
  }
  if (swatch === "line") return;
  append(document, group, "circle", {
    cx: String(middle),
    cy: String(y),
    r: "3.5",
    ...(swatch === "open" ? { fill: PAPER, stroke: colour, "stroke-width": "1.5" } : { fill: colour }),
  });
}

/**
 * Joins notes with dots into as few lines of at most `width` pixels as their order allows; a note longer than
 * that is broken at spaces.
 */
export function wrapNotes(notes: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const note of notes) {
    const joined = lines.length === 0 ? note : `${lines.at(-1)!}  ·  ${note}`;
    if (lines.length > 0 && textWidth(joined, FONT_SIZE - 1) <= width) lines[lines.length - 1] = joined;
    else lines.push(...wrapText(note, width, FONT_SIZE - 1, MOST_LINES));
  }
  return lines;
}

/** What stands around a plotting area. */
export interface Titles {
  /** Heading above everything else. */
  readonly panel?: string;
  readonly x: string;
  readonly y: string;
  /** Message of a panel without data. */
  readonly empty?: string;
}

/** Draws heading and axis titles (each shortened to the width), and the message of a panel without data. */
export function appendTitles(document: Document, parent: Element, frame: Frame, titles: Titles): void {
  const write = (content: string, room: number, attributes: Record<string, string>): void => {
    append(document, parent, "text", attributes).textContent = fitText(content, room, FONT_SIZE);
  };
  const right = frame.width - frame.right;
  const floor = frame.height - frame.bottom;
  const room = frame.width - 16;
  if (titles.panel !== undefined)
    write(titles.panel, room, { x: "8", y: "16", "text-anchor": "start", "font-weight": "bold" });
  if (titles.y !== "") {
    write(titles.y, room, {
      x: "8",
      y: titles.panel === undefined ? "16" : "34",
      "text-anchor": "start",
      fill: INK,
    });
  }
  if (titles.x !== "") {
    write(titles.x, right - 8, { x: String(right), y: String(floor + 34), "text-anchor": "end", fill: INK });
  }
  if (titles.empty !== undefined) {
    const middle = { x: String((frame.left + right) / 2), y: String((frame.top + floor) / 2) };
    write(titles.empty, room, { ...middle, "text-anchor": "middle", fill: REFERENCE_INK });
  }
}

/** Draws the notes below a figure, the first line just below `top`. */
export function appendNotes(document: Document, svg: Element, notes: readonly string[], top: number): void {
  for (const [i, note] of notes.entries()) {
    append(document, svg, "text", {
      x: "10",
      y: String(top + i * NOTE_HEIGHT + 7),
      "text-anchor": "start",
      "font-size": String(FONT_SIZE - 1),
      fill: REFERENCE_INK,
    }).textContent = note;
  }
}

/** Creates an SVG element with attributes as the last child of `parent`. */
export function append(
  document: Document,
  parent: Element,
  name: string,
  attributes: Readonly<Record<string, string>>,
): Element {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.appendChild(element);
  return element;
}
