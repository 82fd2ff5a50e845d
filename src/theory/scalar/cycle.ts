// The noiseless cycle in the limit of small steps: its conserved energy, its extremes, its period, in closed form.
import { InputError } from "../../math/index.ts";
import { alphaOf, checkSystem, epsilonOf, type ScalarSystem } from "./system.ts";

/**
 * One closed orbit of dX/dτ = XY, dY/dτ = 1 − X², where X = |x|/δ, Y = y/√α and τ = εt counts steps t.
 *
 * Damian et al., arXiv 2209.15594, §4 (there the orbit is described; the closed forms follow from its energy).
 */
export interface Cycle {
  /** E = Y² + X² − 1 − log X² ≥ 0, constant along the orbit; 0 at its centre (1, 0). */
  readonly energy: number;
  /** √(−W₀(−e^(−1−E))), W₀ and W₋₁ being the real branches of Lambert's function. */
  readonly xMin: number;
  /** √(−W₋₁(−e^(−1−E))). */
  readonly xMax: number;
  /** √E, reached at X = 1. */
  readonly yMax: number;
  /** Period in τ; √2·π as E → 0. */
  readonly period: number;
}

/** The orbit of a given energy. @throws InputError when it is negative or not finite */
export function cycleOf(energy: number): Cycle {
  if (!(energy >= 0 && Number.isFinite(energy))) {
    throw new InputError("not the energy of a cycle", {
      field: "energy",
      received: String(energy),
      allowed: "≥ 0",
    });
  }
  return {
    energy,
    xMin: Math.exp(potentialRoot(energy, -1) / 2),
    xMax: Math.exp(potentialRoot(energy, 1) / 2),
    yMax: Math.sqrt(energy),
    period: period(energy),
  };
}

/** E at a point; infinite at x = 0, which no cycle passes. @throws InputError as `checkSystem` */
export function cycleEnergy(system: ScalarSystem, x: number, y: number): number {
  checkSystem(system);
  // Twice a difference of logarithms: x² may underflow where x does not.
  const l = 2 * (Math.log(Math.abs(x)) - Math.log(system.delta2) / 2);
  return (y * y) / alphaOf(system) + potential(l);
}

/** The cycle through a point of a system, in the system's own units. */
export interface SystemCycle extends Cycle {
  /** |x| at its least and largest. */
  readonly leastX: number;
  readonly largestX: number;
  readonly largestY: number;
  /** Period in steps. */
  readonly periodSteps: number;
}

/** @throws InputError as `checkSystem`, and for x = 0 */
export function cycleThrough(system: ScalarSystem, x: number, y: number): SystemCycle {
  const cycle = cycleOf(cycleEnergy(system, x, y));
  const delta = Math.sqrt(system.delta2);
  return {
    ...cycle,
    leastX: cycle.xMin * delta,
    largestX: cycle.xMax * delta,
    largestY: cycle.yMax * Math.sqrt(alphaOf(system)),
    periodSteps: cycle.period / epsilonOf(system),
  };
}

/** h = X² − 1 − log X² as a function of l = log X², that is eˡ − 1 − l, without cancellation near l = 0. */
function potential(l: number): number {
  if (Math.abs(l) > 0.5) return Math.expm1(l) - l;
  let sum = 0;
  let term = l;
  for (let k = 2; k < 18; k++) {
    term *= l / k;
    sum += term;
  }
  return sum;
}

/**
 * The root l of eˡ − 1 − l = E on one side of 0, by Newton's method from outside, where convexity makes it monotone.
 * Then eˡ = −W(−e^(−1−E)); in this form the argument cannot underflow, nor lose its digits near −1/e.
 */
function potentialRoot(energy: number, side: -1 | 1): number {
  if (energy === 0) return 0;
  const small = Math.sqrt(2 * energy);
  let l = side < 0 ? -(energy + small) : Math.min(small, Math.log(1 + energy + small));
  for (let k = 0; k < 60; k++) {
    const step = (potential(l) - energy) / Math.expm1(l);
    l -= step;
    if (Math.abs(step) <= 2 ** -52 * Math.abs(l)) break;
  }
  return l;
}

/**
 * Period in τ. With h(l) = s² and s = √E·sin θ, Y = √E·cos θ the time element is dτ = s dθ/(eˡ − 1): smooth and
 * periodic in θ, so the trapezoidal rule converges faster than any power of the spacing. The two half turns are equal.
 */
function period(energy: number): number {
  const size = Math.sqrt(energy);
  const element = (theta: number): number => {
    const s = size * Math.sin(theta);
    if (s * s === 0) return Math.SQRT1_2;
    return s / Math.expm1(potentialRoot(s * s, s < 0 ? -1 : 1));
  };
  let points = 16;
  let sum = (element(-Math.PI / 2) + element(Math.PI / 2)) / 2;
  for (let k = 1; k < points; k++) sum += element(-Math.PI / 2 + (k * Math.PI) / points);
  for (let result = (2 * Math.PI * sum) / points; ;) {
    for (let k = 0; k < points; k++) sum += element(-Math.PI / 2 + ((k + 0.5) * Math.PI) / points);
    points *= 2;
    const finer = (2 * Math.PI * sum) / points;
    if (Math.abs(finer - result) <= 1e-12 * finer || points >= 1 << 16) return finer;
    result = finer;
  }
}
