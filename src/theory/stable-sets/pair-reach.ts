// How far a step may move logits for a polynomial of each order to serve, at a relative error of each change of a loss.
import { HIGHEST_SUM } from "./pair-kernels.ts";

/** Moves that a polynomial serves at all: further ones lose digits in its alternating sum. */
const LARGEST_MOVE = 2;

/** Of the orders 1, 2, … `highest`. */
export function reachesOf(tolerance: number, highest: number): readonly number[] {
  return Array.from({ length: highest }, (_, at) => reachOf(at + 1, tolerance));
}

/**
 * The lowest order of a kernel that serves a farthest move and a second farthest, or null where none does. Up to `HIGHEST_SUM` it has
 * one order less for all but the farthest.
 */
export function orderFor(reaches: readonly number[], far: number, others: number): number | null {
  let at = 0;
  while (at < reaches.length && !(far <= reaches[at]! && others <= reachOfOthers(reaches, at + 1))) at++;
  return at < reaches.length ? at + 1 : null;
}

function reachOfOthers(reaches: readonly number[], order: number): number {
  return reaches[order === 1 || order > HIGHEST_SUM ? order - 1 : order - 2]!;
}

/** Largest x with x^M/(M+1)!·e^{2x} ≤ tolerance: the first term left out, relative to the loss change. */
function reachOf(order: number, tolerance: number): number {
  const error = (x: number): number => {
    let term = Math.exp(2 * x);
    for (let m = 1; m <= order; m++) term *= x / (m + 1);
    return term;
  };
  if (error(LARGEST_MOVE) <= tolerance) return LARGEST_MOVE;
  let low = 0;
  let high = LARGEST_MOVE;
  for (;;) {
    const middle = (low + high) / 2;
    // No number lies between the two.
    if (middle === low || middle === high) return low;
    if (error(middle) <= tolerance) low = middle;
    else high = middle;
  }
}
