// The one entrance: a data section and a way to read files in, a prepared data set out.
import { readArrays } from "./arrays.ts";
import { chebyshevDataset } from "./chebyshev.ts";
import { knownCifarStatistics, readCifar10 } from "./cifar10.ts";
import type { DataConfig, PreparationSettings } from "./config.ts";
import type { Dataset } from "./dataset.ts";
import { gaussiansSource } from "./gaussians.ts";
import { memoryFiles } from "./memory-files.ts";
import { readMnist } from "./mnist.ts";
import { resolveDataConfig } from "./options.ts";
import { prepareDataset } from "./prepare.ts";
import type { DataFiles } from "./source.ts";
import { syntheticImagesSource } from "./synthetic-images.ts";

/** Largest arrays file: what one byte array of the oldest supported runtime can hold. */
const MAX_ARRAYS_BYTES = 2 ** 32 - 1;

/**
 * Builds a data set. The same options and files always give the same numbers.
 *
 * @param config the `data` section; missing options take their defaults
 * @param files the set's folder (for `arrays`: something that can read `config.file`); none for generated sets
 * @throws InputError on unknown or impossible options and on missing or damaged files
 */
export async function buildDataset(
  config: DataConfig | Readonly<Record<string, unknown>>,
  files: DataFiles = memoryFiles({}),
): Promise<Dataset> {
  const settings = resolveDataConfig(config);
  switch (settings.name) {
    case "chebyshev":
      return chebyshevDataset(settings);
    case "gaussians":
      return prepareDataset(gaussiansSource(settings), generated({ ...settings, standardize: "none" }));
    case "synthetic-images":
      return prepareDataset(syntheticImagesSource(settings), generated(settings));
    case "arrays": {
      const bytes = await files.read(settings.file, MAX_ARRAYS_BYTES);
      return prepareDataset(readArrays(bytes, settings.file), settings);
    }
    case "cifar10": {
      const source = await readCifar10(files, settings.testN !== 0);
      const known = settings.standardize === "none" ? null : await knownCifarStatistics(files, source);
      return prepareDataset(source, settings, known);
    }
    default:
      return prepareDataset(await readMnist(settings.name, files, settings.testN !== 0), settings);
  }
}

/** Generators make exactly the examples asked for: nothing is left to choose. */
function generated(
  settings: Pick<PreparationSettings, "standardize" | "targets" | "seed" | "dtype" | "testN">,
): PreparationSettings {
  const { standardize, targets, seed, dtype } = settings;
  const testN = settings.testN === 0 ? 0 : "all";
  return {
    n: "all",
    testN,
    subset: "first",
    seed,
    standardize,
    unitBall: false,
    targets,
    classes: null,
    dtype,
  };
}
