// The prediction on disk: figure (SVG, PNG, CSV), table and all numbers.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../../figures/headless.ts";
import {
  pointsFigure,
  type PointsPanel,
  type PointsSpec,
  type SweepPoint,
  toCsv,
} from "../../figures/index.ts";
import { PREDICTION_PLACES } from "../../lab/index.ts";
import { fileError } from "../../node/files.ts";
import { drawPngs } from "../pngs.ts";
import type { ComparedGroup } from "./compare.ts";
import { placeName, predictionMarkdown } from "./table.ts";

/** Gap against batch size: measured in both ways, and the mean-field prediction from every place. */
export function predictionFigure(groups: readonly ComparedGroup[]): PointsSpec {
  const rates = [...new Set(groups.map(({ lr }) => lr))];
  return {
    name: "prediction",
    title: "The sharpness gap, predicted and measured",
    panels: rates.map((lr) =>
      panel(
        groups.filter((group) => group.lr === lr),
        rates.length > 1 ? lr : null,
      ),
    ),
    notes: ["predicted: ηβσ_u²/(4α) from means over windows, ± one standard error"],
  };
}

function panel(groups: readonly ComparedGroup[], lr: number | null): PointsPanel {
  const points = (
    pick: (group: ComparedGroup) => {
      readonly mean: number | null;
      readonly sd: number | null;
      readonly n: number;
    },
  ): SweepPoint[] =>
    groups.flatMap((group) => {
      const { mean, sd, n } = pick(group);
      return mean === null || group.batch === "full" ? [] : [{ x: group.batch, mean, sd, count: n }];
    });
  return {
    title: lr === null ? "" : `η = ${lr}`,
    xLabel: "batch size b",
    yLabel: "sharpness gap",
    logX: true,
    logY: false,
    series: [
      { label: "measured, S_GD − S", kind: "sgd", points: points(({ measured }) => measured.againstDescent) },
      {
        label: "measured, S_GD − S at averages",
        kind: "sgd" as const,
        points: points(({ measured, predicted }) => ({
          mean: measured.againstDescentAtAverages?.value ?? null,
          sd: measured.againstDescentAtAverages?.stderr ?? null,
          n: predicted.places[0]?.segments ?? 0,
        })),
      },
      { label: "measured, 2/η − S", kind: "sgd", points: points(({ measured }) => measured.againstEdge) },
      ...PREDICTION_PLACES.map((place) => ({
        label: `predicted at ${placeName(place)}`,
        kind: "theory" as const,
        points: points(({ predicted }) => {
          const at = predicted.places.find((each) => each.place === place);
          const { value = null, stderr = null } = at?.gap.meanField ?? {};
          return { mean: value, sd: stderr, n: at?.segments ?? 0 };
        }),
      })).filter((series) => series.points.length > 0),
    ],
    curves: [],
    references: [{ value: 0, label: "0" }],
  };
}

/** Writes everything into `folder`; `undrawn` are PNGs that could not be drawn. @throws RunError when it cannot */
export function writePrediction(
  groups: readonly ComparedGroup[],
  folder: string,
  command: string,
): { readonly files: readonly string[]; readonly undrawn: readonly string[] } {
  const figure = pointsFigure(predictionFigure(groups), { document: headlessDocument() });
  const svg = path.join(folder, "prediction.svg");
  const files: readonly (readonly [string, string])[] = [
    [svg, figure.svg],
    [path.join(folder, "prediction.csv"), toCsv(figure.rows)],
    [path.join(folder, "table.md"), predictionMarkdown(groups, command)],
    [path.join(folder, "numbers.json"), `${JSON.stringify({ groups }, null, 2)}\n`],
  ];
  try {
    mkdirSync(folder, { recursive: true });
    for (const [file, content] of files) writeFileSync(file, content);
  } catch (error) {
    throw fileError(error, "cannot write the prediction", folder);
  }
  const undrawn = drawPngs([svg]).map((file) => file.replace(/\.svg$/, ".png"));
  return { files: files.map(([file]) => file), undrawn };
}
