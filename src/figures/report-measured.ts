// The report's figures of what was measured beyond loss, sharpness and accuracy: only those some run has values for.
import type { MeasurementEvent, RunRecord } from "../record/index.ts";
import { drawChart } from "./chart.ts";
import { describeTraces, thresholdReferences } from "./describe.ts";
import { configValue } from "./differing.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { gradNormFigure } from "./grad-norm.ts";
import { traceLines } from "./lines.ts";
import type { LineKind, Sample } from "./lines.ts";
import type { Reference } from "./references.ts";
import { hasTestLoss, testLossFigure } from "./test-loss.ts";
import { makeTraces } from "./traces.ts";
import type { Trace } from "./traces.ts";

type Value = (event: MeasurementEvent, record: RunRecord) => number | null | undefined;

/** One quantity over training. */
interface QuantityFigure {
  readonly name: string;
  readonly title: string;
  readonly yLabel: string;
  readonly log?: boolean;
  /** Where it is read when a run was measured at both points; `steps` belong to iterates wherever the rest is measured. */
  readonly at: MeasurementEvent["point"] | "steps";
  /** First the main quantity, then others drawn behind it. */
  readonly series: readonly { readonly name: string; readonly kind: LineKind; readonly value: Value }[];
  readonly references?: (traces: readonly Trace[]) => readonly Reference[];
  readonly notes?: readonly string[];
}

const QUANTITIES: readonly QuantityFigure[] = [
  {
    name: "alpha",
    title: "Progressive sharpening α = −⟨∇L, ∇S⟩",
    yLabel: "α",
    at: "midpoint",
    series: [{ name: "alpha", kind: "main", value: (event) => event.alpha }],
    references: () => [{ value: 0, label: "0" }],
    notes: ["above 0 the gradient flow sharpens"],
  },
  {
    name: "beta",
    title: "Self-stabilisation β = ‖∇S⊥‖²",
    yLabel: "β (log scale)",
    log: true,
    at: "midpoint",
    series: [{ name: "beta", kind: "main", value: (event) => event.beta }],
  },
  {
    name: "noise-variance",
    title: "Gradient noise σ_u² along the top eigenvector",
    yLabel: "σ_u² (log scale)",
    log: true,
    at: "midpoint",
    series: [{ name: "noiseVariance", kind: "main", value: ownNoise }],
    notes: ["of each run's own batches"],
  },
  {
    name: "gradient-curvature",
    title: "Curvature along gradients",
    yLabel: "batch and step sharpness",
    at: "iterate",
    series: [
      { name: "batch sharpness", kind: "main", value: ownBatchSharpness },
      { name: "step sharpness", kind: "thin", value: (event) => event.stepSharpness },
    ],
    references: thresholdReferences,
    notes: ["thin: along the gradient of the very step taken"],
  },
  {
    name: "coupling-curvature",
    title: "Curvature along the steps",
    yLabel: "r̃ and r̄",
    at: "steps",
    series: [
      { name: "r̃", kind: "main", value: ({ coupling }) => coupling?.last?.rTilde },
      { name: "r̄", kind: "thin", value: ({ coupling }) => coupling?.last?.rBar },
    ],
    references: thresholdReferences,
    notes: ["the loss falls in a step if and only if r̃ is below 2/η; thin: r̄, which decides the step back"],
  },
  {
    name: "coupling-mean",
    title: "Weighted mean of r̃ so far",
    yLabel: "Σ‖d‖²r̃ / Σ‖d‖²",
    at: "steps",
    series: [
      { name: "weighted mean of r̃", kind: "main", value: ({ coupling }) => coupling?.weightedMean },
      { name: "largest r̃", kind: "thin", value: ({ coupling }) => coupling?.largest },
    ],
    references: thresholdReferences,
    notes: ["2/η − 2(L₀ − L_K)/Σ‖d‖² exactly; thin: the largest r̃ so far"],
  },
  {
    name: "coupling-return",
    title: "Return after two steps",
    yLabel: "distance left ÷ length of a step",
    at: "steps",
    series: [
      { name: "two-step return", kind: "main", value: ({ coupling }) => coupling?.last?.twoStepReturn },
    ],
    references: () => [{ value: 0, label: "period two" }],
  },
  {
    name: "coupling",
    title: "Edge coupling A_η",
    yLabel: "A_η",
    at: "steps",
    series: [{ name: "A_η", kind: "main", value: ({ coupling }) => coupling?.last?.coupling }],
    notes: ["losses at both ends of a step d, less ‖d‖²/(2η)"],
  },
];

/** Test loss, gradient norm, α, β, σ_u², curvature along gradients and edge coupling, as far as they were measured. */
export function measuredFigures(records: readonly RunRecord[], options: FigureOptions): Figure[] {
  const figures: Figure[] = [];
  if (hasTestLoss(records)) figures.push(testLossFigure(records, options));
  if (records.some(({ measurements }) => measurements.some(({ gradNorm }) => gradNorm !== undefined))) {
    figures.push(gradNormFigure(records, options));
  }
  for (const quantity of QUANTITIES) {
    const having = records.filter((record) =>
      quantity.series.some(({ value }) => samples(quantity.at, value)(record).length > 0),
    );
    if (having.length > 0) figures.push(quantityFigure(quantity, records, options));
  }
  return figures;
}

function quantityFigure(
  quantity: QuantityFigure,
  records: readonly RunRecord[],
  options: FigureOptions,
): Figure {
  const { name, title, yLabel, log = false, at, series, references, notes = [] } = quantity;
  // Traces of all runs, so that a run has the same colour here as in the other figures.
  const traces = makeTraces(records);
  const x = options.x ?? "step";
  const lines = series.flatMap((each) =>
    traces.flatMap((trace) =>
      traceLines(trace, each.name, samples(at, each.value), { x, log, kind: each.kind }),
    ),
  );
  const drawn = traces.filter((trace) => lines.some((line) => line.trace === trace));
  const midpoints = drawn.some(({ runs }) => runs.some((run) => placeOf(run, at) === "midpoint"));
  return drawChart(
    {
      name,
      title,
      alt: `${title} against ${x === "time" ? "effective time" : "step"} ${describeTraces(drawn)}.`,
      yLabel: `${yLabel}${midpoints ? ", at the midpoint" : ""}`,
      lines,
      traces: drawn,
      log,
      references: references?.(drawn) ?? [],
      notes: series.length > 1 && !lines.some((line) => line.kind === "thin") ? [] : notes,
    },
    options,
  );
}

function samples(at: QuantityFigure["at"], value: Value): (record: RunRecord) => Sample[] {
  return (record) => {
    const place = placeOf(record, at);
    return record.measurements.flatMap((event) => {
      const picked = event.point === place ? value(event, record) : undefined;
      return picked === undefined ? [] : [{ step: event.step, value: picked }];
    });
  };
}

/** The wanted place where a run was measured at both, else the one there is. */
function placeOf(record: RunRecord, wanted: QuantityFigure["at"]): MeasurementEvent["point"] {
  if (wanted === "steps") return "iterate";
  const point = configValue(record.config, "measure.point");
  return point === "both" ? wanted : point === "midpoint" ? "midpoint" : "iterate";
}

/** Of the batches the run itself takes: none for gradient descent, which has no noise. */
function ownNoise({ noiseVariance }: MeasurementEvent, { config }: RunRecord): number | null | undefined {
  const sampling = configValue(config, "optimizer.sampling");
  const known = sampling === "with" || sampling === "without" ? sampling : "shuffle";
  return noiseVariance?.[known][String(configValue(config, "optimizer.batch"))];
}

/** Of the run's own batch size, else of the smallest measured. */
function ownBatchSharpness(
  { batchSharpness }: MeasurementEvent,
  { config }: RunRecord,
): number | null | undefined {
  if (batchSharpness === undefined) return undefined;
  const own = batchSharpness[String(configValue(config, "optimizer.batch"))];
  return (own ?? Object.values(batchSharpness)[0])?.mean;
}
