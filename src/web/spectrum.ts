// The eigenvalue distribution of the Hessian at one point: all of it for small networks, by quadrature for others.
import { lanczosQuadrature, type LinearOperator, type Objective } from "../curvature/index.ts";
import { RunError, symmetricEigen, type Vector, zeros } from "../math/index.ts";
import type { SpectrumResult } from "./protocol.ts";

/** Up to so many parameters every eigenvalue is found: as many products, and a cubic time that is still a moment. */
const EXACT_SIZE = 350;
const PROBES = 4;
const QUADRATURE_STEPS = 60;

/**
 * Eigenvalues with weights that sum to 1.
 *
 * @param turn awaited between products, to let messages in
 * @throws RunError when the Hessian is not finite there
 */
export async function spectrumOf(
  objective: Objective,
  theta: Vector,
  seed: number,
  turn: () => Promise<void>,
): Promise<Pick<SpectrumResult, "eigenvalues" | "weights" | "exact">> {
  const hessian = await objective.hessian(theta);
  const operator: LinearOperator = {
    size: hessian.size,
    dtype: hessian.dtype,
    apply: async (v, out) => {
      await hessian.apply(v, out);
      await turn();
    },
  };
  if (operator.size > EXACT_SIZE) {
    const { nodes, weights } = await lanczosQuadrature(operator, {
      steps: QUADRATURE_STEPS,
      probes: PROBES,
      seed,
    });
    return { eigenvalues: nodes, weights, exact: false };
  }
  const eigenvalues = Float64Array.from(symmetricEigen(await denseRows(operator)).values);
  return { eigenvalues, weights: new Float64Array(operator.size).fill(1 / operator.size), exact: true };
}

/** The operator as rows: one product a row, averaged with its transpose so that rounding leaves it symmetric. */
async function denseRows(operator: LinearOperator): Promise<Float64Array[]> {
  const { size, dtype } = operator;
  const unit = zeros(dtype, size);
  const image = zeros(dtype, size);
  const rows: Float64Array[] = [];
  for (let i = 0; i < size; i++) {
    unit[i] = 1;
    await operator.apply(unit, image);
    unit[i] = 0;
    if (!image.every(Number.isFinite)) throw new RunError("the Hessian is not finite here");
    rows.push(Float64Array.from(image));
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) rows[i]![j] = (rows[i]![j]! + rows[j]![i]!) / 2;
  }
  return rows;
}
