// What files dropped on the page are, by content rather than by name, and the `data` section that reads them.
import {
  CIFAR10_STATS_FILE,
  CIFAR10_TEST_FILE,
  CIFAR10_TRAIN_FILES,
  checkCifarRecords,
  MNIST_FILES,
  parseIdx,
  readArrays,
} from "../data/index.ts";
import { InputError } from "../math/index.ts";
import type { DroppedData, DroppedFile } from "./protocol.ts";

/** Data found, and the files under the names their reader expects. */
export interface IdentifiedFiles extends DroppedData {
  readonly files: readonly DroppedFile[];
}

type Kind = "cifar10" | "idx" | "arrays" | "statistics";

/**
 * Tells CIFAR-10 batches, MNIST's IDX files and files of arrays apart. All training examples of a set are looked at
 * for damage here, so that a wrong file is refused when it is dropped.
 *
 * @throws InputError naming the file that is of no known kind, or what is missing beside it
 */
export async function identifyFiles(files: readonly DroppedFile[]): Promise<IdentifiedFiles> {
  if (files.length === 0) throw new InputError("no files were dropped");
  const kinds = files.map((file) => ({ file, kind: kindOf(file) }));
  const of = (kind: Kind): DroppedFile[] =>
    kinds.filter((found) => found.kind === kind).map(({ file }) => file);
  const [cifar, idx, arrays] = [of("cifar10"), of("idx"), of("arrays")];
  if ([cifar, idx, arrays].filter((group) => group.length > 0).length > 1) {
    throw new InputError("these files belong to different data sets", {
      received: files.map(({ name }) => name).join(", "),
      hint: "Drop the files of one set at a time",
    });
  }
  if (cifar.length > 0) return cifarFiles(cifar, of("statistics"));
  if (idx.length > 0) return idxFiles(idx);
  const [only, ...others] = arrays;
  if (only === undefined || others.length > 0) {
    throw new InputError(
      only === undefined ? "statistics come beside the images they scale" : "one file of arrays at a time",
      {
        received: files.map(({ name }) => name).join(", "),
      },
    );
  }
  const { train } = readArrays(only.bytes, only.name);
  return {
    data: { name: "arrays", file: only.name },
    description: `${only.name}: ${examples(train.count)}`,
    files: [only],
  };
}

const RECORD = 3073;

function kindOf({ name, bytes }: DroppedFile): Kind {
  if (name === CIFAR10_STATS_FILE) return "statistics";
  const [a = -1, b = -1, c = -1] = bytes;
  const zip = a === 0x50 && b === 0x4b;
  const gzip = a === 0x1f && b === 0x8b;
  if (zip || /\.(npz|safetensors)$/i.test(name)) return "arrays";
  if (gzip || (a === 0 && b === 0 && c === 0x08) || /idx\d/.test(name)) return "idx";
  if (/\.bin$/i.test(name) || (bytes.length > 0 && bytes.length % RECORD === 0)) return "cifar10";
  throw new InputError("not a data file the page can read", {
    file: name,
    received: `${bytes.length} bytes`,
    allowed:
      "a CIFAR-10 .bin, MNIST images and labels (idx, .gz or not), a .safetensors or .npz with x and y",
  });
}

function cifarFiles(batches: readonly DroppedFile[], statistics: readonly DroppedFile[]): IdentifiedFiles {
  const free = CIFAR10_TRAIN_FILES.filter((name) => !batches.some((file) => file.name === name));
  let count = 0;
  const named = batches.map((file) => {
    const records = checkCifarRecords(file.bytes, file.name);
    const known = file.name === CIFAR10_TEST_FILE || CIFAR10_TRAIN_FILES.includes(file.name);
    if (file.name !== CIFAR10_TEST_FILE || batches.length === 1) count += records;
    // A test batch alone trains as well as any other.
    if (known && (file.name !== CIFAR10_TEST_FILE || batches.length > 1)) return file;
    const name = free.shift();
    if (name === undefined) throw new InputError("more files than CIFAR-10 has", { file: file.name });
    return { ...file, name };
  });
  return {
    data: { name: "cifar10", n: Math.min(1000, count), testN: 0 },
    description: `CIFAR-10: ${examples(count)}`,
    files: [...named, ...statistics],
  };
}

async function idxFiles(files: readonly DroppedFile[]): Promise<IdentifiedFiles> {
  const named: DroppedFile[] = [];
  let count = 0;
  for (const file of files) {
    const test = /t10k|test/i.test(file.name);
    const images = isImages(file);
    if (images && !test) count = parseIdx(file.bytes, file.name, 3).shape[0]!;
    const stem = images
      ? test
        ? MNIST_FILES.testImages
        : MNIST_FILES.trainImages
      : test
        ? MNIST_FILES.testLabels
        : MNIST_FILES.trainLabels;
    named.push({ ...file, name: stem });
  }
  const present = new Set(named.map(({ name }) => name));
  // A test split alone trains as well as any other.
  if (!present.has(MNIST_FILES.trainImages) && !present.has(MNIST_FILES.trainLabels)) {
    return idxFiles(files.map((file) => ({ ...file, name: file.name.replaceAll(/t10k|test/gi, "train") })));
  }
  for (const stem of [MNIST_FILES.trainImages, MNIST_FILES.trainLabels]) {
    if (present.has(stem)) continue;
    throw new InputError("images and labels are needed together", {
      received: files.map(({ name }) => name).join(", "),
      hint: `Drop ${stem} (or .gz) with it`,
    });
  }
  return {
    data: { name: "mnist", n: Math.min(1000, count), testN: 0 },
    description: `MNIST: ${examples(count)}`,
    files: named,
  };
}

/** Whether an IDX file holds images: three dimensions, where labels have one. */
function isImages(file: DroppedFile): boolean {
  try {
    parseIdx(file.bytes, file.name, 3);
    return true;
  } catch (error) {
    try {
      parseIdx(file.bytes, file.name, 1);
      return false;
    } catch {
      throw error;
    }
  }
}

function examples(count: number): string {
  return `${count.toLocaleString("en")} examples`;
}
