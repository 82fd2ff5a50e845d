// Marks for things that happened once in a run: a tick where it crossed its threshold, a cross where it diverged.
import { append } from "./annotations.ts";
import type { Frame } from "./annotations.ts";
import type { Drawn } from "./chart-lines.ts";
import type { XAxis } from "./lines.ts";
import { PAPER } from "./palette.ts";
import type { Trace } from "./traces.ts";

const TICK = 9;
const ARM = 4;

/** Short ticks rising from the horizontal axis where runs first crossed their threshold. */
export function appendOnsets(
  document: Document,
  svg: SVGSVGElement,
  traces: readonly Trace[],
  axis: XAxis,
  toX: (value: number) => number,
  frame: Frame,
): void {
  const group = append(document, svg, "g", { "aria-label": "onsets", "stroke-width": "2" });
  const floor = frame.height - frame.bottom;
  for (const trace of traces) {
    for (const run of trace.runs) {
      const mark = run.marks.find((each) => each.kind === "onset");
      if (mark === undefined) continue;
      const x = toX(axis === "time" ? mark.step * (trace.lr ?? Number.NaN) : mark.step);
      if (!(x >= frame.left && x <= frame.width - frame.right)) continue;
      const tick = append(document, group, "path", {
        d: `M${x},${floor}V${floor - TICK}`,
        stroke: trace.style.colour,
      });
      append(document, tick, "title", {}).textContent = `${run.id}: ${mark.message} (step ${mark.step})`;
    }
  }
}

/** A cross where the foremost line of every diverged run ends, or where it leaves the frame for good. */
export function appendCrosses(
  document: Document,
  svg: SVGSVGElement,
  drawn: readonly Drawn[],
  toX: (value: number) => number,
  toY: (value: number) => number,
  frame: Frame,
): void {
  const diverged = drawn.filter(({ line }) => line.diverged);
  const foremost = new Map(diverged.map((each) => [each.line.runs.join(" "), each]));
  const group = append(document, svg, "g", { "aria-label": "diverged", fill: "none" });
  for (const each of foremost.values()) {
    const end = visibleEnd(each, toX, toY, frame.top);
    if (end === undefined) continue;
    const [x, y] = end;
    const d = `M${x - ARM},${y - ARM}L${x + ARM},${y + ARM}M${x - ARM},${y + ARM}L${x + ARM},${y - ARM}`;
    // A white outline keeps the cross visible on its own line.
    append(document, group, "path", { d, stroke: PAPER, "stroke-width": "5", "stroke-linecap": "round" });
    const cross = append(document, group, "path", {
      d,
      stroke: each.line.trace.style.colour,
      "stroke-width": "2.2",
      "stroke-linecap": "round",
    });
    const last = each.line.y.findLastIndex(Number.isFinite);
    append(document, cross, "title", {}).textContent =
      `${each.line.runs[0]!} diverged; last finite value at step ${each.line.steps[last]!}`;
  }
}

/** Pixel position of a line's last point, or of its last crossing of the frame's top when it ends above. */
function visibleEnd(
  { x, y }: Drawn,
  toX: (value: number) => number,
  toY: (value: number) => number,
  top: number,
): [number, number] | undefined {
  const finite = y.map((_, i) => i).filter((i) => Number.isFinite(y[i]!));
  const last = finite.at(-1);
  if (last === undefined) return undefined;
  if (toY(y[last]!) >= top) return [toX(x[last]!), toY(y[last]!)];
  const inside = finite.findLastIndex((i) => toY(y[i]!) >= top);
  const after = finite[inside + 1]!;
  if (inside < 0) return [toX(x[after]!), top];
  const [x0, y0] = [toX(x[finite[inside]!]!), toY(y[finite[inside]!]!)];
  const [x1, y1] = [toX(x[after]!), toY(y[after]!)];
  return [x0 + ((top - y0) / (y1 - y0)) * (x1 - x0), top];
}
