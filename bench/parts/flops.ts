// Exact multiply-add counts of a fully connected network's derivatives, two operations each.

/**
 * Floating-point operations in the matrix products of one full-batch gradient: every weight once forward and once
 * for its own gradient, and every weight but the first layer's once more to pass the error back (nobody needs
 * the gradient in the inputs). Biases, activations and the loss are linear in the activations and left out.
 *
 * 3072-200-200-10 at n = 5,000: 13.548 × 10⁹.
 *
 * @param widths inputs, hidden widths, outputs
 */
export function gradientFlops(widths: readonly number[], n: number): number {
  const weights = widths.slice(1).map((width, k) => width * widths[k]!);
  const all = weights.reduce((sum, count) => sum + count, 0);
  return 2 * n * (2 * all + (all - weights[0]!));
}

/** Floating-point operations of an m×k by k×p product. */
export function productFlops(m: number, k: number, p: number): number {
  return 2 * m * k * p;
}
