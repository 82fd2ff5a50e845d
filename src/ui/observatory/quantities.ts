// The charts there are: of which recorded series each is drawn, and against what.
import type { LineKind } from "../../figures/lines.ts";
import type { RunEntry } from "../../record/serve-api.ts";

/** A recorded series and how it is drawn. */
export interface QuantityLine {
  /** Name of the series: `iterate sharpness`. */
  readonly series: string;
  readonly kind: LineKind;
  /** What sets it apart from the chart's main line. */
  readonly note?: string;
}

export interface Quantity {
  readonly name: string;
  readonly title: string;
  readonly yLabel: string;
  readonly logY?: boolean;
  /** Reference: each run's threshold; or the line at 1 with everything divided by the threshold. */
  readonly against?: "threshold" | "relative" | "zero";
  /** Lines of a run; those it has not recorded are left out. */
  readonly lines: (run: RunEntry) => readonly QuantityLine[];
}

const at = (short: string, kind: LineKind = "main"): QuantityLine => ({ series: `iterate ${short}`, kind });

const atMidpoint = (series: string): QuantityLine => ({
  series,
  kind: "midpoint",
  note: "at the midpoint of consecutive iterates",
});

/** The same quantity at iterates and, dotted, at midpoints. */
const both = (short: string) => (): readonly QuantityLine[] => [at(short), atMidpoint(`midpoint ${short}`)];

function isFullBatch(run: RunEntry): boolean {
  return run.config["optimizer.name"] === "gd" || run.config["optimizer.batch"] === "full";
}

function has(run: RunEntry, series: string): boolean {
  return run.series !== null && Object.hasOwn(run.series, series);
}

function lossLines(run: RunEntry): readonly QuantityLine[] {
  if (isFullBatch(run) && has(run, "step loss")) return [{ series: "step loss", kind: "dense" }];
  const measured = has(run, "iterate loss");
  return [
    measured
      ? { series: "step loss", kind: "faint", note: "loss of each step's batch" }
      : { series: "step loss", kind: "dense" },
    at("loss"),
  ];
}

function sharpnessLines(run: RunEntry): readonly QuantityLine[] {
  const further = Object.keys(run.series ?? {})
    .filter((name) => /^iterate eigenvalues\.[1-9]\d*$/.test(name))
    .map((series): QuantityLine => ({
      series,
      kind: "thin",
      note: "further eigenvalues",
    }));
  return [
    ...further,
    { series: "iterate rayleigh", kind: "faint", note: "Rayleigh quotient between solves" },
    at("sharpness"),
    atMidpoint("midpoint sharpness"),
  ];
}

/** Of a quantity recorded for several batch sizes, the one a step of the run uses; else the only one there is. */
function ownBatch(run: RunEntry, pattern: RegExp): string[] {
  const recorded = Object.keys(run.series ?? {}).filter((name) => pattern.test(name));
  const own = recorded.filter((name) => pattern.exec(name)![1] === String(run.config["optimizer.batch"]));
  return own.length > 0 ? own : recorded.slice(0, 1);
}

function noiseLines(prefix: string): (run: RunEntry) => readonly QuantityLine[] {
  return (run) => {
    const sampling = String(run.config["optimizer.sampling"] ?? "shuffle");
    return ["iterate", "midpoint"].flatMap((point) =>
      ownBatch(run, new RegExp(`^${point} ${prefix}\\.${sampling}\\.(\\d+)$`)).map((series): QuantityLine =>
        point === "iterate" ? { series, kind: "main" } : atMidpoint(series),
      ),
    );
  };
}

const simple = (
  name: string,
  title: string,
  yLabel: string,
  more: Partial<Pick<Quantity, "logY" | "against">> = {},
): Quantity => ({ name, title, yLabel, ...more, lines: both(name) });

export const QUANTITIES: readonly Quantity[] = [
  { name: "loss", title: "Training loss", yLabel: "training loss", logY: true, lines: lossLines },
  {
    name: "sharpness",
    title: "Sharpness",
    yLabel: "largest Hessian eigenvalues",
    against: "threshold",
    lines: sharpnessLines,
  },
  {
    name: "relative",
    title: "Sharpness ÷ threshold",
    yLabel: "sharpness ÷ threshold",
    against: "relative",
    lines: sharpnessLines,
  },
  {
    name: "batchSharpness",
    title: "Batch sharpness",
    yLabel: "mean of g_B·H_B g_B / ‖g_B‖²",
    against: "threshold",
    lines: (run) =>
      ownBatch(run, /^iterate batchSharpness\.(\d+)\.mean$/).map((series) => ({ series, kind: "main" })),
  },
  {
    name: "noiseVariance",
    title: "Gradient noise along u",
    yLabel: "σ_u² of the run's batches",
    logY: true,
    lines: noiseLines("noiseVariance"),
  },
  simple("alpha", "Progressive sharpening α", "α = −⟨∇L, ∇S⟩", { against: "zero" }),
  simple("beta", "Self-stabilisation β", "β = ‖∇S⊥‖²", { logY: true }),
  {
    name: "testLoss",
    title: "Test loss",
    yLabel: "test loss",
    logY: true,
    lines: () => [at("testLoss")],
  },
  {
    name: "accuracy",
    title: "Accuracy",
    yLabel: "accuracy",
    lines: () => [
      at("accuracy"),
      { series: "iterate testAccuracy", kind: "dashed", note: "on the test split" },
    ],
  },
  { name: "gradNorm", title: "Gradient norm", yLabel: "‖∇L‖", logY: true, lines: () => [at("gradNorm")] },
  simple("delta", "Oscillation scale δ", "δ = √(2α/β)"),
  simple("epsilon", "Time scale ε", "ε = η√α"),
  simple("kappa", "κ", "κ = ⟨∇S, u⟩", { against: "zero" }),
  simple("alignment", "Alignment", "−⟨g, ∇S⊥⟩ / ‖g‖‖∇S⊥‖", { against: "zero" }),
  simple("gradSharpnessNorm", "Gradient of the sharpness", "‖∇S‖", { logY: true }),
  simple("lambda2", "Second eigenvalue", "λ₂", { against: "threshold" }),
  simple("eigengap", "Eigengap", "S − λ₂"),
  simple("directionalSharpness", "Sharpness along the gradient", "g·Hg / ‖g‖²", { against: "threshold" }),
  simple("stepSharpness", "Sharpness along the step", "g_B·H_B g_B / ‖g_B‖² of the step's batch", {
    against: "threshold",
  }),
  {
    name: "sharpeningNoiseVariance",
    title: "Gradient noise along ∇S⊥",
    yLabel: "σ_s² of the run's batches",
    logY: true,
    lines: noiseLines("sharpeningNoiseVariance"),
  },
  simple("trace", "Trace of the Hessian", "tr H"),
  {
    name: "coupling",
    title: "Edge coupling: curvature along steps",
    yLabel: "r̃ of the last step; dashed: mean weighted by ‖d‖²",
    against: "threshold",
    lines: () => [
      at("coupling.last.rTilde"),
      { series: "iterate coupling.weightedMean", kind: "dashed", note: "mean weighted by ‖d‖²" },
    ],
  },
  {
    name: "coupling.energy",
    title: "Edge coupling: energy",
    yLabel: "Σ‖d‖²",
    logY: true,
    lines: () => [at("coupling.energy")],
  },
  {
    name: "coupling.twoStepReturn",
    title: "Two-step return",
    yLabel: "‖d − η∇L(y)‖ / ‖d‖ (0 on an orbit of period two)",
    logY: true,
    lines: () => [at("coupling.last.twoStepReturn")],
  },
];

export const DEFAULT_CHARTS: readonly string[] = [
  "loss",
  "sharpness",
  "relative",
  "batchSharpness",
  "noiseVariance",
  "alpha",
  "beta",
  "testLoss",
  "gradNorm",
];

/** Series of any recorded name as a chart of its own: `series:iterate coupling.last.rBar`. */
const OTHER = "series:";

/** The chart of a name, or undefined. */
export function quantityNamed(name: string): Quantity | undefined {
  if (!name.startsWith(OTHER)) return QUANTITIES.find((quantity) => quantity.name === name);
  const series = name.slice(OTHER.length);
  return { name, title: series, yLabel: series, lines: () => [{ series, kind: "main" }] };
}

/** The charts that would show something for these runs: known quantities, then every series none of them draws. */
export function availableCharts(runs: readonly RunEntry[]): {
  readonly known: string[];
  readonly other: string[];
} {
  const drawn = new Set<string>();
  const known = QUANTITIES.filter((quantity) => {
    const series = runs.flatMap((run) => recordedLines(quantity, run).map((line) => line.series));
    for (const name of series) drawn.add(name);
    return series.length > 0;
  });
  const recorded = new Set(runs.flatMap((run) => Object.keys(run.series ?? {})));
  return {
    known: known.map(({ name }) => name),
    other: [...recorded].filter((name) => !drawn.has(name)).map((name) => `${OTHER}${name}`),
  };
}

/** The lines of a chart that a run has recorded. */
export function recordedLines(quantity: Quantity, run: RunEntry): readonly QuantityLine[] {
  return run.series === null ? [] : quantity.lines(run).filter(({ series }) => has(run, series));
}
