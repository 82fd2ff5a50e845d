// Reductions. The reduced axes stay, with size 1; the builders drop them.
import { InputError } from "../../math/index.ts";
import { broadcastTo, div, equal, mul, sum } from "../build.ts";
import type { Attributes, NdArray, Node, Operator } from "../graph.ts";
import { broadcastStrides, forEachOffset, sizeOf, type Shape } from "../shape.ts";
import { list } from "./structure.ts";

function reducedShape([x]: readonly Shape[], attributes: Attributes): Shape {
  const axes = list(attributes, "axes");
  const valid = axes.every((axis, k) => axis >= 0 && axis < x!.length && (k === 0 || axis > axes[k - 1]!));
  if (!valid)
    throw new InputError("reduction axes must exist and increase", {
      received: `[${axes.join(",")}] of [${x!.join(",")}]`,
    });
  return x!.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
}

function fold(
  x: NdArray,
  shape: Shape,
  start: number,
  step: (total: number, value: number) => number,
): Float64Array {
  const out = new Float64Array(sizeOf(shape)).fill(start);
  forEachOffset(x.shape, [broadcastStrides(shape, x.shape)], ([to], position) => {
    out[to!] = step(out[to!]!, x.data[position]!);
  });
  return out;
}

/** Nothing to do when every reduced axis already has size 1. */
function simplify(_: unknown, [x]: readonly Node[], attributes: Attributes): Node | null {
  return list(attributes, "axes").every((axis) => x!.shape[axis] === 1) ? x! : null;
}

/** 1/(number of ties) at every maximal element, 0 elsewhere. */
function share(node: Node): Node {
  const hits = equal(node.inputs[0]!, node);
  return div(hits, sum(hits, list(node.attributes, "axes"), true));
}

export const reduce: Record<string, Operator> = {
  ReduceSum: {
    shape: reducedShape,
    simplify,
    jvp: (node, [t]) => (t ? sum(t, list(node.attributes, "axes"), true) : null),
    vjp: (node, cotangent) => [broadcastTo(cotangent, node.inputs[0]!.shape)],
    reference: ([x], _, shape) => fold(x!, shape, 0, (total, value) => total + value),
    onnx: (node, [x], emitter) =>
      emitter.node("ReduceSum", [x!, emitter.ints(list(node.attributes, "axes"))], { keepdims: 1 }),
  },
  ReduceMax: {
    shape: reducedShape,
    simplify,
    jvp: (node, [t]) => (t ? sum(mul(t, share(node)), list(node.attributes, "axes"), true) : null),
    vjp: (node, cotangent) => [mul(cotangent, share(node))],
    reference: ([x], _, shape) => fold(x!, shape, -Infinity, Math.max),
    onnx: (node, [x], emitter) =>
      emitter.node("ReduceMax", [x!], { axes: list(node.attributes, "axes"), keepdims: 1 }),
  },
};
