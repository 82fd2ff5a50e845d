// From a configuration to the things that compute: data, network, objective, initial parameters, backend.
import path from "node:path";
import { NetworkObjective } from "../curvature/index.ts";
import type { Dataset } from "../data/index.ts";
import { type ExperimentConfig, STATE_PREFIX } from "../lab/index.ts";
import {
  buildNetwork,
  initialParameters,
  type LoadedParameters,
  type Network,
  parametersFromTensors,
} from "../nets/index.ts";
import { loadDataset, readLimited } from "../node/data-files.ts";
import { userPath } from "../node/paths.ts";
import { collectProvenance } from "../node/provenance.ts";
import { parseNpz, parseSafetensors, type Provenance } from "../record/index.ts";
import type { Backend } from "../runtime/index.ts";
import { openBackend, resolveThreads } from "./devices.ts";
import type { Io } from "./output.ts";

/** Everything one experiment computes with. Dispose of `objective` when done. */
export interface Problem {
  readonly config: ExperimentConfig;
  readonly dataset: Dataset;
  readonly network: Network;
  readonly objective: NetworkObjective;
  readonly backend: Backend;
}

/** Loads the data of a configuration, unless told otherwise in the precision they are computed in: no second copy. */
export async function loadData({ data, precision }: ExperimentConfig, io: Io): Promise<Dataset> {
  return loadDataset({ ...data, dtype: data.dtype ?? precision }, io);
}

/** Builds the network and opens the device; programs are compiled at their first use. */
export async function assemble(config: ExperimentConfig, dataset: Dataset): Promise<Problem> {
  const network = buildNetwork(config.net, dataset.inputShape, dataset.outputs);
  const backend = await openBackend(config.device, resolveThreads(config.threads));
  const objective = new NetworkObjective({
    network,
    loss: config.loss,
    train: dataset.train,
    test: dataset.test,
    classes: dataset.classes,
    dtype: config.precision,
    backend,
    memoryBudget: config.memory * 2 ** 20,
  });
  return { config, dataset, network, objective, backend };
}

/**
 * The θ a run starts from: drawn as configured, or read from `params`, or from the configured file.
 *
 * @throws InputError for a parameter file that is missing, damaged or does not fit
 */
export async function startingPoint(
  { config, network }: Problem,
  io: Io,
  params?: string,
): Promise<LoadedParameters> {
  const { init } = network.config;
  const file = params ?? (typeof init === "string" ? undefined : init.file);
  return file === undefined
    ? { theta: initialParameters(network, config.seed, config.precision), notes: [] }
    : loadParameters(io, file, network, config);
}

/** provenance.json of a session that starts now with the given arguments. */
export async function provenanceOf(problem: Problem, argv: readonly string[]): Promise<Provenance> {
  const { backend, config, dataset } = problem;
  return collectProvenance({
    command: ["brink", ...argv],
    device: backend.device,
    threads: backend.threads,
    seed: config.seed,
    data: dataset,
    now: new Date(),
  });
}

/** More than one typed array can hold. */
const largestParameterFile = 2 ** 33;

/** θ from a safetensors or npz file, or from a checkpoint of a run (whose other tensors are left out). */
async function loadParameters(
  io: Io,
  file: string,
  network: Network,
  config: ExperimentConfig,
): Promise<LoadedParameters> {
  const bytes = await readLimited(userPath(file, io), largestParameterFile);
  const parse = path.extname(file) === ".npz" ? parseNpz : parseSafetensors;
  const tensors = new Map([...parse(bytes, file).tensors].filter(([name]) => !name.startsWith(STATE_PREFIX)));
  return parametersFromTensors(network.layout, tensors, config.precision, file);
}
