// The slope of a series that wanders: not its values but its increments are independent, as in a running minimum or a sum.
import { studentQuantile } from "./distributions.ts";
import type { Estimate, LineFitFound } from "./regression.ts";

/**
 * The fitted slope with the error it has when y is a line plus a sum of independent increments whose variance is proportional
 * to the step in x. Residuals about a line are then correlated over the whole series, and the textbook's error of the slope is too
 * small by a factor that grows with the number of points; of points that are independent after all this one is too large by as much.
 *
 * The error of the slope Σ w_i y_i is Σ_k e_k W_k with W_k = Σ_{i≥k} w_i: variance s²·Σ_k W_k²Δx_k, s² from the increments
 * about the fitted slope. n points at equal distances give s²(6/5)/(n − 1)Δx. O(n log n).
 */
export function wanderingSlope({ points, slope, centerX, sumSquaresX, level, dof }: LineFitFound): Estimate {
  const sorted = points.toSorted((a, b) => a.x - b.x);
  let squares = 0;
  let range = 0;
  let weight = 0;
  let variance = 0;
  for (let k = sorted.length - 1; k > 0; k--) {
    const { x, y } = sorted[k]!;
    const before = sorted[k - 1]!;
    const width = x - before.x;
    const increment = y - before.y - slope.value * width;
    weight += (x - centerX) / sumSquaresX;
    squares += increment * increment;
    range += width;
    variance += weight * weight * width;
  }
  // One slope was fitted to n − 1 increments, n − 2 = dof.
  const scale = (squares / range) * (1 + 1 / dof);
  const stderr = Math.sqrt(scale * variance);
  const reach = studentQuantile((1 + level) / 2, dof) * stderr;
  return { value: slope.value, stderr, low: slope.value - reach, high: slope.value + reach };
}
