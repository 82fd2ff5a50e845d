// Two small networks written straight in the tensor language, with the programs a laboratory runs on them.
import {
  add,
  averagePool2d,
  conv2d,
  createGraph,
  div,
  erf,
  exp,
  grad,
  inner,
  jvp,
  log,
  matmul,
  max,
  maxPool2d,
  mean,
  mul,
  reshape,
  sizeOf,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  toRows,
  type Graph,
  type Node,
  type Program,
  type Shape,
} from "../src/tensor/index.ts";
import { direction } from "./cases-support.ts";

/** A loss with its parameters, one probe direction per parameter, and values for all inputs. */
export interface NetworkCase {
  readonly graph: Graph;
  readonly loss: Node;
  readonly parameters: readonly Node[];
  readonly probes: readonly Node[];
  readonly values: ReadonlyMap<Node, Float64Array>;
}

/** log Σ exp along the last axis of a matrix, shifted by the maximum, which is a constant for derivatives. */
export function logSumExp(z: Node): Node {
  const top = stopGradient(max(z, [1], true));
  return add(reshape(top, [z.shape[0]!]), log(sum(exp(sub(z, top)), [1])));
}

/** Mean cross-entropy of logits against one-hot rows. */
export function crossEntropy(z: Node, targets: Node): Node {
  return mean(sub(logSumExp(z), sum(mul(z, targets), [1])), [0]);
}

const gelu = (x: Node): Node => mul(mul(0.5, x), add(1, erf(div(x, Math.SQRT2))));

function network(
  shapes: readonly Shape[],
  data: Shape,
  classes: number,
  loss: (x: Node, parameters: readonly Node[], targets: Node) => Node,
): NetworkCase {
  const graph = createGraph();
  const values = new Map<Node, Float64Array>();
  const input = (name: string, shape: Shape, scale: number): Node => {
    const node = graph.input(name, shape);
    values.set(
      node,
      direction(sizeOf(shape), 100 + values.size).map((x) => x * scale),
    );
    return node;
  };
  const x = input("x", data, 1);
  const targets = graph.input("y", [data[0]!, classes]);
  values.set(
    targets,
    Float64Array.from({ length: sizeOf(targets.shape) }, (_, k) =>
      Number((2 * Math.floor(k / classes) + 1) % classes === k % classes),
    ),
  );
  const parameters = shapes.map((shape, k) => input(`p${k}`, shape, 0.7));
  const probes = shapes.map((shape, k) => input(`v${k}`, shape, 1));
  return { graph, loss: loss(x, parameters, targets), parameters, probes, values };
}

/** 5-4-4-3 tanh network with cross-entropy over 6 examples. */
export function smallMlp(): NetworkCase {
  return network(
    [[4, 5], [4], [4, 4], [4], [3, 4], [3]],
    [6, 5],
    3,
    (x, [w1, b1, w2, b2, w3, b3], targets) => {
      const first = tanh(add(matmul(x, w1!, false, true), b1!));
      const second = tanh(add(matmul(first, w2!, false, true), b2!));
      return crossEntropy(add(matmul(second, w3!, false, true), b3!), targets);
    },
  );
}

/** Convolution, gelu, average pooling (with a remainder), convolution, maximum pooling, linear; ½ squared error. */
export function smallCnn(): NetworkCase {
  const shapes = [
    [3, 2, 3, 3],
    [3, 1, 1],
    [2, 3, 3, 3],
    [2, 1, 1],
    [2, 2],
  ];
  return network(shapes, [4, 2, 5, 4], 2, (x, [w1, b1, w2, b2, w3], targets) => {
    const first = averagePool2d(gelu(add(conv2d(x, w1!, 1), b1!)), 2);
    const second = maxPool2d(tanh(add(conv2d(first, w2!, 1), b2!)), 2);
    const output = matmul(toRows(second, 4), w3!, false, true);
    return mul(0.5, mean(sum(square(sub(output, targets)), [1]), [0]));
  });
}

/** Gradient blocks; every parameter must matter. */
export function gradientOf(loss: Node, parameters: readonly Node[]): Node[] {
  return grad(loss, parameters).map((block) => block!);
}

/** H v, one block per parameter. */
export function hessianVector({ loss, parameters, probes }: NetworkCase): Node[] {
  const tangents = new Map(parameters.map((parameter, k) => [parameter, probes[k]!]));
  return jvp(gradientOf(loss, parameters), tangents).map((block) => block!);
}

/** vᵀHv, by two nested forward passes. */
export function curvatureAlong({ loss, parameters, probes }: NetworkCase): Node {
  const tangents = new Map(parameters.map((parameter, k) => [parameter, probes[k]!]));
  return jvp(jvp([loss], tangents) as Node[], tangents)[0]!;
}

/** ⟨a, b⟩ over blocks. */
export function blockInner(a: readonly Node[], b: readonly Node[]): Node {
  return a.map((block, k) => inner(block, b[k]!)).reduce(add);
}

/** A program over all inputs of the case. */
export function programOf(item: NetworkCase, outputs: readonly Node[]): Program {
  return { inputs: [...item.values.keys()], outputs };
}
