// CIFAR-10, binary version: records of one label byte and 3072 pixel bytes (R, G, B planes, row-major).
import { InputError } from "../math/index.ts";
import { parseSafetensors } from "../record/index.ts";
import type { KnownStatistics } from "./prepare.ts";
import { type DataFiles, type DataSource, type ExampleSource, grouped } from "./source.ts";

/** The five training files in official order. */
export const CIFAR10_TRAIN_FILES: readonly string[] = [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`);
export const CIFAR10_TEST_FILE = "test_batch.bin";
/** Per-pixel mean and deviation of x/255 over the 50,000 training images. */
export const CIFAR10_STATS_FILE = "cifar10-pixel-stats.safetensors";

const PIXELS = 3072;
const RECORD = 1 + PIXELS;
/** Images in an official file. */
const BATCH = 10_000;
const STATS_MAX_BYTES = 1_000_000;

/**
 * Checks one file of records and returns how many there are.
 *
 * @throws InputError when it is empty, cut inside a record, longer than an official file, or has a label over 9
 */
export function checkCifarRecords(bytes: Uint8Array, fileName: string): number {
  const count = bytes.length / RECORD;
  if (count === 0 || !Number.isInteger(count)) {
    throw new InputError("not a whole number of CIFAR-10 records: truncated or wrong file", {
      file: fileName,
      received: `${bytes.length} bytes`,
      allowed: `a multiple of ${RECORD} (${BATCH * RECORD} when complete)`,
      hint: "Fetch it again with: brink data fetch cifar10",
    });
  }
  if (count > BATCH) {
    throw new InputError("longer than a CIFAR-10 file: oversized", {
      file: fileName,
      received: `${bytes.length} bytes`,
      allowed: `at most ${BATCH * RECORD}`,
    });
  }
  for (let i = 0; i < count; i++) {
    if (bytes[i * RECORD]! > 9) {
      throw new InputError(`label of record ${i} is out of range: not a CIFAR-10 file`, {
        file: fileName,
        received: String(bytes[i * RECORD]),
        allowed: "0 to 9",
      });
    }
  }
  return count;
}

/**
 * Reads whichever of the six files are there. Training images keep the official order.
 *
 * @throws InputError when there is no training file, or one is damaged
 */
export async function readCifar10(files: DataFiles, wantTest: boolean): Promise<DataSource> {
  const present = new Set(files.list());
  const trainFiles = CIFAR10_TRAIN_FILES.filter((name) => present.has(name));
  if (trainFiles.length === 0) {
    throw new InputError("no CIFAR-10 training file found", {
      field: "data.dir",
      allowed: CIFAR10_TRAIN_FILES,
      hint: "Fetch them with: brink data fetch cifar10",
    });
  }
  const notes: string[] = [];
  const batches: Uint8Array[] = [];
  for (const name of trainFiles) {
    const bytes = await files.read(name, BATCH * RECORD);
    const count = checkCifarRecords(bytes, name);
    if (count < BATCH) notes.push(`${name} holds ${grouped(count)} of ${grouped(BATCH)} images`);
    batches.push(bytes);
  }
  const train = recordSource(batches);
  if (trainFiles.length < CIFAR10_TRAIN_FILES.length) {
    notes.unshift(
      `${grouped(train.count)} of 50,000 training images: only ${trainFiles.join(", ")} of the five batch files present`,
    );
  }
  let test: ExampleSource | null = null;
  const readTest = wantTest && present.has(CIFAR10_TEST_FILE);
  if (readTest) {
    const bytes = await files.read(CIFAR10_TEST_FILE, BATCH * RECORD);
    checkCifarRecords(bytes, CIFAR10_TEST_FILE);
    test = recordSource([bytes]);
  }
  return {
    name: "cifar10",
    files: readTest ? [...trainFiles, CIFAR10_TEST_FILE] : trainFiles,
    notes,
    inputShape: [3, 32, 32],
    classes: 10,
    columns: 0,
    dtype: "float32",
    train,
    test,
    trainName: train.count === 5 * BATCH ? "training images (the full set)" : "training images present",
  };
}

/**
 * The 50,000 images' statistics from their file, when the images themselves are not all there.
 *
 * @returns null when all images are present (they are the better source) or the file is not
 * @throws InputError when the file is not what its name says
 */
export async function knownCifarStatistics(
  files: DataFiles,
  source: DataSource,
): Promise<KnownStatistics | null> {
  if (source.train.count === 5 * BATCH || !files.list().includes(CIFAR10_STATS_FILE)) return null;
  const { tensors } = parseSafetensors(
    await files.read(CIFAR10_STATS_FILE, STATS_MAX_BYTES),
    CIFAR10_STATS_FILE,
  );
  const read = (name: string, valid: (value: number) => boolean): Float64Array => {
    const data = tensors.get(name)?.data;
    const values =
      data instanceof Float64Array || data instanceof Float32Array
        ? Float64Array.from(data)
        : new Float64Array();
    if (values.length !== PIXELS || !values.every(valid)) {
      throw new InputError("must be 3072 floats within the range of x/255", {
        file: CIFAR10_STATS_FILE,
        field: name,
      });
    }
    return values;
  };
  const mean = read("mean", (value) => value >= 0 && value <= 1);
  const std = read("std", (value) => value >= 0 && value <= 0.5);
  return {
    statistics: { mean, std, count: 5 * BATCH },
    from: `all 50,000 training images (from ${CIFAR10_STATS_FILE})`,
  };
}

function recordSource(batches: readonly Uint8Array[]): ExampleSource {
  const owner: Uint8Array[] = [];
  const offset: number[] = [];
  for (const bytes of batches) {
    for (let at = 0; at < bytes.length; at += RECORD) {
      owner.push(bytes);
      offset.push(at);
    }
  }
  return {
    count: owner.length,
    row: (i) => owner[i]!.subarray(offset[i]! + 1, offset[i]! + RECORD),
    divisor: 255,
    labels: Uint8Array.from(owner, (bytes, i) => bytes[offset[i]!]!),
    targets: null,
  };
}
