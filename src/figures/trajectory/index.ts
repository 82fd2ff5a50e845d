// All figures of a tracked run.
import type { Figure, FigureOptions } from "../figure.ts";
import { couplingFigure, trajectoryLossFigure, trajectorySharpnessFigure } from "./curves.ts";
import { cycleFigure } from "./cycle.ts";
import type { TrajectoryRun } from "./points.ts";

export { couplingFigure, trajectoryLossFigure, trajectorySharpnessFigure } from "./curves.ts";
export { cycleFigure } from "./cycle.ts";
export type { PredictedPoint, TrajectoryPoint, TrajectoryRun } from "./points.ts";

/** Cycle, loss, sharpness and coupling errors, in that order. */
export function trajectoryFigures(run: TrajectoryRun, options: FigureOptions): readonly Figure[] {
  return [cycleFigure, trajectoryLossFigure, trajectorySharpnessFigure, couplingFigure].map((draw) =>
    draw(run, options),
  );
}
