// Marks for things that happened once in a run: a tick where it crossed its threshold, a cross where it diverged.
import { append } from "./annotations.ts";
import type { Frame } from "./annotations.ts";
import type { Line, XAxis } from "./lines.ts";
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

/** A cross on the last finite point of every foremost line whose run diverged. */
export function appendCrosses(
  document: Document,
  svg: SVGSVGElement,
  drawn: readonly { readonly line: Line; readonly x: readonly number[]; readonly y: readonly number[] }[],
  toX: (value: number) => number,
  toY: (value: number) => number,
): void {
  const diverged = drawn.filter(({ line }) => line.diverged);
  const foremost = new Map(diverged.map((each) => [each.line.runs.join(" "), each]));
  const group = append(document, svg, "g", { "aria-label": "diverged", fill: "none" });
  for (const { line, x, y } of foremost.values()) {
    const last = y.findLastIndex(Number.isFinite);
    if (last < 0) continue;
    const [px, py] = [toX(x[last]!), toY(y[last]!)];
    const d = `M${px - ARM},${py - ARM}L${px + ARM},${py + ARM}M${px - ARM},${py + ARM}L${px + ARM},${py - ARM}`;
    // A white outline keeps the cross visible on its own line.
    append(document, group, "path", { d, stroke: PAPER, "stroke-width": "5", "stroke-linecap": "round" });
    const cross = append(document, group, "path", {
      d,
      stroke: line.trace.style.colour,
      "stroke-width": "2.2",
      "stroke-linecap": "round",
    });
    append(document, cross, "title", {}).textContent = `${line.runs[0]!} diverged after step ${line.steps.at(-1)!}`;
  }
}
