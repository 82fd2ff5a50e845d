// The vocabulary for writing programs: one small function per operator, plus the conveniences rules need.
import { type Graph, type Node } from "./graph.ts";
import { broadcastAxes, sameShape, sizeOf, type Shape } from "./shape.ts";

/** A number where a node is expected becomes a scalar constant. */
export type Operand = Node | number;

function lift(graph: Graph, value: Operand): Node {
  return typeof value === "number" ? graph.constant(value) : value;
}

function binary(op: string, a: Operand, b: Operand): Node {
  const graph = typeof a === "number" ? (b as Node).graph : a.graph;
  return graph.apply(op, [lift(graph, a), lift(graph, b)]);
}

/** a + b with broadcasting; at least one operand is a node (as in all binary functions here). */
export const add = (a: Operand, b: Operand): Node => binary("Add", a, b);
/** a − b. */
export const sub = (a: Operand, b: Operand): Node => binary("Sub", a, b);
/** a · b, elementwise. */
export const mul = (a: Operand, b: Operand): Node => binary("Mul", a, b);
/** a / b, elementwise. */
export const div = (a: Operand, b: Operand): Node => binary("Div", a, b);
/** 1 where a < b, else 0. Its derivative is zero. */
export const less = (a: Operand, b: Operand): Node => binary("Less", a, b);
/** 1 where a = b, else 0. Its derivative is zero. */
export const equal = (a: Operand, b: Operand): Node => binary("Equal", a, b);
/** a where condition ≠ 0, else b. Not differentiable in the condition. */
export const where = (condition: Node, a: Operand, b: Operand): Node =>
  condition.graph.apply("Where", [condition, lift(condition.graph, a), lift(condition.graph, b)]);

export const neg = (x: Node): Node => x.graph.apply("Neg", [x]);
export const exp = (x: Node): Node => x.graph.apply("Exp", [x]);
export const log = (x: Node): Node => x.graph.apply("Log", [x]);
export const sqrt = (x: Node): Node => x.graph.apply("Sqrt", [x]);
export const tanh = (x: Node): Node => x.graph.apply("Tanh", [x]);
export const sigmoid = (x: Node): Node => x.graph.apply("Sigmoid", [x]);
/** log(1 + eˣ), without overflow. */
export const softplus = (x: Node): Node => x.graph.apply("Softplus", [x]);
export const erf = (x: Node): Node => x.graph.apply("Erf", [x]);
/** max(x, 0), with derivative 0 at 0. */
export const relu = (x: Node): Node => x.graph.apply("Relu", [x]);
/** |x|, with derivative 0 at 0. */
export const abs = (x: Node): Node => x.graph.apply("Abs", [x]);
/** −1, 0 or 1. Its derivative is zero. */
export const sign = (x: Node): Node => x.graph.apply("Sign", [x]);
/** x², as one product. */
export const square = (x: Node): Node => mul(x, x);
/** The value of x, treated as a constant by every derivative. */
export const stopGradient = (x: Node): Node => x.graph.apply("StopGradient", [x]);

/** Same elements, new shape of the same size. */
export const reshape = (x: Node, shape: Shape): Node => x.graph.apply("Reshape", [x], { shape: [...shape] });
/** Axis k of the result is axis perm[k] of x. */
export const transpose = (x: Node, perm: readonly number[]): Node =>
  x.graph.apply("Transpose", [x], { perm: [...perm] });
/** Repeats x along broadcast axes to exactly `shape`. */
export const expand = (x: Node, shape: Shape): Node => x.graph.apply("Expand", [x], { shape: [...shape] });
/** Elements starts[k] ≤ i < ends[k] along every axis k. */
export const slice = (x: Node, starts: readonly number[], ends: readonly number[]): Node =>
  x.graph.apply("Slice", [x], { starts: [...starts], ends: [...ends] });
/** Zeros before and after along every axis. */
export const pad = (x: Node, before: readonly number[], after: readonly number[]): Node =>
  x.graph.apply("Pad", [x], { before: [...before], after: [...after] });
/** Reverses the listed axes. */
export const reverse = (x: Node, axes: readonly number[]): Node =>
  x.graph.apply("Reverse", [x], { axes: [...axes] });
/** Joins along one axis. */
export const concat = (parts: readonly Node[], axis: number): Node =>
  parts[0]!.graph.apply("Concat", parts, { axis });

/** Sum over axes (default: all), kept as size 1 when `keep`. */
export function sum(x: Node, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Node {
  const reduced = x.graph.apply("ReduceSum", [x], { axes: [...axes] });
  return keep ? reduced : dropAxes(reduced, axes);
}

/** Maximum over axes; ties share the derivative equally. */
export function max(x: Node, axes: readonly number[], keep = false): Node {
  const reduced = x.graph.apply("ReduceMax", [x], { axes: [...axes] });
  return keep ? reduced : dropAxes(reduced, axes);
}

/** Arithmetic mean over axes. */
export function mean(x: Node, axes: readonly number[], keep = false): Node {
  return mul(sum(x, axes, keep), 1 / axes.reduce((count, axis) => count * x.shape[axis]!, 1));
}

function dropAxes(x: Node, axes: readonly number[]): Node {
  return reshape(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );
}

/** Matrix product of two matrices, each transposed first when its flag is set. */
export const matmul = (a: Node, b: Node, transA = false, transB = false): Node =>
  a.graph.apply("MatMul", [a, b], { transA: Number(transA), transB: Number(transB) });

/** Cross-correlation, stride 1: x n×c×h×w, w o×c×kh×kw, zero padding on all sides → n×o×h'×w'. */
export const conv2d = (x: Node, w: Node, padding: number): Node =>
  x.graph.apply("Conv2d", [x, w], { padding });

/** Gradient of ⟨g, conv2d(x, w)⟩ in w: x n×c×h×w, g n×o×h'×w' → o×c×kh×kw. */
export const convWeightGrad = (x: Node, g: Node, padding: number): Node =>
  x.graph.apply("ConvWeightGrad", [x, g], { padding });

/** Sum over non-overlapping k×k windows of the last two axes of n×c×h×w (a remainder is dropped). */
export const sumPool2d = (x: Node, k: number): Node => x.graph.apply("SumPool2d", [x], { k });
/** Mean over non-overlapping k×k windows. */
export const averagePool2d = (x: Node, k: number): Node => mul(sumPool2d(x, k), 1 / (k * k));
/** Maximum over non-overlapping k×k windows; ties share the derivative equally. */
export const maxPool2d = (x: Node, k: number): Node => x.graph.apply("MaxPool2d", [x], { k });
/** Repeats every element k×k times in the last two axes, then pads with zeros to height×width. */
export const upsample2d = (x: Node, k: number, height: number, width: number): Node =>
  x.graph.apply("Upsample2d", [x], { k, height, width });

/** Sums `x` down to `shape`, undoing a broadcast. */
export function unbroadcast(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  return reshape(sum(x, broadcastAxes(shape, x.shape), true), shape);
}

/** `x` repeated to `shape` when it is not that shape already. */
export function broadcastTo(x: Node, shape: Shape): Node {
  return sameShape(x.shape, shape) ? x : expand(x, shape);
}

/** a + b where null means zero. */
export function addOptional(a: Node | null, b: Node | null): Node | null {
  if (a === null) return b;
  return b === null ? a : add(a, b);
}

/** ⟨a, b⟩: the sum of all products, a scalar. Shapes must be equal. */
export function inner(a: Node, b: Node): Node {
  return sum(mul(a, b));
}

/** Flattens to `rows` rows. */
export function toRows(x: Node, rows: number): Node {
  return reshape(x, [rows, sizeOf(x.shape) / rows]);
}
