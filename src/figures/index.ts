// Record → figures and report. Everything takes the `document` it draws with, so it runs in browsers and in Node.
export * from "./accuracy.ts";
export * from "./buckets.ts";
export * from "./differing.ts";
export * from "./figure.ts";
export * from "./loss.ts";
export * from "./palette.ts";
export * from "./relative-sharpness.ts";
export * from "./rows.ts";
export * from "./sharpness.ts";
export { learningRate, makeTraces, runThreshold } from "./traces.ts";
export type { Trace } from "./traces.ts";
export type { Line, LineKind, XAxis } from "./lines.ts";
export { buildReport, reportFigures } from "./report.ts";
export type { Report, ReportFigure, ReportOptions } from "./report.ts";
export { gradientDescentFor, summaryRows } from "./report-table.ts";
export type { SummaryRow } from "./report-table.ts";
export { formatNumber } from "./ticks.ts";
