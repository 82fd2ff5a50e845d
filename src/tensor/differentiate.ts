// Forward- and reverse-mode differentiation as program transformations; both compose to any order.
import { InputError } from "../math/index.ts";
import { addOptional } from "./build.ts";
import { topologicalOrder, type Node } from "./graph.ts";
import { sameShape } from "./shape.ts";

/** Nodes among `order` that depend on any of `sources` (including themselves). */
function dependents(order: readonly Node[], sources: ReadonlySet<Node>): Set<Node> {
  const active = new Set<Node>();
  for (const node of order) {
    if (sources.has(node) || node.inputs.some((input) => active.has(input))) active.add(node);
  }
  return active;
}

/**
 * Forward mode: the tangent of every output when the listed nodes move with the given tangents.
 * A null result means the tangent is identically zero. O(nodes).
 */
export function jvp(outputs: readonly Node[], tangents: ReadonlyMap<Node, Node>): (Node | null)[] {
  for (const [node, tangent] of tangents) {
    if (!sameShape(node.shape, tangent.shape)) {
      throw new InputError("tangent has the wrong shape", {
        received: `[${tangent.shape.join(",")}] for [${node.shape.join(",")}]`,
      });
    }
  }
  const known = new Map<Node, Node | null>(tangents);
  const order = topologicalOrder(outputs);
  const active = dependents(order, new Set(tangents.keys()));
  for (const node of order) {
    if (known.has(node) || !active.has(node)) continue;
    const inputs = node.inputs.map((input) => known.get(input) ?? null);
    const moves = inputs.some((tangent) => tangent !== null);
    known.set(node, moves ? node.graph.operator(node.op).jvp(node, inputs) : null);
  }
  return outputs.map((output) => known.get(output) ?? null);
}

/**
 * Reverse mode: gradient of one scalar node with respect to each listed node; null where it does not depend
 * on it. O(nodes), whatever the number of variables.
 */
export function grad(output: Node, variables: readonly Node[]): (Node | null)[] {
  if (output.shape.length !== 0) {
    throw new InputError("only scalars have a gradient", { received: `shape [${output.shape.join(",")}]` });
  }
  return vjp([output], [output.graph.constant(1)], variables);
}

/**
 * Reverse mode with given cotangents of several outputs.
 *
 * @throws InputError when a cotangent is missing or does not have its output's shape
 */
export function vjp(
  outputs: readonly Node[],
  cotangents: readonly Node[],
  variables: readonly Node[],
): (Node | null)[] {
  outputs.forEach((output, k) => {
    const cotangent = cotangents[k];
    if (cotangent && sameShape(cotangent.shape, output.shape)) return;
    throw new InputError("cotangent has the wrong shape", {
      received: `${cotangent ? `[${cotangent.shape.join(",")}]` : "nothing"} for [${output.shape.join(",")}]`,
    });
  });
  const order = topologicalOrder(outputs);
  const active = dependents(order, new Set(variables));
  const known = new Map<Node, Node | null>();
  outputs.forEach((output, k) => known.set(output, addOptional(known.get(output) ?? null, cotangents[k]!)));
  for (const node of order.toReversed()) {
    const cotangent = known.get(node);
    if (!cotangent || !active.has(node) || node.inputs.length === 0) continue;
    const wanted = node.inputs.map((input) => active.has(input));
    if (!wanted.includes(true)) continue;
    const parts = node.graph.operator(node.op).vjp(node, cotangent, wanted);
    node.inputs.forEach((input, k) => {
      const part = wanted[k] ? parts[k] : null;
      if (part) known.set(input, addOptional(known.get(input) ?? null, part));
    });
  }
  return variables.map((variable) => known.get(variable) ?? null);
}
