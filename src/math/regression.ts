// Least-squares line with everything a figure or a table quotes: errors, p-value, R², intervals, bands, residuals.
import { studentQuantile, studentTwoSidedP } from "./distributions.ts";
import { InputError } from "./errors.ts";

/** A data point that did not enter a fit, and why. */
export interface ExcludedPoint {
  /** Its index in the arrays handed in. */
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly reason: string;
}

/** A data point that entered, with the fit's value there. */
export interface FittedPoint {
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly fitted: number;
  /** y − fitted. */
  readonly residual: number;
}

/** An estimate, its standard error and its confidence interval [low, high] at the fit's level. */
export interface Estimate {
  readonly value: number;
  readonly stderr: number;
  readonly low: number;
  readonly high: number;
}

/** What every line fit says, whether or not a line could be fitted. Plain data: it survives JSON. */
interface LineFitBase {
  /** Points that entered. */
  readonly n: number;
  /** Confidence level of all intervals, 0.95 by default. */
  readonly level: number;
  readonly excluded: readonly ExcludedPoint[];
}

/** A fitted line y = intercept + slope·x. */
export interface LineFitFound extends LineFitBase {
  readonly reason: null;
  readonly slope: Estimate;
  readonly intercept: Estimate;
  /** Share of the (weighted) variance explained; null when y is constant. */
  readonly r2: number | null;
  /** Two-sided p-value of slope = 0, Student's t with n − 2 degrees of freedom. */
  readonly p: number;
  readonly dof: number;
  /** Residual standard deviation at the mean weight. */
  readonly residualSd: number;
  /** (Weighted) mean of x, and Σw(x − x̄)²: what the bands need. */
  readonly centerX: number;
  readonly sumSquaresX: number;
  readonly points: readonly FittedPoint[];
}

/** No line: fewer than three usable points, or all at one x. */
export interface LineFitMissing extends LineFitBase {
  readonly reason: string;
  readonly slope: null;
  readonly intercept: null;
  readonly r2: null;
  readonly p: null;
}

export type LineFit = LineFitFound | LineFitMissing;

/** Options of the fits. */
export interface FitOptions {
  /**
   * Relative weights, proportional to 1/variance of y; only ratios matter, the scale of the errors is always
   * estimated from the residuals. Zero leaves a point out (listed in `excluded`).
   */
  readonly weights?: ArrayLike<number>;
  /** Confidence level, between 0 and 1. Default 0.95. */
  readonly level?: number;
}

/**
 * Ordinary or weighted least squares of y on x (textbook formulas, centred sums).
 * Points with a non-finite coordinate are excluded and listed; without three usable points at two different x the
 * result holds nulls and the reason.
 *
 * @throws InputError for arrays of different lengths, negative or non-finite weights, or a level outside (0, 1)
 */
export function lineFit(x: ArrayLike<number>, y: ArrayLike<number>, options: FitOptions = {}): LineFit {
  return fitPoints(x, y, options, (xi, yi) =>
    Number.isFinite(xi) && Number.isFinite(yi) ? null : `${Number.isFinite(xi) ? "y" : "x"} is not finite`,
  );
}

/**
 * The fit behind `lineFit` and `powerLawFit`.
 *
 * @param exclude reason why a point cannot enter, or null
 * @param transform of each coordinate before fitting; excluded points are listed untransformed
 */
export function fitPoints(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { weights, level = 0.95 }: FitOptions,
  exclude: (x: number, y: number) => string | null,
  transform: (value: number) => number = (value) => value,
): LineFit {
  const given = pointsToFit(x, y, { weights, level }, exclude);
  const { excluded } = given;
  const used = given.used.map(({ index, x: xi, y: yi, weight }): FitPoint => ({
    index,
    x: transform(xi),
    y: transform(yi),
    weight,
  }));
  const base = { n: used.length, level, excluded };
  const missing = (reason: string): LineFitMissing => ({
    ...base,
    reason,
    slope: null,
    intercept: null,
    r2: null,
    p: null,
  });
  const reason = whyNoFit(used);
  return reason === null ? { ...base, reason, ...solve(used, level) } : missing(reason);
}

/** A point that enters a fit. */
export interface FitPoint {
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly weight: number;
}

/**
 * The points of a fit, and those that cannot enter with the reason.
 *
 * @param exclude reason why a point cannot enter, or null
 * @throws InputError as `lineFit`
 */
export function pointsToFit(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { weights, level }: { readonly weights: ArrayLike<number> | undefined; readonly level: number },
  exclude: (x: number, y: number) => string | null,
): { readonly used: readonly FitPoint[]; readonly excluded: readonly ExcludedPoint[] } {
  checkFitInput(x, y, weights, level);
  const excluded: ExcludedPoint[] = [];
  const used: FitPoint[] = [];
  for (let index = 0; index < x.length; index++) {
    const point = { index, x: x[index]!, y: y[index]! };
    const weight = weights === undefined ? 1 : weights[index]!;
    const reason = exclude(point.x, point.y) ?? (weight === 0 ? "its weight is zero" : null);
    if (reason !== null) excluded.push({ ...point, reason });
    else used.push({ ...point, weight });
  }
  return { used, excluded };
}

/** Why these points have no fit of two parameters, or null. */
export function whyNoFit(points: readonly Pick<FitPoint, "x">[]): string | null {
  if (points.length < 3) return `a fit needs 3 points, ${points.length} usable`;
  return points.every(({ x }) => x === points[0]!.x) ? "all points have the same x" : null;
}

function solve(
  used: readonly FitPoint[],
  level: number,
): Omit<LineFitFound, "n" | "level" | "excluded" | "reason"> {
  const n = used.length;
  const sum = (term: (point: FitPoint) => number): number =>
    used.reduce((total, point) => total + point.weight * term(point), 0);
  const totalWeight = sum(() => 1);
  // Weights of mean 1: the residual sd is then that of a point of average precision.
  const scale = n / totalWeight;
  const centerX = sum((point) => point.x) / totalWeight;
  const centerY = sum((point) => point.y) / totalWeight;
  const sumSquaresX = scale * sum((point) => (point.x - centerX) ** 2);
  const sumSquaresY = scale * sum((point) => (point.y - centerY) ** 2);
  const slope = (scale * sum((point) => (point.x - centerX) * (point.y - centerY))) / sumSquaresX;
  const points = used.map(({ index, x, y }) => {
    const fitted = centerY + slope * (x - centerX);
    return { index, x, y, fitted, residual: y - fitted };
  });
  const sumSquaresResidual = points.reduce(
    (total, { residual }, k) => total + scale * used[k]!.weight * residual ** 2,
    0,
  );
  const dof = n - 2;
  const residualSd = Math.sqrt(sumSquaresResidual / dof);
  const t = studentQuantile((1 + level) / 2, dof);
  const estimate = (value: number, stderr: number): Estimate => ({
    value,
    stderr,
    low: value - t * stderr,
    high: value + t * stderr,
  });
  const slopeError = residualSd / Math.sqrt(sumSquaresX);
  return {
    slope: estimate(slope, slopeError),
    intercept: estimate(
      centerY - slope * centerX,
      residualSd * Math.sqrt(1 / n + centerX ** 2 / sumSquaresX),
    ),
    r2: sumSquaresY === 0 ? null : 1 - sumSquaresResidual / sumSquaresY,
    p: twoSidedP(slope, slopeError, dof),
    dof,
    residualSd,
    centerX,
    sumSquaresX,
    points,
  };
}

/** A zero error means the points lie exactly on the line: any difference is then certain, and none is none. */
function twoSidedP(difference: number, stderr: number, dof: number): number {
  if (stderr > 0) return studentTwoSidedP(difference / stderr, dof);
  return difference === 0 ? 1 : 0;
}

/** Two-sided p-value of the hypothesis that the true slope is `reference` (−1, say). */
export function slopeP(fit: LineFitFound, reference: number): number {
  return twoSidedP(fit.slope.value - reference, fit.slope.stderr, fit.dof);
}

/** The line at one x with its bands. */
export interface BandPoint {
  readonly x: number;
  readonly y: number;
  /** Where the true line lies, at the fit's level. */
  readonly confidence: readonly [low: number, high: number];
  /** Where one further observation (of average weight) would lie, at the fit's level. */
  readonly prediction: readonly [low: number, high: number];
}

/** Line, pointwise confidence band and prediction band at the given x. */
export function lineBand(fit: LineFitFound, x: ArrayLike<number>): BandPoint[] {
  const t = studentQuantile((1 + fit.level) / 2, fit.dof);
  // The line is taken through its centre, where the intercept's rounding does not enter.
  const centerY = fit.intercept.value + fit.slope.value * fit.centerX;
  return Array.from(x, (xi) => {
    const offset = xi - fit.centerX;
    const y = centerY + fit.slope.value * offset;
    const share = 1 / fit.n + offset ** 2 / fit.sumSquaresX;
    const line = t * fit.residualSd * Math.sqrt(share);
    const single = t * fit.residualSd * Math.sqrt(1 + share);
    return { x: xi, y, confidence: [y - line, y + line], prediction: [y - single, y + single] };
  });
}

/** What every fit of y on x asks of its input. Throws InputError as `lineFit` says. */
function checkFitInput(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
  level: number,
): void {
  if (x.length !== y.length) {
    throw new InputError("x and y of a fit have different lengths", {
      field: "y",
      received: `${y.length} values`,
      allowed: `${x.length}, as many as x`,
    });
  }
  if (!(level > 0 && level < 1)) {
    throw new InputError("confidence level out of range", {
      field: "level",
      received: String(level),
      allowed: "between 0 and 1",
    });
  }
  if (weights === undefined) return;
  if (weights.length !== x.length) {
    throw new InputError("weights and points of a fit have different lengths", {
      field: "weights",
      received: `${weights.length} values`,
      allowed: `${x.length}, as many as x`,
    });
  }
  const bad = Array.from(weights).findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0) {
    throw new InputError("a weight of a fit is negative or not finite", {
      field: `weights[${bad}]`,
      received: String(weights[bad]),
      allowed: "0 ≤ weight < ∞",
    });
  }
}
