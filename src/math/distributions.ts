// The normal and Student t distributions: probabilities and quantiles, accurate in both tails and in the middle.
import { logBeta, regularizedBeta } from "./distributions-beta.ts";
import { erf, erfc } from "./special.ts";

/** P(Z ≤ x) of the standard normal distribution, relative accuracy kept in the lower tail. */
export function normalCdf(x: number): number {
  return erfc(-x * Math.SQRT1_2) / 2;
}

/** Density of Student's t with `dof` > 0 degrees of freedom (`Infinity`: the normal density). */
export function studentDensity(t: number, dof: number): number {
  if (dof === Infinity) return Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const log = -logBeta(0.5, dof / 2) - ((dof + 1) / 2) * Math.log1p((t * t) / dof);
  return Math.exp(log) / Math.sqrt(dof);
}

/** P(T ≤ t) of Student's t with `dof` > 0 degrees of freedom; NaN when `dof` is not positive. */
export function studentCdf(t: number, dof: number): number {
  if (t > 0) return 0.5 + centralHalf(t, dof);
  return studentTwoSidedP(t, dof) / 2;
}

/** Degrees of freedom from which t is mapped to a normal deviate: the continued fraction loses digits with them. */
const NEARLY_NORMAL = 1e7;

/** The deviate with nearly the same tail (D. L. Wallace, Ann. Math. Stat. 30, 1959, 1124); relative error O(t⁴/dof²). */
function normalDeviate(t: number, dof: number): number {
  if (dof === Infinity) return t;
  return Math.sign(t) * Math.sqrt(dof * Math.log1p((t * t) / dof)) * (1 - 2 / (8 * dof + 3));
}

/**
 * P(|T| ≥ |t|), the two-sided p-value of a t statistic, accurate to about 9 digits or better (13 below a thousand
 * degrees of freedom), however small it is.
 */
export function studentTwoSidedP(t: number, dof: number): number {
  if (dof > NEARLY_NORMAL) return erfc(Math.abs(normalDeviate(t, dof)) * Math.SQRT1_2);
  if (!(dof > 0) || Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t * t)) return 0;
  const total = dof + t * t;
  return regularizedBeta(dof / total, dof / 2, 0.5, (t * t) / total);
}

/** P(0 ≤ T ≤ t) for t ≥ 0: the quantity to solve for near the median, where the tail has no relative accuracy. */
function centralHalf(t: number, dof: number): number {
  if (dof > NEARLY_NORMAL) return erf(normalDeviate(t, dof) * Math.SQRT1_2) / 2;
  if (!(dof > 0)) return Number.NaN;
  if (!Number.isFinite(t * t)) return 0.5;
  const total = dof + t * t;
  return regularizedBeta((t * t) / total, 0.5, dof / 2, dof / total) / 2;
}

/** The standard normal quantile: the x with P(Z ≤ x) = p. ∓∞ at p = 0 and 1, NaN outside. */
export function normalQuantile(p: number): number {
  return studentQuantile(p, Infinity);
}

/**
 * The quantile of Student's t: the x with P(T ≤ x) = p; as accurate as the probabilities.
 *
 * Newton's method on a concave function, which needs no bracket: near the median on P(0 ≤ T ≤ t) against t, in the
 * tail on ln P(T ≥ t) against ln t.
 *
 * @param p ∓∞ at 0 and 1, NaN outside [0, 1]
 * @param dof degrees of freedom > 0, `Infinity` for the normal distribution
 */
export function studentQuantile(p: number, dof: number): number {
  if (!(p >= 0 && p <= 1 && dof > 0)) return Number.NaN;
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  const half = Math.abs(p - 0.5);
  if (half < 0.25) return Math.sign(p - 0.5) * centralQuantile(half, dof);
  return p < 0.5 ? -tailQuantile(p, dof) : tailQuantile(1 - p, dof);
}

function centralQuantile(half: number, dof: number): number {
  // The density is largest at 0, so this start lies at or left of the root and Newton climbs to it from below.
  let t = half / studentDensity(0, dof);
  for (let iteration = 0; iteration < 100; iteration++) {
    const step = (half - centralHalf(t, dof)) / studentDensity(t, dof);
    t += step;
    if (Math.abs(step) <= 1e-15 * t) break;
  }
  return t;
}

function tailQuantile(tail: number, dof: number): number {
  const goal = Math.log(tail);
  // The normal bound P(Z ≥ z) ≤ ½exp(−z²/2): at most one step from the concave side of the root.
  let s = Math.log(Math.sqrt(-2 * Math.log(2 * tail)));
  for (let iteration = 0; iteration < 200; iteration++) {
    const t = Math.exp(s);
    const upper = studentTwoSidedP(t, dof) / 2;
    const step = ((Math.log(upper) - goal) * upper) / (t * studentDensity(t, dof));
    // Where the tail underflows there is nothing left to refine.
    if (!Number.isFinite(step)) break;
    s += step;
    if (Math.abs(step) <= 1e-15) break;
  }
  return Math.exp(s);
}
