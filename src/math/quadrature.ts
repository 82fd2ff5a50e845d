// Gauss–Legendre quadrature on [0, 1].
import { InputError } from "./errors.ts";

/** Nodes in (0, 1), ascending, and weights that add up to 1. */
export interface Quadrature {
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

/**
 * The n-point rule, exact for polynomials of degree 2n − 1. Nodes are the roots of the Legendre polynomial P_n by
 * Newton's method from Tricomi's guess (Abramowitz & Stegun 22.16.6, 25.4.29). O(n²).
 *
 * @throws InputError unless n is a whole number ≥ 1
 */
export function gaussLegendre(n: number): Quadrature {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new InputError("number of quadrature nodes out of range", { received: String(n), allowed: "≥ 1" });
  }
  const nodes = new Array<number>(n);
  const weights = new Array<number>(n);
  for (let k = 0; k < n; k++) {
    // Roots descend with k on [−1, 1]; (1 − x)/2 turns them around.
    let x = Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 100; iteration++) {
      const [value, before] = legendre(n, x);
      slope = (n * (before - x * value)) / (1 - x * x);
      const change = value / slope;
      x -= change;
      if (Math.abs(change) <= 1e-16) break;
    }
    nodes[k] = (1 - x) / 2;
    weights[k] = 1 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

/** P_n(x) and P_{n−1}(x) by the three-term recurrence. */
function legendre(n: number, x: number): [value: number, before: number] {
  let before = 0;
  let value = 1;
  for (let k = 1; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return [value, before];
}
