// The mean-field network: the published formula, its step m·η by scaled parameters, and its initial scale.
import { expect, test } from "vitest";
import { norm, randomStream } from "../math/index.ts";
import { evaluate } from "../runtime/index.ts";
import { createGraph, grad, mean } from "../tensor/index.ts";
import { resolveNet, type NetConfig } from "./config.ts";
import { initialParameters } from "./init.ts";
import { parameterInputs } from "./layout.ts";
import { perExampleLoss } from "./losses.ts";
import { buildNetwork } from "./network.ts";

const d = 3;
const classes = 3;
const width = 4;
const config: NetConfig = { name: "mean-field", width, activation: { name: "leaky-tanh", leak: 0.7 } };
const phi = (z: number): number => 0.7 * z + 0.3 * Math.tanh(z);
const slope = (z: number): number => 0.7 + 0.3 / Math.cosh(z) ** 2;
const sign = (j: number): number => (j % 2 === 0 ? 1 : -1);

const stream = randomStream(3, "mean-field-test");
const x = Array.from({ length: 5 }, () => Array.from({ length: d }, () => stream.normal() / 2));
const labels = [0, 2, 1, 1, 0];
/** w[k][j] is the weight vector w_{j,k}. */
const w = Array.from({ length: classes }, () =>
  Array.from({ length: width }, () => Array.from({ length: d }, () => stream.normal())),
);

function preactivation(k: number, j: number, input: readonly number[]): number {
  return w[k]![j]!.reduce((sum, weight, c) => sum + weight * input[c]!, 0);
}

function outputs(input: readonly number[]): number[] {
  return w.map(
    (units, k) => units.reduce((sum, _, j) => sum + sign(j) * phi(preactivation(k, j, input)), 0) / width,
  );
}

test("outputs are (1/m) Σ a_j φ(w_jkᵀx), and a step of η on w/√m is the step m·η on w", () => {
  const network = buildNetwork(config, [d], classes);
  const graph = createGraph();
  const nodes = parameterInputs(graph, network.layout);
  const input = graph.input("x", [x.length, d]);
  const targets = graph.input("y", [x.length, classes]);
  const f = network.forward(nodes, input);
  const loss = mean(perExampleLoss("ce", f, targets), [0]);
  const theta = w.flat(2).map((weight) => weight / Math.sqrt(width));
  const oneHot = labels.flatMap((label) => Array.from({ length: classes }, (_, k) => Number(k === label)));
  const program = { inputs: [...nodes, input, targets], outputs: [f, grad(loss, nodes)[0]!] };
  const feeds = new Map([
    [nodes[0]!, theta],
    [input, x.flat()],
    [targets, oneHot],
  ]);
  const [values, gradient] = evaluate(program, feeds);

  const expected = x.map(outputs);
  Array.from(values!).forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i]!, 13));
  // ∂L/∂w_jk = mean over examples of (p_k − [y = k])·(1/m)·a_j·φ′(w_jkᵀx)·x.
  const lr = 0.3;
  let index = 0;
  for (let k = 0; k < classes; k++) {
    for (let j = 0; j < width; j++) {
      for (let c = 0; c < d; c++, index++) {
        let slopeSum = 0;
        x.forEach((row, i) => {
          const total = expected[i]!.reduce((sum, z) => sum + Math.exp(z), 0);
          const residual = Math.exp(expected[i]![k]!) / total - Number(labels[i] === k);
          slopeSum += (residual * sign(j) * slope(preactivation(k, j, row)) * row[c]!) / width / x.length;
        });
        const published = w[k]![j]![c]! - width * lr * slopeSum;
        const stepped = (theta[index]! - lr * gradient![index]!) * Math.sqrt(width);
        expect(stepped).toBeCloseTo(published, 13);
      }
    }
  }
});

test("one tensor, classes·m × inputs; images are flattened; the description says what it is", () => {
  const network = buildNetwork({ name: "mean-field" }, [1, 28, 28], 10);
  expect(network.layout.entries.map(({ name, shape }) => [name, shape])).toEqual([["1.weight", [5120, 784]]]);
  expect(network.description).toBe("1×28×28 → 10×512 mean-field → 10, leaky-softplus, no bias");
});

test("initial w has the same law whatever m is", () => {
  const spread = (m: number): number => {
    const network = buildNetwork({ name: "mean-field", width: m }, [50], 4);
    const theta = initialParameters(network, 1, "float64");
    return norm(theta) * Math.sqrt(m / theta.length);
  };
  // Uniform in ±1/√50.
  expect(spread(8) * Math.sqrt(150)).toBeCloseTo(1, 1);
  expect(spread(200) * Math.sqrt(150)).toBeCloseTo(1, 1);
});

test("zeros: every weight starts at 0", () => {
  const network = buildNetwork({ name: "mlp", widths: [], bias: false, init: "zeros" }, [6], 3);
  expect(initialParameters(network, 5, "float64").every((value) => value === 0)).toBe(true);
  expect(network.layout.size).toBe(18);
});

test("options it does not have are refused by name", () => {
  expect(() => resolveNet({ name: "mean-field", widths: [3] } as NetConfig)).toThrow(/net\.widths.*width/);
  expect(() => resolveNet({ name: "mean-field", width: 0 })).toThrow(/net\.width.*positive integer/);
  expect(() => resolveNet({ name: "mean-field", gain: -1 })).toThrow(/gain/);
});
