// The matrix product with transpose flags: the operator that costs nearly everything in a dense network.
import { InputError } from "../../math/index.ts";
import { addOptional, matmul } from "../build.ts";
import type { Attributes, Node, Operator } from "../graph.ts";
import type { Shape } from "../shape.ts";

function flags(attributes: Attributes): [boolean, boolean] {
  return [attributes["transA"] === 1, attributes["transB"] === 1];
}

function show(shape: Shape, flag: boolean): string {
  return `[${shape.join(",")}]${flag ? "ᵀ" : ""}`;
}

/** Rows, inner size and columns of the product. */
function dimensions(
  a: Shape,
  b: Shape,
  attributes: Attributes,
): { rows: number; inner: number; columns: number } {
  const [transA, transB] = flags(attributes);
  const [rows, inner] = transA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [innerB, columns] = transB ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
  if (a.length !== 2 || b.length !== 2 || inner !== innerB) {
    throw new InputError("matrix product does not fit", {
      received: `${show(a, transA)} · ${show(b, transB)}`,
    });
  }
  return { rows, inner, columns };
}

function isTranspose(node: Node): boolean {
  return node.op === "Transpose" && node.shape.length === 2;
}

export const matrix: Record<string, Operator> = {
  MatMul: {
    shape([a, b], attributes) {
      const { rows, columns } = dimensions(a!, b!, attributes);
      return [rows, columns];
    },
    simplify(_, [a, b], attributes) {
      const [transA, transB] = flags(attributes);
      if (isTranspose(a!)) return matmul(a!.inputs[0]!, b!, !transA, transB);
      if (isTranspose(b!)) return matmul(a!, b!.inputs[0]!, transA, !transB);
      return null;
    },
    jvp(node, [ta, tb]) {
      const [a, b] = node.inputs;
      const [transA, transB] = flags(node.attributes);
      const left = ta ? matmul(ta, b!, transA, transB) : null;
      return addOptional(left, tb ? matmul(a!, tb, transA, transB) : null);
    },
    vjp(node, g, wanted) {
      const [a, b] = node.inputs;
      const [transA, transB] = flags(node.attributes);
      // For C = A·B: dA = G·Bᵀ and dB = Aᵀ·G; a flag on an input transposes its cotangent.
      const left = (): Node => (transA ? matmul(b!, g, transB, true) : matmul(g, b!, false, !transB));
      const right = (): Node => (transB ? matmul(g, a!, true, transA) : matmul(a!, g, !transA, false));
      return [wanted[0] ? left() : null, wanted[1] ? right() : null];
    },
    reference([a, b], attributes) {
      const { rows, inner, columns } = dimensions(a!.shape, b!.shape, attributes);
      const [transA, transB] = flags(attributes);
      const [rowA, innerA] = transA ? [1, rows] : [inner, 1];
      const [innerB, columnB] = transB ? [1, inner] : [columns, 1];
      const out = new Float64Array(rows * columns);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let total = 0;
          for (let k = 0; k < inner; k++)
            total += a!.data[i * rowA + k * innerA]! * b!.data[k * innerB + j * columnB]!;
          out[i * columns + j] = total;
        }
      }
      return out;
    },
    onnx(node, inputs, emitter) {
      const [transA, transB] = flags(node.attributes);
      return emitter.node("Gemm", inputs, { transA: Number(transA), transB: Number(transB) });
    },
  },
};
