// Finding data on disk: precedence of folders, accepted layouts, statistics beside or above, and what is said when absent.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { serialiseNpz, serialiseSafetensors } from "../record/index.ts";
import { findData, loadDataset, readLimited } from "./data-files.ts";
import { cacheFolder, dataFolder, userPath } from "./paths.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "brink-data-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
}

/** `count` CIFAR records whose pixels all equal `value`. */
function records(count: number, value: number): Uint8Array {
  const bytes = new Uint8Array(count * 3073).fill(value);
  for (let i = 0; i < count; i++) bytes[i * 3073] = i % 10;
  return bytes;
}

function stats(mean: number): Uint8Array {
  return serialiseSafetensors({
    tensors: new Map([
      ["mean", { shape: [3072], data: new Float64Array(3072).fill(mean) }],
      ["std", { shape: [3072], data: new Float64Array(3072).fill(0.5) }],
    ]),
    metadata: {},
  });
}

function idx(shape: readonly number[], data: readonly number[]): Uint8Array {
  const header = shape.flatMap((extent) => [0, 0, extent >> 8, extent & 255]);
  return new Uint8Array([0, 0, 8, shape.length, ...header, ...data]);
}

describe("paths", () => {
  const cwd = "/somewhere";
  it("prefers data.dir, then BRINK_DATA, then the cache folder", () => {
    const env = { BRINK_DATA: "/env", XDG_CACHE_HOME: "/cache", HOME: "/home/u" };
    expect(dataFolder("mine", { env, cwd })).toEqual({ path: "/somewhere/mine", from: "data.dir" });
    expect(dataFolder(null, { env, cwd })).toEqual({ path: "/env", from: "BRINK_DATA" });
    expect(dataFolder(null, { env: { ...env, BRINK_DATA: "" }, cwd })).toEqual({
      path: "/cache/brink/data",
      from: "cache",
    });
    expect(dataFolder(undefined, { env: { HOME: "/home/u" }, cwd }).path).toBe("/home/u/.cache/brink/data");
  });

  it("ignores a relative XDG folder, expands ~ and finds home without HOME", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "cache", HOME: "/home/u" })).toBe("/home/u/.cache/brink");
    expect(cacheFolder({})).toBe(join(homedir(), ".cache", "brink"));
    expect(userPath("~/d", { env: { HOME: "/home/u" }, cwd })).toBe("/home/u/d");
    expect(userPath("../d", { env: {}, cwd })).toBe("/d");
  });
});

describe("loadDataset", () => {
  const load = (config: Record<string, unknown>, env: Record<string, string> = { BRINK_DATA: root }) =>
    loadDataset({ n: "all", testN: 0, ...config }, { env, cwd: root });

  it("finds CIFAR-10 in its folder or flat", async () => {
    put("a/cifar-10-batches-bin/data_batch_1.bin", records(2, 10));
    put("b/data_batch_2.bin", records(3, 10));
    const options = { name: "cifar10", standardize: "none" };
    expect((await load({ ...options, dir: "a" })).train.n).toBe(2);
    expect((await load({ ...options, dir: join(root, "b") })).train.n).toBe(3);
    expect((await load(options, { BRINK_DATA: join(root, "a") })).train.n).toBe(2);
    expect((await load(options, { BRINK_DATA: join(root, "a/cifar-10-batches-bin") })).train.n).toBe(2);
  });

  it("takes statistics beside the files, else above them", async () => {
    put("d/cifar-10-batches-bin/data_batch_1.bin", records(2, 255));
    put("d/cifar10-pixel-stats.safetensors", stats(0.5));
    const above = await load({ name: "cifar10", dir: "d" });
    expect(above.train.x[0]).toBe(1);
    expect(above.provenance.files).toEqual(["data_batch_1.bin"]);
    put("d/cifar-10-batches-bin/cifar10-pixel-stats.safetensors", stats(0.25));
    expect((await load({ name: "cifar10", dir: "d" })).train.x[0]).toBe(1.5);
    expect((await load({ name: "cifar10", dir: "d/cifar-10-batches-bin" })).train.x[0]).toBe(1.5);
  });

  it("finds MNIST, gzipped or not, and keeps it apart from Fashion-MNIST", async () => {
    put("mnist/train-images-idx3-ubyte.gz", gzipSync(idx([2, 1, 2], [0, 51, 102, 255])));
    put("mnist/train-labels-idx1-ubyte", idx([2], [3, 4]));
    const { train } = await load({ name: "mnist", standardize: "none" });
    expect([...train.labels!]).toEqual([3, 4]);
    expect(train.x[1]).toBeCloseTo(0.2, 7);
    await expect(load({ name: "fashion-mnist" })).rejects.toThrow(/"fashion-mnist" not found/);
    expect(await findData("mnist", null, { env: { BRINK_DATA: root }, cwd: root })).toMatchObject({
      folder: join(root, "mnist"),
      files: ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"],
      missing: ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    });
  });

  it("reads arrays relative to the working folder, then the data folder", async () => {
    const npz = serialiseNpz({
      tensors: new Map([
        ["x", { shape: [2], data: new Float32Array([1, 2]) }],
        ["y", { shape: [2], data: new Uint8Array([0, 1]) }],
      ]),
      metadata: {},
    });
    put("here/a.npz", npz);
    put("data/b.npz", npz);
    const env = { BRINK_DATA: join(root, "data") };
    expect((await load({ name: "arrays", file: "here/a.npz" }, env)).train.n).toBe(2);
    expect((await load({ name: "arrays", file: "b.npz" }, env)).train.n).toBe(2);
    expect((await load({ name: "arrays", file: "a.npz", dir: "here" }, {})).train.n).toBe(2);
    const missing = load({ name: "arrays", file: "c.npz" }, env);
    await expect(missing).rejects.toThrow(InputError);
    await expect(missing).rejects.toThrow(
      `looked for ${join(root, "c.npz")}, ${join(root, "data", "c.npz")}`,
    );
  });

  it("needs no folder for generated sets", async () => {
    const set = await loadDataset({ name: "chebyshev" }, { env: {}, cwd: "/nowhere" });
    expect(set.train.n).toBe(20);
  });

  it("says where it looked, the official address, and the command", async () => {
    const missing = load({ name: "cifar10" });
    await expect(missing).rejects.toThrow(InputError);
    const { message } = (await missing.catch((error: unknown) => error)) as InputError;
    expect(message).toContain(join(root, "cifar-10-batches-bin"));
    expect(message).toContain(`${join(root, "cifar10")}, ${root}`);
    expect(message).toContain("brink data fetch cifar10");
    expect(message).toContain("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz");
    expect(message).toContain("data_batch_1.bin");
  });

  it("refuses oversized files before reading them", async () => {
    put("cifar-10-batches-bin/data_batch_1.bin", new Uint8Array(1));
    // Sparse: no disk space is used.
    truncateSync(join(root, "cifar-10-batches-bin/data_batch_1.bin"), 2 ** 36);
    await expect(load({ name: "cifar10" })).rejects.toThrow(
      /data_batch_1.bin: .*oversized.*at most 30730000/,
    );
  });

  it("reports what cannot be read", async () => {
    mkdirSync(join(root, "folder"));
    await expect(readLimited(join(root, "folder"), 10)).rejects.toThrow(InputError);
    await expect(readLimited(join(root, "absent"), 10)).rejects.toThrow(/absent: cannot be read: ENOENT/);
    put("locked", new Uint8Array(3));
    chmodSync(join(root, "locked"), 0);
    // The superuser may read anything.
    if (process.getuid?.() === 0) expect(await readLimited(join(root, "locked"), 10)).toHaveLength(3);
    else await expect(readLimited(join(root, "locked"), 10)).rejects.toThrow(/EACCES/);
  });
});
