// The assumptions of the self-stabilisation theory, checked on measured numbers and said in plain sentences.

/** One assumption. `value` and `limit` are what was compared; the sentence says it with numbers either way. */
export interface Assumption {
  readonly name:
    | "positiveSharpness"
    | "progressiveSharpening"
    | "secondEigenvalueStable"
    | "eigengap"
    | "simpleTopEigenvalue";
  readonly holds: boolean;
  readonly value: number;
  readonly limit: number;
  readonly message: string;
}

/** λ₂·η from here on counts as a second direction at the edge (the theory needs it below 2 by a margin). */
export const SECOND_EIGENVALUE_LIMIT = 1.9;
/** (S − λ₂)/|S| below this is a small eigengap: u turns quickly and the O(1/gap) terms left out are not small. */
export const EIGENGAP_LIMIT = 0.05;
/** (S − λ₂)/|S| below this is a repeated eigenvalue to any precision an eigensolver is run at. */
export const DEGENERATE_LIMIT = 1e-6;

/** What is checked; see `LandscapeInput`. */
export interface AssumptionInput {
  readonly alpha: number;
  readonly sharpness: number;
  readonly lambda2: number | null;
  readonly residual: number;
  readonly lr: number;
}

/** Every assumption that the given numbers can decide; those on λ₂ are left out when it is null. */
export function landscapeAssumptions(input: AssumptionInput): readonly Assumption[] {
  const { alpha, sharpness, lambda2, residual, lr } = input;
  const s = short(sharpness);
  const found: Assumption[] = [
    sharpness > 0
      ? {
          name: "positiveSharpness",
          holds: true,
          value: sharpness,
          limit: 0,
          message: `The sharpness ${s} is positive.`,
        }
      : {
          name: "positiveSharpness",
          holds: false,
          value: sharpness,
          limit: 0,
          message: `The sharpness is ${s}: the loss is flat or concave here, so there is no edge of stability to speak of.`,
        },
    {
      name: "progressiveSharpening",
      holds: alpha > 0,
      value: alpha,
      limit: 0,
      message:
        alpha > 0
          ? `α = ${short(alpha)} is positive: the gradient flow sharpens.`
          : `α = ${short(alpha)} is not positive: the gradient flow does not sharpen here, so δ, ε and the predicted gap are undefined. Common at an oscillating iterate, where midpoints and the reference trajectory tell more.`,
    },
  ];
  if (lambda2 === null) return found;
  const scaled = lambda2 * lr;
  const gap = sharpness - lambda2;
  const relative = sharpness === 0 ? 0 : gap / Math.abs(sharpness);
  const resolution = Math.max(residual, DEGENERATE_LIMIT * Math.abs(sharpness));
  found.push(
    {
      name: "secondEigenvalueStable",
      holds: scaled < SECOND_EIGENVALUE_LIMIT,
      value: scaled,
      limit: SECOND_EIGENVALUE_LIMIT,
      message:
        scaled < SECOND_EIGENVALUE_LIMIT
          ? `λ₂·η = ${short(scaled)} is below ${SECOND_EIGENVALUE_LIMIT}: one direction is at the edge.`
          : `λ₂·η = ${short(scaled)} reaches ${SECOND_EIGENVALUE_LIMIT} (the edge is 2): a second direction oscillates too, which the one-direction theory leaves out.`,
    },
    {
      name: "eigengap",
      holds: relative >= EIGENGAP_LIMIT,
      value: relative,
      limit: EIGENGAP_LIMIT,
      message:
        relative >= EIGENGAP_LIMIT
          ? `The eigengap S − λ₂ = ${short(gap)} is ${percent(relative)} of S.`
          : `The eigengap S − λ₂ = ${short(gap)} is only ${percent(relative)} of S = ${s} (wanted: ${percent(EIGENGAP_LIMIT)}): the top eigenvector turns quickly.`,
    },
    {
      name: "simpleTopEigenvalue",
      holds: gap > resolution,
      value: gap,
      limit: resolution,
      message:
        gap > resolution
          ? `The top eigenvalue ${s} is simple.`
          : `S = ${s} and λ₂ = ${short(lambda2)} are one eigenvalue to the accuracy of the solver (${short(resolution)}): u and ∇S depend on which of their eigenvectors was found.`,
    },
  );
  return found;
}

/** Four significant digits, without trailing zeros. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(3))} %`;
}
