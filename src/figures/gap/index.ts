// The figures of the stochastic sharpness gap, from aggregated numbers.
export { anatomyFigure } from "./anatomy.ts";
export { batchSharpnessFigure } from "./batch-sharpness.ts";
export { landscapeFigure } from "./landscape.ts";
export { pointsFigure } from "./points.ts";
export { scalingFigure } from "./scaling.ts";
export { trajectoriesFigure } from "./trajectories.ts";
export type * from "./types.ts";
