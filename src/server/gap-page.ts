// The page of sharpness gaps: runs sorted into families that may stand in one figure, each analysed over its seeds.
import { configLabels } from "../figures/differing.ts";
import {
  type AnalysedGroup,
  comparableFamilies,
  type GapAnalysis,
  gapAnalysis,
  type GapKind,
  gapRun,
  type GapRun,
  gapScaling,
  logGrid,
  type Scaling,
  scalingCurve,
  type Statistic,
  type StochasticGroup,
  stochasticGroups,
  type Varied,
} from "../lab/index.ts";
import { InputError, powerLawBand } from "../math/index.ts";
import type { GapFamily, GapFit, GapGroupEntry, GapPage, GapStatistic, RunRecord } from "../record/index.ts";

/**
 * Analyses everything that can be compared; O(measurements). What cannot be analysed is listed with the reason, never
 * dropped silently.
 *
 * @param records of runs; their step events are not looked at
 */
export function gapPage(records: readonly RunRecord[]): GapPage {
  const left: { run: string; reason: string }[] = [];
  const runs = records.flatMap((record) => {
    try {
      return [gapRun(record)];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      left.push({ run: record.id, reason: error.message });
      return [];
    }
  });
  const families = comparableFamilies(runs).flatMap((members) => {
    if (members.every(({ batch }) => batch === "full")) {
      for (const { id } of members) left.push({ run: id, reason: "no mini-batch runs to compare it with" });
      return [];
    }
    const { once, again } = withoutRepetitions(members);
    left.push(...again);
    const chosen = once.map(({ record }) => record);
    return [
      { analysis: gapAnalysis(chosen, ["batch", "lr"]), first: once.find(({ batch }) => batch !== "full")! },
    ];
  });
  const titles = titlesOf(families.map(({ first }) => first));
  return { families: families.map(({ analysis }, i) => familyOf(titles[i]!, analysis)), left };
}

/** One run a seed at each setting: the latest, since a repetition is no sample. */
function withoutRepetitions(runs: readonly GapRun[]): {
  readonly once: readonly GapRun[];
  readonly again: readonly { readonly run: string; readonly reason: string }[];
} {
  const latest = new Map(runs.map((run) => [JSON.stringify([run.lr, run.batch, run.seed]), run]));
  const once = [...latest.values()];
  const again = runs.filter((run) => !once.includes(run));
  return {
    once,
    again: again.map(({ id }) => ({ run: id, reason: "repeated by a later run with the same seed" })),
  };
}

/** Names, and what sets the families apart. */
function titlesOf(runs: readonly GapRun[]): string[] {
  const shown = runs.map(({ config: { data, net, loss, precision, optimizer } }) => ({
    data,
    net,
    loss,
    precision,
    optimizer: { sampling: optimizer.sampling },
  }));
  const labels = configLabels(
    shown,
    runs.map(({ id }) => id),
  );
  return runs.map(({ config }, i) => {
    const what = `${config.net.name} on ${config.data.name}, ${config.loss}`;
    return labels[i] === "" ? what : `${what}: ${labels[i]}`;
  });
}

function familyOf(title: string, analysis: GapAnalysis): GapFamily {
  return {
    title,
    n: analysis.n,
    runs: analysis.runs.map(({ id }) => id),
    groups: analysis.groups.map(groupEntry),
    fits: [...fitsOver(analysis, "batch"), ...fitsOver(analysis, "lr")],
  };
}

function groupEntry(group: AnalysedGroup): GapGroupEntry {
  const { lr, batch, sampling, threshold, unsettled, landscape } = group;
  const predicted = (["iterate", "midpoint"] as const).flatMap((place) =>
    (["alpha", "alphaPerp"] as const).flatMap((alpha) => {
      const predictions = landscape[place]?.predicted[alpha] ?? null;
      if (predictions === null) return [];
      return Object.entries(predictions).map(([formula, { value }]) => ({
        place,
        alpha,
        formula,
        gap: value as number | null,
      }));
    }),
  );
  return {
    lr,
    batch,
    sampling,
    threshold,
    sharpness: statistic(group.sharpness),
    gapPaired: statistic(group.gapPaired),
    gapPooled: statistic(group.gapPooled),
    gapToEdge: statistic(group.gapToEdge),
    unsettled,
    predicted,
  };
}

function statistic({ mean, sd, n, runs }: Statistic): GapStatistic {
  return { mean, sd, count: n, runs };
}

/** A fit for every value of what is not varied that has at least two values of what is. */
function fitsOver(analysis: GapAnalysis, over: Varied): GapFit[] {
  const groups = stochasticGroups(analysis);
  const other = (group: StochasticGroup): number => (over === "batch" ? group.lr : group.batch);
  return [...new Set(groups.map(other))].flatMap((value) => {
    const members = groups.filter((group) => other(group) === value);
    if (members.length < 2) return [];
    const fixed = over === "batch" ? `optimizer.lr = ${value}` : `optimizer.batch = ${value}`;
    return (["paired", "pooled", "edge"] as const).map((kind) => fit(analysis, kind, over, fixed, members));
  });
}

function fit(
  analysis: GapAnalysis,
  kind: GapKind,
  over: Varied,
  fixed: string,
  members: readonly StochasticGroup[],
): GapFit {
  const scaling = gapScaling(analysis, kind, over, members);
  const { points, fit: found, pOfMinusOne } = scaling;
  const excluded = new Set(found.excluded.map(({ index }) => index));
  const shown = points.map(({ x, value: { mean, sd, n } }) => ({ x, mean: mean!, sd, count: n }));
  const curve =
    found.line === null
      ? []
      : powerLawBand(found, logGrid(found.line.points.map(({ x }) => Math.exp(x)))).map(
          ({ x, y, confidence: [low, high] }) => ({ x, y, low, high }),
        );
  return {
    kind,
    over,
    fixed,
    points: shown.filter((_, i) => !excluded.has(i)),
    excluded: shown.filter((_, i) => excluded.has(i)),
    exponent: found.exponent?.value ?? null,
    exponentCi: found.exponent === null ? null : [found.exponent.low, found.exponent.high],
    r2: found.r2,
    pOfMinusOne,
    reason: found.reason,
    curve,
    ofGaps: fitOfGaps(scaling),
  };
}

function fitOfGaps(scaling: Scaling): GapFit["ofGaps"] {
  const { exponent } = scaling.curve;
  if (exponent === null) return null;
  const { value, low, high } = exponent;
  return { exponent: value, exponentCi: [low, high], curve: scalingCurve(scaling) };
}
