// WebAssembly modules: every instruction of the lanes against plain arithmetic, control flow, encoding, bad names.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Vector, vectorFrom } from "../math/index.ts";
import { and, any, type Lanes, lanesOf, or, VECTOR } from "./wasm-lanes.ts";
import {
  branch,
  type Code,
  encodeWasm,
  i32,
  repeat,
  unsigned,
  WasmFunction,
  WasmModule,
} from "./wasm-module.ts";

const OUT = 8 * VECTOR;

/** Runs `body` over a memory that begins with the given numbers, and reads one vector at `OUT`. */
function evaluate(lanes: Lanes, numbers: readonly number[], result: (fn: WasmFunction) => Code): Vector {
  const fn = new WasmFunction("f", []);
  fn.append(lanes.store(i32.constant(OUT), 0, result(fn)));
  const { memory, kernel } = new WasmModule([fn]).instantiate(1);
  const view = lanes.dtype === "float32" ? new Float32Array(memory) : new Float64Array(memory);
  view.set(numbers);
  kernel("f")();
  return view.slice(OUT / lanes.bytes, OUT / lanes.bytes + lanes.count);
}

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const lanes = lanesOf(dtype);
  const { count, bytes, bits } = lanes;
  const a = [1.5, -2.25, 0, 1e-3].slice(0, count);
  const b = [-0.75, -2.25, 3, 7].slice(0, count);
  const at = (k: number): Code => lanes.load(i32.constant(0), k * VECTOR);
  const rounded = (values: readonly number[]): Vector => vectorFrom(dtype, values);
  const both = (result: (x: Code, y: Code) => Code): Vector =>
    evaluate(lanes, [...a, ...b], () => result(at(0), at(1)));

  test("a vector holds sixteen bytes", () => {
    expect(count * bytes).toBe(VECTOR);
  });

  test("arithmetic", () => {
    const exact = (f: (x: number, y: number) => number): Vector => {
      const [x, y] = [rounded(a), rounded(b)];
      return rounded(Array.from(x, (value, k) => f(value, y[k]!)));
    };
    expect(both(lanes.add)).toEqual(exact((x, y) => x + y));
    expect(both(lanes.sub)).toEqual(exact((x, y) => x - y));
    expect(both(lanes.mul)).toEqual(exact((x, y) => x * y));
    expect(both(lanes.div)).toEqual(exact((x, y) => x / y));
    // Where the second is the larger its bits are kept, else none.
    expect(both((x, y) => and(y, lanes.greater(y, x)))).toEqual(exact((x, y) => (y > x ? y : 0)));
    expect(both((x) => lanes.abs(x))).toEqual(exact((x) => Math.abs(x)));
  });

  test("one number in every lane: of memory, of the stack, written down", () => {
    const all = (value: number): Vector => rounded(new Array<number>(count).fill(value));
    expect(evaluate(lanes, [...a, ...b], () => lanes.loadSplat(i32.constant(0), bytes))).toEqual(all(a[1]!));
    expect(evaluate(lanes, [], () => lanes.constant(Math.PI))).toEqual(all(Math.PI));
    const fn = new WasmFunction("f", ["i32", dtype === "float32" ? "f32" : "f64"]);
    const [pointer, value] = fn.params;
    fn.append(lanes.store(pointer!.get, VECTOR, lanes.splat(value!.get)));
    const { memory, kernel } = new WasmModule([fn]).instantiate(1);
    kernel("f")(OUT, 2.5);
    const view = dtype === "float32" ? new Float32Array(memory) : new Float64Array(memory);
    expect(view.slice((OUT + VECTOR) / bytes, (OUT + VECTOR) / bytes + count)).toEqual(all(2.5));
  });

  test("exponents as integers", () => {
    const width = dtype === "float32" ? 23 : 52;
    const one = dtype === "float32" ? 0x3f800000n : 0x3ff0000000000000n;
    const scaled = a.map((x) => x * 8);
    // Three more in the exponent is eight times as much; 0 would not stay 0.
    const eightfold = evaluate(lanes, scaled, () =>
      bits.add(
        at(0),
        bits.shiftLeft(bits.shiftRight(bits.sub(lanes.constant(8), bits.constant(one)), width), width),
      ),
    );
    for (const [k, x] of scaled.entries()) if (x !== 0) expect(eightfold[k]).toBe(rounded([8 * x])[0]);
    // Below one the shifted difference is negative.
    const quarter = evaluate(lanes, [], () =>
      bits.add(
        lanes.constant(1),
        bits.shiftLeft(bits.shiftRight(bits.sub(lanes.constant(0.25), bits.constant(one)), width), width),
      ),
    );
    expect(quarter).toEqual(rounded(new Array<number>(count).fill(0.25)));
  });

  test("comparisons and branches", () => {
    const chosen = (limit: number, other: number): number => {
      const result = evaluate(lanes, [...a, ...b], (fn) => {
        const found = fn.local("v128");
        fn.append(
          branch(
            any(or(lanes.greater(at(0), lanes.constant(limit)), lanes.greater(at(1), lanes.constant(other)))),
            [found.set(lanes.constant(1))],
            [found.set(lanes.constant(2))],
          ),
          branch(any(lanes.greater(at(0), lanes.constant(100))), [found.set(lanes.constant(3))]),
        );
        return found.get;
      });
      return result[0]!;
    };
    expect(chosen(1, 100)).toBe(1);
    expect(chosen(100, dtype === "float32" ? 5 : -1)).toBe(1);
    expect(chosen(1.5, 100)).toBe(2);
  });

  test("a loop over memory", () => {
    const fn = new WasmFunction("sum", ["i32", "i32"]);
    const [pointer, turns] = fn.params;
    const sum = fn.local("v128");
    fn.append(
      repeat(
        [
          sum.set(lanes.add(sum.get, lanes.load(pointer!.get, 0))),
          pointer!.set(i32.add(pointer!.get, i32.constant(VECTOR))),
        ],
        turns!.tee(i32.sub(turns!.get, i32.constant(1))),
      ),
      lanes.store(i32.constant(OUT), 0, sum.get),
    );
    const { memory, kernel } = new WasmModule([fn]).instantiate(1);
    const view = dtype === "float32" ? new Float32Array(memory) : new Float64Array(memory);
    for (let k = 0; k < 5 * count; k++) view[k] = k;
    kernel("sum")(0, 5);
    const expected = Array.from({ length: count }, (_, lane) => 5 * lane + 10 * count);
    expect(Array.from(view.slice(OUT / bytes, OUT / bytes + count))).toEqual(expected);
  });
});

test("integers of any size and sign, as constants and in LEB128", () => {
  const lanes = lanesOf("float32");
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), (value) => {
      const fn = new WasmFunction("f", ["i32"]);
      const pointer = fn.params[0]!;
      fn.append(lanes.store(i32.add(pointer.get, i32.constant(value)), 0, lanes.constant(1)));
      const { memory, kernel } = new WasmModule([fn]).instantiate(1);
      kernel("f")(OUT - value);
      expect(new Float32Array(memory).indexOf(1) * 4).toBe(OUT);
    }),
    { numRuns: 60 },
  );
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), (value) => {
      const code = unsigned(value);
      expect(code.reduce((sum, byte, at) => sum + (byte & 0x7f) * 2 ** (7 * at), 0)).toBe(value);
      expect(code.every((byte, at) => byte > 0x7f === at < code.length - 1)).toBe(true);
    }),
  );
});

test("a branch where two integers differ", () => {
  const lanes = lanesOf("float32");
  const fn = new WasmFunction("f", ["i32", "i32"]);
  const [a, b] = fn.params;
  fn.append(branch(i32.differ(a!.get, b!.get), [lanes.store(a!.get, 0, lanes.constant(1))]));
  const { memory, kernel } = new WasmModule([fn]).instantiate(1);
  const view = new Float32Array(memory);
  kernel("f")(OUT, OUT);
  expect(view.includes(1)).toBe(false);
  kernel("f")(OUT, 0);
  expect(view.indexOf(1) * 4).toBe(OUT);
});

test("hundreds of locals and functions; every instance has a memory of its own", () => {
  const lanes = lanesOf("float64");
  const functions = Array.from({ length: 200 }, (_, k) => {
    const fn = new WasmFunction(`f${k}`, []);
    const locals = fn.locals("v128", 200);
    fn.append(locals[199]!.set(lanes.constant(k)), lanes.store(i32.constant(0), 0, locals[199]!.get));
    return fn;
  });
  const module = new WasmModule(functions);
  const [one, other] = [module.instantiate(70_000), module.instantiate(10)];
  one.kernel("f199")();
  other.kernel("f3")();
  expect(new Float64Array(one.memory)[0]).toBe(199);
  expect(new Float64Array(other.memory)[0]).toBe(3);
  expect([one, other].map(({ memory }) => memory.byteLength)).toEqual([131_072, 65_536]);
  expect(() => one.kernel("f200")).toThrow(/no kernel f200/);
  expect([...encodeWasm(functions).subarray(0, 8)]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
});
