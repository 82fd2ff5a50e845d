// The real files, when BRINK_DATA names a folder that holds them: known labels, checksums and statistics.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildDataset } from "./build.ts";
import { CIFAR10_STATS_FILE, readCifar10 } from "./cifar10.ts";
import { memoryFiles } from "./memory-files.ts";
import type { DataFiles } from "./source.ts";

const root = process.env["BRINK_DATA"] ?? "";
const has = (path: string): boolean => root !== "" && existsSync(join(root, path));

function filesOf(...paths: readonly string[]): DataFiles {
  return memoryFiles(
    Object.fromEntries(paths.map((path) => [path.split("/").at(-1)!, readFileSync(join(root, path))])),
  );
}

describe.skipIf(!has("cifar-10-batches-bin/data_batch_1.bin"))("real CIFAR-10", () => {
  const batch = "cifar-10-batches-bin/data_batch_1.bin";
  const onlyFirst = root !== "" && !has("cifar-10-batches-bin/data_batch_2.bin");

  it("has the known labels", async () => {
    const { train } = await readCifar10(filesOf(batch), false);
    const counts = new Array<number>(10).fill(0);
    const labels = Array.from(train.labels!);
    for (const label of labels) counts[label]!++;
    expect(counts).toEqual([1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]);
    expect(labels.slice(0, 10)).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    const digest = createHash("sha256")
      .update(readFileSync(join(root, batch)))
      .digest("hex");
    expect(digest).toBe("cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5");
  });

  it.skipIf(!has(CIFAR10_STATS_FILE) || !onlyFirst)(
    "is standardized by the full set's statistics",
    async () => {
      const { train, provenance } = await buildDataset(
        { name: "cifar10", n: 5000, testN: 0 },
        filesOf(batch, CIFAR10_STATS_FILE),
      );
      let sum = 0;
      let squares = 0;
      for (const value of train.x) {
        sum += value;
        squares += value * value;
      }
      // A tenth of the images have nearly, but not exactly, the moments of all.
      const mean = sum / train.x.length;
      expect(Math.abs(mean)).toBeLessThan(0.03);
      expect(Math.abs(mean)).toBeGreaterThan(1e-5);
      expect(squares / train.x.length).toBeCloseTo(1, 1);
      expect(provenance.notes.at(-1)).toContain("all 50,000 training images (from cifar10-pixel-stats");
      expect(provenance.notes[0]).toContain("10,000 of 50,000 training images");
    },
  );
});

describe.skipIf(!has("mnist/train-images-idx3-ubyte.gz"))("real MNIST", () => {
  it("has the known labels, and channel statistics 0.1307 and 0.3081", async () => {
    const files = filesOf(
      "mnist/train-images-idx3-ubyte.gz",
      "mnist/train-labels-idx1-ubyte.gz",
      "mnist/t10k-images-idx3-ubyte.gz",
      "mnist/t10k-labels-idx1-ubyte.gz",
    );
    const { train, test, inputShape, provenance } = await buildDataset(
      { name: "mnist", n: 1000, testN: 100 },
      files,
    );
    expect(inputShape).toEqual([1, 28, 28]);
    expect(Array.from(train.labels!.subarray(0, 10))).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(Array.from(test!.labels!.subarray(0, 5))).toEqual([7, 2, 1, 0, 4]);
    // A black corner pixel is (0 - mean)/deviation.
    expect(train.x[0]).toBeCloseTo(-0.1307 / 0.3081, 3);
    expect(provenance.notes.at(-1)).toContain("the 60,000 training images (the full set)");
  });
});
