// Figures 2 and 4 and the scaling with η: a quantity against batch size or learning rate, on logarithmic axes.
import type { OverlayCurve, ScalingSpec } from "../../figures/index.ts";
import {
  type FinitePopulation,
  finitePopulation,
  type GapAnalysis,
  type GapKind,
  gapOf,
  gapScaling,
  noiseAtOnePlace,
  noiseScaling,
  descentGroup,
  type Scaling,
  stochasticGroups,
  logGrid,
} from "../../lab/index.ts";
import type { SamplingName } from "../../record/index.ts";
import { atOneBatch, type RunSet } from "./campaigns.ts";
import {
  batchLabel,
  curveRows,
  edgeReference,
  fitCurve,
  fitRows,
  gapCurve,
  gapRows,
  plainAnalysis,
  sharpnessRows,
  slopeCurve,
  sweepPoint,
  unsettledNotes,
} from "./common.ts";
import { type ComparisonRow, found } from "./comparison.ts";
import type { PaperFigure, Reproduction } from "./figure-spec.ts";
import { STATED, statedGap, statedRateGap, statedSharpness } from "./paper.ts";

const ALL_BATCHES: RunSet = { campaigns: ["fc-tanh"], varied: ["batch"] };
/** Gradient descent draws no batches, so it is shared with the shuffled runs. */
const WITHOUT: RunSet = {
  campaigns: ["fc-tanh", "fc-tanh-without"],
  varied: ["batch"],
  choose:
    () =>
    ({ optimizer }) =>
      optimizer.name === "gd" || optimizer.sampling === "without",
};

/** The gap that can be formed: against gradient descent of the same seeds, else against all, else against 2/η. */
function bestKind(analysis: GapAnalysis): GapKind {
  const groups = stochasticGroups(analysis);
  const kinds = ["paired", "pooled"] as const;
  return kinds.find((kind) => groups.some((group) => gapOf(group, kind).mean !== null)) ?? "edge";
}

const GAP_LABELS: Readonly<Record<GapKind, string>> = {
  paired: "S_GD − S_eq",
  pooled: "S_GD − S_eq (means over seeds)",
  edge: "2/η − S_eq",
};

function gapFigure(name: string, set: RunSet): PaperFigure {
  return {
    name,
    title: "The stochastic sharpness gap against batch size",
    sets: { runs: set },
    reproduce: ({ runs }) => gapAgainstBatch(name, runs!),
  };
}

function gapAgainstBatch(name: string, analysis: GapAnalysis): Reproduction {
  const kind = bestKind(analysis);
  const scaling = gapScaling(analysis, kind);
  const toEdge = gapScaling(analysis, "edge");
  const populations = finiteCurves(analysis, scaling);
  const reference = descentGroup(analysis);
  const groups = stochasticGroups(analysis);
  const rows: ComparisonRow[] = [
    ...sharpnessRows(analysis, ({ lr, batch }) => statedSharpness(analysis, lr, batch)),
    ...(kind === "edge"
      ? []
      : gapRows(analysis, kind, "gap to GD", ({ lr, batch }) => statedGap(analysis, lr, batch))),
    ...gapRows(analysis, "edge", "gap to 2/η"),
    ...(kind === "edge"
      ? []
      : fitRows("gap to GD in b", scaling, {
          exponent: STATED.gapExponent,
          r2: STATED.gapR2,
          p: "< 1e-5",
        }).concat(curveRows(scaling, STATED.gapExponent))),
    ...fitRows("gap to 2/η in b", toEdge, { exponent: null, r2: null }),
    ...populationRows(populations),
  ];
  const spec: ScalingSpec = {
    name,
    title: "The stochastic sharpness gap against batch size",
    xLabel: "batch size b",
    yLabel: GAP_LABELS[kind],
    ...drawn(scaling),
    curves: [
      ...fitCurve(scaling, "b"),
      ...gapCurve(scaling, "b"),
      ...slopeCurve(scaling, -1, "slope −1"),
      ...populationCurves(populations),
    ],
    inset: {
      yLabel: "S_eq",
      points: groups.flatMap((group) => sweepPoint(group.batch, group.sharpness)),
      references: [
        ...edgeReference(analysis),
        ...(reference?.sharpness.mean == null ? [] : [{ value: reference.sharpness.mean, label: "GD" }]),
      ],
    },
    notes: unsettledNotes([analysis]),
  };
  return {
    drawing: { kind: "scaling", spec },
    rows,
    numbers: {
      gap: kind,
      fit: scaling,
      fitToEdge: toEdge,
      fitPooled: gapScaling(analysis, "pooled"),
      finitePopulation: populations,
      analysis: plainAnalysis(analysis),
    },
  };
}

function noiseFigure(name: string, set: RunSet): PaperFigure {
  return {
    name,
    title: "Gradient noise along the top eigenvector against batch size",
    sets: { runs: set },
    reproduce: ({ runs }) => noiseAgainstBatch(name, runs!),
  };
}

function noiseAgainstBatch(name: string, analysis: GapAnalysis): Reproduction {
  const exact = noiseScaling(analysis, "exact");
  const sampled = noiseScaling(analysis, "sampled");
  const single = noiseScaling(analysis, "single");
  const populations = finiteCurves(analysis, exact);
  const fixed = analysis.groups.map((group) => ({
    place: batchLabel(group.batch),
    scaling: noiseAtOnePlace(group),
  }));
  const noise = (label: string, scaling: Scaling): ComparisonRow[] =>
    scaling.points.map(({ x, value }) => ({
      quantity: `${label}, b = ${x}`,
      paper: null,
      brink: found(value),
    }));
  const spec: ScalingSpec = {
    name,
    title: "Gradient noise along the top eigenvector against batch size",
    xLabel: "batch size b",
    yLabel: "σ_u²",
    ...drawn(exact),
    curves: [...fitCurve(exact, "b"), ...slopeCurve(exact, -1, "slope −1"), ...populationCurves(populations)],
    inset: {
      yLabel: "s_u², one example",
      points: single.points.flatMap(({ x, value }) => sweepPoint(x, value)),
      references: [],
    },
    notes: [
      "Every batch size on its own trajectory: the inset shows how much of the slope comes from where the runs sit.",
      ...unsettledNotes([analysis]),
    ],
  };
  return {
    drawing: { kind: "scaling", spec },
    rows: [
      ...noise("σ_u²", exact),
      ...noise("σ_u² from 50 batches", sampled),
      ...noise("s_u² of one example", single),
      ...fitRows("σ_u² in b (from 50 batches)", sampled, {
        exponent: STATED.noiseExponent,
        r2: STATED.noiseR2,
      }),
      ...fitRows("σ_u² in b (exact)", exact, { exponent: STATED.noiseExponent, r2: STATED.noiseR2 }),
      ...fitRows("s_u² of one example in b", single, { exponent: null, r2: null }),
      ...fixed.flatMap(({ place, scaling }) =>
        scaling.points.length < 3
          ? []
          : fitRows(`σ_u² in b (from 50 batches), all at the equilibrium of ${place}`, scaling, {
              exponent: STATED.noiseExponent,
              r2: STATED.noiseR2,
            }),
      ),
      ...populationRows(populations),
    ],
    numbers: {
      exact,
      sampled,
      single,
      atOnePlace: fixed,
      finitePopulation: populations,
      analysis: plainAnalysis(analysis),
    },
  };
}

const RATES: RunSet = {
  campaigns: ["fc-tanh", "learning-rates"],
  varied: ["batch", "lr"],
  choose: atOneBatch,
};

/** Rows and fit of the gap against η at one batch size; also part of figure 3. */
export function gapAgainstRate(analysis: GapAnalysis): {
  readonly kind: GapKind;
  readonly scaling: Scaling;
  readonly rows: readonly ComparisonRow[];
} {
  const kind = bestKind(analysis);
  const scaling = gapScaling(analysis, kind, "lr");
  const of = kind === "edge" ? "gap to 2/η" : "gap to GD";
  return {
    kind,
    scaling,
    rows: [
      ...gapRows(
        analysis,
        kind,
        of,
        ({ lr, batch }) => (kind === "edge" ? null : statedRateGap(analysis, lr, batch)),
        ({ lr, batch }) => `η = ${lr}, b = ${batch}`,
      ),
      ...fitRows(`${of} in η`, scaling, { exponent: STATED.rateExponent, r2: null }),
      ...curveRows(scaling, STATED.rateExponent),
    ],
  };
}

const etaScaling: PaperFigure = {
  name: "eta-scaling",
  title: "The stochastic sharpness gap against learning rate",
  sets: { runs: RATES },
  reproduce({ runs }) {
    const analysis = runs!;
    const { kind, scaling, rows } = gapAgainstRate(analysis);
    const spec: ScalingSpec = {
      name: "eta-scaling",
      title: "The stochastic sharpness gap against learning rate",
      xLabel: "learning rate η",
      yLabel: GAP_LABELS[kind],
      ...drawn(scaling),
      curves: [
        ...fitCurve(scaling, "η"),
        ...gapCurve(scaling, "η"),
        ...slopeCurve(scaling, STATED.rateExponent, `paper: η^${STATED.rateExponent}`),
      ],
      notes: unsettledNotes([analysis]),
    };
    return {
      drawing: { kind: "scaling", spec },
      rows: [
        ...sharpnessRows(
          analysis,
          () => null,
          ({ lr, batch }) => `${batchLabel(batch)}, η = ${lr}`,
        ),
        ...rows,
      ],
      numbers: { gap: kind, fit: scaling, analysis: plainAnalysis(analysis) },
    };
  },
};

/** What a logarithmic axis can show, what it cannot, and the residuals of the fit. */
function drawn({ points, fit }: Scaling): Pick<ScalingSpec, "points" | "excluded" | "residuals"> {
  const shown = points.flatMap(({ x, value }) => sweepPoint(x, value));
  return {
    points: shown.filter(({ mean }) => mean > 0),
    excluded: shown.filter(({ mean }) => mean <= 0),
    ...(fit.line === null
      ? {}
      : {
          residuals: fit.line.points.map(({ index, residual }) => ({ x: points[index]!.x, value: residual })),
        }),
  };
}

/** The exact factor for the sampling of the runs, and for independent subsets, which published estimates sample. */
function finiteCurves(analysis: GapAnalysis, scaling: Scaling): FinitePopulation[] {
  const { n } = analysis;
  const positive = scaling.points.filter(({ value }) => value.mean !== null && value.mean > 0);
  const own = stochasticGroups(analysis)[0]?.sampling;
  if (n === null || own === undefined || positive.length === 0) return [];
  const samplings = [...new Set<SamplingName>([own, "without"])];
  const grid = logGrid(positive.map(({ x }) => x)).map(Math.round);
  return samplings.map((sampling) => finitePopulation(positive, n, sampling, grid));
}

function populationCurves(populations: readonly FinitePopulation[]): OverlayCurve[] {
  // A pure 1/b is the line of slope −1 already.
  return populations.flatMap(({ sampling, points }) =>
    sampling !== "without" || points === null
      ? []
      : [{ label: "(n−b)/(b(n−1))", style: "theory" as const, points }],
  );
}

function populationRows(populations: readonly FinitePopulation[]): ComparisonRow[] {
  return populations.flatMap(({ sampling, formula, exponent }) =>
    exponent === null
      ? []
      : [
          {
            quantity: `exponent of ${formula} alone`,
            paper: null,
            brink: { value: exponent, sd: null, n: 0, runs: [] },
            remark: `sampling: ${sampling}, over the same batch sizes`,
          },
        ],
  );
}

/** Figures 2 and 4 under both samplings, and the exponent in η (the figure 8 that the paper's numbering skips). */
export const scalingFigures: readonly PaperFigure[] = [
  gapFigure("fig2", ALL_BATCHES),
  gapFigure("fig2-without", WITHOUT),
  noiseFigure("fig4", ALL_BATCHES),
  noiseFigure("fig4-without", WITHOUT),
  etaScaling,
];
