// Parameter files: round trips, matching by name or by order and shape, and errors that list both sides.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NetConfig } from "./config.ts";
import { initialParameters } from "./init.ts";
import type { ParameterLayout } from "./layout.ts";
import { buildNetwork } from "./network.ts";
import { parametersFromTensors, tensorsFromParameters, type ParameterTensor } from "./parameter-file.ts";

type Named = [string, ParameterTensor];

const network = buildNetwork({ name: "mlp", widths: [4, 4] }, [3], 2);
const { layout } = network;
const theta = initialParameters(network, 1, "float64");
const stored = (): Named[] => [...tensorsFromParameters(layout, theta)];
const load = (
  tensors: Iterable<Named>,
  of: ParameterLayout = layout,
): { theta: unknown; notes: readonly string[] } =>
  parametersFromTensors(of, new Map(tensors), "float64", "p.safetensors");
const renamed = (rename: (name: string) => string): Named[] =>
  stored().map(([name, tensor]) => [rename(name), tensor]);

describe("by name", () => {
  test("θ goes to named tensors and back, in any file order, without a note", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(stored(), { minLength: layout.entries.length }), (tensors) => {
        expect(load(tensors)).toEqual({ theta, notes: [] });
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  test("tensors are copies with the network's names and shapes", () => {
    const tensors = tensorsFromParameters(layout, theta);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual(
      layout.entries.map(({ name, shape }) => [name, shape]),
    );
    tensors.get("0.bias")!.data[0] = 99;
    expect(theta[layout.entries[1]!.offset]).not.toBe(99);
    expect(() => tensorsFromParameters(layout, theta.subarray(1))).toThrow(/45.*46 parameters/s);
  });

  test("numbers of any type become the precision asked for", () => {
    const tiny = buildNetwork({ name: "mlp", widths: [], bias: false }, [2], 1).layout;
    const from = (data: ParameterTensor["data"]): unknown =>
      parametersFromTensors(tiny, new Map([["0.weight", { shape: [1, 2], data }]]), "float32").theta;
    expect(from(Float64Array.of(0.1, -2))).toEqual(Float32Array.of(0.1, -2));
    expect(from(Int8Array.of(-3, 7))).toEqual(Float32Array.of(-3, 7));
    expect(from(BigInt64Array.of(-3n, 7n))).toEqual(Float32Array.of(-3, 7));
  });
});

describe("by order and shape", () => {
  test("another numbering (Cohen's Flatten first) matches, and the note says what went where", () => {
    const file = renamed((name) => `${Number(name[0]) + 1}${name.slice(1)}`);
    const loaded = load(file);
    expect(loaded.theta).toEqual(theta);
    expect(loaded.notes).toHaveLength(1);
    expect(loaded.notes[0]).toMatch(/order and shape.*0\.weight ← 1\.weight.*4\.bias ← 5\.bias/s);
  });

  test("overlapping names do not mix with order: all are matched by order", () => {
    const file = renamed((name) => name.replace(/^2/, "1").replace(/^4/, "2"));
    expect(load(file).theta).toEqual(theta);
  });

  test("a file sorted by its writer: biases first, layer 10 before layer 2", () => {
    const deep = buildNetwork({ name: "mlp", widths: new Array<number>(12).fill(3) }, [3], 3);
    const values = initialParameters(deep, 2, "float64");
    const file = [...tensorsFromParameters(deep.layout, values)].map(([name, tensor]): Named => [
      `net.${name.replace(/^\d+/, (digits) => String(Number(digits) / 2 + 1))}`,
      tensor,
    ]);
    const sorted = file.sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted.slice(0, 3).map(([name]) => name)).toEqual(["net.1.bias", "net.1.weight", "net.10.bias"]);
    expect(load(sorted, deep.layout).theta).toEqual(values);
  });

  test("layers named out of alphabetical order are told apart by their shapes", () => {
    const names: Record<string, string> = { 0: "input", 2: "hidden", 4: "output" };
    const file = renamed((name) => `${names[name[0]!]!}${name.slice(1)}`).sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    expect(file[0]![0]).toBe("hidden.bias");
    expect(load(file).theta).toEqual(theta);
  });

  test("names without dots: all weights, then all biases", () => {
    const file = renamed((name) => `${name[2] === "w" ? "W" : "b"}${name[0]!}`).sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    expect(file.map(([name]) => name)).toEqual(["W0", "W2", "W4", "b0", "b2", "b4"]);
    expect(load(file).theta).toEqual(theta);
  });

  test("any renaming that keeps the order loads the same θ", () => {
    const configs: [NetConfig, number[]][] = [
      [{ name: "mlp", widths: [4, 4, 4] }, [4]],
      [{ name: "cnn", channels: [2, 2], hidden: [3] }, [2, 4, 4]],
      [{ name: "deep-linear", depth: 4, width: 3 }, [3]],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...configs),
        fc.array(fc.string(), { minLength: 12, maxLength: 12 }),
        (pick, words) => {
          const net = buildNetwork(pick[0], pick[1], 3);
          const values = initialParameters(net, 5, "float64");
          // A zero-padded counter keeps names distinct and in order, whatever the words are.
          const file = [...tensorsFromParameters(net.layout, values)].map(([, tensor], k): Named => [
            `${String(k).padStart(2, "0")}_${words[k] ?? ""}`,
            tensor,
          ]);
          const loaded = load(file, net.layout);
          expect(loaded.theta).toEqual(values);
          expect(loaded.notes).toHaveLength(1);
        },
      ),
      { numRuns: 50, seed: 2 },
    );
  });
});

describe("refused", () => {
  const zerosOf = (...shape: number[]): ParameterTensor => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });

  test("missing, extra and misshaped tensors, listing both sides", () => {
    const file: Named[] = [...stored().slice(1), ["9.weight", zerosOf(1)]];
    expect(() => load(file)).toThrow(/missing 0\.weight; extra 9\.weight/);
    expect(() => load(stored().slice(1))).toThrow(/p\.safetensors.*missing 0\.weight/s);
    expect(() => load([...stored(), ["buffer", zerosOf(1)]])).toThrow(
      /extra buffer.*buffer \[1\].*0\.weight \[4,3\]/s,
    );
    expect(() => load([])).toThrow(/no tensors/);
    const misshaped = stored().map(([name, tensor]): Named =>
      name === "2.bias" ? [name, zerosOf(5)] : [name, tensor],
    );
    expect(() => load(misshaped)).toThrow(/misshaped 2\.bias.*2\.bias \[5\].*2\.bias \[4\]/s);
  });

  test("transposed weights, with a hint", () => {
    const file = stored().map(([name, tensor]): Named =>
      name === "0.weight" ? [name, zerosOf(3, 4)] : [name, tensor],
    );
    expect(() => load(file)).toThrow(/misshaped 0\.weight.*out×in.*transposed/s);
  });

  test("right names with wrong shapes are never rearranged to fit", () => {
    const swapped = stored();
    const [first, second] = [swapped[0]!, swapped[4]!];
    [swapped[0], swapped[4]] = [
      [first[0], second[1]],
      [second[0], first[1]],
    ];
    expect(() => load(swapped)).toThrow(/misshaped 0\.weight, 4\.weight/);
  });

  test("a random subset of the tensors never loads", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(stored(), { maxLength: layout.entries.length - 1 }), (tensors) => {
        expect(() => load(tensors)).toThrow(/does not fit the network: missing/);
      }),
      { numRuns: 30, seed: 3 },
    );
  });

  test("an error about very many tensors stays short", () => {
    const many = Array.from({ length: 50_000 }, (_, k): Named => [`t${k}`, zerosOf(1)]);
    try {
      load(many);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(5000);
      expect((error as Error).message).toContain("and 49900 more");
    }
  });

  test("NaN, infinity and float32 overflow, naming tensor and index", () => {
    const spoil = (value: number): Named[] => {
      const tensors = tensorsFromParameters(layout, theta);
      tensors.get("2.weight")!.data[6] = value;
      return [...tensors];
    };
    expect(() => load(spoil(Number.NaN))).toThrow(
      /p\.safetensors: 2\.weight\[1,2\].*not a finite number.*NaN/s,
    );
    expect(() => load(spoil(-Infinity))).toThrow(/2\.weight\[1,2\].*-Infinity/s);
    expect(() => load(spoil(1e300))).not.toThrow();
    expect(() => parametersFromTensors(layout, new Map(spoil(1e300)), "float32")).toThrow(
      /2\.weight\[1,2\].*too large for float32.*float64/s,
    );
  });

  test("fewer values than the shape says", () => {
    const file = stored().map(([name, tensor]): Named =>
      name === "0.bias" ? [name, { ...tensor, data: [1] }] : [name, tensor],
    );
    expect(() => load(file)).toThrow(/0\.bias.*wrong number of values.*1/s);
  });
});
