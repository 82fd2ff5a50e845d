// Third and fourth derivatives along directions: every operator against differences, closed forms, oracle networks.
import { describe, expect, test } from "vitest";
import { caseProgram, orZeros } from "../../test/cases-derivatives.ts";
import { differentiateNumerically, innerProduct, worstError } from "../../test/cases-support.ts";
import { operatorCases } from "../../test/cases.ts";
import { cpuBackend, ORACLE_NETS, oracleObjective, referenceBackend } from "../../test/oracle-networks.ts";
import { dot, vectorFrom, zeros } from "../math/index.ts";
import { buildNetwork } from "../nets/index.ts";
import { evaluate } from "../runtime/index.ts";
import { add, createGraph, exp, mul, type Node, sub, sum, tanh } from "../tensor/index.ts";
import { formAndGradient, lineDerivatives } from "./directional.ts";
import { NetworkObjective } from "./objective.ts";

const smooth = Object.entries(operatorCases).flatMap(([op, items]) =>
  items
    .filter((item) => item.differentiable?.includes(true) ?? true)
    .map((item) => [op, item.name, item] as const),
);

describe("every operator", () => {
  test.each(smooth)("%s %s: fourth derivatives are differences of third ones", (op, _, item) => {
    const made = caseProgram(op, item);
    const { form, gradient } = formAndGradient(made.loss, made.tangents, 3);
    const line = lineDerivatives(made.loss, made.tangents, 4);
    const run = (outputs: readonly Node[], values: ReadonlyMap<Node, Float64Array>): Float64Array[] =>
      evaluate({ inputs: [...values.keys()], outputs }, values);
    const differences = differentiateNumerically((s) => {
      const moved = new Map(made.values);
      for (const [node, tangent] of made.tangents) {
        const by = made.values.get(tangent)!;
        moved.set(
          node,
          made.values.get(node)!.map((x, i) => x + s * by[i]!),
        );
      }
      return run([...made.thirdProduct, line[2]!, line[3]!], moved);
    });
    const exact = run(
      [...gradient.map((node, k) => orZeros(node, made.moving[k]!)), line[3]!, line[4]!],
      made.values,
    );
    exact.forEach((values, k) => expect(worstError(values, differences[k]!)).toBeLessThan(5e-9));
    const directions = made.moving.map((node) => made.values.get(made.tangents.get(node)!)!);
    const contracted = directions.reduce((total, u, k) => total + innerProduct(exact[k]!, u), 0);
    const [cubic, quartic] = run([form, line[4]!], made.values).map((value) => value[0]!);
    expect(cubic).toBeCloseTo(exact.at(-2)![0]!, 12);
    expect(Math.abs(contracted - quartic!)).toBeLessThan(1e-11 * Math.max(1, Math.abs(quartic!)));
  });
});

describe("closed forms", () => {
  const graph = createGraph();
  const x = graph.input("x", [2]);
  const v = graph.input("v", [2]);
  const along = new Map([[x, v]]);
  const at = (f: Node, values: [number, number], direction: [number, number]): number[] =>
    evaluate(
      { inputs: [], outputs: lineDerivatives(f, along, 4) },
      new Map([
        [x, values],
        [v, direction],
      ]),
    ).map((value) => value[0]!);

  test("powers, exponentials, tanh", () => {
    const fourth = mul(mul(x, x), mul(x, x));
    expect(at(sum(fourth), [2, -1], [1, 2])).toEqual([17, 24, 96, 24 * (2 - 8), 24 + 16 * 24]);
    const growth = at(sum(exp(mul(x, 3))), [0.2, -0.4], [1, 0]);
    growth.slice(1).forEach((value, k) => expect(value).toBeCloseTo(3 ** (k + 1) * Math.exp(0.6), 10));
    const t = Math.tanh(0.3);
    const s = 1 - t * t;
    const [, first, second, third, last] = at(sum(tanh(x)), [0.3, 1], [1, 0]);
    expect(first).toBeCloseTo(s, 14);
    expect(second).toBeCloseTo(-2 * t * s, 14);
    expect(third).toBeCloseTo(-2 * s * (1 - 3 * t * t), 14);
    expect(last).toBeCloseTo(8 * t * s * (2 - 3 * t * t), 13);
  });

  test("what does not depend on the direction is zero at every order", () => {
    expect(at(sum(sub(x, x)), [1, 2], [1, 1]).slice(1)).toEqual([0, 0, 0, 0]);
    expect(at(add(sum(x), 5), [1, 2], [1, 1])).toEqual([8, 2, 0, 0, 0]);
  });
});

interface FourthOracle {
  readonly D4_uuuu: number;
  readonly kappa: number;
}

describe("networks", () => {
  const engines = { cpu: cpuBackend(), reference: referenceBackend() };
  const cases = Object.keys(ORACLE_NETS).flatMap((name) =>
    Object.keys(engines).map((engine) => [name, engine as keyof typeof engines] as const),
  );

  test.each(cases)("%s on %s: derivatives along u to the fourth", async (name, engine) => {
    const { objective, theta, oracle } = oracleObjective(name, "float64", engines[engine]);
    const { D4_uuuu: fourth, kappa } = oracle as unknown as FourthOracle;
    const u = vectorFrom("float64", oracle.u);
    const line = await objective.lineDerivatives(theta, u, 4);
    const expected = [oracle.loss, dot(vectorFrom("float64", oracle.grad), u), oracle.S, kappa, fourth];
    // The oracle's own fourth derivative is good to about seven digits.
    const tolerances = [1e-9, 1e-9, 1e-8, 1e-7, 2e-6];
    line.forEach((value, k) => {
      expect(Math.abs(value - expected[k]!)).toBeLessThan(
        tolerances[k]! * Math.max(1, Math.abs(expected[k]!)),
      );
    });
    expect(await objective.lineDerivatives(theta, u, 2)).toEqual(line.slice(0, 3));
    const gradient = zeros("float64", objective.size);
    expect(await objective.thirdDerivativeGradient(theta, u, gradient)).toBeCloseTo(line[3]!, 10);
    expect(dot(gradient, u)).toBeCloseTo(line[4]!, 9);
    // The whole vector: the difference of D³L[u, u, ·] along u, free of error h² by Richardson's rule.
    const thirdAt = async (s: number): Promise<Float64Array> => {
      const out = zeros("float64", objective.size);
      await objective.sharpnessGradient(
        theta.map((value, i) => value + s * u[i]!),
        u,
        out,
      );
      return Float64Array.from(out);
    };
    const h = 2e-3;
    const [a, b, c, d] = [await thirdAt(-2 * h), await thirdAt(-h), await thirdAt(h), await thirdAt(2 * h)];
    const differences = gradient.map((_, i) => (8 * (c[i]! - b[i]!) - (d[i]! - a[i]!)) / (12 * h));
    expect(worstError(gradient, differences)).toBeLessThan(1e-7);
    const [product, again] = [zeros("float64", objective.size), zeros("float64", objective.size)];
    await objective.hessianProduct(theta, u, product);
    await (await objective.hessian(theta)).apply(u, again);
    expect(worstError(product, again)).toBeLessThan(1e-12);
    await objective.dispose();
  });

  test("chunks of examples add up", async () => {
    const whole = oracleObjective("net_tanh_ce", "float64", engines.cpu);
    const tight = oracleObjective("net_tanh_ce", "float64", engines.cpu, 6000);
    expect(tight.objective.chunk).toBeLessThan(whole.objective.chunk);
    const u = vectorFrom("float64", whole.oracle.u);
    const [a, b] = [
      await whole.objective.lineDerivatives(whole.theta, u, 4),
      await tight.objective.lineDerivatives(tight.theta, u, 4),
    ];
    a.forEach((value, k) => expect(b[k]).toBeCloseTo(value, 12));
    await whole.objective.dispose();
    await tight.objective.dispose();
  });

  test("linear regression has no third derivative, and programs that end in constants still run", async () => {
    const network = buildNetwork({ name: "mlp", widths: [], activation: "tanh" }, [2], 1);
    const objective = new NetworkObjective({
      network,
      loss: "mse",
      train: { n: 2, x: Float64Array.of(1, 2, 3, -1), y: Float64Array.of(1, 0) },
      classes: 0,
      dtype: "float64",
      backend: engines.cpu,
    });
    const theta = Float64Array.of(0.5, -0.25, 0.1);
    const u = Float64Array.of(1, 1, 0);
    const line = await objective.lineDerivatives(theta, u, 4);
    // Inputs along u: 3 and 2, so uᵀHu = (9 + 4)/2.
    expect(line[2]).toBeCloseTo(6.5, 12);
    expect(line.slice(3)).toEqual([0, 0]);
    const out = new Float64Array(3).fill(7);
    expect(await objective.thirdDerivativeGradient(theta, u, out)).toBe(0);
    expect(Array.from(out)).toEqual([0, 0, 0]);
    await objective.dispose();
  });
});
