// Repeated eigenvalues of small operators: the copies that Lanczos from one start vector cannot see.
import { axpy, dot, norm, type Vector, zeros } from "../math/index.ts";
import type { EigenResult, LanczosOptions } from "./lanczos-types.ts";
import type { LinearOperator } from "./operator.ts";

/**
 * Operators of no more dimensions are searched: there a product costs little, and exact repetitions are common
 * (regression with several outputs, landscapes made by hand). Beyond it the search would cost as much as the solve, and
 * rounding separates the copies anyway.
 */
export const SMALL_OPERATOR = 1000;

/** The eigensolver to search with. */
export type Solve = (operator: LinearOperator, options: LanczosOptions) => Promise<EigenResult>;

/** Relative residual at which an eigenvalue is known well enough to tell whether it is among the largest. */
const ROUGH = 0.01;

/**
 * Replaces found pairs by larger ones they hide: a Krylov space holds one direction of every eigenspace. With the found
 * eigenvectors moved to the bottom of the spectrum, the top of what is left is looked for from a random direction, and
 * so on until it is no larger than the smallest pair, or the products allowed are spent. Costs one rough cold solve when
 * nothing is hidden.
 */
export async function withRepeated(
  operator: LinearOperator,
  found: EigenResult,
  options: LanczosOptions,
  solve: Solve,
): Promise<EigenResult> {
  const { tol = 1e-4, maxProducts = 300, seed = 0 } = options;
  const tolerance = (j: number): number => (typeof tol === "number" ? tol : (tol[j] ?? tol.at(-1) ?? 1e-4));
  const last = found.eigenvalues.length - 1;
  let result = found;
  let { hvps } = found;
  for (let round = 0; round <= last && hvps < maxProducts; round++) {
    const rest = deflated(operator, result);
    const rough = await solve(rest, { tol: ROUGH, maxProducts: maxProducts - hvps, seed: seed + round + 1 });
    hvps += rough.hvps;
    const smallest = result.eigenvalues[last]!;
    const hidden = rough.eigenvalues[0]! > smallest + ROUGH ** 2 * Math.abs(smallest);
    // The residual of what is found takes a product as well.
    if (!hidden || maxProducts - hvps < 2) break;
    const fine = await solve(rest, {
      tol: Math.min(...result.eigenvalues.map((_, j) => tolerance(j))),
      maxProducts: maxProducts - hvps - 1,
      seed,
      start: rough.eigenvectors,
    });
    hvps += fine.hvps;
    const [value, vector] = [fine.eigenvalues[0]!, fine.eigenvectors[0]];
    if (vector === undefined) break;
    const residual = await residualOf(operator, value, vector);
    hvps += 1;
    result = inserted(result, value, { vector, residual });
  }
  if (result === found) return { ...found, hvps };
  const { eigenvalues, residuals } = result;
  const converged = residuals.every((each, j) => each <= tolerance(j) * Math.abs(eigenvalues[j]!));
  return { ...result, hvps, converged };
}

/** A − c·Σ u uᵀ over the found eigenvectors, with c so large that none of them is above the smallest found eigenvalue. */
export function deflated(
  operator: LinearOperator,
  { eigenvalues, eigenvectors }: Pick<EigenResult, "eigenvalues" | "eigenvectors">,
): LinearOperator {
  const shift = 2 * Math.max(...eigenvalues.map(Math.abs));
  return {
    size: operator.size,
    dtype: operator.dtype,
    apply: async (v, out) => {
      await operator.apply(v, out);
      for (const u of eigenvectors) axpy(-shift * dot(u, v), u, out);
    },
  };
}

async function residualOf(operator: LinearOperator, value: number, vector: Vector): Promise<number> {
  const image = zeros(operator.dtype, operator.size);
  await operator.apply(vector, image);
  axpy(-value, vector, image);
  return norm(image);
}

/** The pairs with one more in its place and the smallest dropped. */
function inserted(
  result: EigenResult,
  value: number,
  { vector, residual }: { readonly vector: Vector; readonly residual: number },
): EigenResult {
  const pairs = result.eigenvalues.map((each, j) => ({
    value: each,
    vector: result.eigenvectors[j]!,
    residual: result.residuals[j]!,
  }));
  // Behind its equals: the vectors found first stay where they were.
  const before = pairs.filter((pair) => pair.value >= value).length;
  pairs.splice(before, 0, { value, vector, residual });
  pairs.pop();
  return {
    ...result,
    eigenvalues: pairs.map((pair) => pair.value),
    eigenvectors: pairs.map((pair) => pair.vector),
    residuals: pairs.map((pair) => pair.residual),
  };
}
