// Text around a chart: labels beside the line ends, axis titles, and notes below.
import { FONT_SIZE, INK, REFERENCE_INK } from "./palette.ts";
import type { TraceStyle } from "./palette.ts";
import { fitText, spread, textWidth } from "./text.ts";

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
}

/** Where the labels go. */
export interface LabelLayout {
  readonly texts: readonly string[];
  readonly marginRight: number;
  /** Vertical distance between labels. */
  readonly gap: number;
}

const LEADER = 14;
const SWATCH = 18;
const SPACE = 4;

/** Shortens labels so that they take at most two fifths of the width, and says how much margin they need. */
export function labelLayout(labels: readonly ChartLabel[], width: number): LabelLayout {
  if (labels.length === 0) return { texts: [], marginRight: 24, gap: FONT_SIZE + 3 };
  const room = 0.4 * width - LEADER - SWATCH - 2 * SPACE;
  const texts = labels.map((label) => fitText(label.text, room, FONT_SIZE));
  const widest = Math.max(...texts.map((text) => textWidth(text, FONT_SIZE)));
  return { texts, marginRight: Math.ceil(widest + LEADER + SWATCH + 3 * SPACE), gap: FONT_SIZE + 3 };
}

/** Draws the labels, moved apart where they would overlap, each with a piece of its line. */
export function appendLabels(
  document: Document,
  svg: SVGSVGElement,
  labels: readonly ChartLabel[],
  layout: LabelLayout,
  toY: (value: number) => number,
  frame: Frame,
): void {
  if (labels.length === 0) return;
  const edge = frame.width - frame.right;
  const wanted = labels.map((label) => toY(label.value));
  const placed = spread(wanted, layout.gap, frame.top, frame.height - frame.bottom);
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
    append(document, group, "path", {
      d: `M${start},${y}H${start + SWATCH}`,
      stroke: label.style.colour,
      "stroke-width": "2",
      ...(label.style.dash === "" ? {} : { "stroke-dasharray": label.style.dash }),
      fill: "none",
    });
    const text = append(document, group, "text", {
      x: String(start + SWATCH + SPACE),
      y: String(y),
      dy: "0.35em",
      "text-anchor": "start",
      fill: INK,
    });
    text.textContent = layout.texts[i]!;
    if (layout.texts[i] !== label.text) {
      const full = append(document, text, "title", {});
      full.textContent = label.text;
    }
  }
}

/** Joins notes with dots into as few lines of at most `width` pixels as their order allows. */
export function wrapNotes(notes: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const note of notes) {
    const joined = lines.length === 0 ? note : `${lines.at(-1)!}  ·  ${note}`;
    if (lines.length > 0 && textWidth(joined, FONT_SIZE - 1) <= width) lines[lines.length - 1] = joined;
    else lines.push(fitText(note, width, FONT_SIZE - 1));
  }
  return lines;
}

/** Draws axis titles, the notes below, and the message of a figure without data. */
export function appendNotes(
  document: Document,
  svg: SVGSVGElement,
  notes: readonly string[],
  frame: Frame,
  titles: { readonly x: string; readonly y: string; readonly empty?: string },
): void {
  const write = (content: string, attributes: Record<string, string>): void => {
    append(document, svg, "text", attributes).textContent = content;
  };
  const right = frame.width - frame.right;
  const floor = frame.height - frame.bottom;
  write(titles.y, { x: "8", y: "16", "text-anchor": "start", fill: INK });
  write(titles.x, { x: String(right), y: String(floor + 34), "text-anchor": "end", fill: INK });
  for (const [i, note] of notes.entries()) {
    write(note, {
      x: "10",
      y: String(floor + 38 + (i + 1) * 14 - 3),
      "text-anchor": "start",
      "font-size": String(FONT_SIZE - 1),
      fill: REFERENCE_INK,
    });
  }
  if (titles.empty !== undefined) {
    const middle = { x: String((frame.left + right) / 2), y: String((frame.top + floor) / 2) };
    write(titles.empty, { ...middle, "text-anchor": "middle", fill: REFERENCE_INK });
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
