// Figure: curvature along the segment between two iterates, its two averages, and where the Hessian attains them.
import { numberAxis } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import { COLOURS } from "../palette.ts";
import { rowsOf } from "../rows.ts";
import { formatTick } from "../ticks.ts";
import { curve, curvesPanel } from "./panels.ts";

/** An average with the place where the curvature equals it, null when none was found. */
export interface SegmentLevel {
  readonly value: number;
  readonly attainedAt: number | null;
}

export interface SegmentFigureSpec {
  /** Step k: the segment from θ_k to θ_{k+1}. */
  readonly step: number;
  readonly samples: readonly { readonly tau: number; readonly curvature: number }[];
  readonly rBar: SegmentLevel;
  readonly rTilde: SegmentLevel;
  /** 2/η. */
  readonly threshold: number;
  readonly notes: readonly string[];
}

/** q(τ) = dᵀH(θ_k + τd)d/‖d‖² against τ, the even average r̄, the average r̃ that decides the loss, and 2/η. */
export function segmentFigure(spec: SegmentFigureSpec, options: FigureOptions): Figure {
  const { samples, rBar, rTilde, threshold, step } = spec;
  const line = curve(
    "dᵀH(θ + τd)d/‖d‖²",
    "curvature along the step",
    { colour: COLOURS[0]!, dash: "" },
    samples.map(({ tau, curvature }) => [tau, curvature]),
  );
  const level = (label: string, { value }: SegmentLevel, index: number): ReturnType<typeof curve> =>
    curve(label, `${label}, average`, { colour: COLOURS[index]!, dash: index === 1 ? "9 3" : "5 2.5" }, [
      [0, value],
      [1, value],
    ]);
  const lines = [line, level("r̄", rBar, 1), level("r̃", rTilde, 2)];
  const where = (name: string, { attainedAt }: SegmentLevel): string[] =>
    attainedAt === null ? [] : [`q = ${name} at τ = ${formatTick(Number(attainedAt.toPrecision(3)))}`];
  return composeFigure(
    {
      name: `segment-${step}`,
      title: "Curvature along a step",
      alt: `Curvature along the step from θ_${step} to θ_${step + 1} against the fraction of the step, with r̄ ${formatTick(Number(rBar.value.toPrecision(4)))}, r̃ ${formatTick(Number(rTilde.value.toPrecision(4)))} and 2/η ${formatTick(Number(threshold.toPrecision(4)))}.`,
      grid: [
        {
          height: 260,
          panels: [
            curvesPanel({
              xLabel: "fraction τ of the step",
              yLabel: "curvature along the step",
              lines,
              references: [{ value: threshold, label: "2/η" }],
              x: numberAxis([0, 1], false, 80),
            }),
          ],
        },
      ],
      notes: [
        "r̄: average over τ; r̃: weighted by 2(1 − τ), the loss falls if it is below 2/η",
        ...where("r̄", rBar),
        ...where("r̃", rTilde),
        ...spec.notes,
      ],
      rows: rowsOf(lines),
    },
    options,
  );
}
