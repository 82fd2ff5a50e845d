// What a run measured beyond loss and sharpness, boiled down: means over its last records, and which assumptions failed how often.
import { equilibrium } from "../math/index.ts";
import type {
  AssumptionCount,
  CouplingRecord,
  MeasuredMean,
  MeasurementEvent,
  MeasurementPoint,
} from "./events.ts";

/** Running state; plain JSON, part of checkpoints. */
export interface MeasuredState {
  /** By name, how the theory's assumptions fared; absent until one was checked. */
  readonly assumptions?: Readonly<Record<string, AssumptionCount>>;
  /** Last values by `point quantity`, oldest first; null where not finite. Absent until there are some. */
  readonly series?: Readonly<Record<string, readonly (number | null)[]>>;
  /** Edge coupling up to the last record of it; absent until there is one. */
  readonly coupling?: CouplingRecord;
}

const SCALARS = [
  "alpha",
  "alphaPerp",
  "beta",
  "delta",
  "epsilon",
  "lambda2",
  "directionalSharpness",
  "stepSharpness",
  "trace",
] as const satisfies readonly (keyof MeasurementEvent)[];

const COUPLING_SCALARS = ["rBar", "rTilde", "twoStepReturn"] as const;

/**
 * The state after one more measurement.
 *
 * With both points measured the assumptions are counted at the midpoints: the theory is about what is left without
 * the oscillation.
 *
 * @param last values kept of each quantity
 * @param point `measure.point` of the run
 */
export function noteMeasured(
  state: MeasuredState,
  event: MeasurementEvent,
  { last, point }: { readonly last: number; readonly point: string },
): MeasuredState {
  const skipped = event.assumptions === undefined || (point === "both" && event.point === "iterate");
  const assumptions = skipped ? state.assumptions : counted(state.assumptions ?? {}, event.assumptions);
  const series = { ...state.series };
  for (const [quantity, value] of quantities(event)) {
    const key = `${event.point} ${quantity}`;
    series[key] = [...(series[key] ?? []), value].slice(-last);
  }
  const coupling = event.coupling ?? state.coupling;
  return {
    ...(assumptions === undefined ? {} : { assumptions }),
    ...(coupling === undefined ? {} : { coupling }),
    ...(Object.keys(series).length === 0 ? {} : { series }),
  };
}

/** Dotted names as in events.jsonl; of σ² that along u, of batch sharpness the mean of ratios. */
function* quantities(event: MeasurementEvent): Generator<readonly [string, number | null]> {
  for (const name of SCALARS) {
    const value = event[name];
    if (value !== undefined) yield [name, value];
  }
  for (const [sampling, byBatch] of Object.entries(event.noiseVariance ?? {})) {
    for (const [batch, value] of Object.entries(byBatch)) yield [`noiseVariance.${sampling}.${batch}`, value];
  }
  for (const [batch, { mean }] of Object.entries(event.batchSharpness ?? {})) {
    yield [`batchSharpness.${batch}`, mean];
  }
  const step = event.coupling?.last;
  if (step) for (const name of COUPLING_SCALARS) yield [`coupling.last.${name}`, step[name]];
}

function counted(
  before: Readonly<Record<string, AssumptionCount>>,
  found: NonNullable<MeasurementEvent["assumptions"]>,
): Readonly<Record<string, AssumptionCount>> {
  const counts = { ...before };
  for (const { name, holds, message } of found) {
    const { checked, failed, message: last } = counts[name] ?? { checked: 0, failed: 0, message: "" };
    counts[name] = { checked: checked + 1, failed: failed + (holds ? 0 : 1), message: message ?? last };
  }
  return counts;
}

/** Mean of every quantity over the records kept, with a standard error that knows they are correlated. */
export function measuredMeans({ series = {} }: MeasuredState): readonly MeasuredMean[] {
  return Object.entries(series).map(([key, values]) => {
    const [point, quantity] = key.split(" ") as [MeasurementPoint, string];
    const records = values.map((value, step) => ({ step, value }));
    const { n, mean, sd, stderr, tau } = equilibrium(records, { last: Math.max(1, records.length) });
    return { quantity, point, n, mean, sd, stderr, tau };
  });
}

/** Whether a mark's message is such a sentence. */
export function isAssumptionWarning(message: string): boolean {
  return /^at \d+ of \d+ measured (?:iterates|midpoints): /.test(message);
}

/** A sentence for each assumption that failed somewhere, with how often and what was said the last time. */
export function assumptionWarnings(
  assumptions: Readonly<Record<string, AssumptionCount>> | undefined,
  point: string,
): readonly string[] {
  const place = point === "iterate" ? "iterates" : "midpoints";
  return Object.values(assumptions ?? {})
    .filter(({ failed }) => failed > 0)
    .map(({ checked, failed, message }) => `at ${failed} of ${checked} measured ${place}: ${message}`);
}
