// Cases of the elementwise operators: every function, and every way two shapes broadcast.
import {
  flags,
  generic,
  given,
  positive,
  type CaseInput,
  type OperatorCase,
  type Read,
} from "./cases-support.ts";

type Scalars = (...values: number[]) => number;

function elementwise(
  name: string,
  inputs: readonly CaseInput[],
  shape: readonly number[],
  value: Scalars,
  differentiable?: readonly boolean[],
): OperatorCase {
  return {
    name,
    inputs,
    attributes: {},
    shape,
    value: (reads: readonly Read[], index) => value(...reads.map((read) => read(index))),
    ...(differentiable && { differentiable }),
  };
}

/** A one-argument function on ranks 0, 1, 2 and 4, plus arguments of its own. */
function unary(
  value: (x: number) => number,
  make: (...shape: number[]) => CaseInput = generic,
  special: readonly number[] = [],
  differentiable?: readonly boolean[],
): OperatorCase[] {
  const shapes = [[], [5], [3, 4], [2, 1, 3, 2]];
  const cases = shapes.map((shape) =>
    elementwise(`[${shape.join(",")}]`, [make(...shape)], shape, value, differentiable),
  );
  if (special.length > 0) {
    const input = given([special.length], special);
    cases.push(elementwise("special arguments", [input], input.shape, value, differentiable));
  }
  return cases;
}

/** A two-argument function without broadcasting, and with the left, the right and both operands repeated. */
function binary(
  value: (a: number, b: number) => number,
  second: (...shape: number[]) => CaseInput = generic,
  differentiable?: readonly boolean[],
): OperatorCase[] {
  const pairs: [number[], number[], number[]][] = [
    [[], [], []],
    [[4], [4], [4]],
    [[2, 3], [3], [2, 3]],
    [[3], [2, 3], [2, 3]],
    [[], [2, 2], [2, 2]],
    [[2, 2], [], [2, 2]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [[1, 1], [3], [1, 3]],
    [
      [2, 1, 3],
      [4, 1],
      [2, 4, 3],
    ],
    [
      [2, 3, 1, 2],
      [1, 3, 4, 1],
      [2, 3, 4, 2],
    ],
  ];
  return pairs.map(([a, b, shape]) =>
    elementwise(
      `[${a.join(",")}] with [${b.join(",")}]`,
      [generic(...a), second(...b)],
      shape,
      value,
      differentiable,
    ),
  );
}

/** erf by its Taylor series, adequate to 1e-15 for |x| ≤ 2. */
function erfSeries(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

// erf to 17 digits in every branch of the float64 form, from 30-digit arithmetic.
const ERF_KNOWN = new Map([
  [0.25, 0.27632639016823696],
  [-0.3125, -0.341468633501595],
  [0.5, 0.5204998778130465],
  [-2.25, -0.9985372834133188],
  [3.5, 0.9999992569016276],
  [4.5, 0.9999999998033839],
  [-5, -0.9999999999984626],
  [8, 1],
]);

const nothing = [false];

export const elementwiseCases: Record<string, OperatorCase[]> = {
  Neg: unary((x) => -x),
  Exp: unary((x) => Math.E ** x, generic, [-30, 0, 3]),
  Log: unary((x) => Math.log10(x) * Math.LN10, positive, [0.3, 1, 20]),
  Sqrt: unary((x) => x ** 0.5, positive, [0.3, 1, 20]),
  Tanh: unary((x) => 1 - 2 / (Math.exp(2 * x) + 1), generic, [-20, 0, 20]),
  Sigmoid: unary((x) => 0.5 * (1 + Math.tanh(x / 2)), generic, [-40, 0, 40]),
  Softplus: unary((x) => (x > 30 ? x : Math.log(1 + Math.exp(x))), generic, [-45, -5, 0, 5, 800]),
  Erf: [
    ...unary(erfSeries),
    elementwise("known values", [given([ERF_KNOWN.size], [...ERF_KNOWN.keys()])], [ERF_KNOWN.size], (x) =>
      ERF_KNOWN.get(x)!,
    ),
  ],
  Relu: unary((x) => (x > 0 ? x : 0)),
  Abs: unary((x) => (x < 0 ? -x : x)),
  Sign: unary((x) => (x === 0 ? 0 : x < 0 ? -1 : 1), generic, [-2, 0, 3], nothing),
  StopGradient: unary((x) => x, generic, [], nothing),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Less: [
    ...binary((a, b) => (a < b ? 1 : 0), generic, [false, false]),
    elementwise("ties", [given([3], [1, 2, 3]), given([3], [1, 3, 2])], [3], (a, b) => (a < b ? 1 : 0), [
      false,
      false,
    ]),
  ],
  Equal: [
    ...binary((a, b) => (a === b ? 1 : 0), generic, [false, false]),
    elementwise(
      "ties, broadcast",
      [given([2, 2], [1, 2, 3, 1]), given([2], [1, 3])],
      [2, 2],
      (a, b) => (a === b ? 1 : 0),
      [false, false],
    ),
  ],
  Where: (
    [
      [[4], [4], [4], [4]],
      [[], [3], [3], [3]],
      [[2, 3], [], [3], [2, 3]],
      [[3], [2, 1], [], [2, 3]],
      [[2, 1, 3], [4, 1], [3], [2, 4, 3]],
      [[1], [2, 3, 1, 2], [1, 2, 1], [2, 3, 2, 2]],
    ] as const
  ).map(([condition, a, b, shape]) =>
    elementwise(
      `[${condition.join(",")}] ? [${a.join(",")}] : [${b.join(",")}]`,
      [flags(...condition), generic(...a), generic(...b)],
      shape,
      (c, x, y) => (c === 0 ? y : x),
      [false, true, true],
    ),
  ),
};
