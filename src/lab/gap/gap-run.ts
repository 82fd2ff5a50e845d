// One run as the gap analysis sees it: its settings, its equilibrium sharpness, and whether that is an equilibrium.
import { edge, type EdgeReport, lineFit } from "../../math/index.ts";
import type { MeasurementEvent, MeasurementPoint, RunRecord, SamplingName } from "../../record/index.ts";
import type { ExperimentConfig } from "../config-types.ts";
import { resolveConfig } from "../parse-experiment.ts";
import { isFiniteNumber } from "./statistic.ts";

/** How far the sharpness moved within the records its mean is taken of. */
export interface WindowDrift {
  /** Change along the fitted line from the first record of the window to the last. */
  readonly change: number;
  readonly stderr: number;
  /** Beyond twice its error and 1 % of the threshold: the mean is that of something still moving. */
  readonly flagged: boolean;
}

/** A run, reduced. */
export interface GapRun {
  readonly id: string;
  readonly record: RunRecord;
  /** Its configuration, checked. */
  readonly config: ExperimentConfig;
  readonly seed: number;
  readonly lr: number;
  /** Examples a step; `full` for gradient descent. */
  readonly batch: number | "full";
  readonly sampling: SamplingName;
  /** 2/η. */
  readonly threshold: number;
  /** Sharpness against the threshold; `edge.final` is S_eq. */
  readonly edge: EdgeReport;
  readonly drift: WindowDrift | null;
  /** Why S_eq must not be used as an equilibrium value, or null. */
  readonly unsettled: string | null;
  /** Measurements made while S_eq was, by place. */
  readonly window: Readonly<Record<MeasurementPoint, readonly MeasurementEvent[]>>;
}

/** Examples, where the configuration says how many. */
export function exampleCount({ data }: ExperimentConfig): number | null {
  return typeof data.n === "number" ? data.n : null;
}

/**
 * Reduces a run. S_eq is the mean of the last `measure.equilibriumRecords` sharpnesses solved for at iterates, as in
 * "SGD at the Edge of Stability: The Stochastic Sharpness Gap" (arXiv 2604.21016). O(measurements).
 *
 * @throws InputError when its configuration is not one
 */
export function gapRun(record: RunRecord): GapRun {
  const config = resolveConfig(record.config, record.id);
  const { name, lr, batch, sampling } = config.optimizer;
  const last = config.measure.equilibriumRecords;
  const solves = record.measurements.filter(
    ({ point, sharpness, rayleigh }) => point === "iterate" && sharpness !== undefined && rayleigh !== true,
  );
  const report = edge(
    solves.map(({ step, sharpness }) => ({ step, value: sharpness ?? null })),
    2 / lr,
    { last },
  );
  const { firstStep } = report.final;
  const inWindow = (place: MeasurementPoint): MeasurementEvent[] =>
    firstStep === null
      ? []
      : record.measurements.filter(({ point, step }) => point === place && step >= firstStep);
  const window = { iterate: inWindow("iterate"), midpoint: inWindow("midpoint") };
  return {
    id: record.id,
    record,
    config,
    seed: config.seed,
    lr,
    batch: name === "gd" ? "full" : batch,
    sampling,
    threshold: 2 / lr,
    edge: report,
    drift: windowDrift(solves.slice(-last), 2 / lr),
    unsettled: whyUnsettled(record, report),
    window,
  };
}

/** Runs that settled have one of these verdicts. */
const SETTLED: ReadonlySet<EdgeReport["verdict"]> = new Set(["at the edge", "below (stochastic)"] as const);

/** Share of the first loss at which data count as fitted: below the edge the sharpness then stays because nothing moves. */
const FITTED = 1e-4;

function whyUnsettled(record: RunRecord, { verdict, sentence }: EdgeReport): string | null {
  const { summary } = record;
  if (summary === null) return "not begun";
  if (summary.status !== "finished") return `${summary.status} at step ${summary.step} of ${summary.steps}`;
  if (!SETTLED.has(verdict)) return sentence;
  const left = lossLeft(record);
  if (verdict === "at the edge" || left === null || left > FITTED) return null;
  return `The data are fitted: the loss is down to ${left.toExponential(0)} of its first value, and the sharpness stays below the edge because nothing moves.`;
}

/** The last full loss at an iterate over the first; null when fewer than two were measured. */
function lossLeft({ measurements }: RunRecord): number | null {
  const losses = measurements.flatMap(({ point, loss }) =>
    point === "iterate" && isFiniteNumber(loss) ? [loss] : [],
  );
  return losses.length < 2 ? null : losses.at(-1)! / losses[0]!;
}

function windowDrift(window: readonly MeasurementEvent[], threshold: number): WindowDrift | null {
  const finite = window.filter(({ sharpness }) => isFiniteNumber(sharpness));
  const steps = finite.map(({ step }) => step);
  const line = lineFit(
    steps,
    finite.map(({ sharpness }) => sharpness!),
  );
  if (line.reason !== null) return null;
  const span = steps.at(-1)! - steps[0]!;
  const [change, stderr] = [line.slope.value * span, line.slope.stderr * span];
  return { change, stderr, flagged: Math.abs(change) > 2 * stderr && Math.abs(change) > 0.01 * threshold };
}
