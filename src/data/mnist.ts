// MNIST and Fashion-MNIST: four IDX files, gzipped or not.
import { InputError } from "../math/index.ts";
import { MAX_IDX_BYTES, parseIdx } from "./idx.ts";
import { type DataFiles, type DataSource, type ExampleSource, flatRows, grouped } from "./source.ts";

/** The four files without their `.gz`. */
export const MNIST_FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** The names under which one of the files may lie. */
export function mnistFileNames(name: string): readonly string[] {
  return [name, `${name}.gz`, name.replace("-idx", ".idx"), `${name.replace("-idx", ".idx")}.gz`];
}

/**
 * Reads the training files, and the test files when wanted and present.
 *
 * @throws InputError when a file is missing or damaged, images and labels differ in number, or a label is over 9
 */
export async function readMnist(
  name: "mnist" | "fashion-mnist",
  files: DataFiles,
  wantTest: boolean,
): Promise<DataSource> {
  const used: string[] = [];
  const present = new Set(files.list());
  const find = (stem: string): string | undefined => mnistFileNames(stem).find((file) => present.has(file));
  const read = async (
    stem: string,
    rank: number,
  ): Promise<ReturnType<typeof parseIdx> & { file: string }> => {
    const file = find(stem);
    if (file === undefined) {
      throw new InputError(`${name} file not found`, {
        field: "data.dir",
        allowed: mnistFileNames(stem),
        hint: `Fetch it with: brink data fetch ${name}`,
      });
    }
    used.push(file);
    return { ...parseIdx(await files.read(file, MAX_IDX_BYTES), file, rank), file };
  };
  const split = async (imageStem: string, labelStem: string): Promise<ExampleSource & { side: number[] }> => {
    const images = await read(imageStem, 3);
    const labels = await read(labelStem, 1);
    const [count, height, width] = images.shape as [number, number, number];
    if (count !== labels.shape[0] || count * height * width === 0) {
      throw new InputError("images and labels do not belong together, or are empty", {
        file: images.file,
        received: `images [${images.shape.join(", ")}], labels [${labels.shape.join(", ")}]`,
      });
    }
    const wrong = labels.data.findIndex((label) => label > 9);
    if (wrong >= 0) {
      throw new InputError(`label ${wrong} is out of range`, {
        file: labels.file,
        received: String(labels.data[wrong]),
        allowed: "0 to 9",
      });
    }
    return {
      count,
      row: flatRows(images.data, height * width),
      divisor: 255,
      labels: labels.data,
      targets: null,
      side: [height, width],
    };
  };

  const train = await split(MNIST_FILES.trainImages, MNIST_FILES.trainLabels);
  const hasTest = find(MNIST_FILES.testImages) !== undefined && find(MNIST_FILES.testLabels) !== undefined;
  const test = wantTest && hasTest ? await split(MNIST_FILES.testImages, MNIST_FILES.testLabels) : null;
  if (test !== null && test.side.join() !== train.side.join()) {
    throw new InputError("test images differ in size from training images", {
      file: find(MNIST_FILES.testImages)!,
      received: test.side.join("×"),
      allowed: train.side.join("×"),
    });
  }
  const full = train.count === 60_000;
  return {
    name,
    files: used,
    notes: full ? [] : [`${grouped(train.count)} of 60,000 training images present`],
    inputShape: [1, ...train.side],
    classes: 10,
    columns: 0,
    dtype: "float32",
    train,
    test,
    trainName: full ? "training images (the full set)" : "training images present",
  };
}
