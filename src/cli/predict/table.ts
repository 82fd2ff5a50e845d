// The prediction as a table: for a terminal, and as Markdown.
import type { PlacePrediction, UncertainGap } from "../../lab/index.ts";
import { formatNumber, formatSpread, formatTable } from "../format.ts";
import type { ComparedGroup } from "./compare.ts";

const PLACE_NAMES: Readonly<Record<PlacePrediction["place"], string>> = {
  iterate: "iterate",
  midpoint: "midpoint",
  average: "average",
  midpointOnEdge: "midpoint, moved to the edge",
  averageOnEdge: "average, moved to the edge",
};

/** A place in words. */
export function placeName(place: PlacePrediction["place"]): string {
  return PLACE_NAMES[place];
}

const TITLES = [
  "b",
  "place",
  "S",
  "λ₂",
  "α⊥",
  "α⊥ > 0",
  "β",
  "σ_u²",
  "E x²/δ²",
  "mean-field",
  "two-noise",
  "refined",
] as const;

function rowsOf({ batch, predicted }: ComparedGroup): string[][] {
  const [x2] = predicted.oscillation;
  return predicted.places.map((at) => [
    String(batch),
    placeName(at.place),
    formatSpread(at.sharpness.mean, at.sharpness.stderr),
    formatNumber(at.lambda2.mean),
    formatSpread(at.alphaPerp.mean, at.alphaPerp.stderr),
    `${Math.round(at.positive * at.segments)} of ${at.segments}`,
    formatNumber(at.beta.mean, 3),
    formatNumber(at.noiseU.mean, 3),
    at.delta2 === null || x2 === undefined || x2.mean === null ? "–" : formatNumber(x2.mean / at.delta2, 2),
    ...(["meanField", "twoNoise", "refined"] as const).map((kind) => gapCell(at.gap[kind])),
  ]);
}

function gapCell({ value, stderr }: UncertainGap): string {
  return value === null ? "–" : formatSpread(Number(value.toPrecision(3)), stderr);
}

const MEASURED = [
  "b",
  "S_GD − S",
  "S_GD − S at averages",
  "2/η − S",
  "2/η − S at midpoints",
  "from σ_u² and E x²",
  "E x²",
] as const;

function measuredRows(groups: readonly ComparedGroup[]): string[][] {
  return groups.map(({ batch, measured, predicted }) => [
    String(batch),
    measured.againstDescent.mean === null
      ? "–"
      : formatSpread(measured.againstDescent.mean, measured.againstDescent.sd),
    measured.againstDescentAtAverages === null
      ? "–"
      : formatSpread(measured.againstDescentAtAverages.value, measured.againstDescentAtAverages.stderr),
    measured.againstEdge.mean === null
      ? "–"
      : formatSpread(measured.againstEdge.mean, measured.againstEdge.sd),
    formatSpread(measured.againstEdgeAtMidpoints.mean, measured.againstEdgeAtMidpoints.stderr),
    gapCell(predicted.balance),
    predicted.oscillation.map(({ mean }) => formatNumber(mean, 2)).join(", "),
  ]);
}

/** For a terminal. */
export function predictionText(groups: readonly ComparedGroup[]): string {
  const text = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
    formatTable(
      titles.map((title, i) =>
        i === 0 || title === "place" ? { title } : { title, align: "right" as const },
      ),
      rows,
    );
  return [
    `predicted 2/η − S\n${text(TITLES, groups.flatMap(rowsOf))}`,
    `measured\n${text(MEASURED, measuredRows(groups))}`,
    ...reasons(groups),
  ].join("\n");
}

/** As a Markdown file. */
export function predictionMarkdown(groups: readonly ComparedGroup[], command: string): string {
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string[] => [
    `| ${titles.join(" | ")} |`,
    `| ${titles.map((title) => (title === "place" ? "---" : "--:")).join(" | ")} |`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
  ];
  return [
    "# The sharpness gap, predicted and measured",
    "",
    ...table(TITLES, groups.flatMap(rowsOf)),
    "± one standard error over windows (for predictions: jackknife).",
    "",
    ...table(MEASURED, measuredRows(groups)),
    ...reasons(groups).map((line) => `- ${line}`),
    "",
    `Runs: ${groups.flatMap(({ runs }) => runs).join(", ")}.`,
    "",
    `Made by \`${command}\`.`,
    "",
  ].join("\n");
}

/** Why a prediction is missing, each reason once a place and batch size. */
function reasons(groups: readonly ComparedGroup[]): string[] {
  // Gradient descent has no noise, and needs no reason for having no gap.
  const stochastic = groups.filter(({ batch }) => batch !== "full");
  return stochastic.flatMap(({ batch, predicted }) =>
    predicted.places.flatMap(({ place, gap }) => {
      const found = new Set(Object.values(gap).flatMap(({ reason }) => reason ?? []));
      return [...found].map((reason) => `b = ${batch}, ${placeName(place)}: ${reason}`);
    }),
  );
}
