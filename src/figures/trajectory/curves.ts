// Figures of a tracked run against steps: loss and sharpness as real, predicted and without oscillation; coupling errors.
import { drawChart } from "../chart.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import { COLOURS, DASHES } from "../palette.ts";
import type { Trace } from "../traces.ts";
import type { Line } from "../lines.ts";
import { curve, drawnForm, paired, roleCurve, stepLine, type TrajectoryRun } from "./points.ts";

/** L(θ_t) or S(θ_t) beside its prediction, the reference trajectory and the gradient flow. */
function comparison(run: TrajectoryRun, quantity: "loss" | "sharpness"): { traces: Trace[]; lines: Line[] } {
  const form = drawnForm(run);
  const real = roleCurve("real", "real");
  const reference = roleCurve("reference", "θ†");
  const everyStep = stepLine(real, quantity, "faint", run, (point) => point.real[quantity]);
  const lines = [
    everyStep,
    paired({ ...everyStep, kind: "main" }, (before, now) => (before + now) / 2),
    stepLine(reference, quantity, "main", run, (point) => point.reference[quantity]),
  ];
  const traces = [real, reference];
  if (form !== undefined) {
    const predicted = roleCurve("predicted", `predicted (${form})`);
    const line = stepLine(predicted, quantity, "main", run, (point) => point.predicted[form]?.[quantity]);
    lines.push(paired(line, (before, now) => (before + now) / 2));
    traces.splice(1, 0, predicted);
  }
  if (run.steps.some(({ flow }) => flow !== undefined)) {
    const flow = roleCurve("flow", "gradient flow");
    lines.push(stepLine(flow, quantity, "main", run, (point) => point.flow?.[quantity]));
    traces.push(flow);
  }
  return { traces, lines };
}

const PAIRED = "real and predicted: means of two consecutive steps, faintly: every step";

/** Training loss: L(θ) against L(θ†) + x̂²/η, L(θ†) and the gradient flow. */
export function trajectoryLossFigure(run: TrajectoryRun, options: FigureOptions): Figure {
  return drawChart(
    {
      name: "trajectory-loss",
      title: "Loss beside the reference trajectory",
      alt: "Training loss (logarithmic) against step: real, predicted, on the reference trajectory and on the gradient flow.",
      yLabel: "training loss",
      ...comparison(run, "loss"),
      log: true,
      notes: ["predicted: L(θ†) + x̂²/η", PAIRED],
    },
    options,
  );
}

/** Sharpness: S(θ) against 2/η + ŷ + κx̂, S(θ†) and the gradient flow. */
export function trajectorySharpnessFigure(run: TrajectoryRun, options: FigureOptions): Figure {
  return drawChart(
    {
      name: "trajectory-sharpness",
      title: "Sharpness beside the reference trajectory",
      alt: "Sharpness against step: real, predicted, on the reference trajectory and on the gradient flow, with the line 2/η.",
      yLabel: "sharpness",
      ...comparison(run, "sharpness"),
      references: [{ value: 2 / run.lr, label: "2/η" }],
      notes: ["predicted: 2/η + ŷ + κx̂", PAIRED],
    },
    options,
  );
}

const ERRORS = [
  ["deviation", "‖v − v̂‖/(εδ)"],
  ["loss", "loss · η/(εδ²)"],
  ["sharpness", "sharpness · η/ε²"],
  ["size", "‖v‖/δ"],
] as const;

/** The four quantities the coupling theorem bounds by constants, for the form drawn, in absolute value. */
export function couplingFigure(run: TrajectoryRun, options: FigureOptions): Figure {
  const form = drawnForm(run);
  const traces = ERRORS.map(([, label], i) => curve(label, { colour: COLOURS[i]!, dash: DASHES[i]! }));
  const lines = ERRORS.map(([name], i) => {
    const line = stepLine(traces[i]!, name, "main", run, (point) => {
      const error = form === undefined ? undefined : point.predicted[form]?.errors[name];
      return error === undefined ? undefined : Math.abs(error);
    });
    return paired(line, Math.max);
  });
  return drawChart(
    {
      name: "trajectory-coupling",
      title: "Coupling errors",
      alt: "Errors of the predicted dynamics against step, logarithmic, each in the unit in which the coupling theorem bounds it.",
      yLabel: `real − predicted${form === undefined ? "" : ` (${form})`}, in the theorem's units`,
      lines,
      traces,
      log: true,
      references: [{ value: 1, label: "one unit" }],
      notes: [
        "the theorem bounds each by a constant while εt is of order one",
        "the larger of two consecutive steps",
      ],
    },
    options,
  );
}
