// Figures 3 and 7: equilibrium sharpness and gap in one view, against batch size, learning rate and prediction.
import type { OverlayCurve, PointsPanel, PointsSeries } from "../../figures/index.ts";
import {
  descentGroup,
  type GapAnalysis,
  gapOf,
  gapScaling,
  gapTracking,
  PLACES,
  type StochasticGroup,
  stochasticGroups,
  type Tracking,
  logGrid,
} from "../../lab/index.ts";
import type { GapPrediction } from "../../curvature/index.ts";
import { atOneBatch, atOneRate } from "./campaigns.ts";
import {
  batchLabel,
  edgeReference,
  fitCurve,
  gapRows,
  plainAnalysis,
  sharpnessRows,
  sweepPoint,
  unsettledNotes,
} from "./common.ts";
import { type ComparisonRow, found } from "./comparison.ts";
import type { PaperFigure } from "./figure-spec.ts";
import { statedGap, statedSharpness } from "./paper.ts";
import { gapAgainstRate } from "./scaling-figures.ts";

const fig3: PaperFigure = {
  name: "fig3",
  title: "Equilibrium sharpness against batch size and learning rate",
  sets: {
    batches: { campaigns: ["fc-tanh"], varied: ["batch"], choose: atOneRate },
    rates: { campaigns: ["fc-tanh", "learning-rates"], varied: ["batch", "lr"], choose: atOneBatch },
  },
  reproduce({ batches, rates }) {
    const byRate = rates === undefined ? null : gapAgainstRate(rates);
    return {
      drawing: {
        kind: "points",
        spec: {
          name: "fig3",
          title: fig3.title,
          panels: [
            ...(batches === undefined ? [] : [batchPanel(batches)]),
            ...(rates === undefined ? [] : [ratePanel(rates)]),
          ],
          notes: unsettledNotes([batches, rates]),
        },
      },
      rows: [
        ...(batches === undefined
          ? []
          : sharpnessRows(batches, ({ lr, batch }) => statedSharpness(batches, lr, batch))),
        ...(rates === undefined
          ? []
          : sharpnessRows(
              rates,
              () => null,
              ({ lr, batch }) => `${batchLabel(batch)}, η = ${lr}`,
            )),
        ...(byRate?.rows ?? []),
      ],
      numbers: {
        ...(batches === undefined ? {} : { batches: plainAnalysis(batches) }),
        ...(rates === undefined ? {} : { rates: plainAnalysis(rates), fit: byRate?.scaling }),
      },
    };
  },
};

function batchPanel(analysis: GapAnalysis): PointsPanel {
  const descent = descentGroup(analysis)?.sharpness.mean ?? null;
  return {
    title: "A  against batch size",
    xLabel: "batch size b",
    yLabel: "S_eq",
    logX: true,
    logY: false,
    series: [
      {
        label: "SGD",
        kind: "sgd",
        points: stochasticGroups(analysis).flatMap(({ batch, sharpness }) => sweepPoint(batch, sharpness)),
      },
    ],
    curves: [],
    references: [
      ...edgeReference(analysis),
      ...(descent === null ? [] : [{ value: descent, label: "gradient descent" }]),
    ],
  };
}

function ratePanel(analysis: GapAnalysis): PointsPanel {
  const groups = stochasticGroups(analysis);
  const descent = analysis.groups.filter(({ batch }) => batch === "full");
  const rates = analysis.groups.map(({ lr }) => lr);
  const edge: OverlayCurve = {
    label: "2/η",
    style: "theory",
    points: logGrid(rates).map((x) => ({ x, y: 2 / x })),
  };
  const series: PointsSeries[] = [
    {
      label: "GD",
      kind: "gd",
      points: descent.flatMap(({ lr, sharpness }) => sweepPoint(lr, sharpness)),
    },
    {
      label: groups[0] === undefined ? "SGD" : `SGD, b = ${groups[0].batch}`,
      kind: "sgd",
      points: groups.flatMap(({ lr, sharpness }) => sweepPoint(lr, sharpness)),
    },
  ];
  return {
    title: "B  against learning rate",
    xLabel: "learning rate η",
    yLabel: "S_eq",
    logX: true,
    logY: true,
    series,
    curves: [edge],
    references: [],
  };
}

/** The sizes of the paper's bars, when they were trained; else all. */
const SHOWN: ReadonlySet<number> = new Set([50, 100, 200, 500, 1000]);

const fig7: PaperFigure = {
  name: "fig7",
  title: "Anatomy of the gap: batch size, curvature and noise",
  sets: { runs: { campaigns: ["fc-tanh"], varied: ["batch"] } },
  reproduce({ runs }) {
    const analysis = runs!;
    const kind = stochasticGroups(analysis).some(({ gapPaired }) => gapPaired.mean !== null)
      ? "paired"
      : "edge";
    const scaling = gapScaling(analysis, kind);
    const tracked = gapTracking(analysis, kind);
    const all = stochasticGroups(analysis);
    const paperSizes = all.filter(({ batch }) => SHOWN.has(batch));
    const groups = paperSizes.length >= 3 ? paperSizes : all;
    const gaps = groups.flatMap((group) => sweepPoint(group.batch, gapOf(group, kind)));
    const tracking = PLACES.flatMap((place): PointsSeries[] => {
      const points = tracked[place]?.points.filter(({ batch }) => gaps.some(({ x }) => x === batch)) ?? [];
      if (points.length === 0) return [];
      return [
        {
          label: `β·σ_u² at the ${place}, rescaled`,
          kind: "theory",
          points: points.map(({ batch, tracked: mean }) => ({ x: batch, mean, sd: null, count: 1 })),
        },
      ];
    });
    const yLabel = kind === "edge" ? "2/η − S_eq" : "S_GD − S_eq";
    return {
      drawing: {
        kind: "anatomy",
        spec: {
          name: "fig7",
          title: fig7.title,
          barsTitle: "A  gap by batch size",
          bars: gaps,
          curve: fitCurve(scaling, "b")[0] ?? null,
          tracking: {
            title: "B  does β·σ_u² follow the gap?",
            xLabel: "batch size b",
            yLabel,
            logX: true,
            logY: false,
            series: [{ label: "gap", kind: "sgd", points: gaps }, ...tracking],
            curves: [],
            references: [],
          },
          notes: [
            ...PLACES.flatMap((place) => {
              const found = tracked[place];
              return found === null
                ? []
                : [`β·σ_u² at the ${place} is scaled to the gap at b = ${found.anchor}.`];
            }),
            ...unsettledNotes([analysis]),
          ],
        },
      },
      rows: [
        ...gapRows({ ...analysis, groups }, kind, yLabel, ({ lr, batch }) =>
          kind === "paired" ? statedGap(analysis, lr, batch) : null,
        ),
        ...PLACES.flatMap((place) => trackingRow(place, tracked[place], all)),
        ...groups.flatMap((group) => PLACES.flatMap((place) => predictionRows(group, place))),
      ],
      numbers: { gap: kind, fit: scaling, tracking: tracked, analysis: plainAnalysis(analysis) },
    };
  },
};

function lostSizes({ points }: Tracking): string {
  const lost = points.filter((point) => point.lost).map(({ batch }) => batch);
  return lost.length === 0
    ? ""
    : `; without b = ${lost.join(", ")}, whose gap is less than two standard errors`;
}

function trackingRow(
  place: string,
  tracked: Tracking | null,
  groups: readonly StochasticGroup[],
): ComparisonRow[] {
  if (tracked?.rms === null || tracked === null) return [];
  const sizes = new Set(tracked.points.map(({ batch }) => batch));
  const used = groups.filter(({ batch }) => sizes.has(batch)).map(({ sharpness }) => sharpness);
  return [
    {
      quantity: `β·σ_u² at the ${place} against the gap: rms of ln ratio`,
      paper: "“close”",
      brink: {
        value: tracked.rms,
        sd: null,
        n: Math.min(...used.map(({ n }) => n)),
        runs: used.flatMap(({ runs }) => runs),
      },
      remark: `e^rms = ${Math.exp(tracked.rms).toFixed(2)}; anchored at b = ${tracked.anchor}${lostSizes(tracked)}`,
    },
  ];
}

/**
 * Measured coefficients and the gap they predict with α as measured there; the other predictions, and those with α⊥,
 * are in numbers.json.
 */
function predictionRows(
  { batch, landscape }: StochasticGroup,
  place: (typeof PLACES)[number],
): ComparisonRow[] {
  const means = landscape[place];
  if (means === null) return [];
  const at = `at the ${place}, ${batchLabel(batch)}`;
  const share = means.alphaPositive.mean;
  const { meanField = null, refined = null } = means.predicted.alpha ?? {};
  const predicted = (what: string, prediction: GapPrediction | null): ComparisonRow[] =>
    prediction === null
      ? []
      : [
          {
            quantity: `predicted gap to 2/η ${at}: ${what}`,
            paper: null,
            brink:
              prediction.value === null
                ? null
                : { value: prediction.value, sd: null, n: means.beta.n, runs: means.beta.runs },
            ...(prediction.reason === null ? {} : { remark: prediction.reason }),
          },
        ];
  return [
    {
      quantity: `α ${at}`,
      paper: null,
      brink: found(means.alpha),
      ...(share === null ? {} : { remark: `positive in ${Math.round(100 * share)} % of the records` }),
    },
    { quantity: `β ${at}`, paper: null, brink: found(means.beta) },
    ...predicted("ηβσ_u²/(4α)", meanField),
    ...(refined?.value === null ? [] : predicted("finite step, both noises", refined)),
  ];
}

/** Figures that bring several quantities together. */
export const summaryFigures: readonly PaperFigure[] = [fig3, fig7];
