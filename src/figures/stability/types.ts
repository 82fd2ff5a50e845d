// What the figures of large steps draw: series of single runs by setting, free of records.

/** A positive quantity of one run as natural logarithms (losses fall below the smallest number); NaN where not finite. */
export interface LogSeries {
  readonly run: string;
  /** Ascending. */
  readonly steps: readonly number[];
  readonly logs: ArrayLike<number>;
}

/** A bound at a step; null while it says nothing. */
export interface LogBound {
  readonly step: number;
  readonly log: number | null;
}

/** The runs of one learning rate and batch size. */
export interface LossGroup {
  readonly label: string;
  readonly runs: readonly LogSeries[];
  /** The theorem's envelope, where one speaks about these runs. */
  readonly bound: readonly LogBound[];
}

export interface LossPanel {
  readonly title: string;
  readonly groups: readonly LossGroup[];
}

/** Input of {@link largeStepLossFigure}. */
export interface LargeStepLossSpec {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly LossPanel[];
  readonly notes: readonly string[];
}

/** From a step to a step. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface DriftPanel {
  readonly title: string;
  /** ln of E[L(θ′) | θ]/L(θ) of one run. */
  readonly ratio: LogSeries;
  /** Where the loss is expected to rise at times, and where the theorem's stable set is occupied. */
  readonly unsettled: Span | null;
  readonly stable: Span | null;
}

/** Input of {@link driftFigure}. */
export interface DriftFigureSpec {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly DriftPanel[];
  readonly notes: readonly string[];
}

/** Exits of the runs of one setting, over all seeds. */
export interface PassageGroup {
  readonly label: string;
  readonly runs: number;
  /** Steps at which the set was left, and how long each stay outside was. */
  readonly exits: readonly number[];
  readonly lengths: readonly number[];
}

/** Input of {@link passagesFigure}. */
export interface PassagesSpec {
  readonly name: string;
  readonly title: string;
  /** One row of two panels each. */
  readonly panels: readonly { readonly title: string; readonly groups: readonly PassageGroup[] }[];
  readonly notes: readonly string[];
}
