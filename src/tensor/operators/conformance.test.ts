// Every operator of the table against the shared catalogue: shape, value, derivatives to third order.
import { describe, expect, test } from "vitest";
import { alongRepeatedly, caseProgram, orZeros, type CaseProgram } from "../../../test/cases-derivatives.ts";
import {
  differentiateNumerically,
  direction,
  innerProduct,
  reader,
  tabulate,
  worstError,
  type OperatorCase,
} from "../../../test/cases-support.ts";
import { misfits, operatorCases, shapeless } from "../../../test/cases.ts";
import { InputError } from "../../math/index.ts";
import { evaluate } from "../../runtime/index.ts";
import { createGraph, jvp, operators, sizeOf, vjp, type Node } from "../index.ts";

/** Errors relative to the largest entry (or 1). The five-point rule is good to 1e-9 or better on all cases. */
const DIFFERENCES = 5e-9;
const EXACT = 1e-13;

const cases: [string, OperatorCase][] = Object.entries(operatorCases).flatMap(([op, items]) =>
  items.map((item): [string, OperatorCase] => [op, item]),
);
const smooth = cases.filter(([, item]) => item.differentiable?.includes(true) ?? true);
const label = ([op, item]: [string, OperatorCase]): [string, string, OperatorCase] => [op, item.name, item];

function run(outputs: readonly Node[], values: ReadonlyMap<Node, Float64Array>): Float64Array[] {
  return evaluate({ inputs: [...values.keys()], outputs }, values);
}

/** Derivatives of the outputs along the case's tangents, by differences. */
function differences(item: CaseProgram, outputs: readonly Node[]): Float64Array[] {
  return differentiateNumerically((s) => {
    const moved = new Map(item.values);
    for (const [node, tangent] of item.tangents) {
      const by = item.values.get(tangent)!;
      moved.set(
        node,
        item.values.get(node)!.map((x, i) => x + s * by[i]!),
      );
    }
    return run(outputs, moved);
  });
}

function expectClose(
  got: readonly Float64Array[],
  expected: readonly Float64Array[],
  tolerance: number,
): void {
  expect(got.length).toBe(expected.length);
  expected.forEach((values, k) => expect(worstError(got[k]!, values)).toBeLessThan(tolerance));
}

describe("the catalogue", () => {
  test("has several cases for every operator of the table, and for no other", () => {
    expect(Object.keys(operatorCases).toSorted()).toEqual(Object.keys(operators).toSorted());
    for (const [op, items] of Object.entries(operatorCases)) {
      expect(items.length, op).toBeGreaterThanOrEqual(3);
      expect(new Set(items.map((item) => item.name)).size, `names of ${op}`).toBe(items.length);
    }
  });

  test("says of every operator what it refuses, or that it takes any shape", () => {
    const covered = new Set([...misfits.map((misfit) => misfit.op), ...shapeless]);
    expect([...covered].toSorted()).toEqual(Object.keys(operators).toSorted());
  });
});

describe("shape and value", () => {
  test.each(cases.map(label))("%s %s", (op, _, item) => {
    const { y, variables, values } = caseProgram(op, item);
    expect(y.op, "a case must not be simplified away").toBe(op);
    expect(y.shape).toEqual(item.shape);
    const [got] = run([y], values);
    const reads = variables.map((node) => reader({ shape: node.shape, data: values.get(node)! }));
    expect(got!.length).toBe(sizeOf(item.shape));
    expect(
      worstError(
        got!,
        tabulate(item.shape, (index) => item.value(reads, index)),
      ),
    ).toBeLessThan(EXACT);
  });

  test.each(misfits.map((misfit) => [misfit.op, JSON.stringify(misfit.shapes), misfit] as const))(
    "%s refuses %s",
    (op, _, { shapes, attributes }) => {
      const graph = createGraph();
      const inputs = shapes.map((shape, k) => graph.input(`x${k}`, shape));
      expect(() => graph.apply(op, inputs, attributes)).toThrow(InputError);
    },
  );
});

describe("first derivative", () => {
  test.each(smooth.map(label))("jvp of %s %s agrees with differences", (op, _, item) => {
    const program = caseProgram(op, item);
    const first = alongRepeatedly([program.y, program.loss], program.tangents, 1);
    expectClose(run(first, program.values), differences(program, [program.y, program.loss]), DIFFERENCES);
  });

  test.each(smooth.map(label))("vjp of %s %s is the adjoint of jvp, input by input", (op, _, item) => {
    const { y, moving, values, tangents } = caseProgram(op, item);
    const weights = y.graph.input("adjoint", y.shape);
    const known = new Map(values).set(weights, direction(sizeOf(y.shape), 23));
    const together = vjp([y], [weights], moving);
    moving.forEach((variable, k) => {
      const tangent = tangents.get(variable)!;
      const forward = orZeros(jvp([y], new Map([[variable, tangent]]))[0]!, y);
      const alone = vjp([y], [weights], [variable])[0]!;
      const [forwardValue, together1, alone1] = run([forward, together[k]!, alone], known);
      expect(together1).toEqual(alone1);
      expect(together[k]!.shape).toEqual(variable.shape);
      const right = innerProduct(together1!, known.get(tangent)!);
      const left = innerProduct(known.get(weights)!, forwardValue!);
      expect(Math.abs(left - right)).toBeLessThan(EXACT * Math.max(1, Math.abs(left), sizeOf(y.shape)));
    });
  });

  test.each(cases.filter(([, item]) => item.differentiable?.includes(false)).map(label))(
    "%s %s has no derivative in some inputs: null, not a zero tensor",
    (op, _, item) => {
      const { y, loss, variables } = caseProgram(op, item);
      variables.forEach((variable, k) => {
        if (item.differentiable![k]) return;
        const tangent = y.graph.input(`t${k}`, variable.shape);
        expect(jvp([y, loss], new Map([[variable, tangent]]))).toEqual([null, null]);
        expect(vjp([y], [y.graph.input("adjoint", y.shape)], [variable])).toEqual([null]);
        expect(vjp([loss], [y.graph.constant(1)], [variable])).toEqual([null]);
      });
    },
  );
});

describe("second and third derivative", () => {
  test.each(smooth.map(label))("forward over forward of %s %s agrees with differences", (op, _, item) => {
    const program = caseProgram(op, item);
    const orders = [1, 2, 3].map((order) =>
      alongRepeatedly([program.y, program.loss], program.tangents, order),
    );
    for (const order of [1, 2]) {
      expectClose(run(orders[order]!, program.values), differences(program, orders[order - 1]!), DIFFERENCES);
    }
  });

  test.each(smooth.map(label))("∇L, Hu and ∇³L(u,u) through %s %s agree with differences", (op, _, item) => {
    const program = caseProgram(op, item);
    const { gradient, hessianProduct, thirdProduct, values, tangents } = program;
    expectClose(run(hessianProduct, values), differences(program, gradient), DIFFERENCES);
    expectClose(run(thirdProduct, values), differences(program, hessianProduct), DIFFERENCES);
    // The same numbers by forward mode alone: ⟨∇L,u⟩, uᵀHu and ∇³L(u,u,u).
    const directions = [...tangents.values()].map((node) => values.get(node)!);
    [gradient, hessianProduct, thirdProduct].forEach((product, k) => {
      const [forward] = run(alongRepeatedly([program.loss], tangents, k + 1), values);
      const reverse = run(product, values).reduce(
        (sum, block, i) => sum + innerProduct(block, directions[i]!),
        0,
      );
      expect(Math.abs(forward![0]! - reverse)).toBeLessThan(1e-12 * Math.max(1, Math.abs(reverse)));
    });
  });
});
