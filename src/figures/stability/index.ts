// Figures of training with large steps: loss under its envelopes, drift and phases, passages in and out of stable sets.
export { driftFigure } from "./drift.ts";
export { largeStepLossFigure } from "./loss.ts";
export { passagesFigure } from "./passages.ts";
export type {
  DriftFigureSpec,
  DriftPanel,
  LargeStepLossSpec,
  LogBound,
  LogSeries,
  LossGroup,
  LossPanel,
  PassageGroup,
  PassagesSpec,
  Span,
} from "./types.ts";
