// Stride-1 convolution and its weight gradient. The pair is closed under differentiation: the input gradient of
// a stride-1 convolution is itself a convolution with the flipped kernel.
import { InputError, type DType } from "../../math/index.ts";
import {
  addOptional,
  concat,
  conv2d,
  convWeightGrad,
  matmul,
  pad,
  reshape,
  reverse,
  slice,
  transpose,
} from "../build.ts";
import type { Attributes, Node, Operator } from "../graph.ts";
import { sizeOf, type Shape } from "../shape.ts";

function paddingOf(attributes: Attributes): number {
  return attributes["padding"] as number;
}

function fail(what: string, a: Shape, b: Shape, attributes: Attributes): never {
  throw new InputError(`${what} does not fit`, {
    received: `[${a.join(",")}] and [${b.join(",")}] with padding ${paddingOf(attributes)}`,
  });
}

/** o×c×kh×kw → c×o×kh×kw with both spatial axes reversed. */
function flipped(w: Node): Node {
  return reverse(transpose(w, [1, 0, 2, 3]), [2, 3]);
}

/** Gradient of ⟨g, conv2d(x, w, padding)⟩ in x. */
function inputGradient(g: Node, w: Node, padding: number): Node {
  const [, , kh, kw] = w.shape;
  const [tall, wide] = [kh! - 1 - padding, kw! - 1 - padding];
  if (tall === wide && tall >= 0) return conv2d(g, flipped(w), tall);
  // Kernels that are not square need a border per axis, padded by hand. Where padding reaches past the kernel,
  // the outermost outputs never saw x: their cotangents are cut off instead.
  const cut = [0, 0, Math.max(-tall, 0), Math.max(-wide, 0)];
  const border = [0, 0, Math.max(tall, 0), Math.max(wide, 0)];
  const seen = slice(
    g,
    cut,
    g.shape.map((dim, axis) => dim - cut[axis]!),
  );
  return conv2d(pad(seen, border, border), flipped(w), 0);
}

function zeroPadded(x: Node, padding: number): Node {
  const border = [0, 0, padding, padding];
  return pad(x, border, border);
}

/** n×c×h×w → (n·h·w)×c: one row per pixel, so that convolution at one kernel offset is a matrix product. */
function pixelRows(x: Node): Node {
  const rows = transpose(x, [0, 2, 3, 1]);
  return reshape(rows, [sizeOf(rows.shape) / x.shape[1]!, x.shape[1]!]);
}

/** The window of `x` (already padded) that kernel offset (i, j) sees. */
function shifted(x: Node, i: number, j: number, height: number, width: number): Node {
  return slice(x, [0, 0, i, j], [x.shape[0]!, x.shape[1]!, i + height, j + width]);
}

/** Convolution as a sum over kernel offsets of matrix products: the form for precisions without a Conv kernel. */
function convolutionByOffsets(node: Node): Node {
  const [x, w] = node.inputs;
  const [n, o, height, width] = node.shape;
  const [, c, kh, kw] = w!.shape;
  const padded = zeroPadded(x!, paddingOf(node.attributes));
  let total: Node | null = null;
  for (let i = 0; i < kh!; i++) {
    for (let j = 0; j < kw!; j++) {
      const weights = reshape(slice(w!, [0, 0, i, j], [o!, c!, i + 1, j + 1]), [o!, c!]);
      total = addOptional(
        total,
        matmul(pixelRows(shifted(padded, i, j, height!, width!)), weights, false, true),
      );
    }
  }
  return transpose(reshape(total!, [n!, height!, width!, o!]), [0, 3, 1, 2]);
}

/** Channels of x from which shifts beat ONNX Runtime's Conv with a kernel as large as the image. */
const SHIFTS_FROM = 8;

/**
 * The weight gradient as one matrix product. On a common grid of padded images, every channel one long row, the product
 * for kernel offset (i, j) pairs g with x moved by i rows and j columns. Moving g by every i and x by every j needs kh copies
 * of the one and kw of the other; their product holds all kh·kw offsets.
 */
function weightGradientByShifts(node: Node): Node {
  const [x, g] = node.inputs;
  const [o, c, kh, kw] = node.shape as [number, number, number, number];
  const images = zeroPadded(transpose(x!, [1, 0, 2, 3]), paddingOf(node.attributes));
  const wide = images.shape[3]!;
  const length = sizeOf(images.shape) / c;
  const below = pad(transpose(g!, [1, 0, 2, 3]), [0, 0, 0, 0], [0, 0, kh - 1, kw - 1]);
  const rows = pad(reshape(below, [o, length]), [0, (kh - 1) * wide], [0, 0]);
  const pixels = reshape(images, [c, length]);
  // What the ends leave out of g are zeros of the grid.
  const used = length - (kw - 1);
  const up = Array.from({ length: kh }, (_, i) => {
    const start = (kh - 1 - i) * wide;
    return slice(rows, [0, start], [o, start + used]);
  });
  const left = Array.from({ length: kw }, (_, j) => slice(pixels, [0, j], [c, j + used]));
  const product = matmul(concat(up, 0), concat(left, 0), false, true);
  return transpose(reshape(product, [kh, o, kw, c]), [1, 3, 0, 2]);
}

function convolve(
  x: { shape: Shape; data: Float64Array },
  visit: (xIndex: number, n: number, c: number, i: number, j: number, oy: number, ox: number) => void,
  [height, width]: readonly [number, number],
  [kh, kw]: readonly [number, number],
  padding: number,
): void {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  for (let b = 0; b < n; b++)
    for (let ch = 0; ch < c; ch++)
      for (let oy = 0; oy < height; oy++)
        for (let ox = 0; ox < width; ox++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const y = oy + i - padding;
              const xx = ox + j - padding;
              if (y >= 0 && y < h && xx >= 0 && xx < w)
                visit(((b * c + ch) * h + y) * w + xx, b, ch, i, j, oy, ox);
            }
}

export const convolution: Record<string, Operator> = {
  Conv2d: {
    shape([x, w], attributes) {
      const padding = paddingOf(attributes);
      const height = x![2]! + 2 * padding - w![2]! + 1;
      const width = x![3]! + 2 * padding - w![3]! + 1;
      const valid =
        x!.length === 4 && w!.length === 4 && x![1] === w![1] && padding >= 0 && height >= 1 && width >= 1;
      if (!valid) fail("convolution", x!, w!, attributes);
      return [x![0]!, w![0]!, height, width];
    },
    jvp(node, [tx, tw]) {
      const [x, w] = node.inputs;
      const padding = paddingOf(node.attributes);
      return addOptional(tx ? conv2d(tx, w!, padding) : null, tw ? conv2d(x!, tw, padding) : null);
    },
    vjp(node, g, wanted) {
      const [x, w] = node.inputs;
      const padding = paddingOf(node.attributes);
      return [
        wanted[0] ? inputGradient(g, w!, padding) : null,
        wanted[1] ? convWeightGrad(x!, g, padding) : null,
      ];
    },
    reference([x, w], attributes, shape) {
      const [, o, height, width] = shape as [number, number, number, number];
      const [, c, kh, kw] = w!.shape as [number, number, number, number];
      const out = new Float64Array(sizeOf(shape));
      convolve(
        x!,
        (at, n, ch, i, j, oy, ox) => {
          for (let k = 0; k < o; k++) {
            out[((n * o + k) * height + oy) * width + ox]! +=
              x!.data[at]! * w!.data[((k * c + ch) * kh + i) * kw + j]!;
          }
        },
        [height, width],
        [kh, kw],
        paddingOf(attributes),
      );
      return out;
    },
    decompose: (node, dtype: DType) => (dtype === "float64" ? convolutionByOffsets(node) : null),
    onnx(node, inputs, emitter) {
      const padding = paddingOf(node.attributes);
      return emitter.node("Conv", inputs, { pads: [padding, padding, padding, padding] });
    },
  },
  ConvWeightGrad: {
    shape([x, g], attributes) {
      const padding = paddingOf(attributes);
      const kh = x![2]! + 2 * padding - g![2]! + 1;
      const kw = x![3]! + 2 * padding - g![3]! + 1;
      const valid =
        x!.length === 4 && g!.length === 4 && x![0] === g![0] && padding >= 0 && kh >= 1 && kw >= 1;
      if (!valid) fail("convolution weight gradient", x!, g!, attributes);
      return [g![1]!, x![1]!, kh, kw];
    },
    jvp(node, [tx, tg]) {
      const [x, g] = node.inputs;
      const padding = paddingOf(node.attributes);
      return addOptional(
        tx ? convWeightGrad(tx, g!, padding) : null,
        tg ? convWeightGrad(x!, tg, padding) : null,
      );
    },
    vjp(node, cotangent, wanted) {
      const [x, g] = node.inputs;
      const padding = paddingOf(node.attributes);
      // ⟨C, convWeightGrad(x, g)⟩ = ⟨g, conv2d(x, C)⟩.
      return [
        wanted[0] ? inputGradient(g!, cotangent, padding) : null,
        wanted[1] ? conv2d(x!, cotangent, padding) : null,
      ];
    },
    reference([x, g], attributes, shape) {
      const [o, c, kh, kw] = shape as [number, number, number, number];
      const [, , height, width] = g!.shape as [number, number, number, number];
      const out = new Float64Array(sizeOf(shape));
      convolve(
        x!,
        (at, n, ch, i, j, oy, ox) => {
          for (let k = 0; k < o; k++) {
            out[((k * c + ch) * kh + i) * kw + j]! +=
              x!.data[at]! * g!.data[((n * o + k) * height + oy) * width + ox]!;
          }
        },
        [height, width],
        [kh, kw],
        paddingOf(attributes),
      );
      return out;
    },
    decompose: (node, dtype: DType) =>
      dtype === "float64" || node.shape[1]! >= SHIFTS_FROM ? weightGradientByShifts(node) : null,
    onnx(node, [x, g], emitter) {
      // As a convolution of xᵀ (c×n×h×w) with kernel gᵀ (o×n×h'×w'): its output c×o×kh×kw is the gradient, transposed.
      const padding = paddingOf(node.attributes);
      const swap = (value: string): string => emitter.node("Transpose", [value], { perm: [1, 0, 2, 3] });
      return swap(emitter.node("Conv", [swap(x!), swap(g!)], { pads: [padding, padding, padding, padding] }));
    },
  },
};
