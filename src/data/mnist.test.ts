// IDX and the MNIST family: plain and gzipped files, mismatches, damage, limits.
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { buildDataset } from "./build.ts";
import { parseIdx } from "./idx.ts";
import { memoryFiles } from "./memory-files.ts";

function idx(shape: readonly number[], data: ArrayLike<number>, magic = 0x800 + shape.length): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  shape.forEach((extent, axis) => view.setUint32(4 + 4 * axis, extent));
  bytes.set(Uint8Array.from(data), 4 + 4 * shape.length);
  return bytes;
}

const pixels = Uint8Array.from({ length: 6 * 4 * 3 }, (_, i) => (i * 37) % 256);
const images = idx([6, 4, 3], pixels);
const labels = idx([6], [5, 0, 4, 1, 9, 2]);
const testImages = idx([2, 4, 3], pixels.subarray(0, 24));
const testLabels = idx([2], [7, 2]);
const plain = {
  "train-images-idx3-ubyte": images,
  "train-labels-idx1-ubyte": labels,
  "t10k-images-idx3-ubyte": testImages,
  "t10k-labels-idx1-ubyte": testLabels,
};

describe("mnist", () => {
  const options = { name: "mnist", n: "all", testN: "all", standardize: "none" } as const;

  it("reads plain, gzipped and dotted names alike", async () => {
    const dataset = await buildDataset(options, memoryFiles(plain));
    expect(dataset).toMatchObject({ inputShape: [1, 4, 3], outputs: 10, classes: 10 });
    expect([...dataset.train.labels!]).toEqual([5, 0, 4, 1, 9, 2]);
    expect(dataset.train.x[13]).toBe(Math.fround(pixels[13]! / 255));
    expect(dataset.test!.n).toBe(2);
    const packed = await buildDataset(
      { ...options, name: "fashion-mnist" },
      memoryFiles({
        "train-images-idx3-ubyte.gz": gzipSync(images),
        "train-labels.idx1-ubyte": labels,
        "t10k-images.idx3-ubyte.gz": gzipSync(testImages),
        "t10k-labels-idx1-ubyte.gz": gzipSync(testLabels),
      }),
    );
    expect(packed.train).toEqual(dataset.train);
    expect(packed.test).toEqual(dataset.test);
    expect(packed.provenance.checksum).toBe(dataset.provenance.checksum);
    expect(packed.provenance.files[1]).toBe("train-labels.idx1-ubyte");
  });

  it("centres pixels that never vary without dividing by zero, and counts them", async () => {
    const constant = Uint8Array.from(pixels, (value, i) => (i % 12 < 2 ? 200 : value));
    const dataset = await buildDataset(
      { ...options, standardize: "pixel" },
      memoryFiles({ ...plain, "train-images-idx3-ubyte": idx([6, 4, 3], constant) }),
    );
    for (let i = 0; i < 6; i++) {
      // The mean of equal values may round in its last digit.
      expect(dataset.train.x[i * 12]).toBeCloseTo(0, 12);
      expect(dataset.train.x[i * 12 + 1]).toBeCloseTo(0, 12);
    }
    expect(dataset.provenance.notes.at(-1)).toContain("2 inputs never vary");
    expect(dataset.provenance.notes[0]).toBe("6 of 60,000 training images present");
  });

  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    [
      "a missing file",
      { "train-images-idx3-ubyte": images },
      /mnist file not found.*train-labels.*fetch mnist/,
    ],
    [
      "wrong magic",
      { ...plain, "train-images-idx3-ubyte": labels },
      /wrong magic.*0x00000801; allowed: 0x00000803/,
    ],
    ["another element type", { ...plain, "train-labels-idx1-ubyte": idx([6], [0], 0xd01) }, /wrong magic/],
    ["truncated images", { ...plain, "train-images-idx3-ubyte": images.subarray(0, 50) }, /truncated/],
    ["a cut header", { ...plain, "train-images-idx3-ubyte": images.subarray(0, 9) }, /truncated/],
    ["an oversized file", { ...plain, "train-labels-idx1-ubyte": idx([6], new Uint8Array(7)) }, /oversized/],
    [
      "a false size",
      { ...plain, "train-images-idx3-ubyte": idx([2 ** 31, 2 ** 31, 9], []) },
      /over the limit/,
    ],
    [
      "labels of another set",
      { ...plain, "train-labels-idx1-ubyte": idx([5], [0, 0, 0, 0, 0]) },
      /belong together/,
    ],
    [
      "a label out of range",
      { ...plain, "train-labels-idx1-ubyte": idx([6], [0, 10, 0, 0, 0, 0]) },
      /label 1 is out/,
    ],
    ["images without pixels", { ...plain, "train-images-idx3-ubyte": idx([6, 0, 3], []) }, /are empty/],
    [
      "test images of another size",
      { ...plain, "t10k-images-idx3-ubyte": idx([2, 3, 4], pixels.subarray(0, 24)) },
      /test images differ.*3×4.*4×3/,
    ],
    [
      "corrupt gzip",
      {
        ...plain,
        "train-labels-idx1-ubyte": gzipSync(labels).map((byte, i) => (i === 20 ? byte ^ 4 : byte)),
      },
      /train-labels-idx1-ubyte: .*(corrupt|truncated|magic|limit)/,
    ],
    [
      "truncated gzip",
      { ...plain, "train-labels-idx1-ubyte": gzipSync(labels).subarray(0, 20) },
      /truncated|corrupt/,
    ],
  ])("reports %s", async (_, contents, message) => {
    await expect(buildDataset(options, memoryFiles(contents))).rejects.toThrow(InputError);
    await expect(buildDataset(options, memoryFiles(contents))).rejects.toThrow(message);
  });
});

describe("parseIdx", () => {
  it("never unpacks beyond what the header announces", () => {
    const bomb = gzipSync(idx([10], new Uint8Array(5_000_000)));
    expect(bomb.length).toBeLessThan(6000);
    expect(() => parseIdx(bomb, "f", 1)).toThrow(/longer than announced/);
    expect(() => parseIdx(gzipSync(idx([900_000_000], [])), "f", 1)).toThrow(/impossible/);
  });

  it("either reads or throws InputError on random and damaged bytes", () => {
    const outcome = (bytes: Uint8Array, rank: number): void => {
      try {
        const { shape, data } = parseIdx(bytes, "f", rank);
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(1, 3), outcome));
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), fc.nat(255), fc.nat(), (gzip, position, value, cut) => {
        const bytes = gzip ? new Uint8Array(gzipSync(images)) : images.slice();
        outcome(bytes.subarray(0, cut % bytes.length), 3);
        bytes[position % bytes.length] = value;
        outcome(bytes, 3);
      }),
      { numRuns: 300 },
    );
  });
});
