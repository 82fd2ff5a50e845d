// A small plot inside a panel, in the corner where it hides least.
import { append } from "../annotations.ts";
import type { Frame } from "../annotations.ts";
import { axisAt, numberAxis } from "../axes.ts";
import type { PanelArea } from "../compose.ts";
import { verticalDomain } from "../domains.ts";
import { FONT_SIZE, INK, PAPER, REFERENCE_INK } from "../palette.ts";
import { plotPanel } from "../panel.ts";
import { referenceMarks } from "../references.ts";
import { fitText, textWidth } from "../text.ts";
import { hue } from "./styles.ts";
import { barEnds, drawableOn, pointMarks, sweepAxis } from "./sweep.ts";
import type { Inset } from "./types.ts";

/** A position in pixels. */
export type Pixel = readonly [number, number];

const SMALL = FONT_SIZE - 2;
const MARGIN = 6;
/** Room above the plotting area: for the axis title, and for the label of a reference line at its top. */
const ABOVE = 27;
/** Share of the panel an inset takes in each direction. */
const SHARE = 0.42;

/**
 * Draws the inset over the panel. `obstacles` are the paths of what is drawn there; the corner with the fewest
 * pixels of them is taken, upper right first.
 */
export function appendInset(
  area: PanelArea,
  inset: Inset,
  logX: boolean,
  obstacles: readonly (readonly Pixel[])[],
): void {
  const drawable = drawableOn(false);
  const points = inset.points.filter((point) => drawable(point.mean) && drawableOn(logX)(point.x));
  if (points.length === 0) return;
  const { document, parent } = area;
  const box = freeCorner(area.frame, obstacles);
  const references = inset.references.filter(({ value }) => drawable(value));
  const values = [...points.flatMap((point) => barEnds(point, false)), ...references.map((r) => r.value)];
  const y = numberAxis(verticalDomain(values, undefined, false), false, 30);
  const x = sweepAxis(points, [], logX);
  const yTicks = axisAt(y, box.height - ABOVE - 18);
  const left = Math.max(...yTicks.ticks.map((tick) => textWidth(y.format(tick), SMALL))) + 14;
  const frame: Frame = { left: Math.ceil(left), right: 8, top: ABOVE, bottom: 18, ...box };
  const group = append(document, parent, "g", {
    "aria-label": `inset: ${inset.yLabel}`,
    transform: `translate(${box.x},${box.y})`,
    "font-size": String(SMALL),
  });
  const size = { width: String(box.width), height: String(box.height) };
  append(document, group, "rect", { ...size, fill: PAPER, stroke: INK, "stroke-opacity": "0.25" });
  const { svg, toX, toY } = plotPanel(document, frame, axisAt(x, box.width - frame.left - 8), yTicks, [
    ...referenceMarks(references),
    ...pointMarks(points, hue(0).colour, "dot", x, y),
  ]);
  while (svg.firstChild !== null) group.appendChild(svg.firstChild);
  append(document, group, "text", { x: "6", y: "12", "text-anchor": "start" }).textContent = fitText(
    `↑ ${inset.yLabel}`,
    box.width - 12,
    SMALL,
  );
  const taken = points.map((point): Pixel => [toX(point.x), toY(point.mean)]);
  for (const { value, label } of references) {
    const text = fitText(label, box.width - frame.left - frame.right, SMALL);
    const place = freePlace(toY(value), textWidth(text, SMALL), frame, taken);
    append(document, group, "text", {
      x: String(place.x),
      y: String(place.y + SMALL - 1),
      "text-anchor": "start",
      fill: REFERENCE_INK,
    }).textContent = text;
  }
}

/** Where the text of a reference line at height `line` hides the fewest points: above or below, at either end. */
function freePlace(line: number, width: number, frame: Frame, taken: readonly Pixel[]): Box {
  const floor = frame.height - frame.bottom;
  const places = [frame.width - frame.right - width, frame.left + 4].flatMap((x) =>
    [line - SMALL - 3, line + 3].map((y): Box => ({ x, y, width, height: SMALL })),
  );
  const cost = (box: Box): number =>
    taken.filter(([x, y]) => inside(box, x, y, 4)).length +
    (box.y < frame.top - SMALL || box.y + SMALL > floor ? 99 : 0);
  return cheapest(places, cost);
}

function cheapest<T>(candidates: readonly T[], cost: (candidate: T) => number): T {
  const costs = candidates.map(cost);
  return candidates[costs.indexOf(Math.min(...costs))]!;
}

function inside(box: Box, x: number, y: number, around = 0): boolean {
  return (
    x > box.x - around &&
    x < box.x + box.width + around &&
    y > box.y - around &&
    y < box.y + box.height + around
  );
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function freeCorner(frame: Frame, obstacles: readonly (readonly Pixel[])[]): Box {
  const across = frame.width - frame.left - frame.right;
  const up = frame.height - frame.top - frame.bottom;
  const width = Math.round(across * SHARE);
  const height = Math.round(up * SHARE);
  const right = frame.width - frame.right - width - MARGIN;
  const low = frame.height - frame.bottom - height - MARGIN;
  const corners: Box[] = [
    { x: right, y: frame.top + MARGIN, width, height },
    { x: frame.left + MARGIN, y: low, width, height },
    { x: frame.left + MARGIN, y: frame.top + MARGIN, width, height },
    { x: right, y: low, width, height },
  ];
  const pixels = obstacles.flatMap(walk);
  return cheapest(corners, (box) => pixels.filter(([px, py]) => inside(box, px, py)).length);
}

/** Positions along a path, a few pixels apart. */
function walk(path: readonly Pixel[]): Pixel[] {
  const steps: Pixel[] = [];
  for (const [i, [x, y]] of path.entries()) {
    const [x0, y0] = path[i - 1] ?? [x, y];
    const count = Math.min(500, Math.max(1, Math.ceil(Math.hypot(x - x0, y - y0) / 4)));
    for (let k = 1; k <= count; k++) steps.push([x0 + ((x - x0) * k) / count, y0 + ((y - y0) * k) / count]);
  }
  return steps;
}
