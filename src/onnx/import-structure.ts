// Import rules of operators that move elements: reshape, transpose, slice, pad, join.
import {
  broadcastShapes,
  concat,
  expand,
  type Node,
  pad,
  reshape,
  reverse,
  sizeOf,
  slice,
  transpose,
} from "../tensor/index.ts";
import {
  constantValue,
  float,
  type ImportNode,
  type ImportRules,
  integers,
  type Value,
} from "./import-node.ts";

/** Shape a Reshape node asks for: 0 copies a size, −1 is whatever is left. */
function requestedShape(node: ImportNode, x: Node): number[] {
  const keepZero = node.flag("allowzero");
  const target = node.integers(1).map((dim, axis) => (dim === 0 && !keepZero ? (x.shape[axis] ?? 0) : dim));
  const open = target.indexOf(-1);
  if (open >= 0) target[open] = sizeOf(x.shape) / sizeOf(target.with(open, 1));
  if (!target.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw node.error(
      "cannot give a tensor this shape",
      `[${node.integers(1).join(", ")}] for [${x.shape.join(", ")}]`,
    );
  }
  return target;
}

function squeeze(node: ImportNode): Value {
  const x = node.float(0);
  const axes = node.has(1) ? node.axes(node.integers(1), x.shape.length) : undefined;
  const wrong = axes?.find((axis) => x.shape[axis] !== 1);
  if (wrong !== undefined)
    throw node.error(`axis ${wrong} has size ${x.shape[wrong]!}, so it cannot be dropped`);
  const kept = x.shape.filter((dim, axis) => (axes === undefined ? dim !== 1 : !axes.includes(axis)));
  return float(reshape(x, kept));
}

function unsqueeze(node: ImportNode): Value {
  const x = node.float(0);
  const listed = node.integers(1);
  const shape = [...x.shape];
  for (const axis of node.axes(listed, x.shape.length + listed.length).sort(byNumber))
    shape.splice(axis, 0, 1);
  return float(reshape(x, shape));
}

const byNumber = (a: number, b: number): number => a - b;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Start, end and step of ONNX's slice along an axis of `size`, as a forward range and whether to reverse it. */
function forwardRange(
  node: ImportNode,
  [start, end, step]: readonly [number, number, number],
  size: number,
): { start: number; end: number; reversed: boolean } {
  const fromEnd = (value: number): number => (value < 0 ? value + size : value);
  if (step === 1)
    return { start: clamp(fromEnd(start), 0, size), end: clamp(fromEnd(end), 0, size), reversed: false };
  if (step !== -1) throw node.error("only steps 1 and -1 are supported", String(step));
  const first = clamp(fromEnd(start), -1, size - 1);
  const stop = clamp(fromEnd(end), -1, size - 1);
  return { start: stop + 1, end: first + 1, reversed: true };
}

function sliceRule(node: ImportNode): Value {
  const x = node.float(0);
  const [starts, ends] = [node.integers(1), node.integers(2)];
  const axes = node.has(3)
    ? node.axes(node.integers(3), x.shape.length)
    : node.axes([...starts.keys()], x.shape.length);
  const steps = node.has(4) ? node.integers(4) : starts.map(() => 1);
  if ([ends, axes, steps].some((list) => list.length !== starts.length)) {
    throw node.error("starts, ends, axes and steps differ in length");
  }
  const from = x.shape.map(() => 0);
  const to = [...x.shape];
  const reversed: number[] = [];
  axes.forEach((axis, k) => {
    const range = forwardRange(node, [starts[k]!, ends[k]!, steps[k]!], x.shape[axis]!);
    from[axis] = range.start;
    to[axis] = range.end;
    if (range.reversed) reversed.push(axis);
  });
  const part = slice(x, from, to);
  return float(reversed.length === 0 ? part : reverse(part, reversed.sort(byNumber)));
}

/** Negative widths cut, positive ones add. */
const cut = (width: number): number => Math.max(-width, 0);
const grow = (width: number): number => Math.max(width, 0);

function padRule(node: ImportNode): Value {
  const x = node.float(0);
  const rank = x.shape.length;
  const mode = node.text("mode", "constant");
  if (mode !== "constant") throw node.error("only zero padding is supported", `mode "${mode}"`);
  if (node.has(2) && node.number(2) !== 0)
    throw node.error("only zero padding is supported", `value ${node.number(2)}`);
  const widths = node.integers(1);
  const axes = node.has(3) ? node.axes(node.integers(3), rank) : x.shape.map((_, axis) => axis);
  if (widths.length !== 2 * axes.length)
    throw node.error("two widths per axis are needed", `${widths.length}`);
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  axes.forEach((axis, k) => {
    before[axis] = widths[k]!;
    after[axis] = widths[k + axes.length]!;
  });
  const kept = slice(
    x,
    before.map(cut),
    x.shape.map((dim, axis) => dim - cut(after[axis]!)),
  );
  return float(pad(kept, before.map(grow), after.map(grow)));
}

function shapeRule(node: ImportNode): Value {
  const value = node.value(0);
  const shape = value.kind === "integer" ? value.shape : value.node.shape;
  const start = node.int("start", 0);
  return integers(shape.slice(start, node.int("end", shape.length)));
}

function constantRule(node: ImportNode): Value {
  const tensor = node.tensor("value");
  if (tensor !== undefined) return constantValue(node.graph, tensor, node.floatType);
  const { graph } = node;
  const reals = node.attribute("value_floats", "floats")?.value;
  if (reals !== undefined) return float(graph.constant(reals, [reals.length]));
  const real = node.attribute("value_float", "float")?.value;
  if (real !== undefined) return float(graph.constant(real));
  const list = node.ints("value_ints");
  if (list !== undefined) return integers(list);
  const single = node.attribute("value_int", "int")?.value;
  if (single !== undefined) return integers([single], []);
  throw node.error("a constant needs a tensor, floats or integers");
}

export const structureRules: ImportRules = {
  Constant: constantRule,
  Shape: shapeRule,
  Reshape: (node) => float(reshape(node.float(0), requestedShape(node, node.float(0)))),
  Flatten: (node) => {
    const x = node.float(0);
    const axis = node.int("axis", 1);
    const split = axis === x.shape.length ? axis : node.axis(axis, x.shape.length);
    return float(reshape(x, [sizeOf(x.shape.slice(0, split)), sizeOf(x.shape.slice(split))]));
  },
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: (node) => {
    const x = node.float(0);
    return float(transpose(x, node.ints("perm") ?? x.shape.map((_, axis) => x.shape.length - 1 - axis)));
  },
  Expand: (node) => {
    const x = node.float(0);
    const target = node.integers(1);
    const valid = target.every((dim) => Number.isSafeInteger(dim) && dim > 0);
    if (!valid) throw node.error("not a shape to expand to", `[${target.join(", ")}]`);
    return float(expand(x, broadcastShapes(x.shape, target)));
  },
  Slice: sliceRule,
  Pad: padRule,
  Concat: (node) => {
    const parts = node.proto.inputs.map((_, k) => node.float(k));
    if (parts.length === 0) throw node.error("nothing to join");
    return float(concat(parts, node.axis(node.int("axis", Number.NaN), parts[0]!.shape.length)));
  },
};
