// Random programs from recipes that any interpretation of the operators can follow: the graph, or plain loops.
import * as fc from "fast-check";
import { createGraph, sizeOf, type Attributes, type Node, type Shape } from "../src/tensor/index.ts";

/** One step: an operation and its operands, all as numbers taken modulo what is there. */
export type Step = readonly [operation: number, a: number, b: number, choice: number];

/** What a recipe needs from an interpretation with values of type T. */
export interface Algebra<T> {
  shapeOf(value: T): Shape;
  constant(value: number): T;
  apply(op: string, inputs: readonly T[], attributes?: Attributes): T;
}

type Operation = <T>(algebra: Algebra<T>, a: T, b: T, choice: number) => T;

const LARGEST = 24;
const CONSTANTS = [0, 1, -1, 2, 0.5];

const unary =
  (op: string): Operation =>
  (algebra, a) =>
    algebra.apply(op, [a]);

/** The second operand, or something that broadcasts against the first without making it large. */
function fitting<T>(algebra: Algebra<T>, a: T, b: T): T {
  const [left, right] = [algebra.shapeOf(a), algebra.shapeOf(b)];
  const rank = Math.max(left.length, right.length);
  let size = 1;
  for (let k = 1; k <= rank; k++) {
    const [p, q] = [left.at(-k) ?? 1, right.at(-k) ?? 1];
    if (p !== q && p !== 1 && q !== 1) return total(algebra, b);
    size *= Math.max(p, q);
  }
  return size <= LARGEST ? b : total(algebra, b);
}

const axesOf = <T>(algebra: Algebra<T>, a: T): number[] => algebra.shapeOf(a).map((_, axis) => axis);

/** Mean of all elements, as a scalar. */
function total<T>(algebra: Algebra<T>, a: T): T {
  const sum = algebra.apply("ReduceSum", [a], { axes: axesOf(algebra, a) });
  const scalar = algebra.apply("Reshape", [sum], { shape: [] });
  return algebra.apply("Mul", [algebra.constant(1 / sizeOf(algebra.shapeOf(a))), scalar]);
}

const binary =
  (op: string): Operation =>
  (algebra, a, b) =>
    algebra.apply(op, [a, fitting(algebra, a, b)]);

/** Applies only to tensors with at least one axis; the choice picks the axis. */
const alongAxis =
  (build: <T>(algebra: Algebra<T>, a: T, axis: number, shape: Shape, choice: number) => T): Operation =>
  (algebra, a, _, choice) => {
    const shape = algebra.shapeOf(a);
    return shape.length === 0 ? a : build(algebra, a, choice % shape.length, shape, choice);
  };

const only = (shape: Shape, axis: number, value: number): number[] =>
  shape.map((_, k) => (k === axis ? value : 0));

const structural: Operation[] = [
  alongAxis((algebra, a, axis, shape, choice) => {
    // Rotations and swaps: together they do not commute, so composing them in the wrong order shows.
    const rotated = shape.map((_, k) => (k + axis) % shape.length);
    const swapped = shape.map((_, k) => (k < 2 && shape.length > 1 ? 1 - k : k));
    return algebra.apply("Transpose", [a], { perm: choice % 2 === 0 ? rotated : swapped });
  }),
  (algebra, a, _, choice) => {
    const size = sizeOf(algebra.shapeOf(a));
    const divisor = [1, 2, 3, 4].filter((d) => size % d === 0)[choice % 2] ?? 1;
    return algebra.apply("Reshape", [a], { shape: choice % 3 === 0 ? [size] : [divisor, size / divisor] });
  },
  (algebra, a, _, choice) => {
    const shape = algebra.shapeOf(a);
    const wider = [1 + (choice % 2), ...shape.map((dim) => (dim === 1 ? 2 : dim))];
    return sizeOf(wider) > LARGEST ? a : algebra.apply("Expand", [a], { shape: wider });
  },
  alongAxis((algebra, a, axis, shape, choice) => {
    const start = choice % shape[axis]!;
    return algebra.apply("Slice", [a], { starts: only(shape, axis, start), ends: [...shape] });
  }),
  alongAxis((algebra, a, axis, shape, choice) => {
    if (sizeOf(shape.with(axis, shape[axis]! + 1)) > LARGEST) return a;
    const [zero, one] = [only(shape, axis, 0), only(shape, axis, 1)];
    return algebra.apply(
      "Pad",
      [a],
      choice % 2 === 0 ? { before: zero, after: one } : { before: one, after: zero },
    );
  }),
  alongAxis((algebra, a, axis) => algebra.apply("Reverse", [a], { axes: [axis] })),
  (algebra, a, b, choice) => {
    const [left, right] = [algebra.shapeOf(a), algebra.shapeOf(b)];
    if (left.length === 0) return a;
    const axis = choice % left.length;
    const fits = right.length === left.length && right.every((dim, k) => k === axis || dim === left[k]);
    const other = fits ? b : a;
    const joined = left[axis]! + algebra.shapeOf(other)[axis]!;
    return sizeOf(left.with(axis, joined)) > LARGEST ? a : algebra.apply("Concat", [a, other], { axis });
  },
  alongAxis((algebra, a, axis, shape) => {
    const sum = algebra.apply("ReduceSum", [a], { axes: [axis] });
    const mean = algebra.apply("Mul", [sum, algebra.constant(1 / shape[axis]!)]);
    return axis % 2 === 0 ? mean : algebra.apply("Reshape", [mean], { shape: shape.toSpliced(axis, 1) });
  }),
  <T>(algebra: Algebra<T>, a: T, b: T): T => {
    const [left, right] = [algebra.shapeOf(a), algebra.shapeOf(b)];
    if (left.length !== 2) return a;
    const flags = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ].find(([p, q]) => {
      const size = left[p!]! * (right[1 - q!] ?? Infinity);
      return right.length === 2 && left[1 - p!] === right[q!] && size <= LARGEST;
    });
    const [other, transA, transB] = flags ? [b, flags[0]!, flags[1]!] : [a, 0, 1];
    if (!flags && left[0]! ** 2 > LARGEST) return a;
    return algebra.apply("Mul", [
      algebra.constant(0.25),
      algebra.apply("MatMul", [a, other], { transA, transB }),
    ]);
  },
];

/** Infinitely differentiable, and no operation makes numbers much larger: differences stay accurate. */
const smooth: Operation[] = [
  ...["Tanh", "Sigmoid", "Softplus", "Erf", "Neg"].map(unary),
  (algebra, a) => algebra.apply("Exp", [algebra.apply("Tanh", [a])]),
  (algebra, a) =>
    algebra.apply("Log", [algebra.apply("Add", [algebra.constant(2), algebra.apply("Tanh", [a])])]),
  (algebra, a) =>
    algebra.apply("Sqrt", [algebra.apply("Add", [algebra.apply("Mul", [a, a]), algebra.constant(1)])]),
  binary("Sub"),
  (algebra, a, b) => algebra.apply("Mul", [algebra.constant(0.5), binary("Add")(algebra, a, b, 0)]),
  (algebra, a, b) => binary("Mul")(algebra, algebra.apply("Tanh", [a]), algebra.apply("Sigmoid", [b]), 0),
  (algebra, a, b) => {
    const bounded = algebra.apply("Add", [
      algebra.constant(2),
      algebra.apply("Tanh", [fitting(algebra, a, b)]),
    ]);
    return algebra.apply("Div", [a, bounded]);
  },
  ...structural,
];

/** Everything that rewriting could get wrong: signs, constants, ties, repeated negation, comparisons. */
const any: Operation[] = [
  ...["Neg", "Neg", "Tanh", "Relu", "Abs", "Sign", "Sigmoid", "StopGradient"].map(unary),
  ...["Add", "Sub", "Mul", "Less", "Equal", "Add", "Sub", "Mul"].map(binary),
  ...["Add", "Sub", "Mul"].flatMap((op): Operation[] => [
    (algebra, a, _, choice) =>
      algebra.apply(op, [a, algebra.constant(CONSTANTS[choice % CONSTANTS.length]!)]),
    (algebra, a, _, choice) =>
      algebra.apply(op, [algebra.constant(CONSTANTS[choice % CONSTANTS.length]!), a]),
  ]),
  (algebra, a, _, choice) => algebra.apply("Div", [a, algebra.constant([1, 2, -1][choice % 3]!)]),
  (algebra, a, _, choice) =>
    algebra.constant(CONSTANTS[(choice + algebra.shapeOf(a).length) % CONSTANTS.length]!),
  (algebra, a, b) => {
    const other = fitting(algebra, a, b);
    return algebra.apply("Where", [algebra.apply("Less", [a, other]), other, a]);
  },
  alongAxis((algebra, a, axis) => algebra.apply("ReduceMax", [a], { axes: [axis] })),
  ...structural,
  ...structural,
];

/** Shapes of the variables every random program starts from. */
export const VARIABLE_SHAPES: readonly Shape[] = [[2, 3], [3], [], [3, 2], [2, 1, 2]];

/** Follows a recipe; returns every value made, the variables first. */
export function follow<T>(
  recipe: readonly Step[],
  kind: "smooth" | "any",
  algebra: Algebra<T>,
  variables: readonly T[],
): T[] {
  const operations = kind === "smooth" ? smooth : any;
  const pool = [...variables];
  for (const [operation, a, b, choice] of recipe) {
    const pick = (k: number): T => pool[pool.length - 1 - (k % pool.length)]!;
    pool.push(operations[operation % operations.length]!(algebra, pick(a), pick(b), choice));
  }
  return pool;
}

/** The interpretation that builds a program. */
export function graphAlgebra(graph = createGraph()): Algebra<Node> & { variables: readonly Node[] } {
  return {
    variables: VARIABLE_SHAPES.map((shape, k) => graph.input(`x${k}`, shape)),
    shapeOf: (node) => node.shape,
    constant: (value) => graph.constant(value),
    apply: (op, inputs, attributes) => graph.apply(op, inputs, attributes),
  };
}

/** Recipes of up to `length` steps; early operands are likelier to be recent values, so that programs get deep. */
export function recipes(length: number): fc.Arbitrary<Step[]> {
  const step = fc.tuple(fc.nat(999), fc.nat(9), fc.nat(9), fc.nat(11));
  return fc.array(step, { minLength: 1, maxLength: length, size: "max" });
}
