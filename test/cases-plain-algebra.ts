// The operators as plain loops over indexed arrays, sharing no code with the tensor language: a second opinion.
import { sizeOf, type Attributes, type NdArray, type Shape } from "../src/tensor/index.ts";
import type { Algebra } from "./cases-random-programs.ts";
import { flatten, forEachIndex, reader, tabulate, unflatten } from "./cases-support.ts";

const functions: Record<string, (...values: number[]) => number> = {
  Neg: (x) => -x,
  Tanh: Math.tanh,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Relu: (x) => (x > 0 ? x : 0),
  Abs: Math.abs,
  Sign: Math.sign,
  StopGradient: (x) => x,
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Less: (a, b) => Number(a < b),
  Equal: (a, b) => Number(a === b),
  Where: (c, a, b) => (c === 0 ? b : a),
};

const list = (attributes: Attributes, name: string): readonly number[] =>
  attributes[name] as readonly number[];

function array(shape: Shape, value: (index: readonly number[]) => number): NdArray {
  return { shape, data: tabulate(shape, value) };
}

/** Shape of an elementwise result, axes aligned at the end. */
function common(shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

function reduce(x: NdArray, axes: readonly number[], step: (a: number, b: number) => number): NdArray {
  const shape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const groups: number[][] = Array.from({ length: sizeOf(shape) }, () => []);
  const read = reader(x);
  forEachIndex(x.shape, (index) => {
    const to = index.map((i, axis) => (axes.includes(axis) ? 0 : i));
    groups[flatten(to, shape)]!.push(read(index));
  });
  return { shape, data: Float64Array.from(groups, (values) => values.reduce(step)) };
}

const rules: Record<string, (inputs: readonly NdArray[], attributes: Attributes) => NdArray> = {
  Reshape([x], attributes) {
    const shape = list(attributes, "shape");
    return array(shape, (index) => reader(x!)(unflatten(flatten(index, shape), x!.shape)));
  },
  Transpose([x], attributes) {
    const perm = list(attributes, "perm");
    const shape = perm.map((axis) => x!.shape[axis]!);
    return array(shape, (index) => reader(x!)(x!.shape.map((_, axis) => index[perm.indexOf(axis)]!)));
  },
  Expand: ([x], attributes) => array(list(attributes, "shape"), reader(x!)),
  Slice([x], attributes) {
    const starts = list(attributes, "starts");
    const shape = list(attributes, "ends").map((end, axis) => end - starts[axis]!);
    return array(shape, (index) => reader(x!)(index.map((i, axis) => i + starts[axis]!)));
  },
  Pad([x], attributes) {
    const [before, after] = [list(attributes, "before"), list(attributes, "after")];
    const shape = x!.shape.map((dim, axis) => before[axis]! + dim + after[axis]!);
    return array(shape, (index) => {
      const from = index.map((i, axis) => i - before[axis]!);
      return from.some((i, axis) => i < 0 || i >= x!.shape[axis]!) ? 0 : reader(x!)(from);
    });
  },
  Reverse([x], attributes) {
    const axes = list(attributes, "axes");
    return array(x!.shape, (index) =>
      reader(x!)(index.map((i, axis) => (axes.includes(axis) ? x!.shape[axis]! - 1 - i : i))),
    );
  },
  Concat([a, b], attributes) {
    const axis = attributes["axis"] as number;
    const first = a!.shape[axis]!;
    return array(a!.shape.with(axis, first + b!.shape[axis]!), (index) => {
      const i = index[axis]!;
      return i < first ? reader(a!)(index) : reader(b!)(index.with(axis, i - first));
    });
  },
  ReduceSum: ([x], attributes) => reduce(x!, list(attributes, "axes"), (a, b) => a + b),
  ReduceMax: ([x], attributes) => reduce(x!, list(attributes, "axes"), (a, b) => Math.max(a, b)),
  MatMul([a, b], attributes) {
    const [transA, transB] = [attributes["transA"] === 1, attributes["transB"] === 1];
    const rows = a!.shape[transA ? 1 : 0]!;
    const columns = b!.shape[transB ? 0 : 1]!;
    return array([rows, columns], ([i, j]) => {
      let total = 0;
      for (let k = 0; k < a!.shape[transA ? 0 : 1]!; k++) {
        total += reader(a!)(transA ? [k, i!] : [i!, k]) * reader(b!)(transB ? [j!, k] : [k, j!]);
      }
      return total;
    });
  },
};

/** The interpretation that computes at once. */
export const plainAlgebra: Algebra<NdArray> = {
  shapeOf: (value) => value.shape,
  constant: (value) => ({ shape: [], data: Float64Array.of(value) }),
  apply(op, inputs, attributes = {}) {
    const rule = rules[op];
    if (rule) return rule(inputs, attributes);
    const value = functions[op]!;
    const reads = inputs.map(reader);
    return array(common(inputs.map((input) => input.shape)), (index) =>
      value(...reads.map((read) => read(index))),
    );
  },
};
