// Analysis of the stochastic sharpness gap over runs: gaps, fits, noise, coefficients, predictions.
export * from "./statistic.ts";
export * from "./gap-run.ts";
export * from "./comparable.ts";
export * from "./groups.ts";
export * from "./scaling.ts";
export * from "./noise-means.ts";
export * from "./landscape-means.ts";
export * from "./batch-sharpness.ts";
export * from "./tracking.ts";
export * from "./analysis.ts";
