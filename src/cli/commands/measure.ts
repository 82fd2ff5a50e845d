// `brink measure`: loss, gradient and curvature of one set of parameters, once.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import type { ExperimentConfig } from "../../lab/index.ts";
import { InputError, norm, type Vector, zeros } from "../../math/index.ts";
import type { Problem } from "../assemble.ts";
import { formatNumber, formatTable } from "../format.ts";
import {
  type CommonOptions,
  type ConfigOptions,
  examplesFirst,
  type Host,
  integerFrom,
  positiveNumber,
  resolvePath,
  withConfigOptions,
} from "../host.ts";

interface Options extends CommonOptions, ConfigOptions {
  readonly config: string;
  readonly params?: string;
  readonly k?: number;
  readonly tol?: number;
  readonly out?: string;
}

/** One measurement; names as in events.jsonl. Null where the value is not finite. */
export interface Measurement {
  readonly n: number;
  readonly parameters: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly accuracy?: number;
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly sharpness?: number;
  /** Descending. */
  readonly eigenvalues?: readonly number[];
  /** ‖Hu − λu‖ of each. */
  readonly residuals?: readonly number[];
  readonly hvps?: number;
  readonly converged?: boolean;
}

/** Vectors of a measurement, for `--out`. */
interface Vectors {
  readonly gradient: Vector;
  readonly eigenvectors: readonly Vector[];
}

/** Registers the command. */
export function addMeasureCommand(program: Command, host: Host): void {
  const command = withConfigOptions(
    program
      .command("measure")
      .description("measure loss, gradient and sharpness of given parameters, once")
      .requiredOption("--config <file>", "experiment file: data, network, loss, precision")
      .option("--params <file>", "parameters (.safetensors, .npz or a checkpoint; default: the initial ones)")
      .option("-k, --k <n>", "number of largest eigenvalues", integerFrom(1))
      .option("--tol <x>", "stop when every residual is at most x·|λ|", positiveNumber)
      .option("--out <dir>", "write gradient and eigenvectors there (safetensors)"),
  ).action(async (_options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, async (output) => {
      output.note(`measuring ${options.params ?? "the initial parameters"} under ${options.config}`);
      const { loadExperiment } = await import("../experiment-file.ts");
      const { assemble, loadData, startingPoint } = await import("../assemble.ts");
      const config = singleRun(loadExperiment(host.io, options.config, options).config, options.config);
      const dataset = await loadData(config, host.io);
      const problem = await assemble(config, dataset);
      try {
        const { theta, notes } = await startingPoint(problem, host.io, options.params);
        for (const note of [...dataset.provenance.notes, ...notes]) output.note(note);
        const { measurement, vectors } = await measure(problem, theta, options);
        if (options.out !== undefined) {
          await writeVectors(resolvePath(host.io, options.out), problem, vectors);
          output.note(`vectors: ${options.out}`);
        }
        output.json(measurement);
        output.text(measurementTable(measurement));
        if (measurement.converged === false)
          output.warn("not every eigenvalue met the tolerance (see residuals)");
        return Number.isFinite(measurement.loss) ? 0 : 3;
      } finally {
        await problem.objective.dispose();
      }
    });
  });
  examplesFirst(command, [
    ["brink measure --config E.yaml --params P.safetensors --json", "one object on stdout"],
    [
      "brink measure --config runs/RUN/config.yaml --params runs/RUN/checkpoints/step-9000.safetensors -k 5",
      "of a run",
    ],
    ["brink measure --config E.yaml --out vectors", "also the gradient and eigenvectors"],
  ]);
}

function singleRun(config: ExperimentConfig, file: string): ExperimentConfig {
  const several = Object.keys(config.sweep).length > 0 ? "sweep" : config.runs.length > 0 ? "runs" : null;
  if (several === null) return config;
  throw new InputError("this file describes several runs; a measurement needs one", {
    file,
    field: several,
    hint: "Use the config.yaml in a run's folder",
  });
}

/** A single value is worth more products than one point of a curve: near the limit of the precision by default. */
const defaultTolerance = { float32: 1e-5, float64: 1e-8 } as const;
const leastMaxProducts = 1000;

/** Measures at θ. Costs one gradient, one or two evaluations, and the Lanczos products. */
async function measure(
  problem: Problem,
  theta: Vector,
  options: { readonly k?: number; readonly tol?: number },
): Promise<{ readonly measurement: Measurement; readonly vectors: Vectors }> {
  const { lanczosSharpness } = await import("../../lab/index.ts");
  const { objective, dataset, config } = problem;
  const gradient = zeros(objective.dtype, objective.size);
  const loss = await objective.lossAndGradient(theta, gradient);
  const train = await objective.evaluate(theta, "train");
  const test = dataset.test === null ? null : await objective.evaluate(theta, "test");
  const measurement: Measurement = {
    n: objective.n,
    parameters: objective.size,
    loss,
    gradNorm: norm(gradient),
    ...(train.accuracy === null ? {} : { accuracy: train.accuracy }),
    ...(test === null ? {} : { testLoss: test.loss }),
    ...(test === null || test.accuracy === null ? {} : { testAccuracy: test.accuracy }),
  };
  if (!Number.isFinite(loss)) return { measurement, vectors: { gradient, eigenvectors: [] } };
  const { sharpness } = config.measure;
  const { eigenvalues, eigenvectors, residuals, hvps, converged } = await lanczosSharpness(
    objective,
    theta,
    null,
    {
      k: options.k ?? (sharpness === false ? 1 : sharpness.k),
      tol: options.tol ?? defaultTolerance[config.precision],
      maxProducts: Math.max(leastMaxProducts, sharpness === false ? 0 : sharpness.maxProducts),
      seed: config.seed,
    },
  );
  return {
    measurement: { ...measurement, sharpness: eigenvalues[0]!, eigenvalues, residuals, hvps, converged },
    vectors: { gradient, eigenvectors },
  };
}

function measurementTable(measurement: Measurement): string {
  const rows = Object.entries(measurement).map(([name, value]: [string, unknown]) => {
    if (Array.isArray(value)) return [name, value.map((entry: number) => formatNumber(entry, 8)).join("  ")];
    const exact = typeof value !== "number" || Number.isInteger(value);
    return [name, exact ? String(value) : formatNumber(value, 8)];
  });
  return formatTable([{ title: "quantity" }, { title: "value" }], rows);
}

/** One file a vector, each with the parameters' own names and shapes, so that it loads where parameters do. */
async function writeVectors(folder: string, problem: Problem, vectors: Vectors): Promise<void> {
  const { serialiseSafetensors } = await import("../../record/index.ts");
  const { tensorsFromParameters } = await import("../../nets/index.ts");
  mkdirSync(folder, { recursive: true });
  const write = (name: string, vector: Vector): void => {
    const tensors = tensorsFromParameters(problem.network.layout, vector);
    writeFileSync(path.join(folder, `${name}.safetensors`), serialiseSafetensors({ tensors, metadata: {} }));
  };
  write("gradient", vectors.gradient);
  vectors.eigenvectors.forEach((vector, i) => write(`eigenvector-${i + 1}`, vector));
}
