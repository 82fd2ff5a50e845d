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

/** The fits in words: exponents with their intervals, or why there is none. */
export function describeFit(fit: GapFit): string {
  const { ofGaps } = fit;
  const variable = variableOf(fit);
  const plain =
    ofGaps === null
      ? ""
      : `; the gaps themselves ∝ ${variable}^${formatNumber(ofGaps.exponent, 3)}${intervalText(ofGaps.exponentCi)}`;
  return `${describeLogFit(fit)}${plain}`;
}

function intervalText([low, high]: readonly [number, number]): string {
  return ` [${formatNumber(low, 3)}, ${formatNumber(high, 3)}]`;
}

function variableOf({ over }: GapFit): string {
  return over === "batch" ? "b" : "η";
}

function describeLogFit(fit: GapFit): string {
  const { exponent, exponentCi, r2, pOfMinusOne, reason, over } = fit;
  if (exponent === null) return reason ?? "no fit";
  const variable = variableOf(fit);
  const interval = exponentCi === null ? "" : intervalText(exponentCi);
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
  const variable = variableOf(fit);
  const curves: OverlayCurve[] = [];
  if (fit.curve.length > 0) {
    const label = `fit ∝ ${variable}^${formatNumber(fit.exponent, 3)}`;
    curves.push({ label, style: "fit", points: fit.curve });
  }
  if (fit.ofGaps !== null) {
    const label = `fit of the gaps themselves ∝ ${variable}^${formatNumber(fit.ofGaps.exponent, 3)}`;
    curves.push({ label, style: "fit", points: fit.ofGaps.curve });
  }
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

/** Measured gaps to 2/η and to gradient descent against batch size, and what each formula predicts of the coefficients measured on the way. */
export function predictionSpec(family: GapFamily): PointsSpec {
  const rates = [...new Set(family.groups.map(({ lr }) => lr))];
  const groupsAt = (rate: number): GapGroupEntry[] =>
    family.groups.filter(({ lr, batch }) => lr === rate && batch !== "full");
  const lr = rates.reduce((best, rate) => (groupsAt(rate).length > groupsAt(best).length ? rate : best));
  const groups = groupsAt(lr);
  const point = (group: GapGroupEntry, mean: number | null, sd: number | null): SweepPoint[] =>
    mean === null ? [] : [{ x: Number(group.batch), mean, sd, count: group.gapToEdge.count }];
  const all = groups.flatMap(({ predicted }) => predicted.filter(({ gap }) => gap !== null));
  // Without what the oscillation adds, and where it is averaged out, if that was measured.
  const place = all.some((each) => each.place === "midpoint") ? "midpoint" : "iterate";
  const alpha = all.some((each) => each.alpha === "alphaPerp") ? "alphaPerp" : "alpha";
  const formulas = [...new Set(all.map(({ formula }) => formula))];
  return {
    name: "gap-predicted",
    title: `Predicted and measured gap, ${family.title}`,
    panels: [
      {
        title: "",
        xLabel: "batch size b",
        yLabel: "gap in sharpness",
        logX: true,
        logY: false,
        series: [
          {
            label: "measured 2/η − S_eq",
            kind: "sgd",
            points: groups.flatMap((group) => point(group, group.gapToEdge.mean, group.gapToEdge.sd)),
          },
          {
            label: "measured S_GD − S_eq",
            kind: "sgd",
            points: groups.flatMap((group) => point(group, group.gapPaired.mean, group.gapPaired.sd)),
          },
          ...formulas.map((formula) => ({
            label: formula,
            kind: "theory" as const,
            points: groups.flatMap((group) => {
              const found = group.predicted.find(
                (each) => each.formula === formula && each.place === place && each.alpha === alpha,
              );
              return point(group, found?.gap ?? null, null);
            }),
          })),
        ],
        curves: [],
        references: [{ value: 0, label: "no gap" }],
      },
    ],
    notes: [
      `predicted from ${alpha === "alphaPerp" ? "α⊥" : "α"}, β and σ_u² measured at ${place}s of the same runs`,
      `optimizer.lr = ${lr}`,
    ],
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
