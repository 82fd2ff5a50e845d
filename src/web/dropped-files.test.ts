// Dropped files are known by content; wrong, damaged or incomplete ones are refused in a sentence.
import { expect, it } from "vitest";
import { serialiseSafetensors } from "../record/index.ts";
import { buildDataset, memoryFiles } from "../data/index.ts";
import { identifyFiles } from "./dropped-files.ts";
import type { DroppedFile } from "./protocol.ts";

const file = (name: string, bytes: Iterable<number> | number): DroppedFile => ({
  name,
  bytes: typeof bytes === "number" ? new Uint8Array(bytes) : Uint8Array.from(bytes),
});
const idx = (shape: readonly number[]): number[] => [
  0,
  0,
  8,
  shape.length,
  ...shape.flatMap((extent) => [0, 0, 0, extent]),
  ...Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 10),
];

it("reads CIFAR-10 records under any name, a test batch alone too", async () => {
  for (const name of ["data_batch_3.bin", "test_batch.bin", "mine.bin"]) {
    const found = await identifyFiles([file(name, 3 * 3073)]);
    expect(found.data).toEqual({ name: "cifar10", n: 3, testN: 0 });
    const contents = Object.fromEntries(found.files.map(({ name: called, bytes }) => [called, bytes]));
    expect((await buildDataset(found.data as { name: "cifar10" }, memoryFiles(contents))).train.n).toBe(3);
  }
});

it("pairs images with labels", async () => {
  const images = file("t10k-images-idx3-ubyte", idx([4, 2, 2]));
  const labels = file("t10k-labels-idx1-ubyte", idx([4]));
  const found = await identifyFiles([labels, images]);
  expect(found.description).toBe("MNIST: 4 examples");
  const contents = Object.fromEntries(found.files.map(({ name, bytes }) => [name, bytes]));
  expect((await buildDataset(found.data as { name: "mnist" }, memoryFiles(contents))).inputShape).toEqual([
    1, 2, 2,
  ]);
  await expect(identifyFiles([images])).rejects.toThrow("images and labels are needed together");
});

it("reads arrays", async () => {
  const x = { shape: [3, 2], data: new Float32Array(6) };
  const y = { shape: [3, 1], data: new Float32Array(3) };
  const bytes = serialiseSafetensors({ tensors: new Map(Object.entries({ x, y })), metadata: {} });
  const found = await identifyFiles([{ name: "mine.safetensors", bytes: bytes }]);
  expect(found.data).toEqual({ name: "arrays", file: "mine.safetensors" });
});

it.each([
  ["a picture", [file("cat.png", [137, 80, 78, 71])], "not a data file the page can read"],
  ["a cut batch", [file("data_batch_1.bin", 3073 * 2 + 5)], "truncated or wrong file"],
  ["a cut archive", [file("x.npz", [0x50, 0x4b, 3, 4])], "x.npz"],
  ["two sets", [file("a.bin", 3073), file("b-idx1", idx([2]))], "different data sets"],
  ["nothing", [], "no files"],
])("refuses %s", async (_, files, message) => {
  await expect(identifyFiles(files)).rejects.toThrow(message);
});
