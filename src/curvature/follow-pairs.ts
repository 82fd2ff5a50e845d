// The top eigenpairs near a point where they are known: what following a trajectory asks for at every step.
import type { Vector } from "../math/index.ts";
import { lanczos } from "./lanczos.ts";
import { deflated } from "./lanczos-repeated.ts";
import type { EigenResult, LanczosOptions } from "./lanczos-types.ts";
import type { LinearOperator } from "./operator.ts";

/** One Krylov basis spans so small an operator, and gives all of it to rounding. */
const EXACT_SIZE = 40;

/**
 * The top pair, or the top two, from what they were nearby. The first is refined from the known vector alone, with no
 * random direction to work off again; the second is then looked for in what is left once the first is taken out, from
 * its known vector and a little of everything else, to a tolerance of its own. Where that finds something larger than
 * the first (the two have crossed), or either does not converge, `lanczos` decides.
 *
 * With k = 1 a crossing goes unseen: ask for two where it matters.
 *
 * @param known unit eigenvectors nearby, descending, at least one
 * @param options as of `lanczos`, with k of 1 or 2; `start` and `startNoise` are not read
 * @returns what `lanczos` returns; the residual of the second is that of the deflated operator
 */
export async function followPairs(
  operator: LinearOperator,
  known: readonly Vector[],
  options: LanczosOptions & { readonly k?: 1 | 2 } = {},
): Promise<EigenResult> {
  const { k = 1, tol = 1e-4, ...rest } = options;
  if (operator.size <= EXACT_SIZE) return lanczos(operator, { ...options, start: known.slice(0, k) });
  const [tolerance, secondTolerance] = typeof tol === "number" ? [tol, tol] : [tol[0], tol[1] ?? tol[0]];
  const first = await lanczos(operator, {
    ...rest,
    k: 1,
    ...(tolerance === undefined ? {} : { tol: tolerance }),
    start: known.slice(0, 1),
    startNoise: 0,
  });
  if (k === 1) return first;
  const second = await lanczos(deflated(operator, first), {
    ...rest,
    k: 1,
    ...(secondTolerance === undefined ? {} : { tol: secondTolerance }),
    start: known.slice(1, 2),
  });
  const hvps = first.hvps + second.hvps;
  if (second.converged && second.eigenvalues[0]! < first.eigenvalues[0]!) {
    const both = <T>(name: (result: EigenResult) => readonly T[]): T[] => [...name(first), ...name(second)];
    return {
      eigenvalues: both((result) => result.eigenvalues),
      eigenvectors: both((result) => result.eigenvectors),
      residuals: both((result) => result.residuals),
      hvps,
      converged: true,
    };
  }
  const crossed = second.eigenvalues[0]! > first.eigenvalues[0]!;
  const [upper, lower] = crossed ? [second, first] : [first, second];
  const whole = await lanczos(operator, {
    ...options,
    start: [...upper.eigenvectors, ...lower.eigenvectors],
  });
  return { ...whole, hvps: hvps + whole.hvps };
}
