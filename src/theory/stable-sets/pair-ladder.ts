// The ladder of ways to compute what steps do to losses, each with how far a step may move the logits for it.

/** Orders of the polynomials worth compiling, beside the second. */
const ORDERS = [3, 4, 5, 6, 8, 10, 12, 16];
/** Beyond, exponentials in single precision are cheaper than the next order. */
const LAST_SINGLE = 8;
/** Moves that a polynomial serves at all: further ones lose digits in its alternating sum. */
const LARGEST_MOVE = 2;
/** Polynomials do not serve where the largest 1 − p_y is below it: their results, not divided by it, would underflow. */
const LEAST_POTENTIAL = 1e-25;

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
