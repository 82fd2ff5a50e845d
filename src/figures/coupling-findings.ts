// What edge coupling found, in words: the curvature along the steps against 2/η, and whether its identities hold.
import {
  type CouplingRecord,
  couplingViolations,
  type MeasuredMean,
  worstCouplingShare,
} from "../record/index.ts";
import type { Finding } from "./finding.ts";
import { formatNumber } from "./ticks.ts";

/**
 * The weighted mean of r̃ and what the fall of the loss forces it to be, its largest value, the share of the way
 * walked near 2/η, the return after two steps, and a warning for every identity that fails.
 *
 * @param threshold 2/η
 */
export function couplingFindings(
  record: CouplingRecord,
  measured: readonly MeasuredMean[],
  threshold: number,
): readonly Finding[] {
  const { loss, steps, weightedMean, windows } = record;
  if (weightedMean === null) return [];
  const of =
    loss === "full"
      ? `${steps.toLocaleString("en-US")} steps`
      : `${steps.toLocaleString("en-US")} measured steps, each under its own batch`;
  const lack = threshold - weightedMean;
  const forced = `2/η ${lack < 0 ? "+" : "−"} ${formatNumber(Math.abs(lack), 3)}, as the fall of the loss demands`;
  const middle = windows[Math.floor(windows.length / 2)];
  const back = measured.find(({ quantity }) => quantity === "coupling.last.twoStepReturn");
  return [
    {
      title: "r̃",
      text: `${formatNumber(weightedMean, 5)}, mean weighted by ‖d‖² over ${of}: ${forced}${extreme(record)}`,
    },
    ...(middle === undefined ? [] : [{ title: "", text: nearThreshold(middle, threshold) }]),
    ...(back?.mean == null
      ? []
      : [
          {
            title: "two-step return",
            text: `${formatNumber(back.mean, 3)} of a step, mean over the last ${back.n} records; 0 on an orbit of period two`,
          },
        ]),
    ...identityFindings(record),
  ];
}

function extreme({ largest, largestStep, firstAbove }: CouplingRecord): string {
  if (largest === null) return "";
  const first = firstAbove === null ? "never at or above 2/η" : `first at or above 2/η at step ${firstAbove}`;
  return `; largest ${formatNumber(largest, 4)} at step ${largestStep}, ${first}`;
}

function nearThreshold(
  { width, within, below, above }: CouplingRecord["windows"][number],
  threshold: number,
): string {
  const percent = (share: number): string => `${formatNumber(100 * share, 3)} %`;
  return `within ${percent(width / threshold)} of 2/η: ${percent(within)} of Σ‖d‖²; below ${percent(below)}, above ${percent(above)}`;
}

function identityFindings(record: CouplingRecord): readonly Finding[] {
  const violations = couplingViolations(record);
  if (violations.length > 0) {
    return violations.map(({ message }) => ({ title: "warning", text: `edge coupling: ${message}` }));
  }
  const worst = worstCouplingShare(record);
  const share =
    worst === null ? "" : `; the largest residual is ${formatNumber(worst, 2)} times what rounding explains`;
  return worst === null ? [] : [{ title: "identities", text: `hold to rounding${share}` }];
}
