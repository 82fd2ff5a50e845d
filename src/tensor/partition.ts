// Linearise once, apply often: splits a program into what does not depend on some inputs (run once, kept)
// and what does (run for every new value of those inputs).
import { topologicalOrder, type Node, type Program } from "./graph.ts";

/** `once` computes the values `often` needs; `often` takes them as further inputs, after the ones it varies with. */
export interface Partition {
  readonly once: Program;
  readonly often: Program;
  /** The kept values: outputs of `once`, and in the same order the last inputs of `often`. */
  readonly kept: readonly Node[];
}

/**
 * @param program what to split; its inputs that `varying` lists change from call to call, the others do not
 * @returns `often.inputs` = varying inputs, then fixed inputs it still needs, then one input per kept value
 */
export function partition(program: Program, varying: readonly Node[]): Partition {
  const graph = program.outputs[0]!.graph;
  const order = topologicalOrder(program.outputs);
  const moving = new Set<Node>(varying);
  for (const node of order) if (node.inputs.some((input) => moving.has(input))) moving.add(node);

  // A view of a kept value is cheaper to redo than to store, so it moves to the side that runs often.
  const replaced = new Map<Node, Node>();
  const kept: Node[] = [];
  const fixedInputs: Node[] = [];
  const resolve = (node: Node): Node => {
    const done = replaced.get(node);
    if (done) return done;
    let result: Node;
    if (node.op === "Constant") result = node;
    else if (node.op === "Input") {
      if (!moving.has(node)) fixedInputs.push(node);
      result = node;
    } else if (moving.has(node) || graph.operator(node.op).view === true) {
      result = graph.apply(node.op, node.inputs.map(resolve), node.attributes);
    } else {
      kept.push(node);
      result = graph.input(`kept${node.id}`, node.shape);
    }
    replaced.set(node, result);
    return result;
  };
  // Ids order nodes, so resolving in order keeps the recursion shallow.
  for (const node of order) if (moving.has(node)) resolve(node);
  const outputs = program.outputs.map(resolve);

  const usedOnce = new Set(topologicalOrder(kept));
  return {
    once: { inputs: program.inputs.filter((input) => usedOnce.has(input)), outputs: kept },
    often: {
      inputs: [...varying, ...fixedInputs, ...kept.map((node) => replaced.get(node)!)],
      outputs,
    },
    kept,
  };
}
