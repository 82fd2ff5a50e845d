// The command line's figures of runs by the name of the chart they belong to. A file of its own: loaded when asked for.
import { accuracyFigure } from "../../figures/accuracy.ts";
import type { Figure, FigureOptions } from "../../figures/figure.ts";
import { gradNormFigure } from "../../figures/grad-norm.ts";
import { lossFigure } from "../../figures/loss.ts";
import { relativeSharpnessFigure } from "../../figures/relative-sharpness.ts";
import { sharpnessFigure } from "../../figures/sharpness.ts";
import { testLossFigure } from "../../figures/test-loss.ts";
import type { RunRecord } from "../../record/events.ts";

export const RUN_FIGURES: Readonly<
  Record<string, (records: readonly RunRecord[], options: FigureOptions) => Figure>
> = {
  loss: lossFigure,
  sharpness: sharpnessFigure,
  relative: relativeSharpnessFigure,
  testLoss: testLossFigure,
  accuracy: accuracyFigure,
  gradNorm: gradNormFigure,
};
