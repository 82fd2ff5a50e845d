// A loss written down as an expression in the tensor language, with all its derivatives: landscapes small enough to check by hand.
import { type Vector } from "../math/index.ts";
import { evaluate } from "../runtime/index.ts";
import { createGraph, grad, inner, jvp, type Node } from "../tensor/index.ts";
import { formAndGradient, lineDerivatives } from "./directional.ts";
import type { SmoothObjective } from "./objective-types.ts";

/**
 * The objective L(w) = `build(w)` of a vector w of `size` parameters, in float64, by the reference interpreter.
 *
 * @param build a scalar node of the vector node w; constants come from numbers or `w.graph`
 */
export function expressionObjective(size: number, build: (w: Node) => Node): SmoothObjective {
  const graph = createGraph();
  const w = graph.input("w", [size]);
  const v = graph.input("v", [size]);
  const loss = build(w);
  const along = new Map([[w, v]]);
  const [gradient] = grad(loss, [w]);
  const product = gradient && jvp([gradient], along)[0];
  const line = lineDerivatives(loss, along, 4);
  const second = formAndGradient(loss, along, 2);
  const third = formAndGradient(loss, along, 3);
  const run = (outputs: readonly Node[], theta: Vector, direction: Vector): Float64Array[] =>
    evaluate(
      { inputs: [], outputs },
      new Map([
        [w, theta],
        [v, direction],
      ]),
    );
  /** Writes a vector-valued node, zeros where it vanishes identically. */
  const write = (node: Node | null | undefined, theta: Vector, direction: Vector, out: Vector): void => {
    if (node) out.set(run([node], theta, direction)[0]!);
    else out.fill(0);
  };
  const form = async (
    { form, gradient }: ReturnType<typeof formAndGradient>,
    theta: Vector,
    u: Vector,
    out: Vector,
  ): Promise<number> => {
    write(gradient[0], theta, u, out);
    return run([form], theta, u)[0]![0]!;
  };
  return {
    size,
    dtype: "float64",
    lossAndGradient: async (theta, out) => {
      write(gradient, theta, theta, out);
      return run([loss], theta, theta)[0]![0]!;
    },
    hessianProduct: async (theta, direction, out) => write(product, theta, direction, out),
    sharpnessGradient: (theta, u, out) => form(second, theta, u, out),
    thirdDerivativeGradient: (theta, u, out) => form(third, theta, u, out),
    lineDerivatives: async (theta, u, order) =>
      run(line.slice(0, order + 1), theta, u).map((value) => value[0]!),
  };
}

/** Entry k of a vector node, as a scalar node. */
export function entry(w: Node, k: number): Node {
  const unit = Array.from({ length: w.shape[0]! }, (_, i) => (i === k ? 1 : 0));
  return inner(w, w.graph.constant(unit, w.shape));
}
