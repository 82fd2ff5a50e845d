// Records of runs at the edge with everything known in advance, for tests of the gap's analysis and figures.
import { noiseTable } from "../src/curvature/index.ts";
import type { MeasurementEvent, RunRecord } from "../src/record/index.ts";

export interface MadeRun {
  readonly batch: number | "full";
  readonly seed?: number;
  readonly lr?: number;
  readonly n?: number;
  readonly sampling?: "shuffle" | "without" | "with";
  /** Sharpness of record k (of 40, a step apart of 10). */
  readonly sharpness: (k: number) => number | null;
  /** Full loss at record k; default: none measured. */
  readonly loss?: (k: number) => number;
  readonly status?: "finished" | "running" | "diverged";
  /** Coefficients of every fifth record, at iterate and midpoint. */
  readonly probe?: { readonly alpha: number; readonly beta: number; readonly single: number };
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A record of 40 sharpnesses, every 10 steps. */
export function madeRun(made: MadeRun): RunRecord {
  const { batch, seed = 0, lr = 0.01, n = 5000, sampling = "shuffle", status = "finished", probe } = made;
  const id = `made-${batch === "full" ? "gd" : `b${batch}`}-lr${lr}-s${seed}`;
  const measurements: MeasurementEvent[] = [];
  for (let k = 0; k < 40; k++) {
    const step = 10 * k;
    const base = {
      type: "measurement",
      step,
      point: "iterate",
      sharpness: made.sharpness(k),
      ...(made.loss === undefined ? {} : { loss: made.loss(k) }),
    } as const;
    measurements.push({ ...base, ...(k % 5 === 4 && probe ? probed(probe, batch, n, sampling) : {}) });
    // Neither of these may enter an equilibrium sharpness.
    measurements.push({
      type: "measurement",
      step: step + 5,
      point: "iterate",
      sharpness: 1e6,
      rayleigh: true,
    });
    if (k % 5 !== 4) continue;
    measurements.push({
      type: "measurement",
      step,
      point: "midpoint",
      sharpness: -1e6,
      ...(probe ? probed({ ...probe, alpha: Math.abs(probe.alpha) }, batch, n, sampling) : {}),
    });
  }
  return {
    id,
    config: {
      name: id,
      data: { name: "cifar10", n },
      net: { name: "mlp", widths: [200, 200] },
      optimizer: batch === "full" ? { name: "gd", lr } : { name: "sgd", lr, batch, sampling },
      steps: 400,
      seed,
      measure: { every: 10 },
      ...made.config,
    },
    summary: {
      version: 1,
      status,
      step: status === "finished" ? 400 : 123,
      steps: 400,
      loss: 0.1,
      sharpness: 200,
      threshold: 2 / lr,
      equilibriumSharpness: 200,
      equilibriumSd: 1,
      equilibriumRecords: 20,
      seconds: 1,
    },
    steps: [],
    measurements,
    marks: [],
  };
}

function probed(
  { alpha, beta, single }: NonNullable<MadeRun["probe"]>,
  batch: number | "full",
  n: number,
  sampling: "shuffle" | "without" | "with",
): Partial<MeasurementEvent> {
  const sizes = [1, 50, 100, 200, 500, 1000, 2500];
  const table = noiseTable(single, n, sizes);
  return {
    alpha,
    alphaPerp: alpha,
    beta,
    kappa: 0,
    lambda2: 150,
    noiseVariance: table,
    // A published estimate samples single batches, whose law is that of subsets.
    noiseVarianceSampled: Object.fromEntries(
      sizes.map((size) => [
        size,
        { variance: table.without[String(size)]!, stderr: 0, batches: 50, sampling },
      ]),
    ),
    ...(batch === "full"
      ? {}
      : {
          batchSharpness: {
            [batch]: {
              mean: 180,
              stderr: 1,
              batches: 30,
              certified: true,
              sampling,
              ratioOfMeans: { mean: 170, stderr: 1, batches: 30, certified: true },
            },
          },
        }),
  };
}

/** A level with a small alternation of known mean zero over any twenty records. */
export function level(value: number): (k: number) => number {
  return (k) => value + (k % 2 === 0 ? 0.5 : -0.5);
}
