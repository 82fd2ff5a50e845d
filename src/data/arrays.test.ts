// Anyone's arrays: labels and real targets, ranks, precisions, both formats, and every refusal.
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { type NamedTensor, type TensorData, serialiseNpz, serialiseSafetensors } from "../record/index.ts";
import { buildDataset } from "./build.ts";
import type { Dataset } from "./dataset.ts";
import { memoryFiles } from "./memory-files.ts";

const tensor = (shape: readonly number[], data: TensorData): NamedTensor => ({ shape, data });
const x = tensor([3, 2], new Float32Array([1, 2, 3, 4, 5, 6]));

function build(
  tensors: Record<string, NamedTensor>,
  options: Record<string, unknown> = {},
): Promise<Dataset> {
  const bytes = serialiseSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: {} });
  return buildDataset({ name: "arrays", file: "d", ...options }, memoryFiles({ d: bytes }));
}

describe("arrays", () => {
  it("reads integer labels of any width", async () => {
    for (const y of [
      new BigInt64Array([2n, 0n, 1n]),
      new Uint8Array([2, 0, 1]),
      new Int32Array([2, 0, 1]),
    ] as const) {
      const dataset = await build({ x, y: tensor([3], y) });
      expect(dataset).toMatchObject({ inputShape: [2], outputs: 3, classes: 3, test: null });
      expect([...dataset.train.labels!]).toEqual([2, 0, 1]);
      expect([...dataset.train.y]).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0]);
      expect(dataset.train.x).toEqual(x.data);
    }
  });

  it("reads real targets, test data, and names what it ignores", async () => {
    const dataset = await build({
      x,
      y: tensor([3, 2], new Float32Array([1, 2, 3, 4, 5, 6])),
      x_test: tensor([1, 2], new Float32Array([9, 8])),
      y_test: tensor([1, 2], new Float32Array([7, 6])),
      weights: tensor([1], new Float32Array([0])),
    });
    expect(dataset).toMatchObject({ outputs: 2, classes: 0 });
    expect(dataset.train.labels).toBeNull();
    expect(dataset.train.y).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    expect(dataset.test).toEqual({
      n: 1,
      x: new Float32Array([9, 8]),
      y: new Float32Array([7, 6]),
      labels: null,
    });
    expect(dataset.provenance.notes).toContain("tensors not used: weights");
  });

  it("takes inputs of any rank, one scalar per example included, and keeps float64", async () => {
    const data = new Float64Array(24).map((_, i) => i / 7);
    const dataset = await build({
      x: tensor([2, 3, 2, 2], data),
      y: tensor([2], new Float64Array([0.1, 0.2])),
    });
    expect(dataset.inputShape).toEqual([3, 2, 2]);
    expect(dataset.train.x).toEqual(data);
    expect(dataset.train.y).toEqual(new Float64Array([0.1, 0.2]));
    const scalar = await build(
      { x: tensor([2], new Int16Array([4, 5])), y: tensor([2, 1], new Uint8Array([0, 1])) },
      { targets: "pm1", dtype: "float64" },
    );
    expect(scalar).toMatchObject({ inputShape: [1], outputs: 1, classes: 2 });
    expect(scalar.train.x).toEqual(new Float64Array([4, 5]));
    expect(scalar.train.y).toEqual(new Float64Array([-1, 1]));
  });

  it("reads npz alike, and standardizes on request", async () => {
    const tensors = { x, y: tensor([3], new Uint8Array([0, 1, 0])) };
    const npz = serialiseNpz({ tensors: new Map(Object.entries(tensors)), metadata: {} }, { compress: true });
    const options = { name: "arrays", file: "d.npz", standardize: "pixel", n: 2 };
    const dataset = await buildDataset(options, memoryFiles({ "d.npz": npz }));
    expect(dataset.train).toEqual((await build(tensors, { standardize: "pixel", n: 2 })).train);
    const deviation = Math.sqrt(8 / 3);
    expect(dataset.train.x[0]).toBeCloseTo(-2 / deviation, 6);
    expect(dataset.train.x[3]).toBeCloseTo(0, 6);
  });

  it("chooses classes among labels only", async () => {
    const filtered = await build({ x, y: tensor([3], new Uint8Array([2, 0, 1])) }, { classes: [1, 2] });
    expect([...filtered.train.labels!]).toEqual([1, 0]);
    expect([...filtered.train.x]).toEqual([1, 2, 5, 6]);
    await expect(build({ x, y: tensor([3], new Float32Array(3)) }, { classes: 2 })).rejects.toThrow(
      /no classes/,
    );
  });

  const labels = tensor([3], new Uint8Array([0, 1, 0]));
  it.each<[string, Record<string, NamedTensor>, RegExp]>([
    ["no x", { X: x, y: labels }, /tensor "x" is missing \(received X, y.*Did you mean "X"/],
    ["no y", { x }, /tensor "y" is missing/],
    ["half a test set", { x, y: labels, x_test: x }, /"y_test" is missing/],
    ["no examples", { x: tensor([0, 2], new Float32Array(0)), y: labels }, /at least one example/],
    ["a scalar", { x: tensor([], new Float32Array(1)), y: labels }, /at least one example/],
    ["labels of another length", { x, y: tensor([2], new Uint8Array(2)) }, /each of the 3 examples/],
    ["targets of rank 3", { x, y: tensor([3, 1, 1], new Uint8Array(3)) }, /received shape \[3, 1, 1\]/],
    ["a negative label", { x, y: tensor([3], new Int8Array([0, -1, 0])) }, /d: y: label 1 is out of range/],
    ["a huge label", { x, y: tensor([3], new BigInt64Array([0n, 1n, 70_000n])) }, /label 2 is out of range/],
    [
      "NaN in x",
      { x: tensor([3, 1], new Float32Array([1, Number.NaN, 2])), y: labels },
      /input 0 of example 1.*NaN/,
    ],
    ["infinite targets", { x, y: tensor([3], new Float32Array([1, 2, Infinity])) }, /target 0 of example 2/],
    [
      "test inputs of another shape",
      { x, y: labels, x_test: tensor([1, 3], new Float32Array(3)), y_test: tensor([1], new Uint8Array(1)) },
      /x_test: test inputs have another shape/,
    ],
    [
      "test targets of another kind",
      { x, y: labels, x_test: x, y_test: tensor([3], new Float32Array(3)) },
      /another kind/,
    ],
  ])("reports %s", async (_, tensors, message) => {
    await expect(build(tensors)).rejects.toThrow(InputError);
    await expect(build(tensors)).rejects.toThrow(message);
  });

  it("scales inputs into the unit ball of the training set, and says by how much", async () => {
    const labels = tensor([2], new Uint8Array([0, 1]));
    const given = {
      x: tensor([2, 2], new Float64Array([3, 4, 1, 0])),
      y: labels,
      x_test: tensor([2, 2], new Float64Array([10, 0, 0, 1])),
      y_test: labels,
    };
    const { train, test, provenance } = await build(given, { unitBall: true });
    expect([...train.x]).toEqual([0.6, 0.8, 0.2, 0]);
    // Test inputs may be longer: the scale is that of training.
    expect([...test!.x]).toEqual([2, 0, 0, 0.2]);
    expect(provenance.notes.join()).toMatch(/inputs divided by 5\.00000, the largest norm/);
    const nothing = { x: tensor([2, 2], new Float64Array(4)), y: labels };
    expect((await build(nothing, { unitBall: true })).provenance.notes.join()).toMatch(
      /every training input is zero/,
    );
  });

  it("reports values that do not fit the precision asked for", async () => {
    const big = { x: tensor([2], new Float64Array([1e300, 1])), y: tensor([2], new Uint8Array([0, 1])) };
    await expect(build(big, { dtype: "float32" })).rejects.toThrow(/not a finite float32/);
    expect((await build(big)).train.x[0]).toBe(1e300);
  });

  it("reports targets that no memory holds", async () => {
    const n = 200_000;
    const y = new Uint16Array(n);
    y[0] = 65_535;
    await expect(build({ x: tensor([n], new Uint8Array(n)), y: tensor([n], y) })).rejects.toThrow(
      /data.classes: 200000 examples × 65536 float32 values do not fit/,
    );
  });

  it("reports files that are neither format", async () => {
    const files = memoryFiles({ d: new Uint8Array(50), z: new TextEncoder().encode("PK nonsense") });
    await expect(buildDataset({ name: "arrays", file: "d" }, files)).rejects.toThrow(/d: /);
    await expect(buildDataset({ name: "arrays", file: "z" }, files)).rejects.toThrow(/not an npz/);
  });
});
