// Whether the identities of edge coupling hold in a record: each residual against what rounding may make of it.
import type { CouplingIdentity, CouplingRecord } from "./events.ts";

/** An identity whose residual rounding does not explain. */
export interface CouplingViolation {
  readonly identity: CouplingIdentity;
  readonly residual: number;
  readonly rounding: number;
  /** What that means, as a sentence. */
  readonly message: string;
}

/** Orders of magnitude are what `roundings` promises of some: a violation is well beyond. */
const MARGIN = 16;

const MEANINGS: Readonly<Record<CouplingIdentity, string>> = {
  telescoping: "the loss changes of the steps do not add up to the fall of the loss",
  balance: "steps with r̃ below and above 2/η do not balance the fall of the loss",
  forcing: "the weighted mean of r̃ is not what the fall of the loss makes it",
  update: "the steps are not −η∇L of the recorded learning rate and loss",
  nearPeriodicity: "r̄ is further from 2/η than the return after two steps allows",
};

/** The identities that fail, none when all hold to rounding. Records from before rounding was recorded are not judged. */
export function couplingViolations({
  residuals,
  roundings,
}: Pick<CouplingRecord, "residuals" | "roundings">): readonly CouplingViolation[] {
  if (roundings === undefined) return [];
  return (Object.keys(MEANINGS) as CouplingIdentity[]).flatMap((identity) => {
    const [residual, rounding] = [residuals[identity], roundings[identity]];
    if (residual <= MARGIN * rounding) return [];
    const size = `off by ${residual.toExponential(1)}, rounding explains ${rounding.toExponential(1)}`;
    return [{ identity, residual, rounding, message: `${MEANINGS[identity]}: ${size}` }];
  });
}

/** The largest share of its rounding that a residual takes up; null when rounding was not recorded. */
export function worstCouplingShare({
  residuals,
  roundings,
}: Pick<CouplingRecord, "residuals" | "roundings">): number | null {
  if (roundings === undefined) return null;
  const shares = (Object.keys(MEANINGS) as CouplingIdentity[]).map((identity) =>
    residuals[identity] <= 0 ? 0 : residuals[identity] / roundings[identity],
  );
  return Math.max(...shares);
}
