// Stable sets of cross-entropy along runs: measured while they train, analysed afterwards.
export * from "./series.ts";
export * from "./theory-setting.ts";
export * from "./run-analysis.ts";
export * from "./analysis.ts";
