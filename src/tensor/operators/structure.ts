// Operators that move elements without changing them: reshape, transpose, expand, slice, pad, reverse, concat.
import { InputError } from "../../math/index.ts";
import { concat, expand, pad, reshape, reverse, slice, transpose, unbroadcast } from "../build.ts";
import type { Attributes, NdArray, Node, Operator } from "../graph.ts";
import {
  broadcastShapes,
  broadcastStrides,
  forEachOffset,
  sameShape,
  sizeOf,
  stridesOf,
  type Shape,
} from "../shape.ts";

/** A list-valued attribute. */
export function list(attributes: Attributes, name: string): readonly number[] {
  return attributes[name] as readonly number[];
}

/** Linear one-input operator: tangent by the same map, cotangent by its adjoint. */
function linear(
  apply: (x: Node, attributes: Attributes) => Node,
  adjoint: (node: Node, cotangent: Node) => Node,
  rest: Omit<Operator, "jvp" | "vjp">,
): Operator {
  return {
    jvp: (node, [t]) => (t ? apply(t, node.attributes) : null),
    vjp: (node, cotangent) => [adjoint(node, cotangent)],
    ...rest,
  };
}

/** Gathers: element at index of the output is read at Σ index·strides + offset of the input. */
function gather(input: NdArray, shape: Shape, strides: readonly number[], offset = 0): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  forEachOffset(shape, [strides], ([from], position) => {
    out[position] = input.data[from! + offset]!;
  });
  return out;
}

function check(condition: boolean, message: string, shape: Shape, attributes: Attributes): void {
  if (!condition)
    throw new InputError(message, { received: `[${shape.join(",")}] with ${JSON.stringify(attributes)}` });
}

function inverse(perm: readonly number[]): number[] {
  const result = new Array<number>(perm.length);
  for (let k = 0; k < perm.length; k++) result[perm[k]!] = k;
  return result;
}

export const structure: Record<string, Operator> = {
  Reshape: linear(
    (x, attributes) => reshape(x, list(attributes, "shape")),
    (node, cotangent) => reshape(cotangent, node.inputs[0]!.shape),
    {
      view: true,
      shape([x], attributes) {
        const shape = list(attributes, "shape");
        check(sizeOf(shape) === sizeOf(x!), "reshape changes the number of elements", x!, attributes);
        return shape;
      },
      simplify(_, [x], attributes) {
        const shape = list(attributes, "shape");
        if (sameShape(x!.shape, shape)) return x!;
        return x!.op === "Reshape" ? reshape(x!.inputs[0]!, shape) : null;
      },
      reference: ([x]) => x!.data.slice(),
      onnx: (node, [x], emitter) => emitter.node("Reshape", [x!, emitter.ints(node.shape)]),
    },
  ),
  Transpose: linear(
    (x, attributes) => transpose(x, list(attributes, "perm")),
    (node, cotangent) => transpose(cotangent, inverse(list(node.attributes, "perm"))),
    {
      view: true,
      shape([x], attributes) {
        const perm = list(attributes, "perm");
        const valid =
          [...perm].sort((a, b) => a - b).every((axis, k) => axis === k) && perm.length === x!.length;
        check(valid, "transpose needs a permutation of the axes", x!, attributes);
        return perm.map((axis) => x![axis]!);
      },
      simplify(_, [x], attributes) {
        const perm = list(attributes, "perm");
        if (perm.every((axis, k) => axis === k)) return x!;
        if (x!.op === "Transpose") {
          const before = list(x!.attributes, "perm");
          return transpose(
            x!.inputs[0]!,
            perm.map((axis) => before[axis]!),
          );
        }
        // Moving only axes of size 1 leaves the order of elements alone.
        const moved = perm.filter((axis) => x!.shape[axis] !== 1);
        if (moved.every((axis, k) => k === 0 || axis > moved[k - 1]!)) {
          return reshape(
            x!,
            perm.map((axis) => x!.shape[axis]!),
          );
        }
        return null;
      },
      reference([x], attributes, shape) {
        const strides = stridesOf(x!.shape);
        return gather(
          x!,
          shape,
          list(attributes, "perm").map((axis) => strides[axis]!),
        );
      },
      onnx: (node, [x], emitter) => emitter.node("Transpose", [x!], { perm: list(node.attributes, "perm") }),
    },
  ),
  Expand: linear(
    (x, attributes) => expand(x, list(attributes, "shape")),
    (node, cotangent) => unbroadcast(cotangent, node.inputs[0]!.shape),
    {
      view: true,
      shape([x], attributes) {
        const shape = list(attributes, "shape");
        check(
          sameShape(broadcastShapes(x!, shape), shape),
          "cannot expand to a smaller shape",
          x!,
          attributes,
        );
        return shape;
      },
      simplify: (_, [x], attributes) => (sameShape(x!.shape, list(attributes, "shape")) ? x! : null),
      reference: ([x], _, shape) => gather(x!, shape, broadcastStrides(x!.shape, shape)),
      onnx: (node, [x], emitter) => emitter.node("Expand", [x!, emitter.ints(node.shape)]),
    },
  ),
  Slice: linear(
    (x, attributes) => slice(x, list(attributes, "starts"), list(attributes, "ends")),
    (node, cotangent) => {
      const ends = list(node.attributes, "ends");
      return pad(
        cotangent,
        list(node.attributes, "starts"),
        node.inputs[0]!.shape.map((dim, axis) => dim - ends[axis]!),
      );
    },
    {
      view: true,
      shape([x], attributes) {
        const starts = list(attributes, "starts");
        const ends = list(attributes, "ends");
        const inside = x!.every(
          (dim, axis) => 0 <= starts[axis]! && starts[axis]! < ends[axis]! && ends[axis]! <= dim,
        );
        check(inside && starts.length === x!.length, "slice is outside the tensor or empty", x!, attributes);
        return starts.map((start, axis) => ends[axis]! - start);
      },
      simplify(_, [x], attributes) {
        const whole = list(attributes, "ends").every((end, axis) => end === x!.shape[axis]);
        return whole && list(attributes, "starts").every((start) => start === 0) ? x! : null;
      },
      reference([x], attributes, shape) {
        const strides = stridesOf(x!.shape);
        const offset = list(attributes, "starts").reduce(
          (total, start, axis) => total + start * strides[axis]!,
          0,
        );
        return gather(x!, shape, strides, offset);
      },
      onnx: (node, [x], emitter) =>
        emitter.node("Slice", [
          x!,
          emitter.ints(list(node.attributes, "starts")),
          emitter.ints(list(node.attributes, "ends")),
        ]),
    },
  ),
  Pad: linear(
    (x, attributes) => pad(x, list(attributes, "before"), list(attributes, "after")),
    (node, cotangent) => {
      const before = list(node.attributes, "before");
      return slice(
        cotangent,
        before,
        node.inputs[0]!.shape.map((dim, axis) => dim + before[axis]!),
      );
    },
    {
      shape([x], attributes) {
        const before = list(attributes, "before");
        const after = list(attributes, "after");
        check(
          [...before, ...after].every((width) => width >= 0) && before.length === x!.length,
          "padding must be ≥ 0",
          x!,
          attributes,
        );
        return x!.map((dim, axis) => dim + before[axis]! + after[axis]!);
      },
      simplify: (_, [x], attributes) =>
        [...list(attributes, "before"), ...list(attributes, "after")].every((width) => width === 0)
          ? x!
          : null,
      reference([x], attributes, shape) {
        const out = new Float64Array(sizeOf(shape));
        const strides = stridesOf(shape);
        const offset = list(attributes, "before").reduce(
          (total, width, axis) => total + width * strides[axis]!,
          0,
        );
        forEachOffset(x!.shape, [strides], ([to], position) => {
          out[to! + offset] = x!.data[position]!;
        });
        return out;
      },
      onnx: (node, [x], emitter) =>
        emitter.node("Pad", [
          x!,
          emitter.ints([...list(node.attributes, "before"), ...list(node.attributes, "after")]),
        ]),
    },
  ),
  Reverse: linear(
    (x, attributes) => reverse(x, list(attributes, "axes")),
    (node, cotangent) => reverse(cotangent, list(node.attributes, "axes")),
    {
      view: true,
      shape([x], attributes) {
        check(
          list(attributes, "axes").every((axis) => axis >= 0 && axis < x!.length),
          "no such axis",
          x!,
          attributes,
        );
        return x!;
      },
      simplify(_, [x], attributes) {
        const axes = list(attributes, "axes");
        if (axes.every((axis) => x!.shape[axis] === 1)) return x!;
        return x!.op === "Reverse" && sameShape(list(x!.attributes, "axes"), axes) ? x!.inputs[0]! : null;
      },
      reference([x], attributes, shape) {
        const axes = list(attributes, "axes");
        const strides = stridesOf(shape);
        const offset = axes.reduce((total, axis) => total + (shape[axis]! - 1) * strides[axis]!, 0);
        return gather(
          x!,
          shape,
          strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
          offset,
        );
      },
      onnx(node, [x], emitter) {
        const axes = list(node.attributes, "axes");
        const fill = (value: number): string => emitter.ints(axes.map(() => value));
        return emitter.node("Slice", [x!, fill(-1), fill(-2_147_483_648), emitter.ints(axes), fill(-1)]);
      },
    },
  ),
  Concat: {
    shape(inputs, attributes) {
      const axis = attributes["axis"] as number;
      const first = inputs[0]!;
      for (const shape of inputs) {
        const fits = shape.length === first.length && shape.every((dim, k) => k === axis || dim === first[k]);
        check(fits, "parts differ outside the joined axis", shape, attributes);
      }
      return first.map((dim, k) =>
        k === axis ? inputs.reduce((total, shape) => total + shape[axis]!, 0) : dim,
      );
    },
    simplify: (_, inputs) => (inputs.length === 1 ? inputs[0]! : null),
    jvp(node, tangents) {
      if (tangents.every((t) => t === null)) return null;
      const zero = node.graph.constant(0);
      const parts = node.inputs.map((input, k) => tangents[k] ?? expand(zero, input.shape));
      return concat(parts, node.attributes["axis"] as number);
    },
    vjp(node, cotangent, wanted) {
      const axis = node.attributes["axis"] as number;
      let start = 0;
      return node.inputs.map((input, k) => {
        const starts = input.shape.map((_, a) => (a === axis ? start : 0));
        const ends = input.shape.map((dim, a) => (a === axis ? start + dim : dim));
        start += input.shape[axis]!;
        return wanted[k] ? slice(cotangent, starts, ends) : null;
      });
    },
    reference(inputs, attributes, shape) {
      const axis = attributes["axis"] as number;
      const out = new Float64Array(sizeOf(shape));
      const strides = stridesOf(shape);
      let offset = 0;
      for (const input of inputs) {
        const base = offset;
        forEachOffset(input.shape, [strides], ([to], position) => {
          out[to! + base] = input.data[position]!;
        });
        offset += input.shape[axis]! * strides[axis]!;
      }
      return out;
    },
    onnx: (node, inputs, emitter) =>
      emitter.node("Concat", inputs, { axis: node.attributes["axis"] as number }),
  },
};
