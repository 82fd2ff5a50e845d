// How a tracked run went, for reading: the start, and the errors of every form in the theorem's units.
import type { ErrorSpread, TrackEnd, TrackSummary } from "../../theory/index.ts";
import { formatNumber, formatTable } from "../format.ts";

/** Two tables: scalars at the start and the end of θ†, and normalised errors (median and largest) by form. */
export function trajectoryText(summary: TrackSummary, end: TrackEnd): string {
  const { start, last, turns, noise } = summary;
  const scalars = (
    ["loss", "sharpness", "lambda2", "alpha", "beta", "kappa", "delta", "epsilon"] as const
  ).map((name) => [name, formatNumber(start[name]), formatNumber(last.reference[name])]);
  const spread = ({ median, max }: ErrorSpread): string =>
    `${formatNumber(median, 3)} (${formatNumber(max, 3)})`;
  const errors = Object.entries(summary.forms).map(([form, { steps, deviation, errors: found }]) => [
    form,
    String(steps - 1),
    formatNumber(deviation, 3),
    spread(found.deviation),
    spread(found.loss),
    spread(found.sharpness),
  ]);
  return [
    formatTable(
      [
        { title: "at θ†" },
        { title: "start", align: "right" },
        { title: `step ${last.step}`, align: "right" },
      ],
      scalars,
    ),
    formatTable(
      [
        { title: "prediction" },
        { title: "steps", align: "right" },
        { title: "max ‖v−v̂‖/δ", align: "right" },
        { title: "‖v−v̂‖/(εδ)", align: "right" },
        { title: "loss·η/(εδ²)", align: "right" },
        { title: "sharpness·η/ε²", align: "right" },
      ],
      errors,
    ),
    `Errors: median (largest) over the steps. y changed sign ${turns} times (twice a cycle).`,
    ...(noise === undefined
      ? []
      : [
          `Noise along u: σ_u² ${formatNumber(noise.alongU, 3)}, η²σ_u²/δ² + 3ε² ${formatNumber(noise.equilibrium, 3)}; all of it: η²E‖ξ‖²/(εδ²) ${formatNumber(noise.coupling, 3)}.`,
        ]),
    `${end.status}: ${end.message}`,
  ].join("\n");
}

/** Why the noise is beyond the theory, in a sentence; null when it is not. */
export function noiseWarning({ noise }: TrackSummary): string | null {
  if (noise === undefined || noise.equilibrium < 1) return null;
  return `the noise is too strong for an equilibrium: η²σ_u²/δ² + 3ε² = ${formatNumber(noise.equilibrium, 3)} reaches 1, so no gap is predicted, and the predictions follow the run for a few steps only; take larger batches`;
}
