// Derivatives of a scalar along one direction, to any order, as programs: nested forward mode.
import { grad, jvp, type Node } from "../tensor/index.ts";

/** The direction: one tangent node per variable, held constant by every derivative. */
export type Along = ReadonlyMap<Node, Node>;

/** f, Df[v], D²f[v,v], … up to `order`: the derivatives at 0 of t ↦ f(θ + tv). Each pass costs about one more f. */
export function lineDerivatives(f: Node, along: Along, order: number): Node[] {
  const derivatives = [f];
  const zero = f.graph.constant(0);
  for (let k = 1; k <= order; k++) derivatives.push(jvp([derivatives[k - 1]!], along)[0] ?? zero);
  return derivatives;
}

/**
 * D^order f[v,…,v] and its gradient D^{order+1} f[v,…,v,·]: reverse over `order` forward passes. Null where the
 * gradient vanishes identically.
 */
export function formAndGradient(
  f: Node,
  along: Along,
  order: number,
): { readonly form: Node; readonly gradient: (Node | null)[] } {
  const form = lineDerivatives(f, along, order).at(-1)!;
  return { form, gradient: grad(form, [...along.keys()]) };
}
