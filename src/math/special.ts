// Special functions: erf and its complement to double precision.

/** A rational function, coefficients highest power first. */
export interface Rational {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

// Coefficients published by W. J. Cody, "Rational Chebyshev approximations for the error function",
// Math. Comp. 23 (1969), 631-637.

/** erf(x)/x as a function of x², |x| ≤ 0.46875. */
export const ERF_CENTER: Rational = {
  numerator: [
    1.8577770618460315e-1, 3.1611237438705655, 1.1386415415105016e2, 3.77485237685302e2, 3.2093775891384694e3,
  ],
  denominator: [1, 2.3601290952344122e1, 2.4402463793444417e2, 1.2826165260773723e3, 2.844236833439171e3],
};

/** erfc(x)·exp(x²), 0.46875 ≤ x ≤ 4. */
export const ERF_MIDDLE: Rational = {
  numerator: [
    2.1531153547440383e-8, 5.641884969886701e-1, 8.883149794388377, 6.611919063714163e1, 2.986351381974001e2,
    8.81952221241769e2, 1.7120476126340707e3, 2.0510783778260716e3, 1.2303393547979972e3,
  ],
  denominator: [
    1, 1.5744926110709835e1, 1.176939508913125e2, 5.371811018620099e2, 1.6213895745666903e3,
    3.2907992357334597e3, 4.362619090143247e3, 3.4393676741437216e3, 1.2303393548037495e3,
  ],
};

/** (1/√π − x·exp(x²)·erfc(x))·x² as a function of 1/x², x ≥ 4. */
export const ERF_TAIL: Rational = {
  numerator: [
    1.6315387137302097e-2, 3.0532663496123236e-1, 3.6034489994980445e-1, 1.2578172611122926e-1,
    1.6083785148742275e-2, 6.587491615298378e-4,
  ],
  denominator: [
    1, 2.568520192289822, 1.8729528499234604, 5.279051029514285e-1, 6.051834131244132e-2,
    2.3352049762686918e-3,
  ],
};

function evaluate({ numerator, denominator }: Rational, x: number): number {
  let p = 0;
  let q = 0;
  for (const coefficient of numerator) p = p * x + coefficient;
  for (const coefficient of denominator) q = q * x + coefficient;
  return p / q;
}

/** exp(−x²) to full relative precision: the rounding error of x² alone would cost up to x² units. */
function expMinusSquare(x: number): number {
  // y² is exact (y has few bits), and the rest of the exponent is small.
  const y = Math.trunc(x * 16) / 16;
  return Math.exp(-y * y) * Math.exp(-(x - y) * (x + y));
}

/** erfc(x) = 1 − erf(x) for x ≥ 0.46875, without cancellation. */
function erfcPositive(x: number): number {
  if (x === Infinity) return 0;
  if (x <= 4) return expMinusSquare(x) * evaluate(ERF_MIDDLE, x);
  const inverse = 1 / (x * x);
  return (expMinusSquare(x) / x) * (1 / Math.sqrt(Math.PI) - inverse * evaluate(ERF_TAIL, inverse));
}

/** The error function, relative error below 1e-15. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return x * evaluate(ERF_CENTER, x * x);
  return Number.isNaN(x) ? Number.NaN : Math.sign(x) * (1 - erfcPositive(size));
}

/** The complementary error function 1 − erf(x), relative error below 1e-14 for x > 0. */
export function erfc(x: number): number {
  if (Math.abs(x) <= 0.46875) return 1 - erf(x);
  return x > 0 ? erfcPositive(x) : 2 - erfcPositive(-x);
}
