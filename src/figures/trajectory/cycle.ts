// The four-stage cycle: the oscillation |x|/δ against what y adds to the sharpness, real, predicted and as the closed orbit.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import {
  append,
  appendLabels,
  appendNotes,
  appendTitles,
  type ChartLabel,
  type Frame,
  labelLayout,
  NOTE_HEIGHT,
  wrapNotes,
} from "../annotations.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import { finishFigure } from "../finish.ts";
import type { Line } from "../lines.ts";
import { FONT_SIZE, PAPER, REFERENCE_INK } from "../palette.ts";
import { plotPanel } from "../panel.ts";
import { rowsOf } from "../rows.ts";
import { formatTick, linearTicks } from "../ticks.ts";
import type { Trace } from "../traces.ts";
import { curve, drawnForm, roleCurve, type TrajectoryRun } from "./points.ts";

/** Points of the closed orbit drawn; its ends in X need them close together. */
const ORBIT_POINTS = 400;

/**
 * X = |x|/δ against Y = y/√α of the real run and the drawn prediction, and the closed orbit
 * Y² + X² − 1 − log X² = E of the noiseless small-step limit through the real run's start (arXiv:2209.15594).
 */
export function cycleFigure(run: TrajectoryRun, options: FigureOptions): Figure {
  const width = options.width ?? 640;
  const form = drawnForm(run);
  const traces: Trace[] = [roleCurve("real", "real")];
  const lines: Line[] = [planeLine(traces[0]!, run, (point) => point.real)];
  if (form !== undefined) {
    const predicted = roleCurve("predicted", `predicted (${form})`);
    traces.push(predicted);
    lines.push(planeLine(predicted, run, (point) => point.predicted[form]));
  }
  const energy = orbitEnergy(lines[0]!);
  if (energy !== null) {
    const orbit = curve(`closed orbit, E = ${formatTick(Number(energy.toPrecision(3)))}`, {
      colour: REFERENCE_INK,
      dash: "2 3",
    });
    traces.push(orbit);
    lines.push(orbitLine(orbit, energy));
  }
  const finite = (values: readonly Float64Array[]): number[] =>
    values.flatMap((each) => Array.from(each).filter(Number.isFinite));
  const xs = finite(lines.map(({ x }) => x));
  const ys = finite(lines.map(({ y }) => y));
  const right = 1.05 * Math.max(1.2, ...xs);
  const half = 1.1 * Math.max(0.1, ...ys.map(Math.abs));

  const labels: ChartLabel[] = traces.map(({ label, style }, i) => ({
    text: label,
    value: lines[i]!.y.findLast(Number.isFinite) ?? 0,
    reachesEdge: false,
    style,
  }));
  const layout = labelLayout(labels, width, 2);
  const notes = wrapNotes(
    ["dot: start", "δ and α are those of θ† at each step", "units: √(2α/β) across, √α upwards"],
    width - 20,
  );
  const frame: Frame = {
    left: 46,
    right: layout.marginRight,
    top: 30,
    bottom: 42 + notes.length * NOTE_HEIGHT,
    width,
    height: options.height ?? 420,
  };
  const { svg, toX, toY } = plotPanel(
    options.document,
    frame,
    { log: false, domain: [0, right], ticks: linearTicks(0, right, 6), format: formatTick },
    { log: false, domain: [-half, half], ticks: linearTicks(-half, half, 6), format: formatTick },
    [
      Plot.ruleY([0], { stroke: REFERENCE_INK, strokeOpacity: 0.4 }),
      Plot.ruleX([1], { stroke: REFERENCE_INK, strokeOpacity: 0.4 }),
      ...lines.toReversed().map(planeMark),
      startMark(lines[0]!),
    ],
  );
  appendStages(options.document, svg, frame, { x: toX(1), y: toY(0) });
  appendLabels(options.document, svg, labels, layout, toY, frame);
  appendTitles(options.document, svg, frame, {
    x: "|x|/δ →",
    y: "↑ y/√α",
    ...(xs.length === 0 ? { empty: "No finite values to draw." } : {}),
  });
  appendNotes(options.document, svg, notes, frame.height - NOTE_HEIGHT * notes.length);
  const about = {
    name: "trajectory-cycle",
    title: "The four-stage cycle",
    alt: "Oscillation along the top eigenvector against the excess sharpness, in the theory's units: real, predicted and the closed orbit of the small-step limit.",
  };
  return finishFigure(about, svg, rowsOf(lines), options);
}

function planeLine(
  trace: Trace,
  run: TrajectoryRun,
  at: (point: TrajectoryRun["steps"][number]) => { readonly x: number; readonly y: number } | undefined,
): Line {
  const steps = Float64Array.from(run.steps, ({ step }) => step);
  const x = Float64Array.from(run.steps, (point) => Math.abs(at(point)?.x ?? NaN) / point.reference.delta);
  const y = Float64Array.from(run.steps, (point) => (at(point)?.y ?? NaN) / Math.sqrt(point.reference.alpha));
  return { trace, series: "y/√α against |x|/δ", kind: "main", runs: [], steps, x, y, diverged: false };
}

/** Y² + h(X) at the first point, h(X) = X² − 1 − log X²; null when that is not finite. */
function orbitEnergy({ x, y }: Line): number | null {
  const squared = (x[0] ?? NaN) ** 2;
  const energy = (y[0] ?? NaN) ** 2 + squared - 1 - Math.log(squared);
  return Number.isFinite(energy) ? energy : null;
}

/** The closed orbit of energy E, upper half and back along the lower one. */
function orbitLine(trace: Trace, energy: number): Line {
  const excess = (x: number): number => energy - (x * x - 1 - Math.log(x * x));
  const least = bisect((x) => -excess(x), Math.exp(-(energy + 1) / 2), 1);
  const most = bisect(excess, 1, Math.sqrt(2 * (energy + 2)));
  const across = Float64Array.from({ length: ORBIT_POINTS + 1 }, (_, i) => {
    const phase = (1 - Math.cos((Math.PI * i) / ORBIT_POINTS)) / 2;
    return least + (most - least) * phase;
  });
  const upper = across.map((x) => Math.sqrt(Math.max(0, excess(x))));
  const x = Float64Array.from([...across, ...across.toReversed()]);
  const y = Float64Array.from([...upper, ...upper.toReversed().map((value) => -value)]);
  const about = { series: "closed orbit", kind: "main", runs: [], diverged: false } as const;
  return { ...about, trace, steps: new Float64Array(0), x, y };
}

/** Root of a function that is positive at `low` and not at `high`. */
function bisect(f: (x: number) => number, low: number, high: number): number {
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (f(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function planeMark({ trace, x, y }: Line): Markish {
  return Plot.line(
    { length: x.length },
    {
      x,
      y,
      stroke: trace.style.colour,
      strokeWidth: 1.4,
      ...(trace.style.dash === "" ? {} : { strokeDasharray: trace.style.dash }),
      ariaDescription: trace.label,
    },
  );
}

function startMark({ x, y, trace }: Line): Markish | null {
  if (!Number.isFinite(x[0]) || !Number.isFinite(y[0])) return null;
  return Plot.dot([0], { x: () => x[0]!, y: () => y[0]!, r: 3.5, fill: trace.style.colour, stroke: "none" });
}

/** Names the stages where the orbit passes them: left, top, right and bottom of its centre. */
function appendStages(
  document: Document,
  svg: Element,
  frame: Frame,
  centre: { readonly x: number; readonly y: number },
): void {
  const [left, right] = [frame.left, frame.width - frame.right];
  const [top, bottom] = [frame.top, frame.height - frame.bottom];
  const write = (text: string, x: number, y: number, anchor: string): void => {
    append(document, svg, "text", {
      x: String(x),
      y: String(y),
      "text-anchor": anchor,
      "font-size": String(FONT_SIZE - 1),
      fill: REFERENCE_INK,
      // Legible where the orbit passes behind.
      stroke: PAPER,
      "stroke-width": "3",
      "paint-order": "stroke",
    }).textContent = text;
  };
  const middle = Math.max(centre.x, left + 60);
  write("1 sharpening", left + 6, centre.y + 14, "start");
  write("2 blow-up", middle, top + 12, "middle");
  write("3 self-stabilisation", right - 4, centre.y + 14, "end");
  write("4 return", middle, bottom - 6, "middle");
}
