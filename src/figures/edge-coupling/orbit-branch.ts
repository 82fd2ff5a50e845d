// Figure: branch diagram of a period-two orbit: its amplitude and multipliers against the learning rate.
import { numberAxis, withoutTickLabels } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import type { Line } from "../lines.ts";
import { COLOURS } from "../palette.ts";
import { rowsOf } from "../rows.ts";
import { formatTick } from "../ticks.ts";
import { curve, curvesPanel } from "./panels.ts";

/** One orbit of a branch; multipliers null where they were not computed. */
export interface BranchDiagramPoint {
  readonly lr: number;
  readonly amplitude: number;
  /** Real multiplier along the orbit, and the largest modulus of all. */
  readonly along: number | null;
  readonly outermost: number | null;
}

export interface BranchDiagramSpec {
  /** Distinguishes the diagrams of several orbits: `branch-1`. */
  readonly name: string;
  readonly points: readonly BranchDiagramPoint[];
  /** Leading-order coefficients of the fixed point it is born from, null when unknown: 2/η = λ + Qα². */
  readonly prediction: { readonly eigenvalue: number; readonly coefficient: number } | null;
  /** How the branch ends, in words. */
  readonly end: string;
}

/**
 * Above, the half-amplitude against η as two signed arms, with the leading-order pitchfork dashed; below, the
 * multipliers of two steps: born at 1, period doubling at −1.
 */
export function orbitBranchFigure(spec: BranchDiagramSpec, options: FigureOptions): Figure {
  const points = spec.points.toSorted((a, b) => a.lr - b.lr);
  const arms = (sign: number, label: string): Line =>
    curve(
      label,
      sign > 0 ? "half-amplitude" : "half-amplitude, other point",
      { colour: COLOURS[0]!, dash: "" },
      points.map(({ lr, amplitude }) => [lr, sign * amplitude]),
    );
  const predicted = predictedArms(spec, points);
  const above = [...predicted, arms(1, "orbit"), arms(-1, "")];
  const multipliers = (["outermost", "along"] as const).map((key, k) =>
    curve(
      key === "along" ? "along the orbit" : "largest modulus",
      `multiplier, ${key}`,
      { colour: COLOURS[k === 0 ? 2 : 0]!, dash: k === 0 ? "5 2.5" : "" },
      points.map((point) => [point.lr, point[key] ?? Number.NaN]),
    ),
  );
  const rates = above.flatMap((line) => Array.from(line.x));
  const x = numberAxis(rates.length === 0 ? [0, 1] : span(rates), false, 80);
  const range =
    points.length === 0
      ? "no points"
      : `η from ${formatTick(points[0]!.lr)} to ${formatTick(points.at(-1)!.lr)}`;
  return composeFigure(
    {
      name: spec.name,
      title: "Branch of a period-two orbit",
      alt: `Half-amplitude of a period-two orbit (above) and its multipliers (below) against the learning rate, ${range}; the branch ${spec.end}.`,
      grid: [
        {
          height: 220,
          panels: [
            curvesPanel({
              xLabel: "",
              yLabel: "± half-amplitude",
              lines: above,
              references: [],
              x: withoutTickLabels(x),
            }),
          ],
        },
        {
          height: 150,
          panels: [
            curvesPanel({
              xLabel: "learning rate η",
              yLabel: "multipliers of two steps",
              lines: multipliers,
              references: [
                { value: 1, label: "1" },
                { value: -1, label: "−1" },
              ],
              x,
            }),
          ],
        },
      ],
      notes: [
        ...(predicted.length > 0 ? ["dashed: leading order, 2/η = λ + Qα²"] : []),
        `the branch ${spec.end}`,
      ],
      rows: rowsOf([...above, ...multipliers]),
    },
    options,
  );
}

/** The pitchfork over the range of the branch, from its birth on. */
function predictedArms({ prediction }: BranchDiagramSpec, points: readonly BranchDiagramPoint[]): Line[] {
  if (prediction === null || points.length === 0) return [];
  const { eigenvalue, coefficient } = prediction;
  const largest = Math.max(...points.map(({ amplitude }) => amplitude));
  const arm: (readonly [number, number])[] = [];
  for (let k = 0; k <= 60; k++) {
    const amplitude = (largest * k) / 60;
    const threshold = eigenvalue + coefficient * amplitude ** 2;
    if (threshold > 0) arm.push([2 / threshold, amplitude]);
  }
  const [low, high] = span([2 / eigenvalue, ...points.map(({ lr }) => lr)]);
  const inside = arm.filter(([lr]) => lr >= low && lr <= high);
  const style = { colour: COLOURS[1]!, dash: "6 3" };
  return [
    curve("leading order", "predicted half-amplitude", style, inside),
    curve(
      "",
      "predicted half-amplitude, other point",
      style,
      inside.map(([lr, amplitude]) => [lr, -amplitude]),
    ),
  ];
}

function span(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? [low, high] : [low * 0.99, high * 1.01];
}
