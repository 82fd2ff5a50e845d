// Figures 5 and 6: what single runs do over time, batch sharpness and the landscape around the top eigenvector.
import type { LandscapePanel } from "../../figures/index.ts";
import { descentGroup, type GapRun, type StochasticGroup, stochasticGroups } from "../../lab/index.ts";
import type { MeasurementEvent } from "../../record/index.ts";
import { withBatches } from "./campaigns.ts";
import {
  batchLabel,
  edgeReference,
  plainAnalysis,
  seriesOf,
  solvedSharpness,
  unsettledNotes,
} from "./common.ts";
import { type ComparisonRow, found } from "./comparison.ts";
import type { PaperFigure } from "./figure-spec.ts";
import { ofPaperSize } from "./paper.ts";

/** Measurements under the running median, a few per correlation time. */
const MEDIAN_WINDOW = 5;

const fig5: PaperFigure = {
  name: "fig5",
  title: "Batch sharpness and the sharpness of the full loss",
  sets: {
    runs: {
      campaigns: ["fc-tanh"],
      varied: ["batch"],
      choose: withBatches([100, 500, 2000], spreadOut),
    },
  },
  reproduce({ runs }) {
    const analysis = runs!;
    const groups = stochasticGroups(analysis);
    const descent = descentGroup(analysis);
    const stated = (group: StochasticGroup, value: number): number | null =>
      ofPaperSize(analysis) && group.lr === 0.01 && group.batch === 100 ? value : null;
    return {
      drawing: {
        kind: "batchSharpness",
        spec: {
          name: "fig5",
          title: fig5.title,
          columns: groups.flatMap(({ batch, runs: [run] }) =>
            run === undefined
              ? []
              : [
                  {
                    label: `b = ${batch}, seed ${run.seed}`,
                    sharpness: seriesOf(run, solvedSharpness),
                    batchSharpness: seriesOf(run, (event) => ownBatchSharpness(event, batch)),
                    window: MEDIAN_WINDOW,
                    equilibriumFrom: run.edge.final.firstStep ?? 0,
                  },
                ],
          ),
          references: edgeReference(analysis),
          notes: unsettledNotes([analysis]),
        },
      },
      rows: [
        ...(descent === undefined
          ? []
          : [
              {
                quantity: "λ_max, gradient descent",
                paper: ofPaperSize(analysis) ? 208 : null,
                brink: found(descent.sharpness),
              },
            ]),
        ...groups.flatMap((group): ComparisonRow[] => {
          const level = group.batchSharpness;
          const label = batchLabel(group.batch);
          return [
            { quantity: `λ_max, ${label}`, paper: stated(group, 200), brink: found(group.sharpness) },
            {
              quantity: `batch sharpness (median), ${label}`,
              paper: stated(group, 183),
              brink: level === null ? null : found(level.overSeeds),
              remark:
                level === null
                  ? "not measured"
                  : `quartiles ${level.lower.toFixed(1)} to ${level.upper.toFixed(1)} of ${level.records} records`,
            },
            {
              quantity: `batch sharpness (ratio of means), ${label}`,
              paper: null,
              brink: level === null ? null : found(level.ratioOfMeans),
            },
          ];
        }),
      ],
      numbers: { analysis: plainAnalysis(analysis) },
    };
  },
};

function ownBatchSharpness({ batchSharpness }: MeasurementEvent, batch: number): number | null | undefined {
  return batchSharpness?.[String(batch)]?.mean;
}

/** Three sizes: smallest, middle, largest. */
function spreadOut(sizes: readonly number[]): readonly number[] {
  if (sizes.length <= 3) return sizes;
  return [sizes[0]!, sizes[Math.floor((sizes.length - 1) / 2)]!, sizes.at(-1)!];
}

const fig6: PaperFigure = {
  name: "fig6",
  title: "The landscape along a run",
  sets: {
    runs: {
      campaigns: ["fc-tanh"],
      varied: ["batch"],
      choose: (all) => {
        const chosen = withBatches([200], (sizes) => spreadOut(sizes).slice(1, 2))(all);
        return (config) => config.optimizer.name !== "gd" && chosen(config);
      },
    },
  },
  reproduce({ runs }) {
    const analysis = runs!;
    const group = stochasticGroups(analysis)[0];
    const run = group?.runs[0] ?? analysis.runs[0]!;
    return {
      drawing: {
        kind: "landscape",
        spec: {
          name: "fig6",
          title: `${fig6.title}: ${batchLabel(run.batch)}, seed ${run.seed}`,
          panels: landscapePanels(run),
          notes: unsettledNotes([analysis]),
        },
      },
      rows: group === undefined ? [] : landscapeRows(group, ofPaperSize(analysis) && group.lr === 0.01),
      numbers: { analysis: plainAnalysis(analysis), drawn: run.id },
    };
  },
};

function landscapePanels(run: GapRun): LandscapePanel[] {
  const at = (
    yLabel: string,
    pick: (event: MeasurementEvent) => number | null | undefined,
    extra: Partial<LandscapePanel> = {},
  ): LandscapePanel => {
    const series = (["iterate", "midpoint"] as const)
      .map((place) => ({ label: place, run: seriesOf(run, pick, place) }))
      .filter(({ run: { steps } }) => steps.length > 0);
    const least = Math.min(...series.map(({ run: { steps } }) => steps.length));
    return { yLabel, series, references: [], smooth: smoothing(least), ...extra };
  };
  return [
    at("S", solvedSharpness, {
      references: [{ value: run.threshold, label: `2/η = ${run.threshold.toPrecision(4)}` }],
    }),
    at("σ_u²", ({ noiseVariance }) => noiseVariance?.[run.sampling][String(run.batch)]),
    at("β", ({ beta }) => beta),
    at("α", ({ alpha }) => alpha, { zeroLine: true }),
  ];
}

/** A quarter of the series, at most 21 values, fitted with a parabola. */
function smoothing(count: number): LandscapePanel["smooth"] {
  const quarter = Math.floor(count / 4);
  const window = Math.max(5, Math.min(21, quarter - (1 - (quarter % 2))));
  return { window, order: 2 };
}

function landscapeRows(group: StochasticGroup, comparable: boolean): ComparisonRow[] {
  return (["iterate", "midpoint"] as const).flatMap((place): ComparisonRow[] => {
    const means = group.landscape[place];
    if (means === null) return [];
    const row = (quantity: string, cell: ComparisonRow["brink"], paper: ComparisonRow["paper"] = null) => ({
      quantity: `${quantity} at the ${place}`,
      paper: comparable && place === "iterate" ? paper : null,
      brink: cell,
    });
    return [
      row("β", found(means.beta), 7e5),
      row("α", found(means.alpha), "often negative"),
      row("share of α > 0", found(means.alphaPositive)),
      row("α⊥", found(means.alphaPerp)),
      row("σ_u²", found(means.noiseU)),
      {
        ...row("σ_s²", found(means.noiseS)),
        ...(group.sampling === "shuffle" ? { remark: "slow noise cancels over whole epochs" } : {}),
      },
      row("λ₂", found(means.lambda2)),
    ];
  });
}

/** Figures of single runs. */
export const runFigures: readonly PaperFigure[] = [fig5, fig6];
