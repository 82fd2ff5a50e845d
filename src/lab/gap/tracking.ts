// Does β·σ_u² follow the gap from one batch size to the next? The test of a theory whose α cannot be measured well.
import { isFiniteNumber } from "./statistic.ts";

/** Standard errors from which a gap counts as one. */
const RECOGNISED = 2;

/** One batch size; every value a mean over seeds. */
export interface TrackingInput {
  readonly batch: number;
  readonly gap: number | null;
  /** Standard error of the gap; null when not known. */
  readonly gapError: number | null;
  readonly beta: number | null;
  /** σ_u² at this batch size. */
  readonly noiseU: number | null;
}

/** One batch size of the comparison. */
export interface TrackingPoint {
  readonly batch: number;
  readonly gap: number;
  /** scale·β·σ_u². */
  readonly tracked: number;
  /** ln(tracked/gap); null where the gap is not positive. */
  readonly logRatio: number | null;
  /** Whether the gap is less than two of its standard errors: its logarithm then measures the error. */
  readonly lost: boolean;
}

/** β·σ_u² beside the gap. */
export interface Tracking {
  /** gap/(βσ_u²) at the smallest batch size: η/(4α) in the theory. */
  readonly scale: number;
  /** The smallest batch size, where both agree by construction. */
  readonly anchor: number;
  readonly points: readonly TrackingPoint[];
  /** Root mean square of `logRatio` over the other points whose gap is not lost; null without any. */
  readonly rms: number | null;
}

/**
 * Rescales βσ_u² to the gap at the smallest batch size (figure 7B of arXiv 2604.21016). Null when that gap is not
 * positive, or nothing was measured there.
 */
export function tracking(inputs: readonly TrackingInput[]): Tracking | null {
  const known = inputs
    .flatMap(({ batch, gap, gapError, beta, noiseU }) =>
      isFiniteNumber(gap) && isFiniteNumber(beta) && isFiniteNumber(noiseU)
        ? [{ batch, gap, lost: gap < RECOGNISED * (gapError ?? 0), product: beta * noiseU }]
        : [],
    )
    .sort((a, b) => a.batch - b.batch);
  const anchor = known[0];
  if (anchor === undefined || anchor.gap <= 0 || anchor.product <= 0) return null;
  const scale = anchor.gap / anchor.product;
  const points = known.map(({ batch, gap, lost, product }) => {
    const tracked = scale * product;
    return { batch, gap, tracked, logRatio: gap > 0 && tracked > 0 ? Math.log(tracked / gap) : null, lost };
  });
  const others = points
    .slice(1)
    .filter(({ lost }) => !lost)
    .map(({ logRatio }) => logRatio)
    .filter(isFiniteNumber);
  const rms =
    others.length === 0 ? null : Math.sqrt(others.reduce((sum, x) => sum + x * x, 0) / others.length);
  return { scale, anchor: anchor.batch, points, rms };
}
