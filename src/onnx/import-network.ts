// Import rules of the operators that do the work in a network: matrix products, convolution, pooling.
import {
  add,
  averagePool2d,
  conv2d,
  matmul,
  maxPool2d,
  mean,
  mul,
  type Node,
  pad,
  reshape,
  sizeOf,
  upsample2d,
} from "../tensor/index.ts";
import { float, type ImportNode, type ImportRules, type Value } from "./import-node.ts";

function gemm(node: ImportNode): Value {
  const product = matmul(node.float(0), node.float(1), node.flag("transA"), node.flag("transB"));
  const scaled = mul(node.real("alpha", 1), product);
  const beta = node.real("beta", 1);
  if (!node.has(2)) return float(scaled);
  const sum = add(scaled, mul(beta, node.float(2)));
  if (sum.shape.length !== 2 || sizeOf(sum.shape) !== sizeOf(product.shape)) {
    throw node.error("the added term is larger than the product");
  }
  return float(sum);
}

/** numpy's matmul where the right operand has at most two axes. */
function matrixProduct(node: ImportNode): Value {
  const [a, b] = [node.float(0), node.float(1)];
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (rankA === 0 || rankB === 0 || rankB > 2) {
    const shapes = `[${a.shape.join(", ")}] · [${b.shape.join(", ")}]`;
    throw node.error("only products with a matrix or vector on the right are supported", shapes);
  }
  const inner = a.shape.at(-1)!;
  const left = reshape(a, [sizeOf(a.shape) / inner, inner]);
  const right = rankB === 1 ? reshape(b, [b.shape[0]!, 1]) : b;
  return float(reshape(matmul(left, right), [...a.shape.slice(0, -1), ...b.shape.slice(1)]));
}

/** Zero rows and columns before and after, from `pads` or `auto_pad`; `kernel` are the window's sizes. */
function borders(node: ImportNode, kernel: readonly number[]): { before: number[]; after: number[] } {
  const mode = node.text("auto_pad", "NOTSET");
  const pads = node.ints("pads") ?? [0, 0, 0, 0];
  if (pads.length !== 4) throw node.error("four paddings are needed", `${pads.length}`);
  if (mode === "NOTSET") return { before: pads.slice(0, 2), after: pads.slice(2) };
  const total = kernel.map((size) => size - 1);
  const half = total.map((size) => Math.floor(size / 2));
  const rest = total.map((size, axis) => size - half[axis]!);
  if (mode === "VALID") return { before: [0, 0], after: [0, 0] };
  if (mode === "SAME_UPPER") return { before: half, after: rest };
  if (mode === "SAME_LOWER") return { before: rest, after: half };
  throw node.error("unknown auto_pad", mode);
}

function requireAll(node: ImportNode, name: string, value: number): void {
  const list = node.ints(name);
  if (list?.some((entry) => entry !== value)) {
    throw node.error(`only ${name} of ${value} are supported`, `[${list.join(", ")}]`);
  }
}

function convolution(node: ImportNode): Value {
  const [x, w] = [node.float(0), node.float(1)];
  if (x.shape.length !== 4 || w.shape.length !== 4) {
    throw node.error("only two-dimensional convolutions are supported", `[${x.shape.join(", ")}]`);
  }
  requireAll(node, "strides", 1);
  requireAll(node, "dilations", 1);
  if (node.int("group", 1) !== 1) throw node.error("grouped convolutions are not supported");
  const kernel = w.shape.slice(2);
  const stated = node.ints("kernel_shape");
  if (stated?.some((size, axis) => size !== kernel[axis]))
    throw node.error("kernel_shape differs from the weights'");
  const { before, after } = borders(node, kernel);
  const width = before[0]!;
  const even = [...before, ...after].every((other) => other === width);
  const product = even ? conv2d(x, w, width) : conv2d(pad(x, [0, 0, ...before], [0, 0, ...after]), w, 0);
  if (!node.has(2)) return float(product);
  const bias = node.float(2);
  return float(add(product, reshape(bias, [1, sizeOf(bias.shape), 1, 1])));
}

/** Pooling with square windows that neither overlap nor leave gaps: what the tensor language has. */
function pooling(pool: (x: Node, k: number) => Node): (node: ImportNode) => Value {
  return (node) => {
    const x = node.float(0);
    const kernel = node.ints("kernel_shape") ?? [];
    const strides = node.ints("strides") ?? [1, 1];
    requireAll(node, "pads", 0);
    requireAll(node, "dilations", 1);
    // Without padding every window is full, so counting padded elements or not is the same.
    node.flag("count_include_pad");
    const [k] = kernel;
    const tiles = [...kernel, ...strides].every((size) => size === k);
    if (k === undefined || kernel.length !== 2 || strides.length !== 2 || !tiles) {
      const received = `windows ${kernel.join("×")}, strides ${strides.join("×")}`;
      throw node.error("only square windows with stride equal to their size are supported", received);
    }
    const isWhole = [x.shape[2], x.shape[3]].every((size) => (size ?? 0) % k === 0);
    const mode = node.text("auto_pad", "NOTSET");
    if (!isWhole && (node.flag("ceil_mode") || mode.startsWith("SAME"))) {
      throw node.error("incomplete windows are not supported");
    }
    node.flag("ceil_mode");
    if (node.int("storage_order", 0) !== 0) throw node.error("column-major storage is not supported");
    return float(pool(x, k));
  };
}

/** Enlargement by a whole factor with repeated elements; every other resampling is refused. */
function resize(node: ImportNode): Value {
  const x = node.float(0);
  const [n, c, height, width] = x.shape;
  const mode = node.text("mode", "nearest");
  const coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  const rounding = node.text("nearest_mode", "round_prefer_floor");
  // With a whole factor, both conventions read element ⌊i/k⌋ at place i.
  const isFloor = coordinates === "asymmetric" && rounding === "floor";
  const isRounded = coordinates === "half_pixel" && rounding.startsWith("round_prefer_");
  if (mode !== "nearest" || !(isFloor || isRounded)) {
    throw node.error("only repeating elements is supported", `${mode}, ${coordinates}, ${rounding}`);
  }
  const sizes = node.has(3)
    ? node.integers(3)
    : Array.from(node.numbers(2), (scale, axis) => scale * x.shape[axis]!);
  const k = sizes[2]! / height!;
  const fits = x.shape.length === 4 && sizes.length === 4 && sizes[0] === n && sizes[1] === c;
  if (!fits || !Number.isSafeInteger(k) || k < 1 || sizes[3] !== k * width!) {
    throw node.error("only one whole factor for height and width is supported", `[${sizes.join(", ")}]`);
  }
  return float(upsample2d(x, k, sizes[2]!, sizes[3]));
}

export const networkRules: ImportRules = {
  Gemm: gemm,
  Resize: resize,
  MatMul: matrixProduct,
  Conv: convolution,
  AveragePool: pooling(averagePool2d),
  MaxPool: pooling(maxPool2d),
  GlobalAveragePool: (node) => {
    const x = node.float(0);
    return float(
      mean(
        x,
        x.shape.map((_, axis) => axis).filter((axis) => axis >= 2),
        true,
      ),
    );
  },
};
