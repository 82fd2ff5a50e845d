// CIFAR-10: decoding, partial folders, statistics and their source, selection, targets, and damaged files.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError, randomStream } from "../math/index.ts";
import { serialiseSafetensors } from "../record/index.ts";
import { buildDataset } from "./build.ts";
import { CIFAR10_STATS_FILE } from "./cifar10.ts";
import type { Dataset } from "./dataset.ts";
import { memoryFiles } from "./memory-files.ts";

/** `count` records with random pixels and labels 0, 1, …, 9, 0, … */
function batch(count: number, seed: number): Uint8Array {
  const stream = randomStream(seed, "test");
  const bytes = Uint8Array.from({ length: count * 3073 }, () => stream.integer(256));
  for (let i = 0; i < count; i++) bytes[i * 3073] = i % 10;
  return bytes;
}

const one = batch(20, 1);
const two = batch(10, 2);
const testBatch = batch(15, 3);
const folder = { "data_batch_1.bin": one, "data_batch_2.bin": two, "test_batch.bin": testBatch };

/** Mean and population deviation of input j over the whole split. */
function moments(dataset: Dataset, j: number): readonly [number, number] {
  const { n, x } = dataset.train;
  const values = Array.from({ length: n }, (_, i) => x[i * 3072 + j]!);
  const mean = values.reduce((a, b) => a + b, 0) / n;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / n)];
}

describe("cifar10", () => {
  it("decodes records in official order, channel-major", async () => {
    const dataset = await buildDataset(
      { name: "cifar10", n: "all", testN: 4, standardize: "none", dtype: "float64" },
      memoryFiles(folder),
    );
    expect(dataset).toMatchObject({ name: "cifar10", inputShape: [3, 32, 32], outputs: 10, classes: 10 });
    expect(dataset.train.n).toBe(30);
    expect(dataset.test!.n).toBe(4);
    expect(dataset.train.x[0]).toBe(one[1]! / 255);
    expect(dataset.train.x[20 * 3072 + 1024]).toBe(two[1025]! / 255);
    expect(Array.from(dataset.train.labels!.subarray(18, 22))).toEqual([8, 9, 0, 1]);
    expect([...dataset.train.y.subarray(30, 40)]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(dataset.test!.x[3071]).toBe(testBatch[3072]! / 255);
    expect(dataset.provenance.files).toEqual(["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"]);
    expect(dataset.provenance.notes[0]).toBe(
      "30 of 50,000 training images: only data_batch_1.bin, data_batch_2.bin of the five batch files present",
    );
    expect(dataset.provenance.notes[1]).toBe("data_batch_1.bin holds 20 of 10,000 images");
  });

  it("standardizes by all images present, not by the subset, and says so", async () => {
    const all = await buildDataset(
      { name: "cifar10", n: "all", dtype: "float64" },
      memoryFiles(folder),
    ).catch((error: unknown) => error);
    expect(all).toBeInstanceOf(InputError); // the default testN is larger than this test file
    const options = { name: "cifar10", testN: "all", dtype: "float64" } as const;
    const whole = await buildDataset({ ...options, n: "all" }, memoryFiles(folder));
    for (const j of [0, 1500, 3071]) {
      const [mean, std] = moments(whole, j);
      expect(mean).toBeCloseTo(0, 12);
      expect(std).toBeCloseTo(1, 12);
    }
    const first = await buildDataset({ ...options, n: 7 }, memoryFiles(folder));
    expect(first.train.x.join()).toBe(whole.train.x.subarray(0, 7 * 3072).join());
    expect(first.test!.x.join()).toBe(whole.test!.x.join());
    expect(first.provenance.notes.at(-1)).toBe(
      "inputs standardized: mean and population deviation of every input over the 30 training images present",
    );
    expect(first.provenance.checksum).not.toBe(whole.provenance.checksum);
  });

  it("standardizes channels by what pooling their pixels gives", async () => {
    const dataset = await buildDataset(
      { name: "cifar10", n: "all", testN: 0, standardize: "channel", dtype: "float64" },
      memoryFiles(folder),
    );
    for (const channel of [0, 1, 2]) {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < 30; i++) {
        for (let j = channel * 1024; j < (channel + 1) * 1024; j++) {
          const value = dataset.train.x[i * 3072 + j]!;
          sum += value;
          squares += value * value;
        }
      }
      expect(sum / 30 / 1024).toBeCloseTo(0, 12);
      expect(squares / 30 / 1024).toBeCloseTo(1, 12);
    }
  });

  it("uses the statistics of the 50,000 when they lie beside a partial set", async () => {
    const mean = Float64Array.from({ length: 3072 }, (_, j) => 0.4 + j / 30_720);
    const std = new Float64Array(3072).fill(0.25);
    std[5] = 0;
    const stats = serialiseSafetensors({
      tensors: new Map([
        ["mean", { shape: [3072], data: mean }],
        ["std", { shape: [3072], data: std }],
      ]),
      metadata: {},
    });
    const files = memoryFiles({ ...folder, [CIFAR10_STATS_FILE]: stats });
    const dataset = await buildDataset({ name: "cifar10", n: 2, testN: 1, dtype: "float64" }, files);
    expect(dataset.train.x[3]).toBeCloseTo((one[4]! / 255 - mean[3]!) / 0.25, 14);
    expect(dataset.train.x[5]).toBeCloseTo(one[6]! / 255 - mean[5]!, 14);
    expect(dataset.test!.x[9]).toBeCloseTo((testBatch[10]! / 255 - mean[9]!) / 0.25, 14);
    expect(dataset.provenance.notes.at(-1)).toBe(
      "inputs standardized: mean and population deviation of every input over all 50,000 training images " +
        "(from cifar10-pixel-stats.safetensors); 1 inputs never vary and are only centred (deviation taken as 1)",
    );
    const bad = memoryFiles({ ...folder, [CIFAR10_STATS_FILE]: stats.slice(0, 100) });
    await expect(buildDataset({ name: "cifar10", n: 2 }, bad)).rejects.toThrow(/pixel-stats.*truncated/);
  });

  it("draws random subsets without replacement, reproducibly", async () => {
    const options = { name: "cifar10", testN: 0, standardize: "none", subset: "random", n: 12 } as const;
    const build = (seed: number): Promise<Dataset> => buildDataset({ ...options, seed }, memoryFiles(folder));
    const a = await build(1);
    expect((await build(1)).provenance).toEqual(a.provenance);
    expect((await build(2)).provenance.checksum).not.toBe(a.provenance.checksum);
    const rows = Array.from({ length: 12 }, (_, i) => a.train.x.slice(i * 3072, i * 3072 + 3072).join());
    expect(new Set(rows).size).toBe(12);
    expect(a.provenance.notes).toContain("12 training examples drawn at random with seed 1");
    const everything = await buildDataset({ ...options, n: "all" }, memoryFiles(folder));
    expect(everything.train.n).toBe(30);
  });

  it("keeps and relabels chosen classes; two classes give one ±1 column", async () => {
    const options = { name: "cifar10", n: "all", testN: "all", standardize: "none" } as const;
    const pair = await buildDataset({ ...options, classes: [5, 3], targets: "pm1" }, memoryFiles(folder));
    expect(pair).toMatchObject({ classes: 2, outputs: 1 });
    expect([...pair.train.labels!]).toEqual([1, 0, 1, 0, 1, 0]);
    expect([...pair.train.y]).toEqual([1, -1, 1, -1, 1, -1]);
    const merged = await buildDataset(
      { ...options, classes: [[5, 3], 0], targets: "pm1" },
      memoryFiles(folder),
    );
    expect([...merged.train.labels!]).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0]);
    expect(merged.provenance.notes).toContain(
      "classes 5+3, 0 (every + makes one class of several), relabelled 0 to 1",
    );
    const four = await buildDataset({ ...options, classes: 4, targets: "pm1" }, memoryFiles(folder));
    expect(four.outputs).toBe(4);
    expect(Array.from(four.train.y.subarray(0, 8))).toEqual([1, -1, -1, -1, -1, 1, -1, -1]);
    expect(four.train.n).toBe(12);
    await expect(buildDataset({ ...options, classes: [0, 10] }, memoryFiles(folder))).rejects.toThrow(
      /data.classes: no such class \(received 10; allowed: 0 to 9\)/,
    );
  });

  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    [
      "a missing training set",
      { "test_batch.bin": testBatch },
      /no CIFAR-10 training file.*brink data fetch cifar10/,
    ],
    ["a truncated file", { "data_batch_1.bin": one.subarray(0, 5000) }, /data_batch_1.bin: .*truncated/],
    ["an empty file", { "data_batch_1.bin": new Uint8Array(0) }, /truncated/],
    ["an oversized file", { "data_batch_1.bin": new Uint8Array(30_733_073) }, /oversized/],
    [
      "a label out of range",
      {
        "data_batch_1.bin": Uint8Array.from(one, (byte, i) => (i === 3073 ? 10 : byte)),
      },
      /label of record 1 is out of range.*received 10/,
    ],
    [
      "too few images",
      { "data_batch_1.bin": one },
      /data.n: more examples wanted.*received 25; allowed: at most 20/,
    ],
  ])("reports %s", async (_, contents, message) => {
    const built = buildDataset({ name: "cifar10", n: 25, testN: 0 }, memoryFiles(contents));
    await expect(built).rejects.toThrow(InputError);
    await expect(buildDataset({ name: "cifar10", n: 25, testN: 0 }, memoryFiles(contents))).rejects.toThrow(
      message,
    );
  });

  it("goes without a test set and says so", async () => {
    const dataset = await buildDataset(
      { name: "cifar10", n: 5, testN: 5 },
      memoryFiles({ "data_batch_3.bin": one }),
    );
    expect(dataset.test).toBeNull();
    expect(dataset.provenance.notes).toContain("no test examples: the data has none");
  });

  it("either reads or throws InputError on random bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(9000), fc.integer(), async (length, seed) => {
        const stream = randomStream(seed, "fuzz");
        const bytes = Uint8Array.from({ length }, () => stream.integer(11));
        try {
          const files = memoryFiles({ "data_batch_1.bin": bytes });
          const { train } = await buildDataset({ name: "cifar10", n: "all", testN: 0 }, files);
          expect(train.n * 3073).toBe(length);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 60 },
    );
  });
});
