// Random programs: rewriting keeps values, derivatives agree with each other and with differences, engines agree.
import * as fc from "fast-check";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { alongRepeatedly, orZeros } from "../../test/cases-derivatives.ts";
import { plainAlgebra } from "../../test/cases-plain-algebra.ts";
import {
  follow,
  graphAlgebra,
  recipes,
  VARIABLE_SHAPES,
  type Step,
} from "../../test/cases-random-programs.ts";
import {
  differentiateNumerically,
  direction,
  flatten,
  innerProduct,
  unflatten,
  worstError,
} from "../../test/cases-support.ts";
import { evaluate, onnxRuntimeBackend } from "../runtime/index.ts";
import {
  add,
  createGraph,
  grad,
  inner,
  jvp,
  legalise,
  sizeOf,
  vjp,
  type Node,
  type Program,
} from "./index.ts";

const data = VARIABLE_SHAPES.map((shape, k) => direction(sizeOf(shape), k));
const tangentData = VARIABLE_SHAPES.map((shape, k) => direction(sizeOf(shape), 20 + k));

/** A smooth random program: its values, and a scalar that mixes the last of them with fixed weights. */
function smoothProgram(recipe: readonly Step[]): {
  variables: readonly Node[];
  tangents: ReadonlyMap<Node, Node>;
  outputs: readonly Node[];
  loss: Node;
  values: ReadonlyMap<Node, Float64Array>;
} {
  const graph = createGraph();
  const algebra = graphAlgebra(graph);
  const { variables } = algebra;
  const probes = VARIABLE_SHAPES.map((shape, k) => graph.input(`u${k}`, shape));
  const values = new Map(variables.map((node, k) => [node, data[k]!]));
  probes.forEach((node, k) => values.set(node, tangentData[k]!));
  const outputs = follow(recipe, "smooth", algebra, variables).slice(-3);
  const loss = outputs
    .map((output, k) => {
      const weights = graph.input(`w${k}`, output.shape);
      values.set(weights, direction(sizeOf(output.shape), 40 + k));
      return inner(output, weights);
    })
    .reduce(add);
  return {
    variables,
    tangents: new Map(variables.map((node, k) => [node, probes[k]!])),
    outputs,
    loss,
    values,
  };
}

const run = (outputs: readonly Node[], values: ReadonlyMap<Node, Float64Array>): Float64Array[] =>
  evaluate({ inputs: [...values.keys()], outputs }, values);

test("indices and positions convert both ways", () => {
  for (let k = 0; k < 24; k++) expect(flatten(unflatten(k, [2, 3, 4]), [2, 3, 4])).toBe(k);
});

test("programs give what plain loops give, whatever was rewritten, shared or folded", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(recipes(14), (recipe) => {
      const algebra = graphAlgebra();
      const nodes = follow(recipe, "any", algebra, algebra.variables);
      const values = follow(
        recipe,
        "any",
        plainAlgebra,
        VARIABLE_SHAPES.map((shape, k) => ({ shape, data: data[k]! })),
      );
      const got = run(nodes, new Map(algebra.variables.map((node, k) => [node, data[k]!])));
      nodes.forEach((node, k) => {
        seen.add(node.op);
        expect(node.shape).toEqual(values[k]!.shape);
        // Rewriting with these constants is exact; only the sign of zero may change.
        expect(got[k]!.every((value, i) => value === values[k]!.data[i])).toBe(true);
      });
      const again = follow(recipe, "any", algebra, algebra.variables);
      expect(again.every((node, k) => node === nodes[k])).toBe(true);
    }),
    { seed: 1, numRuns: 400 },
  );
  expect(seen.size, "the programs must be varied").toBeGreaterThan(18);
});

test("jvp agrees with differences, and vjp with jvp, to second order", () => {
  fc.assert(
    fc.property(recipes(9), (recipe) => {
      const { variables, tangents, outputs, loss, values } = smoothProgram(recipe);
      const gradient = variables.map((variable, k) => orZeros(grad(loss, variables)[k]!, variable));
      const checked = [...outputs, loss, ...gradient];
      const first = alongRepeatedly(checked, tangents, 1);
      const numeric = differentiateNumerically((s) => {
        const moved = new Map(values);
        variables.forEach((node, k) => {
          moved.set(
            node,
            data[k]!.map((x, i) => x + s * tangentData[k]![i]!),
          );
        });
        return run(checked, moved);
      });
      const got = run(first, values);
      numeric.forEach((expected, k) => expect(worstError(got[k]!, expected)).toBeLessThan(1e-7));

      const weights = outputs.map((output, k) => output.graph.input(`w${k}`, output.shape));
      const adjoint = vjp(outputs, weights, variables).map((node, k) => orZeros(node, variables[k]!));
      const right = run(adjoint, values).reduce(
        (sum, block, k) => sum + innerProduct(block, tangentData[k]!),
        0,
      );
      const left = got[outputs.length]![0]!;
      expect(Math.abs(left - right)).toBeLessThan(1e-12 * Math.max(1, Math.abs(left)));
    }),
    { seed: 2, numRuns: 120 },
  );
});

test("the Hessian is symmetric: ⟨v, H u⟩ = ⟨u, H v⟩", () => {
  fc.assert(
    fc.property(recipes(9), (recipe) => {
      const { variables, tangents, loss, values } = smoothProgram(recipe);
      const gradient = grad(loss, variables).map((node, k) => orZeros(node, variables[k]!));
      const others = new Map(variables.map((node, k) => [node, node.graph.input(`v${k}`, node.shape)]));
      const known = new Map(values);
      [...others.values()].forEach((node, k) => known.set(node, direction(sizeOf(node.shape), 60 + k)));
      const pair = (directions: ReadonlyMap<Node, Node>, against: ReadonlyMap<Node, Node>): number => {
        const product = run(alongRepeatedly(gradient, directions, 1), known);
        return product.reduce(
          (sum, block, k) => sum + innerProduct(block, known.get(against.get(variables[k]!)!)!),
          0,
        );
      };
      const left = pair(tangents, others);
      expect(Math.abs(left - pair(others, tangents))).toBeLessThan(1e-11 * Math.max(1, Math.abs(left)));
    }),
    { seed: 3, numRuns: 80 },
  );
});

test("programs keep their values when written for float64", () => {
  fc.assert(
    fc.property(recipes(10), (recipe) => {
      const { variables, outputs, loss, values } = smoothProgram(recipe);
      const program = {
        inputs: [...values.keys()],
        outputs: [...outputs, ...(grad(loss, variables) as Node[])],
      };
      const present = { ...program, outputs: program.outputs.filter((node) => node !== null) };
      const got = evaluate(legalise(present, "float64"), values);
      evaluate(present, values).forEach((expected, k) =>
        expect(worstError(got[k]!, expected)).toBeLessThan(1e-13),
      );
    }),
    { seed: 4, numRuns: 100 },
  );
});

test.each([
  ["float64", 1e-12],
  ["float32", 1e-4],
] as const)(
  "ONNX Runtime agrees on values, gradients and Hessian products in %s",
  async (dtype, tolerance) => {
    const cpu = onnxRuntimeBackend(ort, { device: "cpu", threads: 1 });
    await fc.assert(
      fc.asyncProperty(recipes(9), async (recipe) => {
        const { variables, tangents, outputs, loss, values } = smoothProgram(recipe);
        const gradient = grad(loss, variables).filter((node) => node !== null);
        const products = jvp(gradient, tangents).filter((node) => node !== null);
        const program: Program = {
          inputs: [...values.keys()],
          outputs: [...outputs, loss, ...gradient, ...products],
        };
        const expected = evaluate(program, values);
        const make = dtype === "float64" ? Float64Array : Float32Array;
        const results = expected.map((block) => new make(block.length));
        const executable = await cpu.compile(program, dtype);
        await executable.run(
          program.inputs.map((node) => new make(values.get(node)!)),
          results,
        );
        await executable.dispose();
        expected.forEach((block, k) => expect(worstError(results[k]!, block)).toBeLessThan(tolerance));
      }),
      { seed: 5, numRuns: 60 },
    );
  },
);
