// What one run with `measure.stability` found, as lines of `show` and of a report.
import type { Finding } from "../../figures/finding.ts";
import { stabilityRun } from "../../lab/index.ts";
import type { RunRecord } from "../../record/index.ts";
import { formatNumber } from "../format.ts";

/** Empirical stable set, rate and margin; nothing of a run that did not measure them. */
export function stabilityFindings(record: RunRecord): readonly Finding[] {
  const run = stabilityRun(record);
  if (run === null) return [];
  const { sets, rate, monotonicity, series, theory } = run;
  const found: Finding[] = [];
  const { empirical } = sets;
  if (empirical !== null) {
    const { entrance, exits, occupancy } = empirical;
    found.push({
      title: "drift",
      text:
        entrance === null
          ? "E[L′] ≤ L was never seen: the loss is expected to rise at every point looked at"
          : `E[L′] ≤ L first at step ${entrance.toLocaleString("en-US")}; ${exits === 1 ? "1 exit" : `${exits} exits`} since, inside ${percent(occupancy)} of that time`,
    });
  }
  if (rate?.exponent != null) {
    const { value, low, high } = rate.exponent;
    found.push({
      title: "rate",
      text: `best loss ∝ t^−${formatNumber(value, 3)} over the last nine tenths (95 % interval of this run's noise ${formatNumber(low, 3)} … ${formatNumber(high, 3)}); 1 is O(1/t)`,
    });
  }
  if (monotonicity !== null) {
    const { early, late } = monotonicity;
    found.push({
      title: rate?.exponent == null ? "rises" : "",
      text: `the loss rose at ${percent(early)} of the points in the first tenth, at ${percent(late)} in the last`,
    });
  }
  const margin = series.problem?.margin;
  if (margin !== undefined) found.push({ title: "margin", text: margin.sentence });
  if (theory.reason !== null) found.push({ title: "theory", text: `says nothing here: ${theory.reason}` });
  return found;
}

function percent(share: number | null): string {
  return share === null ? "–" : `${formatNumber(100 * share, 3)} %`;
}
