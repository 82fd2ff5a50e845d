// From settings and dropped files to the things that compute, as the command line assembles them from disk.
import { NetworkObjective } from "../curvature/index.ts";
import { buildDataset, type Dataset, memoryFiles } from "../data/index.ts";
import type { ExperimentConfig } from "../lab/index.ts";
import { InputError, type Vector } from "../math/index.ts";
import { buildNetwork, initialParameters, type Network } from "../nets/index.ts";
import type { Backend } from "../runtime/index.ts";
import type { DroppedFile } from "./protocol.ts";

/** Everything one run computes with. Dispose of `objective` when no run uses it any more. */
export interface Problem {
  readonly config: ExperimentConfig;
  readonly dataset: Dataset;
  readonly network: Network;
  readonly objective: NetworkObjective;
  readonly theta0: Vector;
}

/**
 * Builds a run's problem.
 *
 * @throws InputError for settings that need more than the page has (files that were not dropped)
 */
export async function assembleProblem(
  config: ExperimentConfig,
  files: readonly DroppedFile[],
  backend: Backend,
): Promise<Problem> {
  const contents = Object.fromEntries(files.map(({ name, bytes }) => [name, bytes]));
  const needsFiles = ["cifar10", "mnist", "fashion-mnist", "arrays"].includes(config.data.name);
  if (needsFiles && files.length === 0) {
    throw new InputError("a page reads no files of its own", {
      field: "data.name",
      received: config.data.name,
      hint: "Drop the data files on the page first",
    });
  }
  const { precision } = config;
  const dataset = await buildDataset(
    { ...config.data, dtype: config.data.dtype ?? precision },
    memoryFiles(contents),
  );
  const network = buildNetwork(config.net, dataset.inputShape, dataset.outputs);
  if (typeof network.config.init !== "string") {
    throw new InputError("the page starts networks from a scheme only", {
      field: "net.init",
      received: network.config.init.file,
      hint: "Use the command line to start from a file",
    });
  }
  const objective = new NetworkObjective({
    network,
    loss: config.loss,
    train: dataset.train,
    test: dataset.test,
    classes: dataset.classes,
    dtype: precision,
    backend,
    memoryBudget: config.memory * 2 ** 20,
  });
  return { config, dataset, network, objective, theta0: initialParameters(network, config.seed, precision) };
}
