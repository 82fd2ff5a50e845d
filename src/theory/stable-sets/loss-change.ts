// How much one example's loss changes when its logits move: accurate for moves and losses of any size.

/**
 * ℓ(z + δ) − ℓ(z) = ln(1 + Σ_{k≠y} p_k·expm1(δ_k − δ_y)), which cancels nothing; where the argument comes near 0 or
 * overflows, because a large loss vanishes or a tiny one explodes, the two losses are subtracted instead.
 *
 * @param logits z at `row`…`row + classes`
 * @param residuals p − e_y there
 * @param delta δ, `classes` numbers
 */
export function lossChange(
  logits: Float64Array,
  residuals: Float64Array,
  row: number,
  classes: number,
  label: number,
  delta: Float64Array,
): number {
  const own = delta[label]!;
  let u = 0;
  for (let k = 0; k < classes; k++) {
    if (k !== label) u += residuals[row + k]! * expm1(delta[k]! - own);
  }
  if (u > -0.5 && u < 1e300) return Math.log1p(u);
  return lossAt(logits, row, classes, label, delta) - lossAt(logits, row, classes, label, null);
}

/** ln(1 + Σ_{k≠y} exp(z_k + δ_k − z_y − δ_y)). */
function lossAt(
  logits: Float64Array,
  row: number,
  classes: number,
  label: number,
  delta: Float64Array | null,
): number {
  const at = (k: number): number => logits[row + k]! + (delta === null ? 0 : delta[k]!);
  const own = at(label);
  let largest = 0;
  for (let k = 0; k < classes; k++) largest = Math.max(largest, at(k) - own);
  let others = 0;
  for (let k = 0; k < classes; k++) if (k !== label) others += Math.exp(at(k) - own - largest);
  return largest > 0 ? largest + Math.log(Math.exp(-largest) + others) : Math.log1p(others);
}

/** eˣ − 1, by its series where six terms are exact to rounding: most moves are small, and the library's takes 20 ns. */
function expm1(x: number): number {
  if (Math.abs(x) > 0.005) return Math.expm1(x);
  return x * (1 + x * (1 / 2 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x / 720)))));
}
