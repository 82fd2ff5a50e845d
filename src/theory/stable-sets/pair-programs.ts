// The programs that say what a block of steps does to n losses: polynomials of the inner products, or exponentials.
import {
  add,
  concat,
  createGraph,
  exp,
  type Graph,
  matmul,
  mul,
  type Node,
  type Program,
  reshape,
  slice,
  sub,
  sum,
  transpose,
} from "../../tensor/index.ts";
import type { Rung } from "./pair-ladder.ts";

/** Largest |ln| of a product of changed losses that one number of the result may hold without losing digits. */
const LARGEST_FOLD = 1;

/** Sizes of a block of steps and of the chunks of examples it changes. */
export interface PairShape {
  readonly rows: number;
  readonly width: number;
  readonly classes: number;
  /** The label of every chunk. */
  readonly labels: readonly number[];
}

/** The program of a rung; see those below. */
export function pairProgram(shape: PairShape, rung: Rung): Program {
  return PROGRAMS[rung.kind](shape, rung);
}

/**
 * For moves c_k of the logits per unit of inner product G (rows×width), relative to the chunk's label, and p_k (K×width):
 * u = Σ_k p_k(e^{Gc_k} − 1) = Σ_m G^m Σ_k p_k c_k^m/m!, one product of small matrices an order. Several chunks share a
 * result, a + b(1 + a), as many as `reach` allows.
 *
 * Inputs: a size for every row (rows×1); ηr over the sizes (rows×K), whose differences are c over the sizes; for every chunk G, and
 * for every chunk p times the sizes, which are equal. Outputs: rows×width each.
 */
function polynomialProgram(shape: PairShape, { order, reach }: Rung): Program {
  const pairs = pairInputs(shape, order);
  const changes = changesOf(pairs, order);
  const together = Math.max(1, Math.floor(LARGEST_FOLD / reach));
  const outputs: Node[] = [];
  for (let begin = 0; begin < changes.length; begin += together) {
    const group = changes.slice(begin, begin + together);
    // Not a·b, which is denormal where both are tiny.
    outputs.push(group.reduce((a, b) => add(a, mul(b, add(a, 1)))));
  }
  return { inputs: pairs.inputs, outputs };
}

/**
 * Inputs of `polynomialProgram`, but p over any number r, and sizes of any kind. Outputs: Σu and Σu² over all examples, divided by r
 * and the sizes, and by their squares, one number a row.
 */
function sumsProgram(shape: PairShape, { order }: Rung): Program {
  const pairs = pairInputs(shape, order);
  const changes = changesOf(pairs, order);
  const first = changes.map((u) => sum(u, [1], true)).reduce(add);
  const second = changes.map((u) => sum(mul(u, u), [1], true)).reduce(add);
  return { inputs: pairs.inputs, outputs: [first, second] };
}

/** u of every chunk over the sizes, by Horner's rule in G. */
function changesOf({ powers, grams, shares }: PairInputs, order: number): Node[] {
  return grams.map((gram, chunk) => {
    let sumOfPowers: Node | null = null;
    for (let m = order; m > 0; m--) {
      const term = matmul(powers(chunk, m), shares[chunk]!);
      sumOfPowers = mul(sumOfPowers === null ? term : add(term, sumOfPowers), gram);
    }
    return sumOfPowers!;
  });
}

/**
 * Inputs of `sumsProgram` for two orders, and the roots of r times the sizes (rows×1). Output: Σ_j G²(Σ_k p_k c_k² − (Σ_k p_k c_k)²) over
 * r and the sizes, one number a row.
 */
function spreadProgram(shape: PairShape): Program {
  const { graph, head, powers, grams, shares } = pairInputs(shape, 2);
  const roots = graph.input("roots", [shape.rows, 1]);
  const spreads = grams.map((gram, chunk) => {
    const mean = matmul(mul(powers(chunk, 1), roots), shares[chunk]!);
    const square = matmul(mul(powers(chunk, 2), 2), shares[chunk]!);
    return mul(mul(sub(square, mul(mean, mean)), gram), gram);
  });
  const inputs = [...head, roots, ...grams, ...shares];
  return { inputs, outputs: [sum(spreads.reduce(add), [1])] };
}

interface PairInputs {
  readonly graph: Graph;
  /** The sizes and ηr over them. */
  readonly head: readonly Node[];
  /** c^m/m! of a chunk's label over the sizes, rows×K. */
  readonly powers: (chunk: number, m: number) => Node;
  readonly grams: readonly Node[];
  readonly shares: readonly Node[];
  /** All of the program. */
  readonly inputs: readonly Node[];
}

function pairInputs(shape: PairShape, order: number): PairInputs {
  const { rows, width, classes, labels } = shape;
  const graph = createGraph();
  const sizes = graph.input("sizes", [rows, 1]);
  const residuals = graph.input("residuals", [rows, classes]);
  const grams = labels.map((_, chunk) => graph.input(`gram${chunk}`, [rows, width]));
  const shares = labels.map((_, chunk) => graph.input(`p${chunk}`, [classes, width]));
  const { units, ofLabel } = unitsOf(shape, residuals);
  // All labels' powers at once: an operator takes longer to begin than to multiply one label's rows×K numbers.
  const moves = mul(units, sizes);
  const stack = [units];
  for (let m = 2; m <= order; m++) stack.push(mul(stack[m - 2]!, mul(moves, 1 / m)));
  const powers = stack.map(ofLabel);
  const head = [sizes, residuals];
  return {
    graph,
    head,
    powers: (chunk, m) => powers[m - 1]!(labels[chunk]!),
    grams,
    shares,
    inputs: [...head, ...grams, ...shares],
  };
}

/** c over the sizes of every label there is, labels×rows×K, and how to take one label's part of something as large, rows×K. */
function unitsOf(
  { rows, classes, labels }: PairShape,
  residuals: Node,
): { units: Node; ofLabel: (stacked: Node) => (label: number) => Node } {
  const present = [...new Set(labels)];
  const columns = transpose(residuals, [1, 0]);
  const own =
    present.length === classes
      ? columns
      : concat(
          present.map((label) => slice(columns, [label, 0], [label + 1, rows])),
          0,
        );
  const units = sub(reshape(own, [present.length, rows, 1]), reshape(residuals, [1, rows, classes]));
  const ofLabel = (stacked: Node): ((label: number) => Node) => {
    const flat = reshape(stacked, [present.length * rows, classes]);
    const parts = new Map(
      present.map((label, at) => [label, slice(flat, [at * rows, 0], [(at + 1) * rows, classes])]),
    );
    return (label) => parts.get(label)!;
  };
  return { units, ofLabel };
}

/**
 * The same u without expansion, one result a chunk. Inputs: the sizes of the rows (rows×1); ηr over the sizes (rows×K); for every
 * chunk G (rows×1×width) and p (K×width). Outputs: rows×width each.
 */
function exponentialProgram(shape: PairShape): Program {
  const { rows, width, classes, labels } = shape;
  const graph = createGraph();
  const sizes = graph.input("sizes", [rows, 1]);
  const residuals = graph.input("residuals", [rows, classes]);
  const { units, ofLabel } = unitsOf(shape, residuals);
  const moves = ofLabel(mul(units, sizes));
  const grams = labels.map((_, chunk) => graph.input(`gram${chunk}`, [rows, 1, width]));
  const shares = labels.map((_, chunk) => graph.input(`p${chunk}`, [classes, width]));
  const outputs = labels.map((label, chunk) => {
    const p = shares[chunk]!;
    const change = exp(mul(reshape(moves(label), [rows, classes, 1]), grams[chunk]!));
    return sub(sum(mul(change, p), [1]), sum(p, [0]));
  });
  return { inputs: [sizes, residuals, ...grams, ...shares], outputs };
}

const PROGRAMS = {
  sums: sumsProgram,
  polynomial: polynomialProgram,
  exponential: exponentialProgram,
  spread: spreadProgram,
} as const;
