// What one run found, in words: equilibrium with its error, the edge, the theory's quantities, and assumptions that failed.
import {
  type AssumptionCount,
  assumptionWarnings,
  type CouplingRecord,
  type MeasuredMean,
  measuredMeans,
  type MeasuredState,
  noteMeasured,
  type RunRecord,
} from "../record/index.ts";
import { couplingFindings } from "./coupling-findings.ts";
import { configValue } from "./differing.ts";
import type { Finding } from "./finding.ts";
import { formatNumber } from "./ticks.ts";

/** The part of a record that is looked at; measurements are only needed where the summary lacks what they tell. */
export type FoundRun = Pick<RunRecord, "config" | "summary"> & Partial<Pick<RunRecord, "measurements">>;

/** What was measured beyond loss and sharpness: from the summary, or from the events of a run that has none yet. */
export function measuredOf({ config, summary, measurements = [] }: FoundRun): {
  readonly assumptions: Readonly<Record<string, AssumptionCount>>;
  readonly measured: readonly MeasuredMean[];
  readonly coupling?: CouplingRecord;
} {
  if (summary?.measured !== undefined || measurements.length === 0) {
    const { assumptions = {}, measured = [], coupling } = summary ?? {};
    return { assumptions, measured, ...(coupling === undefined ? {} : { coupling }) };
  }
  const records = configValue(config, "measure.equilibriumRecords");
  const how = { last: typeof records === "number" ? records : 20, point: pointOf(config) };
  const state = measurements.reduce<MeasuredState>((before, event) => noteMeasured(before, event, how), {});
  const { assumptions = {}, coupling } = state;
  return { assumptions, measured: measuredMeans(state), ...(coupling === undefined ? {} : { coupling }) };
}

/**
 * Equilibrium sharpness with standard error and autocorrelation time, the verdict on the edge, the means of α, β and
 * σ_u² (of a run measured at both points, at the midpoints) and of batch and step sharpness (at the iterates), edge coupling, and a warning for every
 * assumption of the theory that failed. Only what was measured; nothing of a diverged run, whose last records are no
 * equilibrium.
 */
export function runFindings(run: FoundRun): readonly Finding[] {
  if (run.summary?.status === "diverged") return [];
  const point = pointOf(run.config);
  const { assumptions, measured, coupling } = measuredOf(run);
  const warnings = assumptionWarnings(assumptions, point);
  return [
    ...sharpnessFindings(run.summary),
    ...meanFindings(run, measured, assumptions["progressiveSharpening"]),
    ...(coupling === undefined ? [] : couplingFindings(coupling, measured, thresholdOf(run))),
    ...warnings.map((text) => ({ title: "warning", text })),
  ];
}

/** 2/η, also of a run without a summary yet. */
function thresholdOf({ config, summary }: FoundRun): number {
  return summary?.threshold ?? 2 / Number(configValue(config, "optimizer.lr"));
}

function pointOf(config: RunRecord["config"]): string {
  const point = configValue(config, "measure.point");
  return typeof point === "string" ? point : "iterate";
}

function sharpnessFindings(summary: RunRecord["summary"]): readonly Finding[] {
  if (summary === null || summary.equilibriumSharpness === null) return [];
  const { equilibriumSharpness: mean, equilibriumStderr: stderr, equilibriumSd: sd } = summary;
  const { equilibriumTau: tau, equilibriumRecords: records, equilibriumWarning: doubt } = summary;
  const error = typeof stderr === "number" ? ` ± ${formatNumber(stderr, 2)} (standard error)` : "";
  const spread = sd === null ? "" : `, sd ${formatNumber(sd, 2)}`;
  const solves = records === 1 ? "the last solve" : `mean of the last ${records} solves`;
  const found = [{ title: "S_eq", text: `${formatNumber(mean)}${error}, ${solves}${spread}${memory(tau)}` }];
  if (doubt !== undefined) found.push({ title: "", text: `careful: ${doubt}` });
  if (summary.edge !== undefined) found.push({ title: "edge", text: summary.edge.sentence });
  if (summary.onset !== undefined) {
    found.push({ title: "", text: `first solve at or above the threshold: step ${summary.onset}` });
  }
  return found;
}

/** The autocorrelation time, explained by what it does to the number of values. */
function memory(tau: number | null | undefined): string {
  if (typeof tau !== "number") return "";
  if (tau < 0.5) return "; successive solves alternate (autocorrelation time under 0.5)";
  const time = `autocorrelation time ${formatNumber(tau, 2)} solves`;
  return tau <= 1
    ? `; ${time}: each counts as independent`
    : `; ${time}: one value in ${formatNumber(tau, 2)} counts`;
}

function meanFindings(
  { config, summary }: FoundRun,
  measured: readonly MeasuredMean[],
  sharpening: AssumptionCount | undefined,
): readonly Finding[] {
  const place = pointOf(config) === "iterate" ? "iterate" : "midpoint";
  const here = measured.filter(({ point }) => point === place);
  const text = ({ n, mean, stderr, point }: MeasuredMean, meaning: string): string => {
    if (mean === null) return `${meaning}: undefined at the last ${point}s`;
    const error = stderr === null || stderr === 0 ? "" : ` ± ${formatNumber(stderr, 2)}`;
    const over = n === 1 ? `the last ${point}` : `the last ${n} ${point}s`;
    return `${formatNumber(mean)}${error}, ${meaning}, mean over ${over}`;
  };
  const ofThreshold = (value: number | null): string => {
    const threshold = summary?.threshold ?? 0;
    return value === null || !(threshold > 0)
      ? ""
      : `; ${formatNumber((100 * value) / threshold, 3)} % of the threshold`;
  };
  const share =
    sharpening === undefined
      ? ""
      : `; positive at ${sharpening.checked - sharpening.failed} of ${sharpening.checked} in the whole run`;
  const along = (quantity: string, title: string, meaning: string): Finding[] =>
    atIterate(measured, quantity).map((each) => ({
      title: title + batchOf(each),
      text: `${text(each, meaning)}${ofThreshold(each.mean)}`,
    }));
  return [
    ...here
      .filter(({ quantity }) => quantity === "alpha")
      .map((each) => ({ title: "α", text: `${text(each, "progressive sharpening")}${share}` })),
    ...here
      .filter(({ quantity }) => quantity === "beta")
      .map((each) => ({ title: "β", text: text(each, "self-stabilisation") })),
    ...ownNoise(config, here).map((each) => ({
      title: `σ_u²${batchOf(each)}`,
      text: text(each, `gradient noise along u (${each.quantity.split(".")[1]!})`),
    })),
    ...along("batchSharpness", "batch sharpness", "curvature along batch gradients"),
    ...along("stepSharpness", "step sharpness", "curvature along the gradient of the step taken"),
  ];
}

/** `, b = 50` of `batchSharpness.50`. */
function batchOf({ quantity }: MeasuredMean): string {
  const batch = /\.(\d+)$/.exec(quantity)?.[1];
  return batch === undefined ? "" : `, b = ${batch}`;
}

/** Curvature along gradients is about the steps taken, so about iterates, wherever it was measured there. */
function atIterate(measured: readonly MeasuredMean[], name: string): readonly MeasuredMean[] {
  const all = measured.filter(({ quantity }) => quantity === name || quantity.startsWith(`${name}.`));
  const iterates = all.filter(({ point }) => point === "iterate");
  return iterates.length > 0 ? iterates : all;
}

/** The noise of the run's own batches and sampling; of the smallest measured, where its own have none. */
function ownNoise(config: RunRecord["config"], measured: readonly MeasuredMean[]): readonly MeasuredMean[] {
  const sampling = configValue(config, "optimizer.sampling");
  const prefix = `noiseVariance.${typeof sampling === "string" ? sampling : "shuffle"}.`;
  const all = measured.filter(({ quantity }) => quantity.startsWith(prefix));
  const batch = configValue(config, "optimizer.batch");
  const own = all.filter(({ quantity }) => typeof batch === "number" && quantity === `${prefix}${batch}`);
  return own.length > 0 ? own : all.slice(0, 1);
}

/** What an assumption's failure is called where there is no room for its sentence. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  positiveSharpness: "S ≤ 0",
  progressiveSharpening: "α ≤ 0",
  secondEigenvalueStable: "λ₂ near 2/η",
  eigengap: "small eigengap",
  simpleTopEigenvalue: "several top eigenvectors",
};

/** Several runs in two lines: how many ended where, and at which share of the records an assumption failed. */
export function findingsOfAll(runs: readonly FoundRun[]): readonly Finding[] {
  const verdicts = new Map<string, number>();
  const failures = new Map<string, { checked: number; failed: number }>();
  for (const run of runs) {
    if (run.summary?.status === "diverged") continue;
    const verdict = run.summary?.edge?.verdict;
    if (verdict !== undefined) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    for (const [name, { checked, failed }] of Object.entries(measuredOf(run).assumptions)) {
      const sum = failures.get(name) ?? { checked: 0, failed: 0 };
      failures.set(name, { checked: sum.checked + checked, failed: sum.failed + failed });
    }
  }
  const counted = Array.from(verdicts, ([verdict, count]) => `${count} ${verdict}`).join(", ");
  const failing = [...failures].filter(([, { failed }]) => failed > 0);
  const shares = failing.map(
    ([name, { checked, failed }]) =>
      `${SHORT_NAMES[name] ?? name} at ${formatNumber((100 * failed) / checked, 2)} %`,
  );
  return [
    ...(counted === "" ? [] : [{ title: "edge", text: counted }]),
    ...(shares.length === 0
      ? []
      : [{ title: "assumptions of the theory that fail", text: `${shares.join(", ")} of the records` }]),
  ];
}
