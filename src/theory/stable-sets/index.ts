// Cross-entropy with large step sizes (arXiv 2606.30930): stable sets, margins, exact drift, bounds, events, rates.
export * from "./types.ts";
export * from "./constants.ts";
export * from "./bounds.ts";
export * from "./passage-bounds.ts";
export * from "./events.ts";
export * from "./rates.ts";
export * from "./loss-point.ts";
export * from "./inputs.ts";
export * from "./batches.ts";
export * from "./linear-model.ts";
export * from "./linear-drift.ts";
export { curvatureMoments, secondOrderDrift, type CurvatureMoments } from "./second-order-drift.ts";
export * from "./predictions.ts";
export {
  DRIFT_TOLERANCE,
  SingleDraws,
  type SingleDrawsQuestion,
  type SingleDrawsSetup,
  type SingleDrawsSums,
} from "./single-draws.ts";
export { type DriftThread, type DriftThreads, ThreadedSingleDraws } from "./single-draws-threads.ts";
export * from "./linear-engine.ts";
export * from "./linear-hessian.ts";
export * from "./margin.ts";
