// Elementwise operators with numpy broadcasting: arithmetic, comparisons and the functions networks need.
import { erf as erfValue } from "../../math/index.ts";
import {
  add,
  addOptional,
  broadcastTo,
  div,
  exp,
  mul,
  neg,
  sigmoid,
  sign,
  sub,
  unbroadcast,
  where,
} from "../build.ts";
import type { Graph, NdArray, Node, Operator } from "../graph.ts";
import { broadcastShapes, broadcastStrides, forEachOffset, sameShape, sizeOf, type Shape } from "../shape.ts";
import { doubleErf, softplusByLog } from "./double.ts";

type Rule = (node: Node, x: Node) => Node | null;

/** A one-argument function with derivative `derivative(node, x)` (null: zero everywhere it exists). */
function unary(
  onnx: string,
  value: (x: number) => number,
  derivative: Rule,
  extra: Partial<Operator> = {},
): Operator {
  const chain = (node: Node, t: Node): Node | null => {
    const slope = derivative(node, node.inputs[0]!);
    return slope === null ? null : mul(t, slope);
  };
  return {
    shape: (inputs) => inputs[0]!,
    jvp: (node, [t]) => (t ? chain(node, t) : null),
    vjp: (node, cotangent) => [chain(node, cotangent)],
    reference: ([x]) => x!.data.map(value),
    onnx: (_, inputs, emitter) => emitter.node(onnx, inputs),
    ...extra,
  };
}

/** Partial derivatives of a binary function, as factors on the tangent (null: zero). */
interface Partials {
  left(node: Node, t: Node): Node | null;
  right(node: Node, t: Node): Node | null;
}

function binary(
  onnx: string,
  value: (a: number, b: number) => number,
  partials: Partials,
  extra: Partial<Operator> = {},
): Operator {
  const { simplify: further, ...rest } = extra;
  return {
    shape: (inputs) => broadcastShapes(inputs[0]!, inputs[1]!),
    simplify: (graph, inputs, attributes) =>
      shrinkConstants(graph, onnx, inputs) ?? further?.(graph, inputs, attributes) ?? null,
    jvp(node, [left, right]) {
      const a = left ? partials.left(node, left) : null;
      const b = right ? partials.right(node, right) : null;
      const total = addOptional(a, b);
      return total && broadcastTo(total, node.shape);
    },
    vjp(node, cotangent, wanted) {
      const a = wanted[0] ? partials.left(node, cotangent) : null;
      const b = wanted[1] ? partials.right(node, cotangent) : null;
      return [a && unbroadcast(a, node.inputs[0]!.shape), b && unbroadcast(b, node.inputs[1]!.shape)];
    },
    reference: (inputs, _, shape) => mapBroadcast(inputs, shape, (values) => value(values[0]!, values[1]!)),
    onnx: (_, inputs, emitter) => emitter.node(onnx, inputs),
    ...rest,
  };
}

function mapBroadcast(
  inputs: readonly NdArray[],
  shape: Shape,
  value: (values: number[]) => number,
): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const values = inputs.map(() => 0);
  const strides = inputs.map((input) => broadcastStrides(input.shape, shape));
  forEachOffset(shape, strides, (offsets, position) => {
    for (let k = 0; k < inputs.length; k++) values[k] = inputs[k]!.data[offsets[k]!]!;
    out[position] = value(values);
  });
  return out;
}

/** Value of a scalar constant node, else null. */
function scalarValue(node: Node): number | null {
  return node.op === "Constant" && node.shape.length === 0 ? node.values![0]! : null;
}

/**
 * Constants of one repeated value as scalars where their shape makes no difference: then the rules for 0 and 1
 * below see them, and ONNX Runtime never meets a full-rank constant it could fold into an invalid graph.
 */
function shrinkConstants(graph: Graph, op: string, inputs: readonly Node[]): Node | null {
  const [a, b] = inputs as readonly [Node, Node];
  const repeated = (node: Node, other: Node): number | null => {
    const values = node.op === "Constant" && node.shape.length > 0 ? node.values! : null;
    if (!values || !values.every((value) => Object.is(value, values[0]))) return null;
    return sameShape(broadcastShapes(node.shape, other.shape), other.shape) ? values[0]! : null;
  };
  const left = repeated(a, b);
  if (left !== null) return graph.apply(op, [graph.constant(left), b]);
  const right = repeated(b, a);
  return right === null ? null : graph.apply(op, [a, graph.constant(right)]);
}

/** Inputs without broadcasts that the result would do anyway: Mul(Expand(x), y) is Mul(x, y) when shapes allow. */
function dropExpands(graph: Graph, op: string, inputs: readonly Node[]): Node | null {
  const shape = inputs.map((input) => input.shape).reduce(broadcastShapes);
  for (let k = 0; k < inputs.length; k++) {
    const input = inputs[k]!;
    if (input.op !== "Expand") continue;
    const shorter = inputs.with(k, input.inputs[0]!);
    if (sameShape(shorter.map((node) => node.shape).reduce(broadcastShapes), shape))
      return graph.apply(op, shorter);
  }
  return null;
}

const noDerivative: Partials = { left: () => null, right: () => null };

/** 0/1 comparison; ONNX compares to bool, so a cast follows. */
function comparison(onnx: string, value: (a: number, b: number) => boolean): Operator {
  return binary(onnx, (a, b) => Number(value(a, b)), noDerivative, {
    onnx: (_, inputs, emitter) =>
      emitter.node("Cast", [emitter.node(onnx, inputs)], { to: emitter.dtype === "float32" ? 1 : 11 }),
  });
}

export const elementwise: Record<string, Operator> = {
  Neg: unary(
    "Neg",
    (x) => -x,
    (node) => node.graph.constant(-1),
    {
      jvp: (_, [t]) => (t ? neg(t) : null),
      vjp: (_, cotangent) => [neg(cotangent)],
      simplify: (_, [x]) =>
        x!.op === "Neg" ? x!.inputs[0]! : x!.op === "Sub" ? sub(x!.inputs[1]!, x!.inputs[0]!) : null,
    },
  ),
  Exp: unary("Exp", Math.exp, (node) => node),
  Log: unary("Log", Math.log, (_, x) => div(1, x)),
  Sqrt: unary("Sqrt", Math.sqrt, (node) => div(0.5, node)),
  Tanh: unary("Tanh", Math.tanh, (node) => sub(1, mul(node, node))),
  Sigmoid: unary(
    "Sigmoid",
    (x) => 1 / (1 + Math.exp(-x)),
    (node) => mul(node, sub(1, node)),
  ),
  Softplus: unary(
    "Softplus",
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    (_, x) => sigmoid(x),
    {
      // In single precision too: as accurate as ONNX Runtime's own, which takes two exponentials and two logarithms.
      decompose: (node) => softplusByLog(node.inputs[0]!),
    },
  ),
  Erf: unary("Erf", erfValue, (_, x) => mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x)))), {
    decompose: (node, dtype) => (dtype === "float64" ? doubleErf(node.inputs[0]!) : null),
  }),
  // Sign(Relu(x)) rather than a comparison: one kernel fewer, and 0 at 0 as in every framework.
  Relu: unary(
    "Relu",
    (x) => Math.max(x, 0),
    (node) => sign(node),
  ),
  Abs: unary("Abs", Math.abs, (_, x) => sign(x)),
  Sign: unary("Sign", Math.sign, () => null),
  StopGradient: unary(
    "Identity",
    (x) => x,
    () => null,
  ),
  Less: comparison("Less", (a, b) => a < b),
  Equal: comparison("Equal", (a, b) => a === b),

  Add: binary(
    "Add",
    (a, b) => a + b,
    { left: (_, t) => t, right: (_, t) => t },
    {
      simplify(graph, [a, b]) {
        if (scalarValue(a!) === 0) return b!;
        if (scalarValue(b!) === 0) return a!;
        if (b!.op === "Neg") return sub(a!, b!.inputs[0]!);
        if (a!.op === "Neg") return sub(b!, a!.inputs[0]!);
        return dropExpands(graph, "Add", [a!, b!]);
      },
    },
  ),
  Sub: binary(
    "Sub",
    (a, b) => a - b,
    { left: (_, t) => t, right: (_, t) => neg(t) },
    {
      simplify(graph, [a, b]) {
        if (scalarValue(b!) === 0) return a!;
        if (scalarValue(a!) === 0) return neg(b!);
        if (b!.op === "Neg") return add(a!, b!.inputs[0]!);
        return dropExpands(graph, "Sub", [a!, b!]);
      },
    },
  ),
  Mul: binary(
    "Mul",
    (a, b) => a * b,
    { left: (node, t) => mul(t, node.inputs[1]!), right: (node, t) => mul(t, node.inputs[0]!) },
    {
      simplify(graph, [a, b]) {
        if (scalarValue(a!) === null && scalarValue(b!) !== null) return mul(b!, a!);
        const factor = scalarValue(a!);
        if (factor === 1) return b!;
        if (factor === -1) return neg(b!);
        if (factor !== null && b!.op === "Mul") {
          const inside = scalarValue(b!.inputs[0]!);
          if (inside !== null) return mul(factor * inside, b!.inputs[1]!);
        }
        if (factor !== null && b!.op === "Neg") return mul(-factor, b!.inputs[0]!);
        if (factor === null && a!.op === "Neg") return neg(mul(a!.inputs[0]!, b!));
        if (factor === null && b!.op === "Neg") return neg(mul(a!, b!.inputs[0]!));
        return dropExpands(graph, "Mul", [a!, b!]);
      },
    },
  ),
  Div: binary(
    "Div",
    (a, b) => a / b,
    {
      left: (node, t) => div(t, node.inputs[1]!),
      right: (node, t) => neg(mul(t, div(node, node.inputs[1]!))),
    },
    {
      simplify: (graph, [a, b]) => (scalarValue(b!) === 1 ? a! : dropExpands(graph, "Div", [a!, b!])),
    },
  ),
  Where: {
    shape: (inputs) => inputs.reduce(broadcastShapes),
    jvp(node, [, a, b]) {
      if (!a && !b) return null;
      const zero = node.graph.constant(0);
      return broadcastTo(where(node.inputs[0]!, a ?? zero, b ?? zero), node.shape);
    },
    vjp(node, cotangent, wanted) {
      const [condition, a, b] = node.inputs;
      const zero = node.graph.constant(0);
      return [
        null,
        wanted[1] ? unbroadcast(broadcastTo(where(condition!, cotangent, zero), node.shape), a!.shape) : null,
        wanted[2] ? unbroadcast(broadcastTo(where(condition!, zero, cotangent), node.shape), b!.shape) : null,
      ];
    },
    reference: (inputs, _, shape) => mapBroadcast(inputs, shape, ([c, a, b]) => (c !== 0 ? a! : b!)),
    onnx: (_, [c, a, b], emitter) => emitter.node("Where", [emitter.node("Cast", [c!], { to: 9 }), a!, b!]),
  },
};
