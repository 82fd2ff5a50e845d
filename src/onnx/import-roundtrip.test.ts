// Random programs → ONNX bytes → programs again: the same numbers, for every operator and through derivatives.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type DType, randomStream } from "../math/index.ts";
import {
  abs,
  add,
  averagePool2d,
  concat,
  conv2d,
  convWeightGrad,
  createGraph,
  div,
  equal,
  erf,
  exp,
  expand,
  grad,
  type Graph,
  inner,
  jvp,
  legalise,
  less,
  log,
  matmul,
  max,
  maxPool2d,
  mean,
  mul,
  neg,
  type Node,
  operators,
  pad,
  type Program,
  relu,
  reshape,
  reverse,
  sigmoid,
  sign,
  sizeOf,
  slice,
  softplus,
  sqrt,
  stopGradient,
  sub,
  sum,
  sumPool2d,
  tanh,
  topologicalOrder,
  transpose,
  upsample2d,
  where,
} from "../tensor/index.ts";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import { importModel } from "./import.ts";
import { lowerProgram } from "./lower.ts";

/** The reference kernels applied in order: all a program means. */
function evaluate(program: Program, seed: number): number[][] {
  const values = new Map<Node, Float64Array>();
  for (const node of topologicalOrder(program.outputs)) {
    if (node.op === "Constant") {
      values.set(node, node.values!);
    } else if (node.op === "Input") {
      // By name, so that a program and its copy get the same numbers; single precision, as a file would hold.
      const stream = randomStream(seed, node.name);
      values.set(
        node,
        Float64Array.from({ length: sizeOf(node.shape) }, () => Math.fround(stream.normal())),
      );
    } else {
      const inputs = node.inputs.map((input) => ({ shape: input.shape, data: values.get(input)! }));
      values.set(node, node.graph.operator(node.op).reference(inputs, node.attributes, node.shape));
    }
  }
  return program.outputs.map((output) => Array.from(values.get(output)!));
}

function expectSameAfterRoundTrip(program: Program, dtype: DType, seed: number): void {
  const back = importModel(decodeModel(encodeModel(lowerProgram(program, dtype).model)));
  expect(back.dtype).toBe(dtype);
  expect(back.inputs.map(({ name, shape }) => [name, shape])).toEqual(
    program.inputs.map(({ name, shape }) => [name, shape]),
  );
  expect(back.outputs.map(({ shape }) => shape)).toEqual(program.outputs.map(({ shape }) => shape));
  const expected = evaluate(legalise(program, dtype), seed);
  // Constants that are no float32 numbers are rounded in a float32 file; nothing else may differ.
  const digits = dtype === "float32" ? 2e-6 : 1e-13;
  evaluate(back, seed).forEach((values, k) => {
    values.forEach((value, i) => {
      const target = expected[k]![i]!;
      if (!Object.is(value, target)) {
        expect(Math.abs(value - target)).toBeLessThanOrEqual(digits * Math.max(1, Math.abs(target)));
      }
    });
  });
}

/** One use of every operator, on x (2×3), y (3×2), images (2×2×5×5), kernels (3×2×3×3) and maps (2×3×5×5). */
function samples(graph: Graph): Record<string, Node> {
  const x = graph.input("x", [2, 3]);
  const y = graph.input("y", [3, 2]);
  const image = graph.input("image", [2, 2, 5, 5]);
  const kernel = graph.input("kernel", [3, 2, 3, 3]);
  const map = graph.input("map", [2, 3, 5, 5]);
  return {
    Neg: neg(tanh(x)),
    Exp: exp(x),
    Log: log(exp(x)),
    Sqrt: sqrt(abs(x)),
    Tanh: tanh(x),
    Sigmoid: sigmoid(x),
    Softplus: softplus(x),
    Erf: erf(x),
    Relu: relu(x),
    Abs: abs(x),
    Sign: sign(x),
    StopGradient: stopGradient(x),
    Less: less(x, 0.25),
    Equal: equal(relu(x), 0),
    Add: add(x, graph.constant([1, 2, 3], [3])),
    Sub: sub(1, x),
    Mul: mul(x, transpose(y, [1, 0])),
    Div: div(x, add(2, tanh(x))),
    Where: where(less(x, 0), mul(2, x), reshape(slice(y, [0, 0], [3, 1]), [3])),
    Reshape: reshape(x, [6, 1]),
    Transpose: transpose(image, [1, 3, 0, 2]),
    Expand: expand(reshape(x, [2, 1, 3]), [2, 4, 3]),
    Slice: slice(image, [0, 1, 2, 0], [2, 2, 5, 4]),
    Pad: pad(x, [1, 0], [0, 2]),
    Reverse: reverse(image, [1, 3]),
    Concat: concat([x, mul(3, x), transpose(y, [1, 0])], 1),
    ReduceSum: sum(image, [1, 2]),
    ReduceMax: max(image, [0, 3], true),
    MatMul: matmul(x, y),
    MatMulTransposed: matmul(y, x, true, true),
    MatMulAdd: add(matmul(x, y), graph.constant([0.5, -1], [2])),
    Conv2d: conv2d(image, kernel, 1),
    Conv2dValid: conv2d(image, kernel, 0),
    ConvWeightGrad: convWeightGrad(image, map, 1),
    SumPool2d: sumPool2d(image, 2),
    AveragePool2d: averagePool2d(image, 2),
    MaxPool2d: maxPool2d(image, 2),
    Upsample2d: upsample2d(image, 2, 11, 10),
  };
}

const graphInputs = (outputs: readonly Node[]): Node[] =>
  topologicalOrder(outputs).filter(({ op }) => op === "Input");

test("the samples use every operator of the table", () => {
  const used = new Set(topologicalOrder(Object.values(samples(createGraph()))).map(({ op }) => op));
  expect([...used].filter((op) => op !== "Input" && op !== "Constant").sort()).toEqual(
    Object.keys(operators).sort(),
  );
});

test.each<DType>(["float32", "float64"])("every operator comes back with its numbers, %s", (dtype) => {
  for (const node of Object.values(samples(createGraph()))) {
    expectSameAfterRoundTrip({ inputs: graphInputs([node]), outputs: [node] }, dtype, 1);
  }
});

test.each<DType>(["float32", "float64"])(
  "gradients and Hessian products of networks come back, %s",
  (dtype) => {
    const graph = createGraph();
    const x = graph.input("x", [2, 2, 6, 6]);
    const w1 = graph.input("w1", [3, 2, 3, 3]);
    const w2 = graph.input("w2", [4, 27]);
    const b2 = graph.input("b2", [4]);
    const hidden = maxPool2d(tanh(conv2d(x, w1, 1)), 2);
    const scores = add(matmul(reshape(hidden, [2, 27]), w2, false, true), b2);
    const shifted = sub(scores, stopGradient(max(scores, [1], true)));
    const logs = sub(shifted, log(sum(exp(shifted), [1], true)));
    const loss = add(mean(neg(logs), [0, 1]), inner(relu(w2), softplus(w2)));
    const variables = [w1, w2, b2];
    const gradient = grad(loss, variables).map((node) => node!);
    const probes = variables.map((variable) => graph.input(`v_${variable.name}`, variable.shape));
    const product = jvp(gradient, new Map(variables.map((variable, k) => [variable, probes[k]!])));
    const outputs = [loss, ...gradient, ...product.map((node) => node!)];
    expectSameAfterRoundTrip({ inputs: [x, ...variables, ...probes], outputs }, dtype, 2);
  },
);

/** A step of a random program: picks operands among the 2×3 values made so far. */
type Step = (pick: (k: number) => Node) => Node;

const steps: readonly Step[] = [
  (pick) => add(pick(0), pick(1)),
  (pick) => sub(pick(0), pick(1)),
  (pick) => mul(pick(0), pick(1)),
  (pick) => div(pick(0), add(1, mul(pick(1), pick(1)))),
  (pick) => neg(pick(0)),
  (pick) => tanh(pick(0)),
  (pick) => sigmoid(pick(0)),
  (pick) => exp(tanh(pick(0))),
  (pick) => log(softplus(pick(0))),
  (pick) => sqrt(abs(pick(0))),
  (pick) => relu(pick(0)),
  (pick) => erf(pick(0)),
  (pick) => mul(0.375, pick(0)),
  (pick) => sub(1, pick(0)),
  (pick) => where(less(pick(0), 0.125), pick(1), pick(2)),
  (pick) => reverse(pick(0), [1]),
  (pick) => transpose(reshape(pick(0), [3, 2]), [1, 0]),
  (pick) => expand(sum(pick(0), [1], true), [2, 3]),
  (pick) => sub(pick(0), max(pick(1), [0])),
  (pick) => matmul(matmul(pick(0), pick(1), false, true), pick(2)),
  (pick) => add(matmul(matmul(pick(0), pick(1), false, true), pick(2)), sum(pick(1), [0])),
  (pick) => slice(pad(pick(0), [1, 0], [0, 2]), [0, 1], [2, 4]),
  (pick) => slice(concat([pick(0), pick(1)], 0), [1, 0], [3, 3]),
];

test("random programs and their gradients come back with their numbers", () => {
  const choice = fc.tuple(fc.nat(steps.length - 1), fc.tuple(fc.nat(), fc.nat(), fc.nat()));
  const dtype = fc.constantFrom<DType>("float32", "float64");
  fc.assert(
    fc.property(
      fc.array(choice, { minLength: 1, maxLength: 12 }),
      dtype,
      fc.nat(1000),
      (choices, dtype, seed) => {
        const graph = createGraph();
        const inputs = [graph.input("a", [2, 3]), graph.input("b", [2, 3])];
        const pool: Node[] = [...inputs];
        for (const [step, operands] of choices) {
          pool.push(steps[step]!((k) => pool[operands[k]! % pool.length]!));
        }
        const last = tanh(pool.at(-1)!);
        const gradient = grad(sum(last), inputs).filter((node) => node !== null);
        // In float64 the file holds every constant exactly, so even discontinuous derivatives agree; in float32 a
        // rounded constant may change which side of a step a value falls on.
        const outputs = dtype === "float64" ? [last, ...gradient] : [last];
        expectSameAfterRoundTrip({ inputs, outputs }, dtype, seed);
      },
    ),
    { numRuns: 150 },
  );
});
