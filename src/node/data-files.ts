// Finding a data set's files on this machine and building the set from them.
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  CIFAR10_STATS_FILE,
  CIFAR10_TEST_FILE,
  CIFAR10_TRAIN_FILES,
  type DataConfig,
  type DataFiles,
  type Dataset,
  type ImageSetSettings,
  MNIST_FILES,
  buildDataset,
  mnistFileNames,
  resolveDataConfig,
} from "../data/index.ts";
import { InputError } from "../math/index.ts";
import { DOWNLOAD_SOURCES, type DownloadName } from "./download-sources.ts";
import { type Surroundings, dataFolder, userPath } from "./paths.ts";

/** Bytes asked of the system at a time: single reads of more than 2 GiB fail on some systems. */
const READ_STEP = 2 ** 28;

/** Folders inside a data folder in which a set may lie, the data folder itself last. */
const FOLDERS: Readonly<Record<DownloadName, readonly string[]>> = {
  cifar10: ["cifar-10-batches-bin", "cifar10", "."],
  mnist: ["mnist", join("MNIST", "raw"), "."],
  "fashion-mnist": ["fashion-mnist", join("FashionMNIST", "raw"), "."],
};

/** What is there of one set, for `data info` and for errors. */
export interface FoundData {
  readonly name: DownloadName;
  /** Folder that holds the set; null when none of `places` does. */
  readonly folder: string | null;
  /** Names of the set's files found in `folder`. */
  readonly files: readonly string[];
  /** Names (without `.gz`) of the set's files that are not there. */
  readonly missing: readonly string[];
  /** Folders looked at, in order. */
  readonly places: readonly string[];
}

/** Groups of equivalent names, one group per file of the set; the first group must be present. */
function fileGroups(name: DownloadName): readonly (readonly string[])[] {
  return name === "cifar10"
    ? [...CIFAR10_TRAIN_FILES, CIFAR10_TEST_FILE].map((file) => [file])
    : Object.values(MNIST_FILES).map(mnistFileNames);
}

/** Looks for a set under the data folder that `dir`, BRINK_DATA or the cache gives. Reads no file. */
export async function findData(
  name: DownloadName,
  dir: string | null | undefined,
  surroundings: Surroundings,
): Promise<FoundData> {
  const base = dataFolder(dir, surroundings).path;
  const groups = fileGroups(name);
  const places = FOLDERS[name].map((folder) => join(base, folder));
  for (const folder of places) {
    const present = new Set(await namesIn(folder));
    const files = groups.flatMap((group) => group.filter((file) => present.has(file)));
    const training = name === "cifar10" ? CIFAR10_TRAIN_FILES : groups[0]!;
    if (!training.some((file) => present.has(file))) continue;
    const missing = groups
      .filter((group) => !group.some((file) => present.has(file)))
      .map((group) => group[0]!);
    return { name, folder, files, missing, places };
  }
  return { name, folder: null, files: [], missing: groups.map((group) => group[0]!), places };
}

/**
 * Loads a data set: options and where to look in, prepared arrays out.
 *
 * @throws InputError on bad options; when files are missing, with every place looked at, the official address
 *   and the command that fetches them; when files are damaged
 */
export async function loadDataset(
  config: DataConfig | Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<Dataset> {
  const settings = resolveDataConfig(config);
  switch (settings.name) {
    case "arrays":
      return buildDataset(settings, await arraysFile(settings.file, settings.dir, surroundings));
    case "cifar10":
    case "mnist":
    case "fashion-mnist":
      return buildDataset(settings, await imageFiles(settings, surroundings));
    default:
      return buildDataset(settings);
  }
}

async function imageFiles({ name, dir }: ImageSetSettings, surroundings: Surroundings): Promise<DataFiles> {
  const found = await findData(name, dir, surroundings);
  const { folder } = found;
  if (folder === null) {
    const source = DOWNLOAD_SOURCES[name];
    throw new InputError(`data set "${name}" not found; looked in ${found.places.join(", ")}`, {
      field: "data.name",
      hint:
        `Fetch it with: brink data fetch ${name}. Or take it from ${source.files.map(({ url }) => url).join(", ")} ` +
        `and put ${found.missing.join(", ")} into one of these folders (data.dir or BRINK_DATA chooses another).`,
    });
  }
  const paths = new Map(found.files.map((file) => [file, join(folder, file)]));
  if (name === "cifar10") {
    // Statistics beside the files win over those above them.
    for (const place of [dirname(folder), folder]) {
      if ((await namesIn(place)).includes(CIFAR10_STATS_FILE)) {
        paths.set(CIFAR10_STATS_FILE, join(place, CIFAR10_STATS_FILE));
      }
    }
  }
  return filesAt(paths);
}

async function arraysFile(file: string, dir: string | null, surroundings: Surroundings): Promise<DataFiles> {
  const places = [
    userPath(file, surroundings),
    userPath(file, { ...surroundings, cwd: dataFolder(dir, surroundings).path }),
  ];
  for (const path of places) {
    const info = await stat(path).catch(() => null);
    if (info?.isFile() === true) return filesAt(new Map([[file, path]]));
  }
  throw new InputError(`file not found; looked for ${[...new Set(places)].join(", ")}`, {
    field: "data.file",
    received: file,
  });
}

/** Files by name at known paths. */
function filesAt(paths: ReadonlyMap<string, string>): DataFiles {
  return {
    list: () => [...paths.keys()],
    read: async (name, maxBytes) => {
      const path = paths.get(name);
      if (path === undefined) throw new InputError("file not found", { file: name });
      return readLimited(path, maxBytes);
    },
  };
}

/**
 * All bytes of a file, refused before reading when it is longer than `maxBytes`.
 *
 * @throws InputError when it is missing, unreadable, no file, or too long
 */
export async function readLimited(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const info = await handle.stat();
    if (!info.isFile()) throw new InputError("not a file", { file: path });
    if (info.size > maxBytes) {
      throw new InputError("file is longer than it can be: oversized or wrong file", {
        file: path,
        received: `${info.size} bytes`,
        allowed: `at most ${maxBytes}`,
      });
    }
    const bytes = new Uint8Array(info.size);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(
        bytes,
        length,
        Math.min(READ_STEP, bytes.length - length),
        length,
      );
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`cannot be read: ${(error as Error).message}`, { file: path });
  } finally {
    await handle?.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
