// Pooling over non-overlapping k×k windows of n×c×h×w, and the upsampling that is its adjoint.
import { InputError, type DType } from "../../math/index.ts";
import { div, equal, expand, mul, pad, reshape, slice, sum, sumPool2d, upsample2d } from "../build.ts";
import type { Attributes, NdArray, Node, Operator } from "../graph.ts";
import { sizeOf, type Shape } from "../shape.ts";

function windowSize(attributes: Attributes): number {
  return attributes["k"] as number;
}

function pooledShape([x]: readonly Shape[], attributes: Attributes): Shape {
  const k = windowSize(attributes);
  if (x!.length !== 4 || !(k >= 1) || x![2]! < k || x![3]! < k) {
    throw new InputError("pooling window does not fit", { received: `${k}×${k} on [${x!.join(",")}]` });
  }
  return [x![0]!, x![1]!, Math.floor(x![2]! / k), Math.floor(x![3]! / k)];
}

function upsampled(x: Node, k: number, like: Shape): Node {
  return upsample2d(x, k, like[2]!, like[3]!);
}

/** x cropped to whole windows, as n×c×h'×k×w'×k. */
function windows(x: Node, k: number, height: number, width: number): Node {
  const [n, c] = x.shape;
  const cropped = slice(x, [0, 0, 0, 0], [n!, c!, height * k, width * k]);
  return reshape(cropped, [n!, c!, height, k, width, k]);
}

/** 1/(number of ties) at every maximal element of its window, 0 elsewhere (and in a dropped remainder). */
function share(node: Node): Node {
  const x = node.inputs[0]!;
  const k = windowSize(node.attributes);
  const hits = equal(x, upsampled(node, k, x.shape));
  // In a dropped remainder an element may equal the zero that upsampling pads with; the second factor is 0 there.
  return mul(hits, upsampled(div(1, sumPool2d(hits, k)), k, x.shape));
}

function poolReference(
  x: NdArray,
  k: number,
  shape: Shape,
  start: number,
  step: (a: number, b: number) => number,
): Float64Array {
  const [n, c, height, width] = shape as [number, number, number, number];
  const [, , h, w] = x.shape as [number, number, number, number];
  const out = new Float64Array(sizeOf(shape)).fill(start);
  for (let image = 0; image < n * c; image++)
    for (let y = 0; y < height * k; y++)
      for (let xx = 0; xx < width * k; xx++) {
        const to = (image * height + Math.floor(y / k)) * width + Math.floor(xx / k);
        out[to] = step(out[to]!, x.data[(image * h + y) * w + xx]!);
      }
  return out;
}

function noKernelInDouble(build: (node: Node) => Node) {
  return (node: Node, dtype: DType): Node | null => (dtype === "float64" ? build(node) : null);
}

export const pooling: Record<string, Operator> = {
  SumPool2d: {
    shape: pooledShape,
    simplify: (_, [x], attributes) => (windowSize(attributes) === 1 ? x! : null),
    jvp: (node, [t]) => (t ? sumPool2d(t, windowSize(node.attributes)) : null),
    vjp: (node, cotangent) => [upsampled(cotangent, windowSize(node.attributes), node.inputs[0]!.shape)],
    reference: ([x], attributes, shape) =>
      poolReference(x!, windowSize(attributes), shape, 0, (a, b) => a + b),
    decompose: noKernelInDouble((node) =>
      sum(windows(node.inputs[0]!, windowSize(node.attributes), node.shape[2]!, node.shape[3]!), [3, 5]),
    ),
    onnx(node, [x], emitter) {
      const k = windowSize(node.attributes);
      const average = emitter.node("AveragePool", [x!], { kernel_shape: [k, k], strides: [k, k] });
      return emitter.node("Mul", [average, emitter.scalar(k * k)]);
    },
  },
  MaxPool2d: {
    shape: pooledShape,
    simplify: (_, [x], attributes) => (windowSize(attributes) === 1 ? x! : null),
    jvp: (node, [t]) => (t ? sumPool2d(mul(t, share(node)), windowSize(node.attributes)) : null),
    vjp: (node, cotangent) => [
      mul(upsampled(cotangent, windowSize(node.attributes), node.inputs[0]!.shape), share(node)),
    ],
    reference: ([x], attributes, shape) =>
      poolReference(x!, windowSize(attributes), shape, -Infinity, Math.max),
    onnx(node, [x], emitter) {
      const k = windowSize(node.attributes);
      return emitter.node("MaxPool", [x!], { kernel_shape: [k, k], strides: [k, k] });
    },
  },
  Upsample2d: {
    shape([x], attributes) {
      const k = windowSize(attributes);
      const [height, width] = [attributes["height"] as number, attributes["width"] as number];
      if (x!.length !== 4 || Math.floor(height / k) !== x![2] || Math.floor(width / k) !== x![3]) {
        throw new InputError("upsampling does not fit", {
          received: `[${x!.join(",")}] by ${k} to ${height}×${width}`,
        });
      }
      return [x![0]!, x![1]!, height, width];
    },
    simplify: (_, [x], attributes) => (windowSize(attributes) === 1 ? x! : null),
    jvp: (node, [t]) => (t ? upsampled(t, windowSize(node.attributes), node.shape) : null),
    vjp: (node, cotangent) => [sumPool2d(cotangent, windowSize(node.attributes))],
    reference([x], attributes, shape) {
      const k = windowSize(attributes);
      const [n, c, height, width] = shape as [number, number, number, number];
      const [, , h, w] = x!.shape as [number, number, number, number];
      const out = new Float64Array(sizeOf(shape));
      for (let image = 0; image < n * c; image++)
        for (let y = 0; y < h * k; y++)
          for (let xx = 0; xx < w * k; xx++) {
            out[(image * height + y) * width + xx] =
              x!.data[(image * h + Math.floor(y / k)) * w + Math.floor(xx / k)]!;
          }
      return out;
    },
    decompose: noKernelInDouble((node) => {
      const x = node.inputs[0]!;
      const k = windowSize(node.attributes);
      const [n, c, h, w] = x.shape as [number, number, number, number];
      const repeated = expand(reshape(x, [n, c, h, 1, w, 1]), [n, c, h, k, w, k]);
      const whole = reshape(repeated, [n, c, h * k, w * k]);
      return pad(whole, [0, 0, 0, 0], [0, 0, node.shape[2]! - h * k, node.shape[3]! - w * k]);
    }),
    onnx(node, [x], emitter) {
      // Nearest-neighbour Resize by whole factors; ten times faster than Expand, which ONNX Runtime runs elementwise.
      const k = windowSize(node.attributes);
      const [n, c, h, w] = node.inputs[0]!.shape as [number, number, number, number];
      const whole = emitter.node("Resize", [x!, "", "", emitter.ints([n, c, h * k, w * k])], {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      });
      const [below, right] = [node.shape[2]! - h * k, node.shape[3]! - w * k];
      return below + right === 0
        ? whole
        : emitter.node("Pad", [whole, emitter.ints([0, 0, 0, 0, 0, 0, below, right])]);
    },
  },
};
