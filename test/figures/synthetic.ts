// Deterministic run records shaped like the real thing: GD at the edge, SGD below it, seeds, a divergence.
import { randomStream } from "../../src/math/index.ts";
import type { MarkEvent, MeasurementEvent, RunRecord, StepEvent } from "../../src/record/index.ts";

export interface SyntheticOptions {
  readonly id: string;
  readonly lr?: number;
  /** Batch size, or "full" for gradient descent. */
  readonly batch?: number | "full";
  readonly seed?: number;
  readonly steps?: number;
  readonly every?: number;
  /** Step at which the loss becomes infinite. */
  readonly divergesAt?: number;
  readonly eigenvalues?: number;
  readonly midpoints?: boolean;
  readonly accuracy?: boolean;
  /** Extra configuration fields. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/**
 * A run whose sharpness sharpens progressively towards a plateau (2/η for GD, lower for smaller batches) and
 * whose loss decays with period-two oscillations once there.
 */
export function syntheticRun(options: SyntheticOptions): RunRecord {
  const { id, lr = 0.01, batch = "full", seed = 0, steps = 1000, every = 20, eigenvalues = 1 } = options;
  const noise = randomStream(seed, `synthetic/${lr}/${batch}`);
  const threshold = 2 / lr;
  const plateau = batch === "full" ? threshold * 1.01 : threshold * (1 - 1.6 / Math.sqrt(batch + 60));
  const end = options.divergesAt ?? steps;
  const sharpnessAt = (step: number): number => {
    const grown = threshold * (0.3 + 1.1 * (1 - Math.exp(-step / (0.55 * 1000))));
    return Math.min(grown, plateau);
  };
  const stepEvents: StepEvent[] = [];
  const measurements: MeasurementEvent[] = [];
  const marks: MarkEvent[] = [];
  let atEdge = false;
  const lossAt = (step: number): number => {
    const smooth = 0.9 * Math.exp(-step / 260) + 0.02 * Math.exp(-step / 2500);
    if (options.divergesAt === undefined) return smooth;
    return smooth + 1e-3 * 10 ** ((step - 0.75 * end) / (0.012 * end));
  };
  for (let step = 1; step <= end; step++) {
    const edge = sharpnessAt(step) >= plateau;
    const wobble = edge ? 1 + 0.25 * (step % 2 === 0 ? 1 : -1) * (1 + 0.4 * noise.normal()) : 1;
    const scatter = batch === "full" ? 1 : Math.exp((noise.normal() * 2.2) / Math.sqrt(batch));
    const diverged = options.divergesAt !== undefined && step === end;
    stepEvents.push({ type: "step", step, loss: diverged ? null : lossAt(step) * wobble * scatter });
    if (edge && !atEdge && batch === "full" && options.divergesAt === undefined) {
      atEdge = true;
      marks.push({ type: "mark", step, kind: "onset", message: "sharpness first reached 2/η" });
    }
    if (diverged) marks.push({ type: "mark", step, kind: "diverged", message: "loss is not finite" });
    if (step % every !== 0 || diverged) continue;
    const jitter = edge ? threshold * 0.018 * noise.normal() : threshold * 0.004 * noise.normal();
    const blowUp = options.divergesAt === undefined ? 1 : 1 + 10 ** ((step - 0.8 * end) / (0.05 * end));
    const sharpness = (sharpnessAt(step) + jitter) * blowUp;
    const accuracy = 0.1 + 0.85 * (1 - Math.exp(-step / 300)) + 0.004 * noise.normal();
    measurements.push({
      type: "measurement",
      step,
      point: "iterate",
      loss: lossAt(step) * (edge ? 1 + 0.1 * noise.normal() ** 2 : 1),
      ...(options.accuracy ? { accuracy, testAccuracy: 0.1 + 0.6 * (accuracy - 0.1) } : {}),
      sharpness,
      eigenvalues: Array.from({ length: eigenvalues }, (_, k) => sharpness * 0.72 ** k),
      hvps: 12,
      converged: true,
    });
    if (options.midpoints && edge) {
      measurements.push({
        type: "measurement",
        step,
        point: "midpoint",
        sharpness: sharpnessAt(step) * 0.975 + jitter * 0.25,
      });
    }
  }
  const last = measurements.at(-1);
  const tail = measurements.filter((m) => m.point === "iterate").slice(-10);
  const values = tail.map((m) => m.sharpness!);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const sd = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1));
  const diverged = options.divergesAt !== undefined;
  return {
    id,
    config: {
      name: "synthetic",
      data: { name: "synthetic-images", n: 500 },
      net: { name: "mlp", widths: [32, 32], activation: "tanh" },
      loss: "mse",
      optimizer: batch === "full" ? { name: "gd", lr } : { name: "sgd", lr, batch, sampling: "shuffle" },
      steps,
      seed,
      ...options.config,
    },
    summary: {
      version: 1,
      status: diverged ? "diverged" : "finished",
      step: end,
      steps,
      loss: diverged ? null : (last?.loss ?? null),
      sharpness: last?.sharpness ?? null,
      threshold,
      equilibriumSharpness: diverged || values.length === 0 ? null : mean,
      equilibriumSd: diverged || values.length < 2 ? null : sd,
      equilibriumRecords: values.length,
      ...(options.accuracy ? { accuracy: 0.93, testAccuracy: 0.58 } : {}),
      seconds: 12.5,
    },
    steps: stepEvents,
    measurements,
    marks,
  };
}

/** GD and SGD at three batch sizes: the headline experiment in miniature. */
export function headlineRuns(extra: Partial<SyntheticOptions> = {}): RunRecord[] {
  return [
    syntheticRun({ id: "gd", ...extra }),
    syntheticRun({ id: "sgd-200", batch: 200, ...extra }),
    syntheticRun({ id: "sgd-50", batch: 50, ...extra }),
    syntheticRun({ id: "sgd-10", batch: 10, ...extra }),
  ];
}
