// The built-in images: the statistics they promise, what each knob does, and exact reproducibility.
import { describe, expect, it } from "vitest";
import { InputError, randomStream } from "../math/index.ts";
import { buildDataset } from "./build.ts";
import { cosineField, evaluateField, fieldAmplitudes, gridBasis } from "./cosine-field.ts";
import type { Dataset } from "./dataset.ts";

function build(options: Record<string, unknown> = {}): Promise<Dataset> {
  return buildDataset({
    name: "synthetic-images",
    dtype: "float64",
    standardize: "none",
    testN: 0,
    ...options,
  });
}

/** Mean over images and pixels of a·b for two channels. */
function moment({ train }: Dataset, area: number, channels: number, a: number, b: number): number {
  let sum = 0;
  for (let i = 0; i < train.n; i++) {
    for (let p = 0; p < area; p++) {
      sum += train.x[(i * channels + a) * area + p]! * train.x[(i * channels + b) * area + p]!;
    }
  }
  return sum / train.n / area;
}

/** Nearest class mean fitted on the training set: accuracy on the test set. */
function nearestMeanAccuracy(set: Dataset): number {
  const inputs = set.train.x.length / set.train.n;
  const means = Array.from({ length: set.classes }, () => new Float64Array(inputs));
  const counts = new Float64Array(set.classes);
  set.train.labels!.forEach((label) => counts[label]!++);
  for (let i = 0; i < set.train.n; i++) {
    const label = set.train.labels![i]!;
    for (let j = 0; j < inputs; j++) means[label]![j]! += set.train.x[i * inputs + j]! / counts[label]!;
  }
  let right = 0;
  for (let i = 0; i < set.test!.n; i++) {
    const distances = means.map((mean) =>
      mean.reduce((sum, value, j) => sum + (value - set.test!.x[i * inputs + j]!) ** 2, 0),
    );
    if (distances.indexOf(Math.min(...distances)) === set.test!.labels![i]) right++;
  }
  return right / set.test!.n;
}

describe("cosine fields", () => {
  it("sum cosines, at grid points and between them", () => {
    const stream = randomStream(1, "test");
    const amplitudes = Float64Array.from({ length: 9 }, () => stream.normal());
    const down = Float64Array.from({ length: 25 }, () => stream.normal());
    const right = Float64Array.from({ length: 25 }, () => stream.normal());
    const grid = cosineField(amplitudes, gridBasis(5, 3));
    const moved = evaluateField(amplitudes, 5, down, right);
    const still = evaluateField(amplitudes, 5, new Float64Array(25), new Float64Array(25));
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 5; j++) {
        const direct = (di: number, dj: number): number =>
          amplitudes.reduce(
            (sum, a, k) =>
              sum +
              a *
                Math.cos((Math.PI * Math.floor(k / 3) * (i + 0.5 + di)) / 5) *
                Math.cos((Math.PI * (k % 3) * (j + 0.5 + dj)) / 5),
            0,
          );
        const at = i * 5 + j;
        expect(grid[at]).toBeCloseTo(direct(0, 0), 12);
        expect(still[at]).toBeCloseTo(direct(0, 0), 12);
        expect(moved[at]).toBeCloseTo(direct(down[at]!, right[at]!), 11);
      }
    }
  });

  it("have unit variance and a 1/f^p spectrum", () => {
    const amplitudes = fieldAmplitudes(8, 2);
    expect(amplitudes[3]! / amplitudes[6]!).toBeCloseTo(2, 12);
    expect(amplitudes[0]! / amplitudes[1]!).toBeCloseTo(2, 12);
    const variance = amplitudes.reduce(
      (sum, a, k) => sum + a * a * (k < 8 ? 1 : 0.5) * (k % 8 === 0 ? 1 : 0.5),
      0,
    );
    expect(variance).toBeCloseTo(1, 12);
    expect(new Set(fieldAmplitudes(4, 0)).size).toBe(1);
  });
});

describe("synthetic-images", () => {
  it("is reproducible; a smaller set begins a larger one; seeds and splits differ", async () => {
    const large = await build({ n: 50, testN: 20 });
    expect(await build({ n: 50, testN: 20 })).toEqual(large);
    expect(large).toMatchObject({ inputShape: [3, 8, 8], outputs: 10, classes: 10 });
    expect(large.test!.n).toBe(20);
    const small = await build({ n: 20 });
    expect(small.train.x).toEqual(large.train.x.slice(0, 20 * 192));
    expect(small.train.labels).toEqual(large.train.labels!.slice(0, 20));
    expect(small.train.x).not.toEqual(large.test!.x);
    expect((await build({ n: 20, seed: 1 })).provenance.checksum).not.toBe(small.provenance.checksum);
  });

  it("has the variance of its parts and correlated colours", async () => {
    const set = await build({ n: 1500, signal: 0, noise: 1, pixelNoise: 0, colour: 0.35 });
    const variances = [0, 1, 2].map((channel) => moment(set, 64, 3, channel, channel));
    expect((variances[0]! + variances[1]! + variances[2]!) / 3).toBeCloseTo(1, 1);
    const correlation = moment(set, 64, 3, 0, 2) / Math.sqrt(variances[0]! * variances[2]!);
    expect(correlation).toBeGreaterThan(0.7);
    const grey = await build({ n: 100, colour: 0, pixelNoise: 0 });
    expect(moment(grey, 64, 3, 0, 1)).toBeCloseTo(moment(grey, 64, 3, 0, 0), 9);
    const two = await build({ n: 1000, channels: 2, signal: 0, colour: 1, pixelNoise: 0 });
    expect(Math.abs(moment(two, 64, 2, 0, 1))).toBeLessThan(0.1);
    const loud = await build({ n: 300, signal: 0, noise: 0, pixelNoise: 2 });
    expect(moment(loud, 64, 3, 1, 1)).toBeCloseTo(4, 0);
  });

  it("has more power at coarse than at fine scales, like natural images", async () => {
    const set = await build({ n: 400, size: 16, signal: 0, pixelNoise: 0, channels: 1 });
    // Mean squared difference at distance r is flat for white noise and grows with r for 1/f² power.
    const difference = (r: number): number => {
      let sum = 0;
      for (let i = 0; i < set.train.n; i++) {
        for (let row = 0; row < 16; row++) {
          sum += (set.train.x[i * 256 + row * 16]! - set.train.x[i * 256 + row * 16 + r]!) ** 2;
        }
      }
      return sum;
    };
    expect(difference(8)).toBeGreaterThan(2 * difference(1));
    const white = await build({ n: 400, size: 16, signal: 0, pixelNoise: 0, channels: 1, spectrum: 0 });
    expect(moment(white, 256, 1, 0, 0)).toBeCloseTo(1, 1);
  });

  it("carries classes: strong signal is easy, noise and random labels are not", async () => {
    const options = { n: 400, testN: 200, modes: 1, standardize: "none" };
    const easy = nearestMeanAccuracy(await build({ ...options, signal: 3 }));
    const hard = nearestMeanAccuracy(await build({ ...options, signal: 0.3 }));
    const none = nearestMeanAccuracy(await build({ ...options, signal: 3, labelNoise: 1 }));
    expect(easy).toBeGreaterThan(0.8);
    expect(hard).toBeLessThan(easy - 0.2);
    expect(none).toBeLessThan(0.25);
    const negated = nearestMeanAccuracy(await build({ ...options, signal: 3, polarity: 0.5 }));
    expect(negated).toBeLessThan(easy - 0.3);
  });

  it("keeps the images when labels are redrawn, and deforms without moving still images", async () => {
    const clean = await build({ n: 200 });
    const noisy = await build({ n: 200, labelNoise: 0.5 });
    expect(noisy.train.x).toEqual(clean.train.x);
    const changed = noisy.train.labels!.filter((label, i) => label !== clean.train.labels![i]).length;
    expect(changed).toBeGreaterThan(60);
    expect(changed).toBeLessThan(120);
    // Without deformation, contrast and noise, all images of a class with one mode are the same.
    const still = await build({
      n: 60,
      modes: 1,
      classes: 2,
      deformation: 0,
      contrast: 0,
      noise: 0,
      pixelNoise: 0,
    });
    const images = Array.from({ length: 60 }, (_, i) => still.train.x.slice(i * 192, (i + 1) * 192).join());
    expect(new Set(images).size).toBe(2);
    const moved = await build({ n: 60, modes: 1, classes: 2, contrast: 0, noise: 0, pixelNoise: 0 });
    expect(new Set(Array.from({ length: 60 }, (_, i) => moved.train.x[i * 192])).size).toBe(60);
  });

  it("standardizes by the generated training images and has every class", async () => {
    const set = await build({ n: 400, standardize: "pixel", testN: 50 });
    for (const j of [0, 100, 191]) {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < 400; i++) {
        sum += set.train.x[i * 192 + j]!;
        squares += set.train.x[i * 192 + j]! ** 2;
      }
      expect(sum / 400).toBeCloseTo(0, 10);
      expect(squares / 400).toBeCloseTo(1, 10);
    }
    expect(new Set(set.train.labels).size).toBe(10);
    expect(set.provenance.notes.at(-1)).toContain("the 400 generated training images");
  });

  it("refuses sets that no memory holds", async () => {
    await expect(build({ n: 1_000_000, size: 64 })).rejects.toThrow(InputError);
    await expect(build({ n: 1_000_000, size: 64 })).rejects.toThrow(/too large/);
  });
});
