// Whole-program helpers: creating graphs, rewriting for a precision, counting work.
import type { DType } from "../math/index.ts";
import { Graph, topologicalOrder, type Node, type Program } from "./graph.ts";
import { operators } from "./operators/table.ts";
import { sizeOf } from "./shape.ts";

/** A new, empty graph over the full operator table. */
export function createGraph(): Graph {
  return new Graph(operators);
}

/** The same program with every operator that has no kernel in `dtype` written in terms of ones that have. */
export function legalise(program: Program, dtype: DType): Program {
  const done = new Map<Node, Node>();
  const rewrite = (root: Node): Node => {
    for (const node of topologicalOrder([root])) {
      if (done.has(node)) continue;
      if (node.inputs.length === 0) {
        done.set(node, node);
        continue;
      }
      const same = node.graph.apply(
        node.op,
        node.inputs.map((input) => done.get(input)!),
        node.attributes,
      );
      const definition = same.graph.operators[same.op];
      const simpler = definition?.decompose?.(same, dtype) ?? null;
      // A decomposition may itself use operators that need one.
      done.set(node, simpler === null ? same : rewrite(simpler));
    }
    return done.get(root)!;
  };
  return { inputs: program.inputs, outputs: program.outputs.map(rewrite) };
}

/** Floating-point operations of the matrix products and convolutions in a program (2 per multiply-add). */
export function countFlops(program: Program): number {
  let flops = 0;
  for (const node of topologicalOrder(program.outputs)) {
    if (node.op === "MatMul") {
      const [a] = node.inputs;
      const inner = node.attributes["transA"] === 1 ? a!.shape[0]! : a!.shape[1]!;
      flops += 2 * sizeOf(node.shape) * inner;
    } else if (node.op === "Conv2d") {
      flops += 2 * sizeOf(node.shape) * sizeOf(node.inputs[1]!.shape.slice(1));
    } else if (node.op === "ConvWeightGrad") {
      flops +=
        2 * sizeOf(node.shape) * sizeOf([node.inputs[0]!.shape[0]!, ...node.inputs[1]!.shape.slice(2)]);
    }
  }
  return flops;
}

/** Largest number of elements alive at once when nodes run in order and values are freed after their last use. */
export function peakElements(program: Program): number {
  const order = topologicalOrder(program.outputs);
  const lastUse = new Map<Node, number>();
  order.forEach((node, position) => {
    for (const input of node.inputs) lastUse.set(input, position);
  });
  for (const output of program.outputs) lastUse.set(output, order.length);
  let alive = 0;
  let peak = 0;
  const ending: Node[][] = order.map(() => []);
  for (const [node, position] of lastUse) ending[position]?.push(node);
  order.forEach((node, position) => {
    alive += sizeOf(node.shape);
    peak = Math.max(peak, alive);
    for (const done of ending[position]!) alive -= sizeOf(done.shape);
  });
  return peak;
}
