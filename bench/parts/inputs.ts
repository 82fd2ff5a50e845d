// The examples both sides are measured on, and the raw files through which the peer reads the same ones.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { buildDataset, type Dataset } from "brink/data";
import { randomStream, type Vector } from "brink/math";
import { findData, loadDataset } from "brink/node";

/**
 * The first n CIFAR-10 images, standardised per pixel, when the files are there (BRINK_DATA or the cache folder);
 * otherwise built-in synthetic images of the same size. Times of products hardly depend on the values, the
 * number of products a sharpness takes does.
 */
export async function benchmarkImages(n: number): Promise<Dataset> {
  const surroundings = { env: process.env, cwd: process.cwd() };
  const { folder } = await findData("cifar10", null, surroundings);
  return folder === null
    ? buildDataset({ name: "synthetic-images", n, testN: 0, size: 32, channels: 3 })
    : loadDataset({ name: "cifar10", n, testN: 0 }, surroundings);
}

/** Normal deviates of CIFAR-10's shape with random one-hot targets: for measurements where only shapes matter. */
export function randomImages(n: number): Dataset {
  const stream = randomStream(0, "bench-inputs");
  const x = new Float32Array(n * 3072);
  for (let i = 0; i < x.length; i++) x[i] = stream.normal();
  const y = new Float32Array(n * 10);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    labels[i] = stream.integer(10);
    y[10 * i + labels[i]!] = 1;
  }
  return {
    name: "random-normal",
    inputShape: [3, 32, 32],
    outputs: 10,
    classes: 10,
    train: { n, x, y, labels },
    test: null,
    provenance: { files: [], checksum: "", notes: [] },
  };
}

/** Flat parameters by the peer's name of the network. */
export interface PeerParameters {
  readonly fc?: Vector;
  readonly cnn?: Vector;
}

/** Writes x.f32, y.f32 and the parameters given, little-endian float32, for torch_peer.py's `load`. */
export async function writePeerFiles(
  folder: string,
  dataset: Dataset,
  parameters: PeerParameters,
): Promise<void> {
  const files: readonly (readonly [string, Vector | undefined])[] = [
    ["x", dataset.train.x],
    ["y", dataset.train.y],
    ["fc", parameters.fc],
    ["cnn", parameters.cnn],
  ];
  for (const [name, values] of files) {
    if (values === undefined) continue;
    const single = Float32Array.from(values);
    await writeFile(path.join(folder, `${name}.f32`), new Uint8Array(single.buffer));
  }
}
