// Figures 1 and 9 and FC-ReLU: sharpness over time, mean ± sd over seeds, for several batch sizes.
import type { SeriesPanel } from "../../figures/index.ts";
import { type GapAnalysis, overRuns } from "../../lab/index.ts";
import { PRESETS } from "../../nets/index.ts";
import type { Choosable, RunSet } from "./campaigns.ts";
import {
  batchLabel,
  edgeReference,
  gapRows,
  plainAnalysis,
  sharpnessGroups,
  sharpnessRows,
  unsettledNotes,
} from "./common.ts";
import { type ComparisonRow, found, type Stated } from "./comparison.ts";
import type { Analyses, PaperFigure, Reproduction } from "./figure-spec.ts";
import { ofPaperSize, statedCnnSharpness, statedSharpness } from "./paper.ts";

/** Whether a network is convolutional, spelt out or by the name of a published one. */
function isCnn({ net }: Choosable): boolean {
  return (PRESETS[net.name]?.name ?? net.name) === "cnn";
}

const FC: RunSet = { campaigns: ["fc-tanh"], varied: ["batch"], choose: () => (config) => !isCnn(config) };
const CNN: RunSet = {
  campaigns: ["cnn-mse"],
  varied: ["batch"],
  choose: () => (config) => isCnn(config) && config.loss !== "ce",
};
const CNN_CE: RunSet = {
  campaigns: ["cnn-ce"],
  varied: ["batch"],
  choose: () => (config) => config.loss === "ce",
};

function panel(title: string, analysis: GapAnalysis | undefined): SeriesPanel[] {
  if (analysis === undefined) return [];
  const groups = sharpnessGroups(analysis);
  return [{ title, yLabel: "λ_max", groups, references: edgeReference(analysis) }];
}

function labelled(prefix: string, rows: readonly ComparisonRow[]): ComparisonRow[] {
  return rows.map((row) => ({ ...row, quantity: `${prefix}: ${row.quantity}` }));
}

/** S_eq and the gap to gradient descent of every batch size. */
function equilibriumRows(
  analysis: GapAnalysis,
  sharpness: (lr: number, batch: number | "full") => Stated,
  gap: (batch: number) => Stated = () => null,
): ComparisonRow[] {
  return [
    ...sharpnessRows(analysis, ({ lr, batch }) => sharpness(lr, batch)),
    ...gapRows(analysis, "paired", "gap to GD", ({ batch }) => gap(batch)),
  ];
}

function plain(analyses: Analyses): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(analyses).flatMap(([name, analysis]) =>
      analysis === undefined ? [] : [[name, plainAnalysis(analysis)]],
    ),
  );
}

const fig1: PaperFigure = {
  name: "fig1",
  title: "Sharpness over time: the smaller the batch, the lower it settles",
  sets: { fc: FC, cnn: CNN },
  reproduce(analyses) {
    const { fc, cnn } = analyses;
    return {
      drawing: {
        kind: "trajectories",
        spec: {
          name: "fig1",
          title: fig1.title,
          panels: [...panel("A  FC-Tanh, squared error", fc), ...panel("B  CNN, squared error", cnn)],
          notes: unsettledNotes([fc, cnn]),
        },
      },
      rows: [
        ...(fc === undefined
          ? []
          : labelled(
              "A",
              equilibriumRows(fc, (lr, batch) => statedSharpness(fc, lr, batch)),
            )),
        ...(cnn === undefined
          ? []
          : labelled(
              "B",
              equilibriumRows(
                cnn,
                (lr, batch) => statedCnnSharpness(cnn, lr, batch),
                (batch) => (ofPaperSize(cnn) && batch === 50 ? 71 : null),
              ),
            )),
      ],
      numbers: plain(analyses),
    };
  },
};

/** Highest sharpness, when, and where it ended: what there is to say of a loss that never reaches the edge. */
function peakRows(analysis: GapAnalysis): ComparisonRow[] {
  const stated = (value: Stated): Stated => (ofPaperSize(analysis) ? value : null);
  return analysis.groups.flatMap(({ lr, batch, threshold }) => {
    const runs = analysis.runs.filter(
      (run) => run.lr === lr && run.batch === batch && run.record.summary?.status === "finished",
    );
    const reached = runs.filter(({ edge }) => edge.onset !== null).length;
    const verdicts = [...new Set(runs.map(({ edge }) => edge.verdict))].join(", ");
    return [
      {
        quantity: `peak, ${batchLabel(batch)}`,
        paper: stated("85–105"),
        brink: found(overRuns(runs, ({ edge }) => edge.peak?.value)),
        remark: `2/η = ${threshold} ${reached === 0 ? "never reached" : `reached in ${reached} of ${runs.length}`}`,
      },
      {
        quantity: `  step of the peak`,
        paper: stated("about 4,000"),
        brink: found(overRuns(runs, ({ edge }) => edge.peak?.step)),
      },
      {
        quantity: `  sharpness at the end`,
        paper: stated("14–18"),
        brink: found(overRuns(runs, ({ edge }) => edge.final.mean)),
        remark: verdicts,
      },
    ];
  });
}

const fig9: PaperFigure = {
  name: "fig9",
  title: "Cross-entropy never gets to the edge: sharpness rises, then collapses",
  sets: { ce: CNN_CE, mse: CNN },
  reproduce(analyses) {
    const { ce, mse } = analyses;
    return {
      drawing: {
        kind: "trajectories",
        spec: {
          name: "fig9",
          title: fig9.title,
          panels: [...panel("A  CNN, cross-entropy", ce), ...panel("B  CNN, squared error", mse)],
          notes: [],
        },
      },
      rows: [
        ...(ce === undefined ? [] : labelled("A", peakRows(ce))),
        ...(mse === undefined
          ? []
          : labelled(
              "B",
              equilibriumRows(mse, (lr, batch) => statedCnnSharpness(mse, lr, batch)),
            )),
      ],
      numbers: plain(analyses),
    };
  },
};

const fcRelu: PaperFigure = {
  name: "fc-relu",
  title: "The gap of FC-ReLU",
  sets: { runs: { campaigns: ["fc-relu"], varied: ["batch"] } },
  reproduce(analyses): Reproduction {
    const runs = analyses["runs"]!;
    return {
      drawing: {
        kind: "trajectories",
        spec: {
          name: "fc-relu",
          title: fcRelu.title,
          panels: panel("FC-ReLU, squared error", runs),
          notes: unsettledNotes([runs]),
        },
      },
      rows: equilibriumRows(
        runs,
        () => null,
        (batch) => (ofPaperSize(runs) && batch === 50 ? 16 : null),
      ),
      numbers: plain(analyses),
    };
  },
};

/** Figures made of trajectories. */
export const trajectoryFigures: readonly PaperFigure[] = [fig1, fig9, fcRelu];
