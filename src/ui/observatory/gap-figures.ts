// Figures of the sharpness gap from what the server aggregated: the fit with its band, predicted against measured.
import type { OverlayCurve, PointsSpec, ScalingSpec, SweepPoint } from "../../figures/gap/types.ts";
import { formatNumber } from "../../figures/ticks.ts";
import type { GapFamily, GapFit, GapGroupEntry, GapStatistic } from "../../record/serve-api.ts";

/** What a gap is measured from. */
export const GAP_LABELS: Readonly<Record<GapFit["kind"], string>> = {
  paired: "S_GD − S_eq, seed by seed",
  pooled: "S_GD − S_eq, of the means",
  edge: "2/η − S_eq",
};

/** The fit in words: exponent with its interval, or why there is none. */
export function describeFit({ exponent, exponentCi, r2, pOfMinusOne, reason, over }: GapFit): string {
  if (exponent === null) return reason ?? "no fit";
  const variable = over === "batch" ? "b" : "η";
  const interval =
    exponentCi === null ? "" : ` [${formatNumber(exponentCi[0], 3)}, ${formatNumber(exponentCi[1], 3)}]`;
  const quality = r2 === null ? "" : `, R² ${formatNumber(r2, 3)}`;
  const test =
    pOfMinusOne === null || over !== "batch" ? "" : `, p of slope −1: ${formatNumber(pOfMinusOne, 2)}`;
  return `∝ ${variable}^${formatNumber(exponent, 3)}${interval}${quality}${test}`;
}

/** The gap against batch size (or η) on logarithmic axes, with the fitted power law and its 95 % band. */
export function scalingSpec(family: GapFamily, fit: GapFit): ScalingSpec {
  const label = (x: number): { label?: string } =>
    x === family.n && fit.over === "batch" ? { label: "full" } : {};
  const point = ({ x, mean, sd, count }: GapFit["points"][number]): SweepPoint => ({
    x,
    mean,
    sd,
    count,
    ...label(x),
  });
  const curves: OverlayCurve[] =
    fit.curve.length === 0
      ? []
      : [{ label: `fit ${describeFit(fit).split(",")[0]!}`, style: "fit", points: fit.curve }];
  const settled = family.groups.filter(({ batch }) => batch !== "full" && fit.over === "batch");
  return {
    name: `gap-${fit.kind}-${fit.over}`,
    title: `Sharpness gap, ${family.title}`,
    xLabel: fit.over === "batch" ? "batch size b" : "learning rate η",
    yLabel: GAP_LABELS[fit.kind],
    points: fit.points.map(point),
    excluded: fit.excluded.map(point),
    curves,
    residuals: residuals(fit),
    notes: [
      ...(fit.curve.length === 0 ? [] : ["shaded: 95 % confidence band of the fit"]),
      ...(fit.reason === null ? [] : [fit.reason]),
      fit.fixed,
      ...settled
        .flatMap(({ unsettled }) => unsettled.map(({ run, reason }) => `${run}: ${reason}`))
        .slice(0, 4),
    ],
  };
}

/** ln(measured) − ln(fitted), the fit read off its curve where the power law is a straight line. */
function residuals({ points, curve, exponent }: GapFit): ScalingSpec["residuals"] & object {
  const [first] = curve;
  if (first === undefined || exponent === null) return [];
  return points.map(({ x, mean }) => ({
    x,
    value: Math.log(mean) - (Math.log(first.y) + exponent * (Math.log(x) - Math.log(first.x))),
  }));
}

/** Every predicted gap against the measured one of its group: on the diagonal they agree. */
export function predictionSpec(family: GapFamily): PointsSpec {
  const kinds = new Map<string, SweepPoint[]>();
  for (const group of family.groups) {
    const measured = group.gapToEdge.mean;
    if (measured === null) continue;
    for (const { place, alpha, formula, gap } of group.predicted) {
      if (gap === null) continue;
      const name = `${formula}, ${alpha === "alpha" ? "α" : "α⊥"} at ${place}s`;
      kinds.set(name, [
        ...(kinds.get(name) ?? []),
        { x: measured, mean: gap, sd: null, count: group.gapToEdge.count },
      ]);
    }
  }
  const all = [...kinds.values()].flat().flatMap(({ x, mean }) => [x, mean]);
  const positive = all.length > 0 && all.every((value) => value > 0);
  const ends = all.length === 0 ? [] : [Math.min(...all), Math.max(...all)];
  return {
    name: "gap-predicted",
    title: `Predicted and measured gap, ${family.title}`,
    panels: [
      {
        title: "",
        xLabel: "measured 2/η − S_eq",
        yLabel: "predicted 2/η − S",
        logX: positive,
        logY: positive,
        series: [...kinds].map(([label, points]) => ({
          label,
          kind: "sgd",
          points: points.toSorted((a, b) => a.x - b.x),
        })),
        curves:
          all.length === 0
            ? []
            : [{ label: "equal", style: "theory", points: ends.map((x) => ({ x, y: x })) }],
        references: [],
      },
    ],
    notes: ["from α, β and σ_u² measured along the same runs"],
  };
}

/** "12.3 ± 0.4 (3)". */
export function showStatistic({ mean, sd, count }: GapStatistic): string {
  if (mean === null) return "–";
  return `${formatNumber(mean)}${sd === null ? "" : ` ± ${formatNumber(sd, 2)}`} (${count})`;
}

/** The gap groups that have predictions, for the table. */
export function withPredictions(groups: readonly GapGroupEntry[]): boolean {
  return groups.some(({ predicted }) => predicted.some(({ gap }) => gap !== null));
}
