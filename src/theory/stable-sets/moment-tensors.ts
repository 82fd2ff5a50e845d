// Cumulants of the predicted classes as flat rows: what a small move of the logits does to a loss, to third order.

/** Distinct entries k < l, and k ≤ l ≤ m over classes 1…K−1, with how often each occurs in the whole tensor. */
export interface TensorIndices {
  readonly pairs: readonly (readonly [k: number, l: number])[];
  readonly triples: readonly (readonly [k: number, l: number, m: number, times: number])[];
}

/** K(K−1)/2 pairs and (K−1)K(K+1)/6 triples. */
export function tensorIndices(classes: number): TensorIndices {
  const pairs: [number, number][] = [];
  const triples: [number, number, number, number][] = [];
  for (let k = 0; k < classes; k++) for (let l = k + 1; l < classes; l++) pairs.push([k, l]);
  for (let k = 1; k < classes; k++) {
    for (let l = k; l < classes; l++) {
      for (let m = l; m < classes; m++) triples.push([k, l, m, k === m ? 1 : k === l || l === m ? 3 : 6]);
    }
  }
  return { pairs, triples };
}

/**
 * Writes p_k p_l for all pairs and the third cumulants of the class indicators for all triples, of every example, times
 * `factor`; the cumulants only where there is an array for them. 1 − p_y is taken as given, so that nothing cancels where an example is fitted. O(nK³).
 */
export function fillTensors(
  residuals: Float64Array,
  labels: Int32Array,
  classes: number,
  { pairs, triples }: TensorIndices,
  factor: number,
  second: Float32Array,
  third: Float32Array | null,
): void {
  const p = new Float64Array(classes);
  const rest = new Float64Array(classes);
  for (let j = 0; j < labels.length; j++) {
    for (let k = 0; k < classes; k++) {
      const residual = residuals[j * classes + k]!;
      const own = k === labels[j];
      p[k] = own ? 1 + residual : residual;
      rest[k] = own ? -residual : 1 - residual;
    }
    for (let s = 0, at = j * pairs.length; s < pairs.length; s++, at++) {
      const [k, l] = pairs[s]!;
      second[at] = factor * p[k]! * p[l]!;
    }
    if (third === null) continue;
    for (let s = 0, at = j * triples.length; s < triples.length; s++, at++) {
      const [k, l, m] = triples[s]!;
      third[at] = factor * thirdCumulant(p, rest, k, l, m);
    }
  }
}

/** E(e_k − p_k)(e_l − p_l)(e_m − p_m) for k ≤ l ≤ m, as a product; rest = 1 − p. */
function thirdCumulant(p: Float64Array, rest: Float64Array, k: number, l: number, m: number): number {
  if (k === m) return p[k]! * rest[k]! * (rest[k]! - p[k]!);
  if (k === l) return -p[k]! * p[m]! * (rest[k]! - p[k]!);
  if (l === m) return -p[l]! * p[k]! * (rest[l]! - p[l]!);
  return 2 * p[k]! * p[l]! * p[m]!;
}
