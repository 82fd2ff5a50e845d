// From runs to the series of each chart, in steps or in effective time.
import type { ChartMark, ChartReference, ChartSeries } from "../kit/chart/types.ts";
import { styleOf } from "../../figures/palette.ts";
import type { SpectrumResult } from "../../web/protocol.ts";
import type { Curve } from "./columns.ts";
import type { RunData } from "./run-data.ts";

/** Where a step lies on the horizontal axis. */
export type Axis = "step" | "time";

type Look = Pick<ChartSeries, "label" | "quantity"> &
  Partial<Pick<ChartSeries, "kind" | "dash" | "diverged" | "band">>;

/** Places of steps on the axis. A fork's time goes on from its parent's: η may change there, time does not jump. */
export function placesOf(
  run: RunData,
  steps: Float64Array,
  axis: Axis,
  runs: readonly RunData[],
): Float64Array {
  if (axis === "step") return steps;
  const { lr } = run.values;
  const from = run.opened?.forkedFrom ?? null;
  const parent = from === null ? undefined : runs.find(({ id }) => id === from.run);
  const start = from === null ? 0 : from.step;
  const before =
    from === null
      ? 0
      : parent === undefined
        ? start * lr
        : placesOf(parent, Float64Array.of(start), axis, runs)[0]!;
  return steps.map((step) => before + (step - start) * lr);
}

/** What draws every chart: the runs, the axis, and how. */
export interface Scene {
  readonly runs: readonly RunData[];
  readonly axis: Axis;
}

function seriesOf(scene: Scene, run: RunData, curve: Curve | undefined, look: Look): readonly ChartSeries[] {
  if (curve === undefined || curve.steps.length === 0) return [];
  const steps = curve.steps.view;
  const { colour, dash } = styleOf(run.index);
  const xs = placesOf(run, steps, scene.axis, scene.runs);
  return [{ owner: String(run.id), colour, dash, ...look, xs, ys: curve.values.view, steps }];
}

/** The loss: of each step's batch faintly where steps use batches, and of all examples. */
export function lossSeries(scene: Scene): readonly ChartSeries[] {
  return scene.runs.flatMap((run) => {
    const diverged = run.status === "diverged";
    if (run.values.rule === "gd") {
      return seriesOf(scene, run, run.stepLoss, {
        label: run.label,
        quantity: "loss",
        kind: "dense",
        diverged,
      });
    }
    return [
      ...seriesOf(scene, run, run.stepLoss, {
        label: `${run.label}, batches`,
        quantity: "batch loss",
        kind: "faint",
      }),
      ...seriesOf(scene, run, run.curve("loss"), { label: run.label, quantity: "loss", diverged }),
    ];
  });
}

/** The leading eigenvalues: the sharpness, the others thin. */
export function sharpnessSeries(scene: Scene): readonly ChartSeries[] {
  return scene.runs.flatMap((run) => {
    const found: ChartSeries[] = [];
    for (let k = run.values.k; k >= 2; k--) {
      const look: Look = { label: "", quantity: `eigenvalue ${k}`, kind: "thin" };
      found.push(...seriesOf(scene, run, run.curve(`eigenvalue ${k}`), look));
    }
    const diverged = run.status === "diverged";
    found.push(
      ...seriesOf(scene, run, run.curve("sharpness"), { label: run.label, quantity: "sharpness", diverged }),
    );
    return found;
  });
}

/** Batch sharpness with its standard error as a band, the sharpness faintly behind. */
export function batchSharpnessSeries(scene: Scene): readonly ChartSeries[] {
  return scene.runs.flatMap((run) => {
    const curve = run.curve("batchSharpness");
    if (curve === undefined) return [];
    const errors = run.curve("batchSharpnessError")?.values.view ?? new Float64Array(curve.values.length);
    const { view } = curve.values;
    const low = view.map((value, i) => value - errors[i]!);
    const high = view.map((value, i) => value + errors[i]!);
    const behind: Look = { label: `${run.label}, sharpness`, quantity: "sharpness", kind: "faint" };
    const look: Look = { label: run.label, quantity: "batch sharpness", band: { low, high } };
    return [...seriesOf(scene, run, run.curve("sharpness"), behind), ...seriesOf(scene, run, curve, look)];
  });
}

/** One curve of every run that has it. */
export function plainSeries(scene: Scene, name: string, quantity: string): readonly ChartSeries[] {
  return scene.runs.flatMap((run) => seriesOf(scene, run, run.curve(name), { label: run.label, quantity }));
}

/** The path of (x, y): the offset along u from where the gradient vanishes, and the sharpness above 2/η. */
export function phaseSeries(scene: Scene): readonly ChartSeries[] {
  return scene.runs.flatMap((run) => {
    const [x, sharpness] = [run.curve("x"), run.curve("sharpness")];
    if (x === undefined || sharpness === undefined || run.threshold === null) return [];
    const { threshold } = run;
    const length = Math.min(x.values.length, sharpness.values.length);
    const xs = x.values.view.subarray(0, length).map(Math.abs);
    const ys = sharpness.values.view.subarray(0, length).map((value) => value - threshold);
    const { colour } = styleOf(run.index);
    return [
      {
        owner: String(run.id),
        label: run.label,
        colour,
        xs,
        ys,
        steps: x.steps.view.subarray(0, length),
        kind: "path" as const,
      },
    ];
  });
}

/** Eigenvalues against their rank. Quadrature nodes stand where their weights put them. */
export function spectrumSeries(
  { run, eigenvalues, weights, exact }: SpectrumResult,
  parameters: number,
  index: number,
): readonly ChartSeries[] {
  const xs = new Float64Array(eigenvalues.length);
  let below = 0;
  for (let i = 0; i < xs.length; i++) {
    // The middle of the stretch of ranks a node stands for; at least the first.
    xs[i] = exact ? i + 1 : Math.max(1, (below + weights[i]! / 2) * parameters);
    below += weights[i]!;
  }
  const { colour } = styleOf(index);
  return [
    {
      owner: String(run),
      label: `run ${run}`,
      quantity: "eigenvalue",
      colour,
      xs,
      ys: eigenvalues,
      kind: "points",
    },
  ];
}

/** 2/η of every run, each value once. */
export function thresholdReferences(runs: readonly RunData[]): readonly ChartReference[] {
  const found = new Map<number, ChartReference>();
  for (const run of runs) {
    const value = run.threshold;
    if (value === null || found.has(value)) continue;
    const several = new Set(runs.map(({ threshold }) => threshold)).size > 1;
    const label = several ? `2/η, η = ${run.values.lr}` : "2/η";
    found.set(value, { label, value, ...(several ? { colour: styleOf(run.index).colour } : {}) });
  }
  return [...found.values()];
}

/** First crossings of 2/η, and where forks began. */
export function marksOf(scene: Scene): readonly ChartMark[] {
  return scene.runs.flatMap((run) => {
    const { colour } = styleOf(run.index);
    const at = (step: number): number => placesOf(run, Float64Array.of(step), scene.axis, scene.runs)[0]!;
    const onsets = run.marks.filter(({ kind }) => kind === "onset");
    const from = run.opened?.forkedFrom ?? null;
    return [
      ...onsets.map(({ step }): ChartMark => ({
        x: at(step),
        kind: "onset",
        label: "tick: first crossing of 2/η",
        colour,
      })),
      ...(from === null
        ? []
        : [{ x: at(from.step), kind: "change" as const, label: "dotted: fork", colour }]),
    ];
  });
}
