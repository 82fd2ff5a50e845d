// A stability analysis for reading: the data, a line for each learning rate and batch size, constants, bounds, what to doubt.
import type { StabilityAnalysis, StabilityGroup, StabilityRunAnalysis, Statistic } from "../../lab/index.ts";
import { FAILURE } from "../../lab/index.ts";
import type { Constant } from "../../theory/index.ts";
import { type Column, formatNumber, formatSpread, formatTable } from "../format.ts";

/** `b = 8`, or `full batch`. */
export function batchText(batch: number | "full"): string {
  return batch === "full" ? "full batch" : `b = ${batch}`;
}

/** Columns of the table of groups, for a terminal and for Markdown. */
const COLUMNS: readonly { readonly title: string; readonly cell: (group: StabilityGroup) => string }[] = [
  { title: "η", cell: ({ lr }) => String(lr) },
  { title: "b", cell: ({ batch }) => String(batch) },
  { title: "seeds", cell: ({ runs }) => String(runs.length) },
  { title: "log₁₀ L at the end", cell: ({ finalLoss }) => spread(finalLoss) },
  { title: "tail exponent", cell: ({ tailExponent }) => spread(tailExponent) },
  { title: "rises early", cell: ({ earlyIncreases }) => percent(earlyIncreases) },
  { title: "rises late", cell: ({ lateIncreases }) => percent(lateIncreases) },
  { title: "oscillation", cell: ({ oscillation }) => spread(oscillation) },
  { title: "drift ≤ 0 from", cell: ({ empiricalEntrance }) => spread(empiricalEntrance) },
  { title: "exits", cell: ({ empiricalExits }) => spread(empiricalExits) },
  { title: "inside", cell: ({ empiricalOccupancy }) => percent(empiricalOccupancy) },
  { title: "2nd order off by", cell: ({ secondOrderError }) => percent(secondOrderError) },
  { title: "L ≤ l_S from", cell: ({ theoremEntrance }) => spread(theoremEntrance) },
  { title: "ηλ ≤ 2", cell: ({ sharpnessOccupancy }) => percent(sharpnessOccupancy) },
  { title: "bound/L", cell: ({ envelopeMargin }) => number(envelopeMargin) },
  { title: "test accuracy", cell: ({ testAccuracy }) => spread(testAccuracy) },
];

/** What the columns mean, where their titles do not say it. */
const LEGEND: readonly string[] = [
  "tail exponent: r in best L ∝ t^−r over the last nine tenths of the steps; 1 is O(1/t)",
  "rises: share of evaluations at which the full loss is larger than before, in the first and the last tenth of the run",
  "oscillation: mean of ln(L/best L) over the last nine tenths",
  "drift ≤ 0 from, exits, inside: first entrance into the empirical stable set E[L′] ≤ L (within twice the error of an estimate), exits from it, share of the time since inside",
  "2nd order off by: relative error of the drift to second order in η (slope and curvature alone), median over the run",
  "ηλ ≤ 2: share of the solves for the sharpness, from the first of them that finds it",
  "L ≤ l_S from: entrance into the theorem's stable set; bound/L: smallest ratio of the theorem's bound to the best loss it bounds (seed mean)",
];

/** Everything as text. */
export function stabilityText(analysis: StabilityAnalysis): string {
  const { groups, runs } = analysis;
  const columns: Column[] = COLUMNS.map(({ title }, i) => ({ title, align: i === 0 ? "left" : "right" }));
  const shown = usedColumns(groups);
  const table = formatTable(
    shown.map((i) => columns[i]!),
    groups.map((group) => shown.map((i) => COLUMNS[i]!.cell(group))),
  );
  const parts = [`${problemLines(runs).join("\n")}\n`, table, `${LEGEND.join("\n")}\n`];
  const bounds = boundsTable(groups);
  if (bounds !== "") parts.push(bounds);
  const doubts = notes(analysis);
  if (doubts.length > 0) parts.push(`${doubts.join("\n")}\n`);
  return parts.join("\n");
}

/** The table of groups as Markdown. */
export function stabilityMarkdown({ groups }: StabilityAnalysis): string {
  const shown = usedColumns(groups);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return (
    line(shown.map((i) => COLUMNS[i]!.title)) +
    line(shown.map((i) => (i === 0 ? "---" : "--:"))) +
    groups.map((group) => line(shown.map((i) => COLUMNS[i]!.cell(group)))).join("")
  );
}

/** Meanings of the columns, as Markdown. */
export function legendMarkdown(): string {
  return LEGEND.map((text) => `- ${text}\n`).join("");
}

/** Columns some group has a value in. */
function usedColumns(groups: readonly StabilityGroup[]): number[] {
  return COLUMNS.flatMap(({ cell }, i) => (groups.some((group) => cell(group) !== "–") ? [i] : []));
}

/** The data and the margin, once for all runs that share them. */
function problemLines(runs: readonly StabilityRunAnalysis[]): string[] {
  const lines = runs.flatMap(({ series: { problem } }) => {
    if (problem === null) return [];
    const { examples, features, classes, largestNorm, margin } = problem;
    const verdict = margin === undefined ? "margin not measured" : margin.sentence;
    return [
      `${examples} examples of ${features} features in ${classes} classes, inputs up to length ${formatNumber(largestNorm)}; ${verdict}`,
    ];
  });
  return [...new Set(lines)];
}

/** Constants and passage bounds of every group a theorem speaks about; empty without any. */
function boundsTable(groups: readonly StabilityGroup[]): string {
  const rows = groups.flatMap(({ lr, batch, runs: [run] }) => {
    if (run?.set === null || run?.set === undefined || run.bounds === null) return [];
    const { set, bounds, sets } = run;
    return [
      [
        `η = ${lr}, ${batchText(batch)}`,
        formatNumber(set.threshold, 3),
        set.binding === "guard" ? set.guard.formula : set.quadratic.formula,
        constant(set.noiseGrowth),
        constant(set.descent),
        constant(set.amplification),
        formatNumber(bounds.entrance.steps, 3),
        observed(sets.theorem?.entrance),
        bounds.exitProbability === null ? "–" : formatNumber(bounds.exitProbability, 2),
        observed(sets.theorem?.exitFrequency),
        formatNumber(bounds.returnSteps, 3),
      ],
    ];
  });
  if (rows.length === 0) return "";
  const titles = [
    "first seed of",
    "l_S",
    "what binds",
    "C_b",
    "c₀",
    "n_b",
    `entrance ≤ (${100 * (1 - FAILURE)} %)`,
    "observed",
    "P(exit) ≤",
    "observed",
    "return ≤",
  ];
  const table = formatTable(
    titles.map((title, i) => ({ title, align: i < 1 ? "left" : "right" })),
    rows,
  );
  return `${table}* reconstructed: proved with this constant, which the paper leaves open (“absolute constant”)\n`;
}

function constant({ value, provenance }: Constant): string {
  return `${formatNumber(value, 3)}${provenance === "reconstructed" ? "*" : ""}`;
}

function observed(value: number | null | undefined): string {
  return value === null || value === undefined ? "never" : formatNumber(value, 3);
}

/** Why no theorem speaks, how inputs were normalised, which runs enter no mean. */
export function notes({ groups, runs }: StabilityAnalysis): string[] {
  const silent = runs.flatMap(({ theory: { reason } }) =>
    reason === null ? [] : [`no theorem applies: ${reason}`],
  );
  const remarks = runs.flatMap(({ theory }) => theory.notes);
  const lost = groups.flatMap(({ excluded }) =>
    excluded.map(({ run, reason }) => `in no mean: ${run} (${reason})`),
  );
  return [...new Set([...silent, ...remarks, ...lost])];
}

function spread({ mean, sd }: Statistic): string {
  return mean === null ? "–" : sd === null ? formatNumber(mean, 3) : formatSpread(mean, sd);
}

function percent({ mean }: Statistic): string {
  return mean === null ? "–" : `${(100 * mean).toFixed(1)} %`;
}

function number(value: number | null): string {
  return value === null ? "–" : formatNumber(value, 3);
}
