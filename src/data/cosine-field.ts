// Smooth random fields on a square: sums of cosines with a power-law spectrum, on the grid or at displaced points.

/**
 * Standard deviations of the cosine amplitudes a_{pq} (row p, column q) of a field with power spectrum 1/f^power,
 * scaled so that the field's variance, averaged over the grid, is 1. The mean (p = q = 0) has the power of the
 * frequency one half: images do differ in brightness, but not without bound.
 */
export function fieldAmplitudes(frequencies: number, power: number): Float64Array {
  const amplitudes = new Float64Array(frequencies * frequencies);
  let variance = 0;
  for (let p = 0; p < frequencies; p++) {
    for (let q = 0; q < frequencies; q++) {
      const amplitude = Math.max(Math.hypot(p, q), 0.5) ** (-power / 2);
      amplitudes[p * frequencies + q] = amplitude;
      // The mean square of cos over the grid is ½ except for the constant.
      variance += amplitude ** 2 * (p === 0 ? 1 : 0.5) * (q === 0 ? 1 : 0.5);
    }
  }
  return amplitudes.map((amplitude) => amplitude / Math.sqrt(variance));
}

/** cos(πp(i+½)/size) for grid row (or column) i and frequency p, row-major: computed once for many fields. */
export interface GridBasis {
  readonly size: number;
  readonly frequencies: number;
  readonly values: Float64Array;
}

/** The cosines of `frequencies` frequencies on a grid of `size` points. */
export function gridBasis(size: number, frequencies: number): GridBasis {
  const values = new Float64Array(size * frequencies);
  for (let i = 0; i < size; i++) {
    cosines(values.subarray(i * frequencies, (i + 1) * frequencies), (Math.PI * (i + 0.5)) / size);
  }
  return { size, frequencies, values };
}

/** Σ_pq a_pq cos(πp(i+½)/size) cos(πq(j+½)/size) on the size×size grid, separably: O(size³). */
export function cosineField(amplitudes: Float64Array, basis: GridBasis): Float64Array {
  const { size, frequencies, values } = basis;
  const rows = new Float64Array(frequencies * size);
  for (let p = 0; p < frequencies; p++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let q = 0; q < frequencies; q++)
        sum += amplitudes[p * frequencies + q]! * values[j * frequencies + q]!;
      rows[p * size + j] = sum;
    }
  }
  const field = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let p = 0; p < frequencies; p++) sum += values[i * frequencies + p]! * rows[p * size + j]!;
      field[i * size + j] = sum;
    }
  }
  return field;
}

/**
 * The same sum at the grid points moved `down` and `right` by so many pixels: O(size²·frequencies²). Beyond the
 * border the cosines mirror the field.
 */
export function evaluateField(
  amplitudes: Float64Array,
  size: number,
  down: Float64Array,
  right: Float64Array,
): Float64Array {
  const frequencies = Math.round(Math.sqrt(amplitudes.length));
  const vertical = new Float64Array(frequencies);
  const horizontal = new Float64Array(frequencies);
  const field = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const at = i * size + j;
      cosines(vertical, (Math.PI * (i + 0.5 + down[at]!)) / size);
      cosines(horizontal, (Math.PI * (j + 0.5 + right[at]!)) / size);
      let sum = 0;
      for (let p = 0; p < frequencies; p++) {
        let row = 0;
        for (let q = 0; q < frequencies; q++) row += amplitudes[p * frequencies + q]! * horizontal[q]!;
        sum += row * vertical[p]!;
      }
      field[at] = sum;
    }
  }
  return field;
}

/** cos(k·angle) for k = 0, 1, …, by the Chebyshev recurrence: one cosine instead of many. */
function cosines(values: Float64Array, angle: number): void {
  const first = Math.cos(angle);
  values[0] = 1;
  if (values.length > 1) values[1] = first;
  for (let k = 2; k < values.length; k++) values[k] = 2 * first * values[k - 1]! - values[k - 2]!;
}
