// Networks: parameter counts, PyTorch names, hand-computed outputs, and the independent oracles to third order.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../runtime/index.ts";
import { createGraph, grad, jvp, mean, type Node } from "../tensor/index.ts";
import { PRESET_NAMES, resolveNet, type NetConfig } from "./config.ts";
import { parameterInputs, type ParameterLayout } from "./layout.ts";
import { perExampleLoss, type LossName } from "./losses.ts";
import { buildNetwork, type Network } from "./network.ts";

const cifar = [3, 32, 32];

/** θ cut into the network's tensors. */
function feedsOf(
  layout: ParameterLayout,
  nodes: readonly Node[],
  theta: readonly number[],
): Map<Node, number[]> {
  return new Map(
    layout.entries.map(({ offset, size }, k) => [nodes[k]!, theta.slice(offset, offset + size)] as const),
  );
}

function outputsOf(network: Network, theta: readonly number[], x: readonly number[]): number[] {
  const graph = createGraph();
  const nodes = parameterInputs(graph, network.layout);
  const size = network.inputShape.reduce((product, dim) => product * dim, 1);
  const input = graph.input("x", [x.length / size, ...network.inputShape]);
  const program = { inputs: [...nodes, input], outputs: [network.forward(nodes, input)] };
  return Array.from(evaluate(program, new Map([...feedsOf(network.layout, nodes, theta), [input, x]]))[0]!);
}

describe("parameter counts", () => {
  test.each([
    ["fc-relu", cifar, 10, 656_810],
    ["fc-elu", cifar, 10, 656_810],
    ["fc-tanh", [3072], 10, 656_810],
    ["fc-hardtanh", cifar, 10, 656_810],
    ["fc-softplus", cifar, 10, 656_810],
    ["fc-tanh-depth1", cifar, 10, 3072 * 200 + 200 + 2010],
    ["fc-tanh-depth2", cifar, 10, 656_810],
    ["fc-tanh-depth3", cifar, 10, 656_810 + 40_200],
    ["fc-tanh-depth4", cifar, 10, 656_810 + 80_400],
    ["cnn-relu", cifar, 10, 30_634],
    ["cnn-elu", cifar, 10, 30_634],
    ["cnn-tanh", cifar, 10, 30_634],
    ["cnn-avgpool-relu", cifar, 10, 30_634],
    ["cnn-avgpool-elu", cifar, 10, 30_634],
    ["cnn-avgpool-tanh", cifar, 10, 30_634],
    ["gap-cnn", cifar, 10, 896 + 9248 + 2048 * 128 + 128 + 1290],
    ["deep-linear", [50], 50, 50_000],
    ["regression", [1], 1, 300],
    ["gelu-8", cifar, 10, 656_810 + 5 * 40_200],
  ] as const)("%s on [%s] has %3$d outputs and %4$d parameters", (name, shape, outputs, count) => {
    expect(buildNetwork({ name }, shape, outputs).layout.size).toBe(count);
  });

  test("every preset is counted above", () => {
    expect(PRESET_NAMES).toHaveLength(19);
  });
});

describe("layout", () => {
  const names = (config: NetConfig, shape: readonly number[], outputs: number): string[] =>
    buildNetwork(config, shape, outputs).layout.entries.map(
      ({ name, shape: own }) => `${name} ${own.join("×")}`,
    );

  test("an MLP on vectors is Sequential(Linear, act, …)", () => {
    expect(names({ name: "mlp", widths: [4, 5] }, [3], 2)).toEqual([
      "0.weight 4×3",
      "0.bias 4",
      "2.weight 5×4",
      "2.bias 5",
      "4.weight 2×5",
      "4.bias 2",
    ]);
  });

  test("on images the Flatten it needs is module 0", () => {
    expect(names({ name: "mlp", widths: [4] }, [1, 2, 3], 2)).toEqual([
      "1.weight 4×6",
      "1.bias 4",
      "3.weight 2×4",
      "3.bias 2",
    ]);
  });

  test("a CNN counts activation, pooling and flatten modules", () => {
    expect(names({ name: "gap-cnn" }, cifar, 10)).toEqual([
      "0.weight 32×3×3×3",
      "0.bias 32",
      "3.weight 32×32×3×3",
      "3.bias 32",
      "7.weight 128×2048",
      "7.bias 128",
      "9.weight 10×128",
      "9.bias 10",
    ]);
    expect(names({ name: "cnn-relu" }, cifar, 10).at(-2)).toBe("7.weight 10×2048");
  });

  test("deep linear networks have neither activations nor biases", () => {
    expect(names({ name: "deep-linear", depth: 3, width: 7 }, [5], 2)).toEqual([
      "0.weight 7×5",
      "1.weight 7×7",
      "2.weight 2×7",
    ]);
    expect(names({ name: "deep-linear", depth: 1 }, [5], 2)).toEqual(["0.weight 2×5"]);
  });

  test("regression has a bias in the first layer only", () => {
    expect(names({ name: "regression" }, [1], 1)).toEqual(["0.weight 100×1", "0.bias 100", "2.weight 1×100"]);
  });

  test("valid padding shrinks the image, an odd row is dropped by pooling", () => {
    const net = buildNetwork({ name: "cnn", channels: [2], padding: "valid", hidden: [] }, [1, 7, 9], 3);
    expect(net.layout.entries.map(({ shape }) => shape)).toEqual([[2, 1, 3, 3], [2], [3, 2 * 2 * 3], [3]]);
  });

  test("offsets are contiguous and fans are those of the layer", () => {
    const { layout } = buildNetwork({ name: "gap-cnn" }, cifar, 10);
    let offset = 0;
    for (const entry of layout.entries) {
      expect(entry.offset).toBe(offset);
      offset += entry.size;
    }
    expect(offset).toBe(layout.size);
    expect(layout.entries.map(({ fanIn, fanOut }) => [fanIn, fanOut])).toEqual([
      [27, 288],
      [27, 288],
      [288, 288],
      [288, 288],
      [2048, 128],
      [2048, 128],
      [128, 10],
      [128, 10],
    ]);
  });
});

describe("forward", () => {
  test("a small MLP by hand", () => {
    const net = buildNetwork({ name: "mlp", widths: [2], activation: "relu" }, [2], 1);
    // relu([1 2; 3 −4]·x + [0.5, −1]), then [2, −3]·h + 0.25.
    const theta = [1, 2, 3, -4, 0.5, -1, 2, -3, 0.25];
    expect(outputsOf(net, theta, [1, 1, 2, 0])).toEqual([2 * 3.5 + 0.25, 2 * 2.5 - 3 * 5 + 0.25]);
  });

  test("images are flattened channel, row, column", () => {
    const flat = buildNetwork({ name: "mlp", widths: [3] }, [8], 2);
    const image = buildNetwork({ name: "mlp", widths: [3] }, [2, 2, 2], 2);
    const theta = Array.from({ length: flat.layout.size }, (_, k) => Math.sin(k));
    const x = Array.from({ length: 16 }, (_, k) => Math.cos(k));
    expect(outputsOf(image, theta, x)).toEqual(outputsOf(flat, theta, x));
  });

  test("a deep linear network is the product of its matrices", () => {
    const net = buildNetwork({ name: "deep-linear", depth: 3, width: 2 }, [2], 1);
    // [1 1]·[1 2; 0 1]·[3 0; 1 1]·[5, 7] = [1 3]·[15, 12].
    expect(outputsOf(net, [3, 0, 1, 1, 1, 2, 0, 1, 1, 1], [5, 7])).toEqual([51]);
  });

  test("a convolution with average pooling and hidden layer by hand", () => {
    const net = buildNetwork(
      { name: "cnn", channels: [1], kernel: 1, pooling: "average", hidden: [1], activation: "identity" },
      [1, 2, 2],
      1,
    );
    // mean(2x + 1) = 2·2.5 + 1 = 6; 3·6 − 1 = 17; 10·17 + 0.5.
    expect(outputsOf(net, [2, 1, 3, -1, 10, 0.5], [1, 2, 3, 4])).toEqual([170.5]);
  });

  test("shapes that do not fit are named", () => {
    const net = buildNetwork({ name: "mlp", widths: [2] }, [3], 1);
    const graph = createGraph();
    const nodes = parameterInputs(graph, net.layout);
    expect(() => net.forward(nodes, graph.input("x", [5, 4]))).toThrow(/\[5,4\].*\[n,3\]/);
    expect(() => net.forward(nodes.slice(1), graph.input("x", [5, 3]))).toThrow(/0\.weight.*\[2\].*\[2,3\]/s);
    expect(() => net.forward(nodes.slice(0, 3), graph.input("x", [5, 3]))).toThrow(/2\.bias.*nothing/s);
  });
});

interface Oracle {
  readonly X: readonly unknown[];
  readonly labels: readonly number[];
  readonly theta: readonly number[];
  readonly P: number;
  readonly forward: readonly number[][];
  readonly per_sample_loss: readonly number[];
  readonly loss: number;
  readonly grad: readonly number[];
  readonly S: number;
  readonly u: readonly number[];
  readonly gradS: readonly number[];
  readonly param_shapes: readonly number[][];
}

describe("independent oracles", () => {
  const conv = { name: "cnn", channels: [2], hidden: [] } as const;
  const cases: readonly [string, NetConfig, LossName][] = [
    ["net_tanh_mse", { name: "mlp", widths: [4, 4] }, "mse"],
    ["net_tanh_ce", { name: "mlp", widths: [4, 4] }, "ce"],
    ["net_relu_mse", { name: "mlp", widths: [6], activation: "relu" }, "mse"],
    ["net_conv_tanh_avg_ce", { ...conv, pooling: "average" }, "ce"],
    ["net_conv_relu_max_mse", { ...conv, pooling: "max", activation: "relu" }, "mse"],
  ];

  test.each(cases)("%s: outputs, losses, gradient, H·u = S·u and ∇S", (file, config, loss) => {
    const url = new URL(`../../test/oracles/${file}.json`, import.meta.url);
    const oracle = JSON.parse(readFileSync(url, "utf8")) as Oracle;
    const x = (oracle.X as number[][]).flat(3);
    const n = oracle.labels.length;
    const inputShape = config.name === "cnn" ? [1, 4, 4] : [3];
    const outputs = oracle.forward[0]!.length;
    const net = buildNetwork(config, inputShape, outputs);
    const { layout } = net;
    expect(layout.size).toBe(oracle.P);
    expect(layout.entries.map((entry) => entry.shape)).toEqual(oracle.param_shapes);

    const graph = createGraph();
    const parameters = parameterInputs(graph, layout);
    const direction = layout.entries.map((entry) => graph.input(`u/${entry.name}`, entry.shape));
    const input = graph.input("x", [n, ...inputShape]);
    const y = graph.input("y", [n, outputs]);
    const f = net.forward(parameters, input);
    const losses = perExampleLoss(loss, f, y);
    const total = mean(losses, [0]);
    const u = new Map(parameters.map((node, k) => [node, direction[k]!]));
    const gradient = grad(total, parameters).map((g) => g!);
    const hessianTimesU = jvp(gradient, u).map((h) => h!);
    const curvature = jvp([jvp([total], u)[0]!], u)[0]!;
    const sharpnessGradient = grad(curvature, parameters).map(
      (g, k) => g ?? graph.constant(0, parameters[k]!.shape),
    );

    const targets = oracle.labels.flatMap((label) =>
      Array.from({ length: outputs }, (_, k) => Number(k === label)),
    );
    const program = {
      inputs: [...parameters, ...direction, input, y],
      outputs: [f, losses, total, curvature, ...gradient, ...hessianTimesU, ...sharpnessGradient],
    };
    const values = evaluate(
      program,
      new Map([
        ...feedsOf(layout, parameters, oracle.theta),
        ...feedsOf(layout, direction, oracle.u),
        [input, x],
        [y, targets],
      ]),
    );
    const close = (actual: readonly number[], expected: readonly number[], tolerance: number): void => {
      expect(actual).toHaveLength(expected.length);
      const scale = Math.max(...expected.map(Math.abs));
      actual.forEach((value, k) => expect(Math.abs(value - expected[k]!)).toBeLessThan(tolerance * scale));
    };
    const count = layout.entries.length;
    const flat = (from: number): number[] =>
      values.slice(from, from + count).flatMap((part) => Array.from(part));
    close(Array.from(values[0]!), oracle.forward.flat(), 1e-12);
    close(Array.from(values[1]!), oracle.per_sample_loss, 1e-12);
    close(Array.from(values[2]!), [oracle.loss], 1e-12);
    close(Array.from(values[3]!), [oracle.S], 1e-10);
    close(flat(4), oracle.grad, 1e-11);
    close(
      flat(4 + count),
      oracle.u.map((value) => oracle.S * value),
      1e-9,
    );
    close(flat(4 + 2 * count), oracle.gradS, 1e-9);
  });
});

describe("bad configurations", () => {
  const build = (config: unknown, shape: readonly number[] = [3], outputs = 2): Network =>
    buildNetwork(config as NetConfig, shape, outputs);

  test.each([
    [{ name: "mpl" }, /unknown network.*mpl.*Did you mean "mlp"/s],
    [{ name: "fc-tahn" }, /Did you mean "fc-tanh"/],
    [{ name: "mlp", width: [3] }, /net\.width.*Did you mean "widths"/s],
    [{ name: "fc-tanh", widths: [3] }, /only lets its initialisation be set/],
    [{ name: "mlp", widths: [3, 0] }, /net\.widths\[1\].*positive integer/s],
    [{ name: "mlp", widths: [2.5] }, /net\.widths.*2\.5/s],
    [{ name: "mlp", activation: "thanh" }, /activation.*Did you mean "tanh"/s],
    [{ name: "mlp", init: "xavier" }, /net\.init.*xavier.*xavier-normal/s],
    [{ name: "mlp", bias: "none" }, /bias.*none/s],
    [{ name: "mlp", gain: -1 }, /net\.gain.*-1/s],
    [{ name: "mlp", widths: [3], gain: [1, 2, 3] }, /3 gains for 2 layers/],
    [{ name: "deep-linear", depth: 0 }, /net\.depth/],
    [{ name: "cnn" }, /needs images.*\[3\]/s],
    [{ name: "cnn", kernel: 2 }, /odd kernel/],
    [{ name: "cnn", pooling: "mean" }, /pooling.*mean.*average/s],
  ])("%j is refused", (config, message) => {
    expect(() => build(config)).toThrow(message);
  });

  test("images too small for the kernel or the pooling are refused", () => {
    expect(() => build({ name: "cnn", channels: [2, 2, 2] }, [3, 4, 4])).toThrow(/too small.*1×1/s);
    expect(() => build({ name: "cnn", kernel: 7, padding: "valid" }, [3, 5, 5])).toThrow(/7×7 on 5×5/);
  });

  test("impossible shapes of examples and outputs are refused", () => {
    expect(() => build({ name: "mlp" }, [])).toThrow(/shape of one example/);
    expect(() => build({ name: "mlp" }, [3, 0])).toThrow(/\[3,0\]/);
    expect(() => build({ name: "mlp" }, [3], 0)).toThrow(/at least one output/);
  });

  test("a preset takes an initialisation", () => {
    expect(resolveNet({ name: "fc-tanh", init: "kaiming-normal" }).init).toBe("kaiming-normal");
    expect(resolveNet({ name: "regression" }).gain).toEqual([1.9, 1]);
  });
});
