// Kernel density estimate of a sample, for violins.
import { quantileSorted, sampleSd } from "../../math/index.ts";

/** Density at a value; densities are scaled so that the largest is 1. */
export interface DensityPoint {
  readonly value: number;
  readonly density: number;
}

/** Bandwidths after which a kernel is below 1e-9 of its height. */
const REACH = 6.5;

/**
 * Gaussian kernel density estimate of the finite `values` on `count` equally spaced points that cover the sample
 * (not the kernels' tails beyond it), scaled to a maximum of 1. Bandwidth: 0.9·min(sd, IQR/1.34)·n^(−1/5)
 * (B. W. Silverman, "Density Estimation", 1986, eq. 3.31). Empty when the sample has no spread: a density then has
 * no finite height. O(n·count).
 */
export function kernelDensity(values: readonly number[], count: number): DensityPoint[] {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const n = sorted.length;
  const spread = n < 2 ? 0 : sampleSd(sorted);
  if (!(spread > 0) || !Number.isFinite(spread)) return [];
  const quartiles = (quantileSorted(sorted, 0.75) - quantileSorted(sorted, 0.25)) / 1.34;
  const bandwidth = 0.9 * (quartiles > 0 ? Math.min(spread, quartiles) : spread) * n ** -0.2;
  const [low, high] = [sorted[0]!, sorted[n - 1]!];
  let first = 0;
  const points = Array.from({ length: count }, (_, k) => {
    const value = low + ((high - low) * k) / (count - 1);
    let density = 0;
    while (sorted[first]! < value - REACH * bandwidth) first++;
    for (let i = first; i < n && sorted[i]! <= value + REACH * bandwidth; i++) {
      density += Math.exp(-0.5 * ((value - sorted[i]!) / bandwidth) ** 2);
    }
    return { value, density };
  });
  const peak = Math.max(...points.map((point) => point.density));
  return points.map(({ value, density }) => ({ value, density: density / peak }));
}
