// `brink measure`: loss, gradient, curvature and noise of one set of parameters, once.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { ExperimentConfig, MeasureSpec } from "../../lab/index.ts";
import { norm, type Vector, zeros } from "../../math/index.ts";
import type { Problem } from "../assemble.ts";
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
import { type Measurement, measurementTable } from "./measure-table.ts";

interface Options extends CommonOptions, ConfigOptions {
  readonly config: string;
  readonly params?: string;
  readonly k?: number;
  readonly tol?: number;
  readonly out?: string;
  readonly all?: boolean;
  readonly landscape?: boolean;
  /** Batch sizes; true for those of the configuration. */
  readonly noise?: readonly number[] | true;
  readonly batchSharpness?: readonly number[] | true;
  readonly batches?: number;
  readonly interaction?: boolean;
  readonly trace?: boolean;
}

/** Vectors of a measurement, for `--out`. */
interface Vectors {
  readonly gradient: Vector;
  readonly eigenvectors: readonly Vector[];
  readonly sharpnessGradient: Vector | null;
}

/** Registers the command. */
export function addMeasureCommand(program: Command, host: Host): void {
  const command = withConfigOptions(
    program
      .command("measure")
      .description("measure loss, sharpness, landscape, noise and batch curvature of given parameters, once")
      .requiredOption("--config <file>", "experiment file: data, network, loss, precision")
      .option("--params <file>", "parameters (.safetensors, .npz or a checkpoint; default: the initial ones)")
      .option("-k, --k <n>", "number of largest eigenvalues", integerFrom(1))
      .option("--tol <x>", "stop when every residual is at most x·|λ|", positiveNumber)
      .option("--landscape", "∇S and what follows from it: α, β, κ, δ, ε, λ₂")
      .option(
        "--noise [b,…]",
        "gradient noise along the top eigenvector, exact, for batches of b",
        batchSizes,
      )
      .option("--batch-sharpness [b,…]", "curvature along the gradients of batches of b", batchSizes)
      .option("--batches <n>", "average over n batches (default: until the error is 0.5 %)", integerFrom(2))
      .option("--interaction", "gradient–noise interaction and interaction-aware sharpness")
      .option("--trace", "trace of the Hessian")
      .option("--all", "all of these (as is what the file's measure section asks for)")
      .option("--out <dir>", "write gradient, eigenvectors and ∇S there (safetensors)"),
  ).action(async (_options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, async (output) => {
      output.note(`measuring ${options.params ?? "the initial parameters"} under ${options.config}`);
      const { loadExperiment, singleRun } = await import("../experiment-file.ts");
      const { assemble, loadData, startingPoint } = await import("../assemble.ts");
      const { config: written } = loadExperiment(host.io, options.config, options);
      const config = asked(singleRun(written, options.config, "a measurement"), options);
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
        for (const { message } of measurement.assumptions ?? []) {
          if (message !== undefined) output.warn(message);
        }
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
    ["brink measure --config E.yaml --all --out vectors", "everything, and the vectors"],
    [
      "brink measure --config E.yaml --landscape --noise 50,100,500 --batch-sharpness 50",
      "chosen quantities",
    ],
  ]);
}

/** Batch sizes as the command line takes them: `50,100`. */
function batchSizes(text: string): readonly number[] {
  return text.split(",").map((part) => {
    const size = Number(part);
    if (part.trim() === "" || !Number.isSafeInteger(size) || size < 1) {
      throw new InvalidArgumentError("Expected batch sizes such as 50 or 50,100.");
    }
    return size;
  });
}

/** A single value is worth more than one point of a curve: tighter, and exact where that is affordable. */
const onceDefaults = {
  noise: { batches: "optimizer", sampled: 50 },
  batchSharpness: { batch: "optimizer", batches: 1000, tolerance: 0.005, sampling: "optimizer" },
  trace: { probes: 1000, tolerance: 0.01 },
} as const;

/** The configuration with what the flags ask for added to its measure section. */
function asked(config: ExperimentConfig, options: Options): ExperimentConfig {
  const { measure } = config;
  const { all = false, noise, batchSharpness, batches } = options;
  const section = <T extends object>(
    written: T | false,
    wanted: boolean,
    defaults: T,
    change: Partial<T>,
  ): T | false => {
    const base = written === false && (wanted || all) ? defaults : written;
    return base === false ? false : { ...base, ...change };
  };
  const changed: MeasureSpec = {
    ...measure,
    landscape: measure.landscape || all || options.landscape === true,
    interaction: measure.interaction || all || options.interaction === true,
    noise: section(
      measure.noise,
      noise !== undefined,
      onceDefaults.noise,
      Array.isArray(noise) ? { batches: noise } : {},
    ),
    // The interaction is averaged over the same batches, so it takes the section along.
    batchSharpness: section(
      measure.batchSharpness,
      batchSharpness !== undefined || batches !== undefined || options.interaction === true,
      onceDefaults.batchSharpness,
      {
        ...(Array.isArray(batchSharpness) ? { batch: batchSharpness } : {}),
        ...(batches === undefined ? {} : { batches, tolerance: 0 }),
      },
    ),
    trace: section(measure.trace, options.trace === true, onceDefaults.trace, {}),
  };
  return { ...config, measure: changed };
}

/** Near the limit of the precision. Everything built on u is of first order in its error, S only of second. */
const tolerances = {
  float32: { sharpness: 1e-5, eigenvector: 1e-5 },
  float64: { sharpness: 1e-8, eigenvector: 1e-11 },
} as const;
const leastMaxProducts = 1000;

/** Measures at θ. Costs one gradient, one or two evaluations, the Lanczos products, and what else is asked for. */
async function measure(
  problem: Problem,
  theta: Vector,
  options: { readonly k?: number; readonly tol?: number },
): Promise<{ readonly measurement: Measurement; readonly vectors: Vectors }> {
  const { lanczosSharpness, PointProbe } = await import("../../lab/index.ts");
  const { objective, dataset, config } = problem;
  const probe = new PointProbe(config, objective);
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
  const none = { gradient, eigenvectors: [], sharpnessGradient: null };
  if (!Number.isFinite(loss)) return { measurement, vectors: none };
  const { sharpness } = config.measure;
  const { landscape, noise } = probe.plan;
  const tolerance = tolerances[config.precision];
  const hessian = await objective.hessian(theta);
  const eigen = await lanczosSharpness(objective, theta, null, {
    k: Math.max(options.k ?? (sharpness === false ? 1 : sharpness.k), probe.eigenpairs),
    tol: options.tol ?? (landscape || noise !== null ? tolerance.eigenvector : tolerance.sharpness),
    maxProducts: Math.max(leastMaxProducts, sharpness === false ? 0 : sharpness.maxProducts),
    seed: config.seed,
    hessian,
  });
  const { eigenvalues, eigenvectors, residuals, hvps, converged } = eigen;
  const more = await probe.measure({ step: 0, point: "iterate", theta, gradient, hessian, eigen });
  const { sharpnessGradient } = probe;
  return {
    measurement: {
      ...measurement,
      sharpness: eigenvalues[0]!,
      eigenvalues,
      residuals,
      hvps,
      converged,
      ...more,
    },
    vectors: { gradient, eigenvectors, sharpnessGradient },
  };
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
  if (vectors.sharpnessGradient !== null) write("sharpness-gradient", vectors.sharpnessGradient);
  vectors.eigenvectors.forEach((vector, i) => write(`eigenvector-${i + 1}`, vector));
}
