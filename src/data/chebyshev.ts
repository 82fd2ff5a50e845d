// Chebyshev regression (Cohen et al. 2021, appendix; theory of one input, one output): y = T_k(x) on a grid.
import type { ChebyshevSettings } from "./config.ts";
import { zeros } from "../math/index.ts";
import { fnv1a64 } from "./checksum.ts";
import type { Dataset } from "./dataset.ts";

/** T_k(x) by the three-term recurrence T_{k+1} = 2x·T_k − T_{k−1}; exact sign and stable on [-1, 1]. */
export function chebyshevPolynomial(degree: number, x: number): number {
  let previous = 1;
  let current = x;
  if (degree === 0) return 1;
  for (let k = 1; k < degree; k++) [previous, current] = [current, 2 * x * current - previous];
  return current;
}

/** n equally spaced points of [-1, 1], ends included, with one target each. */
export function chebyshevDataset({ degree, n, dtype }: ChebyshevSettings): Dataset {
  const x = zeros(dtype ?? "float32", n);
  const y = zeros(dtype ?? "float32", n);
  for (let i = 0; i < n; i++) {
    const point = (2 * i - (n - 1)) / (n - 1);
    x[i] = point;
    y[i] = chebyshevPolynomial(degree, point);
  }
  return {
    name: "chebyshev",
    inputShape: [1],
    outputs: 1,
    classes: 0,
    train: { n, x, y, labels: null },
    test: null,
    provenance: {
      files: [],
      checksum: fnv1a64(x, y),
      notes: [`T_${degree} at ${n} equally spaced points of [-1, 1]`],
    },
  };
}
