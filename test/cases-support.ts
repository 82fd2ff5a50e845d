// What every catalogue of cases shares: arrays read by index, generic values, derivatives by differences.
import { randomStream } from "../src/math/index.ts";
import { sizeOf, type Attributes, type NdArray, type Shape } from "../src/tensor/index.ts";

export type Index = readonly number[];

/** Element of an array at an index that may belong to a larger, broadcast shape (axes align at the end). */
export type Read = (index: Index) => number;

/** How an input is filled: named families, or the values themselves. */
export type Fill = "generic" | "positive" | "flags" | readonly number[];

export interface CaseInput {
  readonly shape: Shape;
  readonly fill: Fill;
}

/** One application of an operator, with its result written down independently of the operator table. */
export interface OperatorCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly attributes: Attributes;
  /** Expected output shape. */
  readonly shape: Shape;
  /** Definition of one output element. */
  readonly value: (reads: readonly Read[], index: Index) => number;
  /** Inputs with a derivative; the others must have none, not a zero one. Default: all. */
  readonly differentiable?: readonly boolean[];
}

/** An operator applied to inputs it must refuse. */
export interface Misfit {
  readonly op: string;
  readonly shapes: readonly Shape[];
  readonly attributes?: Attributes;
}

export const generic = (...shape: number[]): CaseInput => ({ shape, fill: "generic" });
export const positive = (...shape: number[]): CaseInput => ({ shape, fill: "positive" });
export const flags = (...shape: number[]): CaseInput => ({ shape, fill: "flags" });
export const given = (shape: Shape, fill: readonly number[]): CaseInput => ({ shape, fill });

export function reader({ shape, data }: NdArray): Read {
  return (index) => {
    let flat = 0;
    shape.forEach((dim, axis) => {
      flat = flat * dim + (dim === 1 ? 0 : index[index.length - shape.length + axis]!);
    });
    return data[flat]!;
  };
}

/** Array of `shape` whose element at each index is `value(index)`. */
export function tabulate(shape: Shape, value: (index: Index) => number): Float64Array {
  const out: number[] = [];
  const visit = (index: Index): void => {
    if (index.length === shape.length) out.push(value(index));
    else for (let i = 0; i < shape[index.length]!; i++) visit([...index, i]);
  };
  visit([]);
  return Float64Array.from(out);
}

/** Row-major position of an index. */
export function flatten(index: Index, shape: Shape): number {
  return shape.reduce((flat, dim, axis) => flat * dim + index[axis]!, 0);
}

/** Index of a row-major position. */
export function unflatten(flat: number, shape: Shape): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const dim of shape.toReversed()) {
    index.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return index;
}

/** Calls `visit` with every index of a shape, in row-major order. */
export function forEachIndex(shape: Shape, visit: (index: Index) => void): void {
  for (let flat = 0; flat < sizeOf(shape); flat++) visit(unflatten(flat, shape));
}

/**
 * Values for an input. `generic`: both signs, magnitudes in [0.5, 1.9], pairwise apart by far more than a
 * difference step, so that no step crosses a kink, a tie or a pole. `positive`: the same, positive. `flags`: 0 and 1.
 */
export function fillInput({ shape, fill }: CaseInput, seed: number): Float64Array<ArrayBuffer> {
  const size = sizeOf(shape);
  if (typeof fill !== "string") return Float64Array.from(fill);
  if (fill === "flags") return Float64Array.from({ length: size }, (_, k) => Number(k % 3 !== 1));
  const order = Array.from({ length: size }, (_, k) => k);
  const stream = randomStream(seed, "case values");
  stream.shuffle(order);
  return Float64Array.from(order, (k) => {
    // Inputs of one case (other seeds) get magnitudes of their own, so comparisons meet no ties by accident.
    const magnitude = 0.5 + (1.4 * (k + 0.1 + 0.13 * (seed % 7))) / size;
    return fill === "positive" || stream.uniform() < 0.5 ? magnitude : -magnitude;
  });
}

/** Random directions with entries in (−1, 1). */
export function direction(size: number, seed: number): Float64Array<ArrayBuffer> {
  const stream = randomStream(seed, "case directions");
  return Float64Array.from({ length: size }, () => 2 * stream.uniform() - 1);
}

/**
 * Derivative at 0 of functions of one variable by the five-point rule: error ∝ h⁴f⁗′/30 + ε|f|/h, about 1e-12
 * at this step for functions of size 1 varying over lengths of order 1.
 */
export function differentiateNumerically(values: (s: number) => readonly Float64Array[]): Float64Array[] {
  const h = 1e-3;
  const [far2, far1, near1, near2] = [-2 * h, -h, h, 2 * h].map(values);
  return near1!.map((right1, k) =>
    right1.map((_, i) => {
      const at = (side: readonly Float64Array[]): number => side[k]![i]!;
      return (8 * (at(near1!) - at(far1!)) - (at(near2!) - at(far2!))) / (12 * h);
    }),
  );
}

/** Largest |a − b| over all entries, relative to the largest |b| or 1, whichever is larger. Shapes must agree. */
export function worstError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let scale = 1;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    scale = Math.max(scale, Math.abs(b[i]!));
    const error = Object.is(a[i], b[i]) ? 0 : Math.abs(a[i]! - b[i]!);
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
  }
  return worst / scale;
}

export function innerProduct(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}
