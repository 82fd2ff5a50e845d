// What `brink orbits` searches: a built-in landscape, a checkpoint of a run, or any parameters of an experiment.
import type { SmoothObjective } from "../../curvature/index.ts";
import { InputError, type Vector } from "../../math/index.ts";
import type { Network } from "../../nets/index.ts";
import type { ConfigOptions } from "../host.ts";
import type { Output } from "../output.ts";

export interface SourceOptions extends ConfigOptions {
  readonly landscape?: string;
  readonly start?: readonly number[];
  readonly config?: string;
  readonly params?: string;
  readonly step?: number;
  readonly lr?: number;
  readonly runsDir: string;
}

/** A point to search from. Dispose of it when done. */
export interface OrbitSource {
  /** For people: `landscape product`, `RUN, step 900`. */
  readonly name: string;
  readonly objective: SmoothObjective;
  readonly start: Vector;
  readonly lr: number;
  /** Whether the start came out of training: then consecutive iterates are a guess worth trying. */
  readonly trained: boolean;
  dispose(): Promise<void>;
}

/**
 * Opens the one source that is named.
 *
 * @throws InputError when none or several are, or the one named cannot be read
 */
export async function openSource(
  output: Output,
  run: string | undefined,
  options: SourceOptions,
): Promise<OrbitSource> {
  const named = [run, options.landscape, options.config].filter((one) => one !== undefined);
  if (named.length !== 1) {
    throw new InputError("name one thing to search", {
      received: named.length === 0 ? "nothing" : named.join(", "),
      allowed: ["a run", "--landscape NAME", "--config FILE"],
    });
  }
  return options.landscape === undefined
    ? networkSource(output, run, options)
    : landscapeSource(options.landscape, options);
}

async function landscapeSource(name: string, { start, lr }: SourceOptions): Promise<OrbitSource> {
  const { builtinLandscape } = await import("../../theory/index.ts");
  const landscape = builtinLandscape(name);
  const { objective, minimum } = landscape;
  if (start !== undefined && start.length !== objective.size) {
    throw new InputError("the start does not fit the landscape", {
      field: "--start",
      received: `${start.length} numbers`,
      allowed: String(objective.size),
    });
  }
  return {
    name: `landscape ${name}: ${landscape.about}`,
    objective,
    start: start === undefined ? minimum : Float64Array.from(start),
    lr: lr ?? landscape.lr,
    trained: false,
    dispose: async () => {},
  };
}

async function networkSource(
  output: Output,
  run: string | undefined,
  options: SourceOptions,
): Promise<OrbitSource> {
  const { io } = output;
  const { assemble, loadData, startingPoint } = await import("../assemble.ts");
  const { loadExperiment, singleRun } = await import("../experiment-file.ts");
  const { runPoint } = await import("../run-point.ts");
  const point = run === undefined ? null : runPoint(io, options.runsDir, run, options.step);
  const file = point?.config ?? options.config!;
  const config = singleRun(loadExperiment(io, file, options).config, file, "a search");
  const params = options.params ?? point?.file;
  const name =
    point === null
      ? `${options.params ?? "the initial parameters"} under ${file}`
      : `${run!}, step ${point.step}`;
  const dataset = await loadData(config, io);
  const problem = await assemble(config, dataset);
  const { theta, notes } = await startingPoint(problem, io, params);
  for (const note of [...dataset.provenance.notes, ...notes]) output.note(note);
  if (hasKinks(problem.network)) {
    output.warn("the network has kinks (relu, max pooling): what follows is true of its smooth pieces only");
  }
  return {
    name,
    objective: problem.objective,
    start: theta,
    lr: options.lr ?? config.optimizer.lr,
    trained: true,
    dispose: () => problem.objective.dispose(),
  };
}

/** Whether the network's loss has kinks, so that its Hessian misses part of how the gradient changes. */
export function hasKinks({ config }: Network): boolean {
  const { activation, channels, pooling } = config;
  const name =
    activation === null ? "identity" : typeof activation === "string" ? activation : activation.name;
  return ["relu", "leaky-relu", "hardtanh"].includes(name) || (channels.length > 0 && pooling === "max");
}
