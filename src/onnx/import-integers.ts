// Arithmetic on the integers that files compute shapes with, done while importing.
import {
  type ImportNode,
  type ImportRule,
  type ImportRules,
  integers,
  type IntegerValue,
} from "./import-node.ts";

/** Shapes are short; a longer list computed in a file is refused, so that concatenating cannot explode. */
const MAX_LENGTH = 1024;

function operand(node: ImportNode, k: number): IntegerValue {
  const value = node.value(k);
  if (value.kind !== "integer") throw node.error(`input ${k + 1} must be constant integers`, value.kind);
  return value;
}

function list(node: ImportNode, k: number): readonly number[] {
  const { shape, values } = operand(node, k);
  if (shape.length !== 1) throw node.error("only lists of integers are supported", `${shape.length} axes`);
  return values;
}

/** Element `k`, a single element standing for all. */
function at({ values }: IntegerValue, k: number): number {
  return values[values.length === 1 ? 0 : k]!;
}

function elementwise(operation: (a: number, b: number) => number): ImportRule {
  return (node) => {
    const [a, b] = [operand(node, 0), operand(node, 1)];
    const length = Math.max(a.values.length, b.values.length);
    const fits = [a, b].every(({ values }) => values.length === length || values.length === 1);
    if (!fits) throw node.error("lists of integers have different lengths");
    const values = Array.from({ length: checkedLength(node, length) }, (_, k) =>
      operation(at(a, k), at(b, k)),
    );
    if (!values.every((value) => Number.isFinite(value)))
      throw node.error("integer overflow or division by zero");
    return integers(values, a.shape.length >= b.shape.length ? a.shape : b.shape);
  };
}

function checkedLength(node: ImportNode, length: number): number {
  if (length > MAX_LENGTH) throw node.error(`a shape computation has more than ${MAX_LENGTH} elements`);
  return length;
}

function join(node: ImportNode): IntegerValue {
  node.axis(node.int("axis", 0), 1);
  const parts = node.proto.inputs.map((_, k) => list(node, k));
  checkedLength(
    node,
    parts.reduce((total, part) => total + part.length, 0),
  );
  return integers(parts.flat());
}

function gather(node: ImportNode): IntegerValue {
  node.axis(node.int("axis", 0), 1);
  const from = list(node, 0);
  const { values, shape } = operand(node, 1);
  checkedLength(node, values.length);
  const picked = values.map((index) => {
    const value = from[index < 0 ? index + from.length : index];
    if (value === undefined) throw node.error("index out of range", String(index));
    return value;
  });
  return integers(picked, shape);
}

function range(node: ImportNode): IntegerValue {
  const from = list(node, 0);
  const bounds = [1, 2, 3, 4].map((k) => (node.has(k) ? node.integers(k) : undefined));
  const [start, end, axis = 0, step = 1] = bounds.map((values) => values?.[0]);
  const isSingle = bounds.every((values) => values === undefined || values.length === 1);
  if (!isSingle || start === undefined || end === undefined || step !== 1) {
    throw node.error("only one range with step 1 of a list of integers is supported");
  }
  node.axis(axis, 1);
  return integers(from.slice(start, end));
}

/** Between a scalar and a list of one there is only the shape. */
function relabel(shapeOf: (count: number) => readonly number[]): ImportRule {
  return (node) => {
    const { values } = operand(node, 0);
    return integers(values, shapeOf(values.length));
  };
}

/** Rules for nodes whose inputs are all integers. */
export const integerRules: ImportRules = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  // ONNX divides integers towards zero.
  Div: elementwise((a, b) => Math.trunc(a / b)),
  Concat: join,
  Gather: gather,
  Slice: range,
  Reshape: relabel((count) => [count]),
  Unsqueeze: relabel((count) => [count]),
  Squeeze: relabel((count) => (count === 1 ? [] : [count])),
};
