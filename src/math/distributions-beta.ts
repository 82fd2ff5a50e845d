// The gamma and beta functions in logarithms, and the regularised incomplete beta function behind Student's t.
import { RunError } from "./errors.ts";

/** ln Γ(x) − [(x − ½)ln x − x + ½ln 2π] for x ≥ 10: Stirling's series, error below 1e-16. */
function stirlingCorrection(x: number): number {
  const y = 1 / (x * x);
  // B₂ₖ / (2k(2k−1)) for k = 1…7, Horner from the highest (NIST DLMF 5.11.1).
  const series =
    1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * (691 / 360_360 - y / 156)))));
  return series / x;
}

const HALF_LOG_TWO_PI = 0.918_938_533_204_672_7;

/** ln Γ(x) for x > 0; absolute error about 1e-15·max(1, |ln Γ|). NaN for x ≤ 0. */
export function logGamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  // Below 10 the recurrence Γ(x) = Γ(x + 1)/x lifts the argument to where the series is exact.
  let product = 1;
  let y = x;
  while (y < 10) {
    product *= y;
    y += 1;
  }
  return (y - 0.5) * Math.log(y) - y + HALF_LOG_TWO_PI + stirlingCorrection(y) - Math.log(product);
}

/**
 * ln B(a, b) for a, b > 0. For large arguments the Stirling parts are cancelled by hand, so that no digits are lost
 * to the difference of large logarithms (DiDonato & Morris, ACM TOMS 18, 1992, §1).
 */
export function logBeta(a: number, b: number): number {
  const p = Math.min(a, b);
  const q = Math.max(a, b);
  if (!(p > 0)) return Number.NaN;
  if (q < 10) return logGamma(p) + logGamma(q) - logGamma(p + q);
  const share = p / (p + q);
  const correction = stirlingCorrection(q) - stirlingCorrection(p + q);
  if (p < 10) {
    return logGamma(p) + correction + p - p * Math.log(p + q) + (q - 0.5) * Math.log1p(-share);
  }
  return (
    HALF_LOG_TWO_PI -
    0.5 * Math.log(q) +
    stirlingCorrection(p) +
    correction +
    (p - 0.5) * Math.log(share) +
    q * Math.log1p(-share)
  );
}

const MAX_TERMS = 10_000_000;

/** The continued fraction of I_x(a, b) (DLMF 8.17.22) by Lentz's method: O(√max(a, b)) terms for x < (a+1)/(a+b+2). */
function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) return result;
  }
  throw new RunError("the incomplete beta function did not converge", {
    received: `x = ${x}, a = ${a}, b = ${b}`,
  });
}

/**
 * The regularised incomplete beta function I_x(a, b), with relative accuracy in the small tail.
 *
 * @param x between 0 and 1; anything else gives NaN
 * @param complement 1 − x, when the caller knows it more precisely than the subtraction would give
 */
export function regularizedBeta(x: number, a: number, b: number, complement: number = 1 - x): number {
  if (!(x >= 0 && x <= 1 && a > 0 && b > 0)) return Number.NaN;
  if (x === 0) return 0;
  if (complement === 0) return 1;
  // Whichever of x and 1 − x is the smaller goes through log1p, so that neither logarithm loses digits near 1.
  const logX = complement < 0.5 ? Math.log1p(-complement) : Math.log(x);
  const logY = x < 0.5 ? Math.log1p(-x) : Math.log(complement);
  const front = Math.exp(a * logX + b * logY - logBeta(a, b));
  return x < (a + 1) / (a + b + 2)
    ? (front / a) * continuedFraction(x, a, b)
    : 1 - (front / b) * continuedFraction(complement, b, a);
}
