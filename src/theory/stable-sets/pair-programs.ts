// The programs that say what a block of steps does to n losses: polynomials of the inner products, or exponentials.
import { add, createGraph, exp, matmul, mul, type Node, type Program, sub, sum } from "../../tensor/index.ts";

/** Orders of the polynomials worth compiling. */
const ORDERS = [2, 3, 4, 5, 6, 8, 10, 12, 16];
/** Beyond, exponentials in single precision are cheaper than the next order. */
const LAST_SINGLE = 8;
/** Moves that a polynomial serves at all: further ones lose digits in its alternating sum. */
const LARGEST_MOVE = 2;
/** Largest |ln| of a product of changed losses that one number of the result may hold without losing digits. */
const LARGEST_FOLD = 1;

/** One way to compute what steps do to losses. */
export interface Rung {
  /** Changes by a polynomial or by exponentials; or the spread of the moves, the second derivative along a step. */
  readonly kind: "polynomial" | "exponential" | "spread";
  /** Highest power of a move. */
  readonly order: number;
  /** Largest move of any logit difference that it serves. */
  readonly reach: number;
}

/** Exact for moves of any size. */
export const SPREAD: Rung = { kind: "spread", order: 2, reach: Infinity };

/** Moves whose exponentials stay finite in either precision. */
const EXPONENTIAL_REACH = 80;

/** Rungs in the order of their cost, for a relative error of each change of `tolerance`. */
export function ladder(tolerance: number, single: boolean): readonly Rung[] {
  const orders = single ? ORDERS.filter((order) => order <= LAST_SINGLE) : ORDERS;
  const rungs = orders.map((order): Rung => ({
    kind: "polynomial",
    order,
    reach: reachOf(order, tolerance),
  }));
  return [...rungs, { kind: "exponential", order: 1, reach: EXPONENTIAL_REACH }];
}

/** Largest x with x^M/(M+1)!·e^{2x} ≤ tolerance: the first term left out, relative to the loss change. */
function reachOf(order: number, tolerance: number): number {
  const error = (x: number): number => {
    let term = Math.exp(2 * x);
    for (let m = 1; m <= order; m++) term *= x / (m + 1);
    return term;
  };
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

/** The program of a rung; see the three below. */
export function pairProgram(shape: PairShape, rung: Rung): Program {
  if (rung.kind === "exponential") return exponentialProgram(shape);
  return rung.kind === "spread" ? spreadProgram(shape) : polynomialProgram(shape, rung);
}

/**
 * For moves c_k of the logits per unit of inner product G (rows×width), relative to the chunk's label, and p_k (K×width):
 * u = Σ_k p_k(e^{Gc_k} − 1) = Σ_m G^m Σ_k p_k c_k^m/m!, one product of small matrices an order. Several chunks share a
 * result, a + b + ab, as many as `reach` allows.
 *
 * Inputs: what to multiply a product of two results by (rows×1); for every label c over the size of each row, then c itself
 * (rows×K); for every chunk G and p. Outputs: rows×width each, divided by the sizes.
 */
function polynomialProgram(shape: PairShape, { order, reach }: Rung): Program {
  const { factor, powers, grams, shares, inputs } = pairInputs(shape, order);
  const changes = grams.map((gram, chunk) => {
    let sumOfPowers: Node | null = null;
    for (let m = order; m > 0; m--) {
      const term = matmul(powers(chunk, m), shares[chunk]!);
      sumOfPowers = mul(sumOfPowers === null ? term : add(term, sumOfPowers), gram);
    }
    return sumOfPowers!;
  });
  const together = Math.max(1, Math.floor(LARGEST_FOLD / reach));
  const outputs: Node[] = [];
  for (let begin = 0; begin < changes.length; begin += together) {
    const group = changes.slice(begin, begin + together);
    outputs.push(group.reduce((a, b) => add(a, add(b, mul(factor, mul(a, b))))));
  }
  return { inputs, outputs };
}

/** Inputs of `polynomialProgram` for two orders. Output: Σ_j G²(Σ_k p_k c_k² − factor·(Σ_k p_k c_k)²), one number a row. */
function spreadProgram(shape: PairShape): Program {
  const { factor, powers, grams, shares, inputs } = pairInputs(shape, 2);
  const spreads = grams.map((gram, chunk) => {
    const mean = matmul(powers(chunk, 1), shares[chunk]!);
    const square = mul(matmul(powers(chunk, 2), shares[chunk]!), 2);
    return mul(mul(gram, gram), sub(square, mul(factor, mul(mean, mean))));
  });
  return { inputs, outputs: [sum(spreads.reduce(add), [1])] };
}

function pairInputs({ rows, width, classes, labels }: PairShape, order: number) {
  const graph = createGraph();
  const factor = graph.input("factor", [rows, 1]);
  const present = [...new Set(labels)];
  const units = present.map((label) => graph.input(`unit${label}`, [rows, classes]));
  const moves = present.map((label) => graph.input(`move${label}`, [rows, classes]));
  const grams = labels.map((_, chunk) => graph.input(`gram${chunk}`, [rows, width]));
  const shares = labels.map((_, chunk) => graph.input(`p${chunk}`, [classes, width]));
  const stacks = units.map((unit, at) => {
    const stack = [unit];
    for (let m = 2; m <= order; m++) stack.push(mul(stack[m - 2]!, mul(moves[at]!, 1 / m)));
    return stack;
  });
  const powers = (chunk: number, m: number): Node => stacks[present.indexOf(labels[chunk]!)]![m - 1]!;
  return { factor, powers, grams, shares, inputs: [factor, ...units, ...moves, ...grams, ...shares] };
}

/**
 * The same u without expansion, one result a chunk. Inputs: for every label c (rows×K×1); for every chunk G (rows×1×width)
 * and p (K×width). Outputs: rows×width each.
 */
function exponentialProgram({ rows, width, classes, labels }: PairShape): Program {
  const graph = createGraph();
  const moves = new Map<number, Node>();
  for (const label of new Set(labels)) moves.set(label, graph.input(`moves${label}`, [rows, classes, 1]));
  const grams = labels.map((_, chunk) => graph.input(`gram${chunk}`, [rows, 1, width]));
  const shares = labels.map((_, chunk) => graph.input(`p${chunk}`, [classes, width]));
  const outputs = labels.map((label, chunk) => {
    const p = shares[chunk]!;
    const moved = sum(mul(exp(mul(moves.get(label)!, grams[chunk]!)), p), [1]);
    return sub(moved, sum(p, [0]));
  });
  return { inputs: [...moves.values(), ...grams, ...shares], outputs };
}
