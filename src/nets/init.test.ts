// Initialisation: bounds, variances, gains, zero biases, and the same start for both precisions.
import { describe, expect, test } from "vitest";
import { type Vector } from "../math/index.ts";
import type { NetConfig } from "./config.ts";
import { initialParameters } from "./init.ts";
import { buildNetwork, type Network } from "./network.ts";

function tensors(network: Network, theta: Vector): Map<string, Float64Array> {
  return new Map(
    network.layout.entries.map(({ name, offset, size }) => [
      name,
      Float64Array.from(theta.subarray(offset, offset + size)),
    ]),
  );
}

function start(
  config: NetConfig,
  shape: readonly number[],
  outputs: number,
  seed = 0,
): Map<string, Float64Array> {
  const network = buildNetwork(config, shape, outputs);
  return tensors(network, initialParameters(network, seed, "float64"));
}

const meanOf = (x: Float64Array): number => x.reduce((s, value) => s + value, 0) / x.length;
const deviation = (x: Float64Array): number => {
  const mean = meanOf(x);
  return Math.sqrt(x.reduce((s, value) => s + (value - mean) ** 2, 0) / x.length);
};
/** Mean within five standard errors of 0, and deviation within five of its own (kurtosis ≤ 3) of `sd`. */
function expectSpread(x: Float64Array, sd: number): void {
  expect(Math.abs(meanOf(x))).toBeLessThan((5 * sd) / Math.sqrt(x.length));
  expect(Math.abs(deviation(x) / sd - 1)).toBeLessThan(5 / Math.sqrt(2 * x.length));
}

describe("pytorch", () => {
  const parts = start({ name: "gap-cnn" }, [3, 32, 32], 10);

  test.each([
    ["0.weight", 27],
    ["0.bias", 27],
    ["3.weight", 288],
    ["7.weight", 2048],
    ["7.bias", 2048],
    ["9.weight", 128],
  ] as const)("%s is uniform on ±1/√%d", (name, fanIn) => {
    const x = parts.get(name)!;
    const bound = 1 / Math.sqrt(fanIn);
    expect(x.every((value) => Math.abs(value) <= bound)).toBe(true);
    expectSpread(x, bound / Math.sqrt(3));
    // Uniform, not merely bounded: each quarter of the interval holds its share.
    const low = x.filter((value) => value < -bound / 2).length / x.length;
    expect(Math.abs(low - 0.25)).toBeLessThan(2.5 / Math.sqrt(x.length));
  });

  test("gain scales weights and leaves biases", () => {
    const scaled = start({ name: "mlp", widths: [5], gain: 3 }, [4], 2);
    const plain = start({ name: "mlp", widths: [5] }, [4], 2);
    plain
      .get("0.weight")!
      .forEach((value, k) => expect(scaled.get("0.weight")![k]).toBeCloseTo(3 * value, 14));
    expect(scaled.get("0.bias")).toEqual(plain.get("0.bias"));
  });

  test("bias: zero starts biases at 0; bias: false has none", () => {
    const zero = start({ name: "mlp", widths: [5], bias: "zero" }, [4], 2);
    expect([...zero.get("0.bias")!, ...zero.get("2.bias")!].every((value) => value === 0)).toBe(true);
    expect([...start({ name: "mlp", widths: [5], bias: false }, [4], 2).keys()]).toEqual([
      "0.weight",
      "2.weight",
    ]);
  });
});

describe("normal schemes", () => {
  test("xavier-normal: variance 2/(fan_in + fan_out), zero biases", () => {
    const parts = start({ name: "mlp", widths: [300], init: "xavier-normal" }, [100], 50);
    expectSpread(parts.get("0.weight")!, Math.sqrt(2 / 400));
    expectSpread(parts.get("2.weight")!, Math.sqrt(2 / 350));
    expect(parts.get("0.bias")!.every((value) => value === 0)).toBe(true);
  });

  test("kaiming-normal: variance 2/fan_in times the gain squared; convolutions count the kernel", () => {
    const config = { name: "cnn", channels: [64, 64], init: "kaiming-normal", gain: 0.3 } as const;
    const parts = start(config, [3, 8, 8], 10);
    expectSpread(parts.get("0.weight")!, 0.3 * Math.sqrt(2 / 27));
    expectSpread(parts.get("3.weight")!, 0.3 * Math.sqrt(2 / 576));
  });

  test("about two thirds of normal draws lie within one deviation", () => {
    const x = start({ name: "deep-linear" }, [50], 50).get("7.weight")!;
    expectSpread(x, Math.sqrt(2 / 100));
    const inside = x.filter((value) => Math.abs(value) < Math.sqrt(0.02)).length / x.length;
    expect(Math.abs(inside - 0.6827)).toBeLessThan(2.5 / Math.sqrt(x.length));
  });

  test("regression: gains 1.9 and 1, zero bias", () => {
    const draws = Array.from({ length: 50 }, (_, seed) => start({ name: "regression" }, [1], 1, seed));
    const pool = (name: string): Float64Array =>
      Float64Array.from(draws.flatMap((one) => Array.from(one.get(name)!)));
    expectSpread(pool("0.weight"), 1.9 * Math.sqrt(2 / 101));
    expectSpread(pool("2.weight"), Math.sqrt(2 / 101));
    expect(pool("0.bias").every((value) => value === 0)).toBe(true);
  });
});

describe("streams", () => {
  const network = buildNetwork({ name: "mlp", widths: [20, 20] }, [30], 5);

  test("float32 and float64 start at the same point", () => {
    const wide = initialParameters(network, 3, "float64");
    expect(initialParameters(network, 3, "float32")).toEqual(Float32Array.from(wide));
  });

  test("a seed always gives the same start, another seed another", () => {
    const first = initialParameters(network, 3, "float64");
    expect(initialParameters(network, 3, "float64")).toEqual(first);
    const other = initialParameters(network, 4, "float64");
    expect(other.every((value, k) => value !== first[k])).toBe(true);
  });

  test("draws follow the layout: the first layer does not depend on later ones", () => {
    const deeper = start({ name: "mlp", widths: [20, 7, 7] }, [30], 5, 3);
    expect(deeper.get("0.weight")).toEqual(
      tensors(network, initialParameters(network, 3, "float64")).get("0.weight"),
    );
  });

  test("a parameter file is not something to draw", () => {
    const fromFile = buildNetwork({ name: "fc-tanh", init: { file: "p.safetensors" } }, [3], 2);
    expect(() => initialParameters(fromFile, 0, "float32")).toThrow(/p\.safetensors.*come from a file/s);
  });
});
