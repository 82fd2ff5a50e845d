// Spectral density of an operator by stochastic Lanczos quadrature: nodes and weights, without eigenvectors.
import {
  InputError,
  RunError,
  dot,
  randomStream,
  scale,
  tridiagonalEigen,
  type Vector,
  zeros,
} from "../math/index.ts";
import type { LinearOperator } from "./operator.ts";
import { orthogonalise } from "./orthogonalise.ts";

export interface QuadratureOptions {
  /** Products for each probe; a rule of m nodes is exact for the probe's moments up to 2m − 1. */
  readonly steps: number;
  /** Random start vectors averaged over. */
  readonly probes: number;
  readonly seed: number;
}

/** Nodes in descending order; the weights sum to 1. */
export interface Quadrature {
  readonly nodes: Float64Array<ArrayBuffer>;
  readonly weights: Float64Array<ArrayBuffer>;
}

/**
 * ∫f dμ ≈ Σ w_k f(t_k) for the density μ of the eigenvalues: Gauss quadrature of each probe's measure, averaged over
 * random signs. Extreme nodes are eigenvalues to many digits; between them the rule is a smoothed histogram.
 *
 * `steps`·`probes` products; memory: `steps` vectors, orthogonalised in full. Ghorbani, Krishnan & Xiao,
 * arXiv 1901.10159, §2; Golub & Meurant 2010.
 *
 * @throws InputError for counts below 1; RunError when a product is not finite
 */
export async function lanczosQuadrature(
  operator: LinearOperator,
  { steps, probes, seed }: QuadratureOptions,
): Promise<Quadrature> {
  for (const [field, count] of Object.entries({ steps, probes })) {
    if (Number.isSafeInteger(count) && count >= 1) continue;
    throw new InputError("not a count", { field, received: String(count), allowed: "whole numbers from 1" });
  }
  const random = randomStream(seed, "spectral density");
  const found: (readonly [node: number, weight: number])[] = [];
  for (let probe = 0; probe < probes; probe++) {
    const start = zeros(operator.dtype, operator.size);
    for (let i = 0; i < start.length; i++) start[i] = random.uniform() < 0.5 ? -1 : 1;
    const { diagonal, offDiagonal } = await tridiagonalise(operator, start, Math.min(steps, operator.size));
    const { values, vectors } = tridiagonalEigen(diagonal, offDiagonal);
    values.forEach((value, k) => found.push([value, vectors[k]![0]! ** 2 / probes]));
  }
  found.sort(([a], [b]) => b - a);
  return {
    nodes: Float64Array.from(found, ([node]) => node),
    weights: Float64Array.from(found, ([, weight]) => weight),
  };
}

/** The tridiagonal matrix of `steps` Lanczos steps, fewer when the subspace closes. `start` is overwritten. */
async function tridiagonalise(
  operator: LinearOperator,
  start: Vector,
  steps: number,
): Promise<{ diagonal: number[]; offDiagonal: number[] }> {
  const rounding = operator.dtype === "float32" ? 1e-6 : 1e-13;
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  const basis: Vector[] = [];
  let next = start;
  let size = Math.sqrt(dot(next, next));
  for (;;) {
    scale(1 / size, next);
    basis.push(next);
    const image = zeros(operator.dtype, operator.size);
    await operator.apply(next, image);
    const before = Math.sqrt(dot(image, image));
    if (!Number.isFinite(before)) throw new RunError("the operator is not finite");
    diagonal.push(dot(image, next));
    orthogonalise(image, basis);
    size = Math.sqrt(dot(image, image));
    if (basis.length === steps || size <= rounding * Math.max(before, Math.abs(diagonal[0]!))) {
      return { diagonal, offDiagonal };
    }
    offDiagonal.push(size);
    next = image;
  }
}
