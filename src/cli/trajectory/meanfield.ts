// The mean-field check of an ensemble: its numbers, its table and its figure.
import { type GapPredictions, gapPredictions, noiseVariance } from "../../curvature/index.ts";
import type { SeriesPanel, SeriesRun, TrajectoriesSpec } from "../../figures/index.ts";
import { type JackknifeEstimate, mean } from "../../math/index.ts";
import type { BatchSampling } from "../../curvature/index.ts";
import {
  closureSides,
  type ClosureSummary,
  type Coordinates,
  type EnsembleRecord,
  type EnsembleStep,
  summariseClosure,
} from "../../theory/index.ts";
import { formatNumber, formatSpread, formatTable } from "../format.ts";

/** The predicted dynamics, or the SGD runs they are driven by. */
export type EnsembleKind = "predicted" | "real";
const KINDS: readonly EnsembleKind[] = ["predicted", "real"];

/** Settings of the runs. */
export interface MeanFieldSettings {
  readonly lr: number;
  readonly n: number;
  readonly batch: number;
  readonly sampling: BatchSampling;
}

/** What the check comes to. */
export interface MeanFieldSummary {
  /** Over all steps, and over the later half; null where no run lasted to the end of it. */
  readonly closure: Readonly<
    Record<EnsembleKind, { readonly all: ClosureSummary | null; readonly laterHalf: ClosureSummary | null }>
  >;
  /** Runs lost on the way. */
  readonly lost: Readonly<Record<EnsembleKind, number>>;
  /** Means along θ† over the later half. */
  readonly reference: Readonly<Record<"alpha" | "beta" | "delta" | "epsilon" | "noiseU" | "noiseS", number>>;
  /** Gap from these means, to be held against −E y of the later half. */
  readonly predicted: GapPredictions;
}

/** Sums an ensemble up; null with fewer than two steps. Runs that were lost enter nothing. */
export function meanFieldSummary(
  records: readonly EnsembleRecord[],
  { lr, n, batch, sampling }: MeanFieldSettings,
): MeanFieldSummary | null {
  const later = records.slice(Math.floor(records.length / 2));
  if (later.length < 2) return null;
  const closureOf = (kind: EnsembleKind, stretch: readonly EnsembleRecord[]): ClosureSummary | null => {
    const steps = lastingSteps(records, kind, stretch);
    return steps === null ? null : summariseClosure(steps, lr);
  };
  const both = (kind: EnsembleKind): MeanFieldSummary["closure"]["real"] => ({
    all: closureOf(kind, records),
    laterHalf: closureOf(kind, later),
  });
  const lost = (kind: EnsembleKind): number => records.at(-1)![kind].filter((run) => run === null).length;
  const noises = (later.some(({ noise }) => noise !== undefined) ? later : records).flatMap(
    ({ noise }) => noise ?? [],
  );
  const over = (key: "alpha" | "beta" | "delta" | "epsilon"): number =>
    mean(later.map(({ reference }) => reference[key]));
  const noiseU = mean(
    noises.map(({ varianceU }) => noiseVariance(varianceU, n, batch, sampling, "oscillating")),
  );
  const noiseS = mean(noises.map(({ varianceS }) => noiseVariance(varianceS, n, batch, sampling, "slow")));
  const [alpha, beta] = [over("alpha"), over("beta")];
  return {
    closure: { predicted: both("predicted"), real: both("real") },
    lost: { predicted: lost("predicted"), real: lost("real") },
    reference: { alpha, beta, delta: over("delta"), epsilon: over("epsilon"), noiseU, noiseS },
    predicted: gapPredictions({ lr, alpha, beta, noiseU, noiseS }),
  };
}

/** A stretch with the runs that last to the end of the whole record; null when there are none. */
function lastingSteps(
  records: readonly EnsembleRecord[],
  kind: EnsembleKind,
  stretch: readonly EnsembleRecord[],
): EnsembleStep[] | null {
  const lasting = records.at(-1)![kind].map((run) => run !== null);
  if (!lasting.includes(true)) return null;
  return stretch.map(({ [kind]: runs, reference: { delta, epsilon } }) => ({
    runs: runs.filter((run, i): run is Coordinates => lasting[i]! && run !== null),
    delta,
    epsilon,
  }));
}

/**
 * Both sides over time, and what a step adds to them, which is where they can differ: of the predictions, or where those
 * were lost, of the runs.
 */
export function meanFieldFigure(
  records: readonly EnsembleRecord[],
  { lr, batch }: MeanFieldSettings,
): TrajectoriesSpec {
  const kind = KINDS.find((each) => lastingSteps(records, each, records) !== null);
  const steps = kind === undefined ? [] : lastingSteps(records, kind, records)!;
  const sides = steps.map(({ runs }) => closureSides(runs, lr));
  const panel = (yLabel: string, added: boolean): SeriesPanel => {
    const series = (side: "exact" | "closed"): SeriesRun => ({
      run: kind ?? "",
      steps: records.map(({ step }) => step),
      values: sides.map((at, i) => (at[side] - (added ? at.x2 : 0)) / steps[i]!.delta ** 2),
    });
    return {
      title: added ? "B  what a step adds" : "A  both sides",
      yLabel,
      groups: [
        { label: "exact", kind: "sgd", runs: [series("exact")] },
        { label: "closed", kind: "gd", runs: [series("closed")] },
      ],
      references: added ? [] : [{ value: 1, label: "δ²" }],
    };
  };
  return {
    name: "meanfield",
    title: "The mean-field closure",
    panels: [panel("E over δ²", false), panel("E − E x², over δ²", true)],
    notes: [
      "exact: E[(1 + ηy)²x²]; closed: (1 + ηE y)²·E x²",
      `${kind === "real" ? "the SGD runs themselves" : "predicted dynamics"}, ${steps[0]?.runs.length ?? 0} runs, b = ${batch}, η = ${lr}`,
    ],
  };
}

/** For a terminal. */
export function meanFieldText({ closure, lost, reference, predicted }: MeanFieldSummary): string {
  const spread = ({ value, stderr }: JackknifeEstimate): string =>
    formatSpread(Number(value.toPrecision(4)), stderr);
  const rows = KINDS.flatMap((kind) =>
    (["all", "laterHalf"] as const).map((stretch) => {
      const found = closure[kind][stretch];
      const name = `${kind}, ${stretch === "all" ? "all steps" : "later half"}`;
      return found === null
        ? [name, "–", "–", "–", "–", "–", "–"]
        : [
            name,
            String(found.runs),
            `${formatNumber(found.relative.median, 2)} (${formatNumber(found.relative.max, 2)})`,
            formatNumber(found.r2, 3),
            spread(found.difference),
            spread(found.x2),
            spread(found.y),
          ];
    }),
  );
  const titles = ["ensemble", "runs", "|difference|", "R² of −E x²", "/(ε²δ²)", "E x²/δ²", "E y"];
  const gaps = (["meanField", "twoNoise", "refined"] as const).map((kind) => {
    const { value, reason } = predicted[kind];
    const name = { meanField: "mean-field", twoNoise: "two-noise", refined: "refined" }[kind];
    return `  ${name.padEnd(10)}  ${value === null ? reason : formatNumber(-value, 4)}`;
  });
  const { alpha, beta, delta, epsilon, noiseU } = reference;
  return [
    formatTable(
      titles.map((title, i) => (i === 0 ? { title } : { title, align: "right" as const })),
      rows,
    ),
    "|difference|: of the two sides, relative, median (largest) over the steps.",
    "R² of −E x²: how well the closure gives what a step adds to E x², which both sides share.",
    "/(ε²δ²): mean difference in the theorem's unit.",
    ...(lost.predicted + lost.real === 0
      ? []
      : [`Lost on the way (left out everywhere): ${lost.predicted} predictions, ${lost.real} runs.`]),
    "",
    `along θ†, later half: α ${formatNumber(alpha)}, β ${formatNumber(beta)}, δ ${formatNumber(delta)}, ε ${formatNumber(epsilon)}, σ_u² ${formatNumber(noiseU)}`,
    "E y predicted from these:",
    ...gaps,
    "",
  ].join("\n");
}
