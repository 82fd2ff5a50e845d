// An operator case as a program with every derivative the laboratory takes, ready to evaluate or to run.
import {
  createGraph,
  expand,
  grad,
  inner,
  jvp,
  mul,
  sizeOf,
  tanh,
  type Node,
  type Program,
  type Shape,
} from "../src/tensor/index.ts";
import { direction, fillInput, type OperatorCase } from "./cases-support.ts";

/** Zeros where a derivative is null. */
export function orZeros(node: Node | null, like: Node): Node {
  return node ?? expand(like.graph.constant(0), like.shape);
}

/** Nested forward mode: the tangent of the tangents … along the same directions, `order` times. */
export function alongRepeatedly(
  outputs: readonly Node[],
  tangents: ReadonlyMap<Node, Node>,
  order: number,
): Node[] {
  let current: readonly Node[] = outputs;
  for (let k = 0; k < order; k++) {
    current = jvp(current, tangents).map((tangent, i) => orZeros(tangent, outputs[i]!));
  }
  return [...current];
}

/** y = op(x…), a curved scalar L = ⟨w, tanh(0.3 y)⟩, and their derivatives along one direction u of the x. */
export interface CaseProgram {
  readonly y: Node;
  readonly loss: Node;
  /** Inputs of the operator, in order. */
  readonly variables: readonly Node[];
  /** Those among them that have a derivative. */
  readonly moving: readonly Node[];
  readonly tangents: ReadonlyMap<Node, Node>;
  /** Values of every input of the programs: variables, directions, weights. */
  readonly values: ReadonlyMap<Node, Float64Array>;
  readonly inputs: readonly Node[];
  /** ∇L, H u and ∇³L(u,u), one block per moving input. */
  readonly gradient: readonly Node[];
  readonly hessianProduct: readonly Node[];
  readonly thirdProduct: readonly Node[];
}

const blocks = (nodes: readonly (Node | null)[], variables: readonly Node[]): Node[] =>
  variables.map((variable, k) => orZeros(nodes[k] ?? null, variable));

export function caseProgram(op: string, item: OperatorCase): CaseProgram {
  const graph = createGraph();
  const values = new Map<Node, Float64Array>();
  const input = (name: string, shape: Shape, data: Float64Array): Node => {
    const node = graph.input(name, shape);
    values.set(node, data);
    return node;
  };
  const variables = item.inputs.map((one, k) => input(`x${k}`, one.shape, fillInput(one, k + 1)));
  const moving = variables.filter((_, k) => item.differentiable?.[k] ?? true);
  const tangents = new Map(
    moving.map(
      (node, k) => [node, input(`u${k}`, node.shape, direction(sizeOf(node.shape), 11 + k))] as const,
    ),
  );
  const y = graph.apply(op, variables, item.attributes);
  const weights = input("w", y.shape, direction(sizeOf(y.shape), 5));
  const loss = inner(weights, tanh(mul(0.3, y)));
  const gradient = blocks(grad(loss, moving), moving);
  const curvature = alongRepeatedly([loss], tangents, 2)[0]!;
  return {
    y,
    loss,
    variables,
    moving,
    tangents,
    values,
    inputs: [...values.keys()],
    gradient,
    hessianProduct: blocks(jvp(gradient, tangents), moving),
    thirdProduct: blocks(grad(curvature, moving), moving),
  };
}

/** The value and every product, as one program to compile. */
export function everything(item: CaseProgram): Program {
  return {
    inputs: item.inputs,
    outputs: [item.y, item.loss, ...item.gradient, ...item.hessianProduct, ...item.thirdProduct],
  };
}
