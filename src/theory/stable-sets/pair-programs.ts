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

/** Orders of the polynomials worth compiling, beside the second. */
const ORDERS = [3, 4, 5, 6, 8, 10, 12, 16];
/** Beyond, exponentials in single precision are cheaper than the next order. */
const LAST_SINGLE = 8;
/** Moves that a polynomial serves at all: further ones lose digits in its alternating sum. */
const LARGEST_MOVE = 2;
/** Polynomials do not serve where the largest 1 − p_y is below it: their results, not divided by it, would underflow. */
const LEAST_POTENTIAL = 1e-25;
/** Largest |ln| of a product of changed losses that one number of the result may hold without losing digits. */
const LARGEST_FOLD = 1;

/**
 * Residuals and probabilities so much below the largest are left out: products of two would be denormal, over which some processors
 * take a hundred times as long, and are lost in the rounding of the others.
 */
export const LEAST = { float32: 1e-17, float64: 1e-150 } as const;
/** Moves below have powers that are denormal beside such probabilities. */
export const TINY = { float32: 1e-6, float64: 1e-50 } as const;

/** One way to compute what steps do to losses. */
export interface Rung {
  /**
   * Changes by a polynomial, the sums of those of second order and of their squares, or by exponentials; or the spread of the
   * moves, the second derivative along a step.
   */
  readonly kind: "sums" | "polynomial" | "exponential" | "spread";
  /** Highest power of a move. */
  readonly order: number;
  /** Largest move of any logit difference that it serves, whatever the probabilities; `reachAt` knows better for sums. */
  readonly reach: number;
}

/** Exact for moves of any size. */
export const SPREAD: Rung = { kind: "spread", order: 2, reach: Infinity };

/** Moves whose exponentials stay finite in either precision. */
const EXPONENTIAL_REACH = 80;

/** Rungs in the order of their cost, for a relative error of each change of `tolerance`. */
export function ladder(tolerance: number, single: boolean): readonly Rung[] {
  const orders = single ? ORDERS.filter((order) => order <= LAST_SINGLE) : ORDERS;
  return [
    { kind: "sums", order: 2, reach: reachOfSums(tolerance, 1) },
    ...orders.map((order): Rung => ({ kind: "polynomial", order, reach: reachOf(order, tolerance) })),
    { kind: "exponential", order: 1, reach: EXPONENTIAL_REACH },
  ];
}

/** `reach` where no example has a 1 − p_y above `potential`: the smaller a u, the better two powers of it are its logarithm. */
export function reachAt({ kind, reach }: Rung, tolerance: number, potential: number): number {
  if (kind === "sums") return reachOfSums(tolerance, potential);
  return kind === "polynomial" && potential < LEAST_POTENTIAL ? 0 : reach;
}

/** Largest x with x^M/(M+1)!·e^{2x} ≤ tolerance: the first term left out, relative to the loss change. */
function reachOf(order: number, tolerance: number): number {
  return largestMove(tolerance, (x) => {
    let term = Math.exp(2 * x);
    for (let m = 1; m <= order; m++) term *= x / (m + 1);
    return term;
  });
}

/** The same with u³/3 left out as well, where u ≤ potential·(eˣ − 1). */
function reachOfSums(tolerance: number, potential: number): number {
  return largestMove(tolerance, (x) => x * x * Math.exp(2 * x) * (1 / 6 + (potential * potential) / 3));
}

/** Largest move whose growing error is within the tolerance. */
function largestMove(tolerance: number, error: (x: number) => number): number {
  let low = 0;
  let high = LARGEST_MOVE;
  if (error(high) <= tolerance) return high;
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2;
    if (error(middle) <= tolerance) low = middle;
    else high = middle;
  }
  return low;
}

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
