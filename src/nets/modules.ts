// The modules networks are sequences of: each knows its output shape, its parameters and its forward program.
import { InputError } from "../math/index.ts";
import {
  add,
  averagePool2d,
  conv2d,
  matmul,
  maxPool2d,
  mul,
  reshape,
  sizeOf,
  transpose,
  type Node,
  type Shape,
} from "../tensor/index.ts";
import { activate, type ActivationConfig } from "./activations.ts";

/** Shape and fans of a tensor a module owns. */
export interface ModuleParameter {
  readonly kind: "weight" | "bias";
  readonly shape: Shape;
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * One entry of a sequence. `output` excludes the batch axis; `parameters` in `forward` are in declaration order. Images come
 * and go as [n, channels, height, width], vectors as columns, [features, n]: ONNX Runtime multiplies W·X by packed
 * panels of X, a third faster at n = 5,000 than X·Wᵀ, which reads X a few numbers a row at a time.
 */
export interface Module {
  readonly output: Shape;
  readonly parameters: readonly ModuleParameter[];
  forward(parameters: readonly Node[], x: Node): Node;
}

function weightAndBias(shape: Shape, fanIn: number, fanOut: number, bias: boolean): ModuleParameter[] {
  const weight: ModuleParameter = { kind: "weight", shape, fanIn, fanOut };
  return bias ? [weight, { kind: "bias", shape: [shape[0]!], fanIn, fanOut }] : [weight];
}

/** W·x + b with W out×in, on columns. */
export function linear(inputs: number, outputs: number, bias: boolean): Module {
  return {
    output: [outputs],
    parameters: weightAndBias([outputs, inputs], inputs, outputs, bias),
    forward([weight, offset], x) {
      const product = matmul(weight!, x);
      return offset ? add(product, reshape(offset, [outputs, 1])) : product;
    },
  };
}

/** Cross-correlation with stride 1 and W out×in×k×k, plus one bias a channel. */
export function convolution(
  input: Shape,
  channels: number,
  kernel: number,
  padding: number,
  bias: boolean,
): Module {
  const [inputs, height, width] = input as [number, number, number];
  const output = [channels, height + 2 * padding - kernel + 1, width + 2 * padding - kernel + 1];
  if (output[1]! < 1 || output[2]! < 1) {
    throw new InputError("the convolution kernel is larger than its input", {
      field: "net.kernel",
      received: `${kernel}×${kernel} on ${height}×${width}`,
    });
  }
  const area = kernel * kernel;
  return {
    output,
    parameters: weightAndBias([channels, inputs, kernel, kernel], inputs * area, channels * area, bias),
    forward([weight, offset], x) {
      const product = conv2d(x, weight!, padding);
      return offset ? add(product, reshape(offset, [1, channels, 1, 1])) : product;
    },
  };
}

/**
 * (1/m) Σ_j a_j φ(√m·v_jkᵀx) with a = (1, −1, 1, …) fixed, for every class k: hidden layer and average in one, since the
 * average has no parameters. V is (classes·m)×in, the m units of a class one after the other.
 */
export function meanField(inputs: number, width: number, classes: number, config: ActivationConfig): Module {
  const units = classes * width;
  return {
    output: [classes],
    parameters: weightAndBias([units, inputs], inputs, units, false),
    forward([weight], x) {
      // Thousands of units on hundreds of pixels are faster by rows.
      const rows = columns(x);
      const hidden = activate(config, mul(Math.sqrt(width), matmul(rows, weight!, false, true)));
      const outer = Float64Array.from({ length: width }, (_, j) => (j % 2 === 0 ? 1 : -1) / width);
      const n = rows.shape[0]!;
      const averages = matmul(reshape(hidden, [n * classes, width]), x.graph.constant(outer, [width, 1]));
      return columns(reshape(averages, [n, classes]));
    },
  };
}

/** An elementwise activation. */
export function activation(config: ActivationConfig, input: Shape): Module {
  return { output: input, parameters: [], forward: (_, x) => activate(config, x) };
}

/** 2×2 pooling without overlap; an odd last row or column is dropped. */
export function pooling(kind: "average" | "max", input: Shape): Module {
  const [channels, height, width] = input as [number, number, number];
  if (height < 2 || width < 2) {
    throw new InputError("the images are too small for so many pooling layers", {
      field: "net.channels",
      received: `${height}×${width} before 2×2 pooling`,
      hint: "Use fewer blocks, or padding: same",
    });
  }
  return {
    output: [channels, Math.floor(height / 2), Math.floor(width / 2)],
    parameters: [],
    forward: (_, x) => (kind === "max" ? maxPool2d(x, 2) : averagePool2d(x, 2)),
  };
}

/** Row-major flattening of everything but the batch axis, to columns: channel, row, column. */
export function flatten(input: Shape): Module {
  const size = sizeOf(input);
  const forward = (_: readonly Node[], x: Node): Node => columns(reshape(x, [x.shape[0]!, size]));
  return { output: [size], parameters: [], forward };
}

/** Examples as rows to examples as columns, and back. */
export function columns(x: Node): Node {
  return transpose(x, [1, 0]);
}
