// A quantity against batch size or learning rate: log–log fit, and what sampling from a finite set alone would give.
import { noiseVariance } from "../../curvature/index.ts";
import {
  type PowerCurveFit,
  powerCurveFit,
  type PowerLawFit,
  powerLawFit,
  slopeP,
} from "../../math/index.ts";
import type { SamplingName } from "../../record/index.ts";
import { groupBy, isFiniteNumber, meanOf, overRuns, type Statistic } from "./statistic.ts";

/** One value on the horizontal axis, and the quantity there over seeds. */
export interface ScalingPoint {
  readonly x: number;
  readonly value: Statistic;
}

/** A fitted power law with all that a figure and a table say of it. */
export interface Scaling {
  /** All points, also those the fit had to leave out (`fit.excluded`, by index). */
  readonly points: readonly ScalingPoint[];
  /** Unweighted least squares on the logarithms of the means, as published fits are. */
  readonly fit: PowerLawFit;
  /** p-value of the hypothesis that the exponent is −1; null without a fit. */
  readonly pOfMinusOne: number | null;
  /** Exponents of fits to one seed at a time: how much the exponent depends on the seed. */
  readonly perSeed: Statistic;
  /** Least squares of the means themselves, weighted by their numbers of seeds: takes every point, positive or not. */
  readonly curve: PowerCurveFit;
  /** As `perSeed`, of such fits. */
  readonly curvePerSeed: Statistic;
}

/** The exact dependence on b of the variance of a batch gradient, laid over data. */
export interface FinitePopulation {
  readonly sampling: SamplingName;
  /** Formula, for a reader. */
  readonly formula: string;
  /** scale·σ²(b)/σ²(1), the scale fitted to the data (mean logarithmic distance zero); null without positive data. */
  readonly points: readonly { readonly x: number; readonly y: number }[] | null;
  /** Exponent a power-law fit gives over the same batch sizes when there is nothing but this factor; null without a fit. */
  readonly exponent: number | null;
}

/** A run with a coordinate and a value. */
export interface ScalingInput {
  readonly id: string;
  readonly seed: number;
  readonly x: number;
  readonly y: number | null;
}

/**
 * Fits mean(y) ∝ x^exponent over runs. Points whose mean is not positive are listed in `fit.excluded`, never dropped
 * silently (arXiv 2604.21016 itself has one, at b = 2500).
 */
export function scaling(inputs: readonly ScalingInput[]): Scaling {
  const places = [...new Set(inputs.map(({ x }) => x))].sort((a, b) => a - b);
  const points = places.map((x) => ({
    x,
    value: overRuns(
      inputs.filter((input) => input.x === x),
      ({ y }) => y,
    ),
  }));
  return withFit(points, inputs);
}

/** As `scaling`, from means that are known already (a difference of means, say); no exponent per seed. */
export function scalingOfMeans(points: readonly ScalingPoint[]): Scaling {
  return withFit(points, []);
}

function withFit(all: readonly ScalingPoint[], inputs: readonly ScalingInput[]): Scaling {
  const points = all.filter(({ value }) => value.mean !== null);
  const x = points.map((point) => point.x);
  const y = points.map(({ value }) => value.mean!);
  const fit = powerLawFit(x, y);
  return {
    points,
    fit,
    pOfMinusOne: fit.line === null ? null : slopeP(fit.line, -1),
    perSeed: perSeedExponents(inputs, powerLawFit),
    curve: powerCurveFit(x, y, { weights: points.map(({ value }) => value.n) }),
    curvePerSeed: perSeedExponents(inputs, powerCurveFit),
  };
}

function perSeedExponents(
  inputs: readonly ScalingInput[],
  fitOf: (x: number[], y: number[]) => PowerLawFit | PowerCurveFit,
): Statistic {
  const bySeed = groupBy(inputs, ({ seed }) => seed);
  const fits = [...bySeed.values()].map((members) => {
    const usable = members.filter(({ y }) => isFiniteNumber(y));
    const fit = fitOf(
      usable.map(({ x }) => x),
      usable.map(({ y }) => y!),
    );
    return { id: usable.map(({ id }) => id).join(" "), exponent: fit.exponent?.value ?? null };
  });
  return overRuns(fits, ({ exponent }) => exponent);
}

const FORMULAS: Readonly<Record<SamplingName, string>> = {
  with: "1/b",
  without: "(n − b)/(b(n − 1))",
  shuffle: "1/b (whole epochs)",
};

/**
 * The factor by which the variance of a batch gradient depends on b when batches are drawn from n examples. Under
 * `without` it bends below 1/b, and a power law fitted to it alone is steeper than −1 (−1.15 for n = 5,000 and b from
 * 50 to 2,500). Batch sizes over n are left out.
 *
 * @param points data to lay the curve over
 * @param extra further batch sizes at which the curve is wanted
 */
export function finitePopulation(
  points: readonly ScalingPoint[],
  n: number,
  sampling: SamplingName,
  extra: readonly number[] = [],
): FinitePopulation {
  const factor = (b: number): number => (b < 1 || b > n ? Number.NaN : noiseVariance(1, n, b, sampling));
  const offsets = points.map(({ x, value }) =>
    value.mean !== null && value.mean > 0 && factor(x) > 0 ? Math.log(value.mean / factor(x)) : null,
  );
  const offset = meanOf(offsets);
  const places = [...new Set([...points.map(({ x }) => x), ...extra])].sort((a, b) => a - b);
  const fitted = points.flatMap(({ x }, i) => (offsets[i] === null ? [] : [x]));
  return {
    sampling,
    formula: FORMULAS[sampling],
    points:
      offset === null
        ? null
        : places.flatMap((x) => (factor(x) > 0 ? [{ x, y: Math.exp(offset) * factor(x) }] : [])),
    exponent: powerLawFit(fitted, fitted.map(factor)).exponent?.value ?? null,
  };
}

/** The curve of `Scaling.curve` over the range of the points; empty without one. */
export function scalingCurve({ curve, points }: Scaling): { readonly x: number; readonly y: number }[] {
  if (curve.reason !== null) return [];
  const { exponent, prefactor } = curve;
  return logGrid(points.map(({ x }) => x)).map((x) => ({ x, y: prefactor.value * x ** exponent.value }));
}

/** 40 places from the least to the greatest, equally spaced in the logarithm. */
export function logGrid(values: readonly number[], count = 40): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));
}
