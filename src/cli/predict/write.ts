// The prediction on disk: figure (SVG, PNG, CSV), table and all numbers.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../../figures/headless.ts";
import {
  pointsFigure,
  type PointsPanel,
  type PointsSeries,
  type PointsSpec,
  type SweepPoint,
  toCsv,
} from "../../figures/index.ts";
import type { Place, PlacePrediction } from "../../lab/index.ts";
import { fileError } from "../../node/files.ts";
import { drawPngs } from "../pngs.ts";
import type { ComparedGroup } from "./compare.ts";
import { placeName, predictionMarkdown } from "./table.ts";

/** Places drawn; iterates and the midpoint moved to the edge scatter too much to share an axis, and stand in the table. */
const DRAWN: readonly Place[] = ["midpoint", "average", "averageOnEdge"];

/** Gap against batch size, measured and predicted, and the α⊥ behind the predictions. */
export function predictionFigure(groups: readonly ComparedGroup[]): PointsSpec {
  const rates = [...new Set(groups.map(({ lr }) => lr))];
  return {
    name: "prediction",
    title: "The sharpness gap, predicted and measured",
    panels: rates.flatMap((lr) => {
      const own = groups.filter((group) => group.lr === lr);
      const rate = rates.length > 1 ? `, η = ${lr}` : "";
      return [gapPanel(own, `A  gap${rate}`), alphaPanel(own, `B  progressive sharpening${rate}`)];
    }),
    notes: [
      "predicted: ηβσ_u²/(4α) from means over windows, ± one standard error",
      "from σ_u², E x²: ησ_u²/(2·E x²) with the measured oscillation",
    ],
  };
}

type Value = { readonly value: number | null; readonly stderr: number | null } | null | undefined;

function pointsOf(groups: readonly ComparedGroup[], pick: (group: ComparedGroup) => Value): SweepPoint[] {
  return groups.flatMap((group) => {
    const { value = null, stderr = null } = pick(group) ?? {};
    if (value === null || group.batch === "full") return [];
    return [{ x: group.batch, mean: value, sd: stderr, count: group.runs.length }];
  });
}

function gapPanel(groups: readonly ComparedGroup[], title: string): PointsPanel {
  const series = (
    label: string,
    kind: "sgd" | "theory",
    pick: (group: ComparedGroup) => Value,
  ): PointsSeries => ({
    label,
    kind,
    points: pointsOf(groups, pick),
  });
  const all = [
    series("measured, S_GD − S", "sgd", ({ measured: { againstDescent } }) => ({
      value: againstDescent.mean,
      stderr: againstDescent.sd,
    })),
    // Its error is one over windows, not over seeds as the figure says of measured points; it stands in the table.
    series("measured at averages", "sgd", ({ measured: { againstDescentAtAverages } }) => ({
      value: againstDescentAtAverages?.value ?? null,
      stderr: null,
    })),
    ...DRAWN.map((place) =>
      series(`predicted, ${placeName(place)}`, "theory", (group) => at(group, place)?.gap.meanField),
    ),
    series("from σ_u², E x²", "theory", ({ predicted }) => predicted.balance),
  ];
  return {
    ...axes(title, "sharpness gap"),
    logY: true,
    series: all.filter(({ points }) => points.length > 0),
    references: [],
  };
}

function alphaPanel(groups: readonly ComparedGroup[], title: string): PointsPanel {
  return {
    ...axes(title, "α⊥"),
    logY: false,
    series: DRAWN.map((place) => ({
      label: placeName(place),
      kind: "theory" as const,
      points: pointsOf(groups, (group) => {
        const { mean = null, stderr = null } = at(group, place)?.alphaPerp ?? {};
        return { value: mean, stderr };
      }),
    })),
    references: [{ value: 0, label: "0" }],
  };
}

function axes(
  title: string,
  yLabel: string,
): Pick<PointsPanel, "title" | "xLabel" | "yLabel" | "logX" | "curves"> {
  return { title, xLabel: "batch size b", yLabel, logX: true, curves: [] };
}

function at({ predicted }: ComparedGroup, wanted: Place): PlacePrediction | undefined {
  return predicted.places.find(({ place }) => place === wanted);
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
