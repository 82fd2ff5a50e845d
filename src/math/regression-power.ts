// Power law y = prefactor·x^exponent by least squares on logarithms; what has no logarithm is flagged, not dropped.
import {
  type BandPoint,
  type Estimate,
  type ExcludedPoint,
  type FitOptions,
  fitPoints,
  lineBand,
  type LineFitFound,
} from "./regression.ts";

interface PowerLawBase {
  /** Points that entered; those that could not are in `excluded`, in the units handed in. */
  readonly n: number;
  readonly level: number;
  readonly excluded: readonly ExcludedPoint[];
}

/** A fitted power law. */
export interface PowerLawFound extends PowerLawBase {
  readonly reason: null;
  /** The slope of ln y against ln x. */
  readonly exponent: Estimate;
  /** y at x = 1. Its interval is the exponential of that of ln y, hence not symmetric; stderr is prefactor × stderr of its logarithm. */
  readonly prefactor: Estimate;
  readonly r2: number | null;
  /** Two-sided p-value of exponent = 0. */
  readonly p: number;
  /** The line in natural logarithms, with its residuals ln y − ln fitted. */
  readonly line: LineFitFound;
}

/** No power law, and why. */
export interface PowerLawMissing extends PowerLawBase {
  readonly reason: string;
  readonly exponent: null;
  readonly prefactor: null;
  readonly r2: null;
  readonly p: null;
  readonly line: null;
}

export type PowerLawFit = PowerLawFound | PowerLawMissing;

/**
 * Fits ln y = ln prefactor + exponent·ln x. Zero, negative and non-finite coordinates are listed in `excluded` with
 * the reason (a negative sharpness gap cannot enter a log–log fit, and a fit that hides it is biased).
 *
 * @param options weights refer to ln y: for a y with standard deviation s, (y/s)²
 * @throws InputError as `lineFit`
 */
export function powerLawFit(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: FitOptions = {},
): PowerLawFit {
  const line = fitPoints(x, y, options, (xi, yi) => noLogarithm("x", xi) ?? noLogarithm("y", yi), Math.log);
  const { n, level, excluded } = line;
  if (line.reason !== null) {
    const reason =
      excluded.length === 0
        ? line.reason
        : `${line.reason} (${excluded.length} excluded: ${reasons(excluded)})`;
    return { n, level, excluded, reason, exponent: null, prefactor: null, r2: null, p: null, line: null };
  }
  const value = Math.exp(line.intercept.value);
  return {
    n,
    level,
    excluded,
    reason: null,
    exponent: line.slope,
    prefactor: {
      value,
      stderr: value * line.intercept.stderr,
      low: Math.exp(line.intercept.low),
      high: Math.exp(line.intercept.high),
    },
    r2: line.r2,
    p: line.p,
    line,
  };
}

function noLogarithm(name: string, value: number): string | null {
  if (!Number.isFinite(value)) return `${name} is not finite`;
  return value > 0 ? null : `${name} ≤ 0 has no logarithm`;
}

function reasons(excluded: readonly ExcludedPoint[]): string {
  return [...new Set(excluded.map((point) => point.reason))].join(", ");
}

/** The power law with its confidence and prediction bands at positive x, in the units of x and y. */
export function powerLawBand(fit: PowerLawFound, x: ArrayLike<number>): BandPoint[] {
  const logs = lineBand(fit.line, Array.from(x, Math.log));
  return logs.map(({ y, confidence, prediction }, k) => ({
    x: x[k]!,
    y: Math.exp(y),
    confidence: [Math.exp(confidence[0]), Math.exp(confidence[1])],
    prediction: [Math.exp(prediction[0]), Math.exp(prediction[1])],
  }));
}
