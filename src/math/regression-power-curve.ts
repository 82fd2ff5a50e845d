// Power law y = prefactor·x^exponent by least squares of y itself: what is measured as a difference may be zero or negative.
import { studentQuantile } from "./distributions.ts";
import { type Estimate, type ExcludedPoint, type FitOptions, pointsToFit, whyNoFit } from "./regression.ts";

interface PowerCurveBase {
  /** Points that entered. */
  readonly n: number;
  readonly level: number;
  /** Points without a finite y or a positive, finite x. */
  readonly excluded: readonly ExcludedPoint[];
}

/** A power law through values whose errors are alike in size. */
export interface PowerCurveFound extends PowerCurveBase {
  readonly reason: null;
  readonly exponent: Estimate;
  /** y at x = 1; interval and standard error as of `powerLawFit`. */
  readonly prefactor: Estimate;
  /** Share of the (weighted) variance of y explained; null when y is constant. */
  readonly r2: number | null;
}

/** None, and why. */
export interface PowerCurveMissing extends PowerCurveBase {
  readonly reason: string;
  readonly exponent: null;
  readonly prefactor: null;
  readonly r2: null;
}

export type PowerCurveFit = PowerCurveFound | PowerCurveMissing;

/** Exponents looked at; nothing this page fits is near the ends. */
const LARGEST = 12;
const GRID = 240;
/** Golden sections of two cells of the grid, down to rounding. */
const SECTIONS = 70;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Minimises Σ w(y − prefactor·x^exponent)². Where the errors of y have one size, whatever y is (the difference of two
 * measured levels), a logarithm gives a y near zero the largest say and cannot take one below it; this fit gives both
 * the little they are worth. For every exponent the prefactor is known in closed form, so one search over the
 * exponent finds the least of all minima. Intervals: Student's t with n − 2 degrees of freedom on the curve
 * linearised at the minimum, the size of the errors from the residuals; the prefactor's on its logarithm.
 *
 * @param options weights as 1/variance of y; only ratios matter
 * @throws InputError as `lineFit`
 */
export function powerCurveFit(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { weights, level = 0.95 }: FitOptions = {},
): PowerCurveFit {
  const { used, excluded } = pointsToFit(x, y, { weights, level }, unusable);
  const points = used.map((point): Point => ({ log: Math.log(point.x), y: point.y, w: point.weight }));
  const base = { n: points.length, level, excluded };
  const missing = (reason: string): PowerCurveMissing => ({
    ...base,
    reason,
    exponent: null,
    prefactor: null,
    r2: null,
  });
  const without = whyNoFit(used);
  if (without !== null) return missing(without);
  const total = points.reduce((sum, { w }) => sum + w, 0);
  const center = points.reduce((sum, { w, log }) => sum + w * log, 0) / total;
  const centred = points.map(({ log, y: value, w }) => ({
    log: log - center,
    y: value,
    w: (w * points.length) / total,
  }));
  const exponent = bestExponent(centred);
  if (exponent === null) return missing("no positive power law: the values are not positive on the whole");
  if (Math.abs(exponent) > LARGEST - 1e-6) return missing(`no exponent between ±${LARGEST} fits`);
  return { ...base, reason: null, ...describe(centred, exponent, center, level) };
}

/** Coordinates of a point, ln x from the mean. */
interface Point {
  readonly log: number;
  readonly y: number;
  readonly w: number;
}

function unusable(x: number, y: number): string | null {
  if (!Number.isFinite(x) || x <= 0) return "x is not positive and finite";
  return Number.isFinite(y) ? null : "y is not finite";
}

/** Σwyf and Σwf² of f = e^{p·log}. */
function products(points: readonly Point[], p: number): readonly [number, number] {
  let [yf, ff] = [0, 0];
  for (const { log, y, w } of points) {
    const f = Math.exp(p * log);
    yf += w * y * f;
    ff += w * f * f;
  }
  return [yf, ff];
}

/** How much of Σwy² a curve of exponent p explains with the best positive prefactor; below 0 where there is none. */
function explained(points: readonly Point[], p: number): number {
  const [yf, ff] = products(points, p);
  return (yf * Math.abs(yf)) / ff;
}

function bestExponent(points: readonly Point[]): number | null {
  const at = (cell: number): number => -LARGEST + (2 * LARGEST * cell) / GRID;
  let best = 0;
  for (let cell = 1; cell <= GRID; cell++) {
    if (explained(points, at(cell)) > explained(points, at(best))) best = cell;
  }
  if (explained(points, at(best)) <= 0) return null;
  let [low, high] = [at(Math.max(0, best - 1)), at(Math.min(GRID, best + 1))];
  for (let section = 0; section < SECTIONS; section++) {
    const [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (explained(points, left) >= explained(points, right)) high = right;
    else low = left;
  }
  return polished(points, (low + high) / 2);
}

/** One Gauss–Newton step: a search that compares sums of squares knows its minimum to the root of rounding only. */
function polished(points: readonly Point[], p: number): number {
  const [yf, ff] = products(points, p);
  let [ft, tt, rt] = [0, 0, 0];
  for (const { log, y, w } of points) {
    const f = Math.exp(p * log) * (yf / ff);
    ft += w * f * f * log;
    tt += w * f * f * log * log;
    rt += w * (y - f) * f * log;
  }
  const spread = tt - (ft * ft) / ((yf / ff) * yf);
  return spread > 0 ? p + rt / spread : p;
}

function describe(
  points: readonly Point[],
  p: number,
  center: number,
  level: number,
): Pick<PowerCurveFound, "exponent" | "prefactor" | "r2"> {
  const [yf, ff] = products(points, p);
  const middle = yf / ff;
  const n = points.length;
  const meanY = points.reduce((sum, { w, y }) => sum + w * y, 0) / n;
  let [residual, spread, f2, f2t, f2tt] = [0, 0, 0, 0, 0];
  for (const { log, y, w } of points) {
    const f = middle * Math.exp(p * log);
    residual += w * (y - f) ** 2;
    spread += w * (y - meanY) ** 2;
    f2 += w * f * f;
    f2t += w * f * f * log;
    f2tt += w * f * f * log * log;
  }
  // Covariance of (ln of the value at the centre, exponent) is variance·[[f2, f2t], [f2t, f2tt]]⁻¹.
  const variance = residual / (n - 2);
  const determinant = f2 * f2tt - f2t * f2t;
  const t = studentQuantile((1 + level) / 2, n - 2);
  const error = Math.sqrt((variance * f2) / determinant);
  const logValue = Math.log(middle) - p * center;
  const logError = Math.sqrt((variance * (f2tt + 2 * center * f2t + center * center * f2)) / determinant);
  const value = Math.exp(logValue);
  return {
    exponent: { value: p, stderr: error, low: p - t * error, high: p + t * error },
    prefactor: {
      value,
      stderr: value * logError,
      low: Math.exp(logValue - t * logError),
      high: Math.exp(logValue + t * logError),
    },
    r2: spread > 0 ? 1 - residual / spread : null,
  };
}
