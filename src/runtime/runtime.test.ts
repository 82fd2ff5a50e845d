// The two backends as the rest of the laboratory uses them: networks, arrays that do not fit, lifetimes.
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import {
  curvatureAlong,
  gradientOf,
  hessianVector,
  programOf,
  smallCnn,
  smallMlp,
} from "../../test/cases-networks.ts";
import { direction, worstError } from "../../test/cases-support.ts";
import { RunError, vectorFrom, zeros, type DType, type Vector } from "../math/index.ts";
import {
  add,
  createGraph,
  div,
  matmul,
  mul,
  reshape,
  sizeOf,
  sum,
  tanh,
  type Program,
} from "../tensor/index.ts";
import { evaluate, onnxRuntimeBackend, referenceBackend, type Backend, type Executable } from "./index.ts";

const cpu = onnxRuntimeBackend(ort, { device: "cpu", threads: 1 });
const backends: [string, Backend][] = [
  ["ONNX Runtime", cpu],
  ["the interpreter", referenceBackend()],
];

function buffers(executable: Executable, dtype: DType): [Vector[], Vector[]] {
  const make = (ports: Executable["inputs"]): Vector[] =>
    ports.map((port) => zeros(dtype, sizeOf(port.shape)));
  return [make(executable.inputs), make(executable.outputs)];
}

async function execute(
  backend: Backend,
  program: Program,
  dtype: DType,
  feeds: readonly Vector[],
): Promise<Vector[]> {
  const executable = await backend.compile(program, dtype);
  const [, results] = buffers(executable, dtype);
  await executable.run(feeds, results);
  await executable.dispose();
  return results;
}

/** y = tanh(x·w), and Σy: [2,3]·[3,2]. */
function product(): Program {
  const graph = createGraph();
  const x = graph.input("x", [2, 3]);
  const w = graph.input("w", [3, 2]);
  const y = tanh(matmul(x, w));
  return { inputs: [x, w], outputs: [y, sum(y)] };
}

describe.each([
  ["MLP with cross-entropy", smallMlp],
  ["CNN with squared error", smallCnn],
] as const)("%s", (_, make) => {
  const item = make();
  const program = programOf(item, [
    item.loss,
    ...gradientOf(item.loss, item.parameters),
    ...hessianVector(item),
    ...gradientOf(curvatureAlong(item), item.parameters),
  ]);

  test.each([
    ["float64", 1e-13],
    ["float32", 1e-5],
  ] as const)(
    "loss, gradient, Hv and ∇³L(v,v) in %s agree with the interpreter",
    async (dtype, tolerance) => {
      const feeds = program.inputs.map((input) => vectorFrom(dtype, item.values.get(input)!));
      const expected = evaluate(program, new Map(program.inputs.map((input, k) => [input, feeds[k]!])));
      const got = await execute(cpu, program, dtype, feeds);
      expected.forEach((values, k) =>
        expect(worstError(got[k]!, values), `output ${k}`).toBeLessThan(tolerance),
      );
      // Something to compare: no block of zeros would pass for a derivative.
      for (const values of expected) expect(values.some((value) => Math.abs(value) > 1e-4)).toBe(true);
    },
  );

  test("more threads change nothing but rounding", async () => {
    const feeds = program.inputs.map((input) => vectorFrom("float64", item.values.get(input)!));
    const one = await execute(cpu, program, "float64", feeds);
    const two = await execute(
      onnxRuntimeBackend(ort, { device: "cpu", threads: 2 }),
      program,
      "float64",
      feeds,
    );
    one.forEach((values, k) => expect(worstError(two[k]!, values)).toBeLessThan(1e-13));
  });
});

describe.each(backends)("%s", (_, backend) => {
  test("describes itself and its ports", async () => {
    expect(backend.name).toMatch(/^(onnxruntime \d+\.\d+\.\d+|reference interpreter)$/);
    const executable = await backend.compile(product(), "float64");
    expect(executable.inputs).toEqual([
      { name: "x", shape: [2, 3] },
      { name: "w", shape: [3, 2] },
    ]);
    expect(executable.outputs.map((port) => port.shape)).toEqual([[2, 2], []]);
    await executable.dispose();
  });

  test("an array that does not fit a port is refused by name, before anything runs", async () => {
    const executable = await backend.compile(product(), "float32");
    const [feeds, results] = buffers(executable, "float32");
    const misfits: [readonly Vector[], readonly Vector[], RegExp][] = [
      [[feeds[0]!, zeros("float32", 5)], results, /^w: .*received 5 values in float32.*6 values in float32/],
      [[zeros("float32", 7), feeds[1]!], results, /^x: .*received 7 values/],
      [[feeds[0]!, zeros("float64", 6)], results, /^w: .*received 6 values in float64.*float32/],
      [[feeds[0]!], results, /^w: .*received nothing/],
      [feeds, [zeros("float32", 3), results[1]!], /^out0: .*received 3 values.*allowed: 4/],
      [feeds, [results[0]!, zeros("float32", 2)], /^out1: .*received 2 values/],
      [feeds, [results[0]!], /^out1: .*received nothing/],
    ];
    for (const [badFeeds, badResults, message] of misfits) {
      const attempt = executable.run(badFeeds, badResults);
      await expect(attempt).rejects.toThrow(RunError);
      await expect(attempt).rejects.toThrow(message);
    }
    // Still usable afterwards.
    feeds.forEach((feed) => feed.fill(1));
    await executable.run(feeds, results);
    expect(results[1]![0]).toBeCloseTo(4 * Math.tanh(3), 6);
    await executable.dispose();
  });

  test("one array may serve ports of different shapes, and other arrays may take its place", async () => {
    const graph = createGraph();
    const a = graph.input("a", [2, 3]);
    const b = graph.input("b", [6]);
    const program = { inputs: [a, b], outputs: [mul(reshape(a, [6]), b), add(a, reshape(b, [2, 3]))] };
    const executable = await backend.compile(program, "float64");
    const same = direction(6, 1);
    const other = direction(6, 2);
    const results = [new Float64Array(6), new Float64Array(6)];
    await executable.run([same, same], results);
    expect(results).toEqual([same.map((x) => x * x), same.map((x) => x + x)]);
    await executable.run([other, same], results.toReversed());
    expect(results).toEqual([same.map((x, i) => x + other[i]!), same.map((x, i) => x * other[i]!)]);
    // Contents may change between runs in the same array.
    same.fill(2);
    await executable.run([other, same], results);
    expect(results[0]).toEqual(other.map((x) => 2 * x));
    await executable.dispose();
  });

  test("outputs may be inputs, constants, or the same value twice", async () => {
    const graph = createGraph();
    const x = graph.input("x", [2]);
    const unused = graph.input("unused", [3]);
    const y = add(x, 1);
    const program = { inputs: [x, unused], outputs: [x, y, y, graph.constant([5, 6], [2])] };
    const results = await execute(backend, program, "float64", [Float64Array.of(1, 2), new Float64Array(3)]);
    expect(results.map((values) => Array.from(values))).toEqual([
      [1, 2],
      [2, 3],
      [2, 3],
      [5, 6],
    ]);
  });

  test("infinities and NaN pass through as the arithmetic makes them", async () => {
    const graph = createGraph();
    const x = graph.input("x", [4]);
    const [result] = await execute(backend, { inputs: [x], outputs: [div(x, mul(x, 0))] }, "float64", [
      Float64Array.of(1, -1, 0, Number.NaN),
    ]);
    expect([...result!]).toEqual([Infinity, Infinity, Number.NaN, Number.NaN]);
  });
});

describe("the interpreter", () => {
  test("rounds results to the arrays it writes", async () => {
    const graph = createGraph();
    const x = graph.input("x", []);
    const [result] = await execute(referenceBackend(), { inputs: [x], outputs: [div(x, 3)] }, "float32", [
      Float32Array.of(1),
    ]);
    expect(result![0]).toBe(Math.fround(1 / 3));
  });

  test("names inputs without a value or of the wrong size", () => {
    const { inputs, outputs } = product();
    expect(() => evaluate({ inputs, outputs }, new Map())).toThrow(/^x: .*received nothing/);
    const values = new Map(inputs.map((input) => [input, new Float64Array(6)]));
    values.set(inputs[1]!, new Float64Array(4));
    expect(() => evaluate({ inputs, outputs }, values)).toThrow(/^w: .*received 4 values; allowed: 6 values/);
  });

  test("needs only the inputs the outputs reach", () => {
    const graph = createGraph();
    const x = graph.input("x", [2]);
    const program = { inputs: [x, graph.input("unused", [9])], outputs: [mul(2, x)] };
    expect(evaluate(program, new Map([[x, [1, 2]]]))).toEqual([Float64Array.of(2, 4)]);
  });
});

describe("ONNX Runtime", () => {
  test("keeps many programs apart, and releases each on its own", async () => {
    const executables = await Promise.all(
      [1, 2, 3].map(async (factor) => {
        const graph = createGraph();
        const x = graph.input("x", [2]);
        return cpu.compile({ inputs: [x], outputs: [mul(factor, x)] }, "float64");
      }),
    );
    await executables[1]!.dispose();
    const results = [0, 2].map(() => new Float64Array(2));
    await executables[0]!.run([Float64Array.of(1, 2)], [results[0]!]);
    await executables[2]!.run([Float64Array.of(1, 2)], [results[1]!]);
    expect(results).toEqual([Float64Array.of(1, 2), Float64Array.of(3, 6)]);
    await expect(executables[1]!.run([new Float64Array(2)], [new Float64Array(2)])).rejects.toThrow();
    await executables[0]!.dispose();
    await executables[2]!.dispose();
  });

  test("a device this build does not have is a RunError that names it", async () => {
    const nowhere = onnxRuntimeBackend(ort, { device: "no-such-device", threads: 1 });
    await expect(nowhere.compile(product(), "float32")).rejects.toThrow(RunError);
    await expect(nowhere.compile(product(), "float32")).rejects.toThrow(/no-such-device/);
  });
});
