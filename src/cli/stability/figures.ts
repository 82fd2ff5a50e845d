// The figures of a stability report, from its analysis: loss, drift, passages, occupancy, test accuracy.
import {
  driftFigure,
  type Figure,
  type FigureOptions,
  largeStepLossFigure,
  type LossPanel,
  passagesFigure,
  pointsFigure,
  type PointsPanel,
  type PointsSeries,
  type Span,
} from "../../figures/index.ts";
import {
  groupBy,
  type Statistic,
  type StabilityAnalysis,
  type StabilityGroup,
  type StabilityRunAnalysis,
  withinDrift,
} from "../../lab/index.ts";
import { batchText } from "./text.ts";

/** Draws every figure the analysis has something for. */
export function stabilityFigures(analysis: StabilityAnalysis, options: FigureOptions): readonly Figure[] {
  const groups = analysis.groups.filter(({ runs }) => runs.length > 0);
  const drifting = driftRuns(groups);
  return [
    ...(groups.length === 0 ? [] : [lossFigure(groups, options)]),
    ...(drifting.length === 0 ? [] : [drift(drifting, options)]),
    ...(groups.some(({ runs }) => runs.some(({ sets }) => sets.empirical !== null))
      ? [passages(groups, options), occupancy(groups, options)]
      : []),
    ...(groups.some(({ testAccuracy }) => testAccuracy.n > 0) ? [accuracy(groups, options)] : []),
  ];
}

function lossFigure(groups: readonly StabilityGroup[], options: FigureOptions): Figure {
  const panels = [...groupBy(groups, ({ batch }) => batch)].map(([batch, members]): LossPanel => ({
    title: batchText(batch),
    groups: members.map(({ lr, runs, envelope }) => ({
      label: `η = ${lr}`,
      runs: runs.map(({ id, series }) => ({ run: id, steps: series.steps, logs: series.logLoss })),
      bound: envelope.map(({ step, logBound }) => ({ step, log: logBound })),
    })),
  }));
  return largeStepLossFigure(
    { name: "loss", title: "Training loss with large steps", panels, notes: [] },
    options,
  );
}

const MOST_DRIFT_PANELS = 3;

/** The first seed at every batch size, at the largest learning rate; at every learning rate when there is one batch size. */
function driftRuns(groups: readonly StabilityGroup[]): readonly StabilityRunAnalysis[] {
  const withDrift = groups.filter(({ runs }) => (runs[0]?.series.drift.length ?? 0) > 1);
  const largest = withDrift.reduce((most, { lr }) => Math.max(most, lr), 0);
  const sizes = new Set(withDrift.map(({ batch }) => batch)).size;
  const chosen = sizes > 1 ? withDrift.filter(({ lr }) => lr === largest) : withDrift;
  return chosen.slice(-MOST_DRIFT_PANELS).map(({ runs }) => runs[0]!);
}

function drift(runs: readonly StabilityRunAnalysis[], options: FigureOptions): Figure {
  return driftFigure(
    {
      name: "drift",
      title: "Expected loss after the next step",
      panels: runs.map(({ id, lr, batch, series, sets }) => ({
        title: `η = ${lr}, ${batchText(batch)}`,
        ratio: {
          run: id,
          steps: series.drift.map(({ step }) => step),
          logs: series.drift.map(({ relative }) => Math.log1p(relative)),
        },
        unsettled: unsettled(series.drift),
        stable: stableSpan(sets.theorem?.entrance ?? null, series.steps.at(-1)!),
      })),
      notes: runs.some(({ series }) => series.drift.some(({ exact }) => !exact))
        ? ["estimated from random batches where there are too many; see numbers.json"]
        : [],
    },
    options,
  );
}

/** Up to the last step at which the loss is expected to rise. */
function unsettled(samples: StabilityRunAnalysis["series"]["drift"]): Span | null {
  const last = samples.findLast((sample) => !withinDrift(sample));
  return last === undefined ? null : { from: 1, to: last.step };
}

function stableSpan(entrance: number | null, end: number): Span | null {
  return entrance === null ? null : { from: entrance, to: end };
}

function passages(groups: readonly StabilityGroup[], options: FigureOptions): Figure {
  const all = [...groupBy(groups, ({ lr }) => lr)].map(([lr, members]) => ({
    title: `η = ${lr}`,
    groups: members.map(({ batch, runs }) => {
      const excursions = runs.flatMap(({ sets }) => sets.empirical?.excursions ?? []);
      return {
        label: batchText(batch),
        runs: runs.length,
        exits: excursions.map(({ exit }) => exit),
        lengths: excursions.flatMap(({ length }) => (length === null ? [] : [length])),
      };
    }),
  }));
  const panels = all.filter((each) => each.groups.some(({ exits }) => exits.length > 0));
  const without = all.filter((each) => !panels.includes(each)).map(({ title }) => title);
  return passagesFigure(
    {
      name: "passages",
      title: "Exits from the empirical stable set and returns",
      panels,
      notes: [
        "the empirical stable set: the loss is not expected to rise",
        ...(without.length === 0 ? [] : [`no exit at ${without.join(", ")}`]),
      ],
    },
    options,
  );
}

type Pick = (group: StabilityGroup) => Statistic;

function series(groups: readonly StabilityGroup[], pick: Pick): PointsSeries[] {
  return [...groupBy(groups, ({ batch }) => batch)].map(([batch, members]) => ({
    label: batchText(batch),
    kind: batch === "full" ? ("gd" as const) : ("sgd" as const),
    points: members.flatMap((group) => {
      const { mean, sd, n } = pick(group);
      return mean === null ? [] : [{ x: group.lr, mean, sd, count: n }];
    }),
  }));
}

function panel(title: string, yLabel: string, groups: readonly StabilityGroup[], pick: Pick): PointsPanel {
  const shared = { title, xLabel: "learning rate η", yLabel, logX: true, logY: false };
  return { ...shared, series: series(groups, pick), curves: [], references: [] };
}

function occupancy(groups: readonly StabilityGroup[], options: FigureOptions): Figure {
  return pointsFigure(
    {
      name: "occupancy",
      title: "Time in the empirical stable set, exits and oscillation",
      panels: [
        panel("occupancy", "share of steps inside", groups, ({ empiricalOccupancy }) => empiricalOccupancy),
        panel("exits", "exits a run", groups, ({ empiricalExits }) => empiricalExits),
        panel("oscillation", "mean of ln(L/best L)", groups, ({ oscillation }) => oscillation),
      ],
      notes: ["oscillation: over the last nine tenths of the steps"],
    },
    options,
  );
}

function accuracy(groups: readonly StabilityGroup[], options: FigureOptions): Figure {
  return pointsFigure(
    {
      name: "accuracy",
      title: "Test accuracy at the end",
      panels: [panel("", "test accuracy", groups, ({ testAccuracy }) => testAccuracy)],
      notes: [],
    },
    options,
  );
}
