// A stability analysis as plain data, for --json and numbers.json: every number, without the series.
import type { SetReport, StabilityAnalysis, StabilityGroup, StabilityRunAnalysis } from "../../lab/index.ts";
import { FAILURE } from "../../lab/index.ts";
import { median } from "../../math/index.ts";
import { BOUND_SOURCES } from "../../theory/index.ts";

/** Everything but the series, which the runs' own records hold. */
export function plainAnalysis({ groups, runs }: StabilityAnalysis): Record<string, unknown> {
  return {
    failureProbability: FAILURE,
    bounds: BOUND_SOURCES,
    groups: groups.map(plainGroup),
    runs: runs.map(plainRun),
  };
}

function plainGroup({ runs, ...group }: StabilityGroup): Record<string, unknown> {
  return { ...group, runs: runs.map(({ id }) => id) };
}

function plainRun(run: StabilityRunAnalysis): Record<string, unknown> {
  const { id, seed, lr, batch, status, every, series, theory, set, sets, bounds, rate, monotonicity } = run;
  return {
    id,
    seed,
    lr,
    batch,
    status,
    every,
    theory,
    set,
    sets: Object.fromEntries(Object.entries(sets).map(([name, report]) => [name, plainSet(report)])),
    bounds,
    monotonicity,
    finalLogLoss: run.finalLogLoss,
    bestLogLoss: run.bestLogLoss,
    testAccuracy: run.testAccuracy,
    problem: series.problem,
    drift: {
      points: series.drift.length,
      exact: series.drift.filter(({ exact }) => exact).length,
      undecided: series.drift.filter(({ relative, stderr }) => Math.abs(relative) <= 2 * stderr && stderr > 0)
        .length,
      secondOrderError: run.secondOrderError,
    },
    rate:
      rate === null
        ? null
        : {
            exponent: rate.exponent?.value ?? null,
            interval: rate.exponent === null ? null : [rate.exponent.low, rate.exponent.high],
            r2: rate.fit.r2,
            logSupremum: rate.logSupremum + Math.log(run.every),
            oscillation: rate.oscillation,
          },
  };
}

/** Excursions as numbers about them: a noisy run has thousands. */
function plainSet(report: SetReport | null): Record<string, unknown> | null {
  if (report === null) return null;
  const { excursions, ...rest } = report;
  const lengths = excursions.flatMap(({ length }) => (length === null ? [] : [length]));
  return {
    ...rest,
    returns:
      lengths.length === 0
        ? null
        : { count: lengths.length, median: median(lengths), longest: Math.max(...lengths) },
    outsideAtTheEnd: excursions.at(-1)?.length === null,
  };
}
