// How a tracked run went, for reading: the start, and the errors of every form in the theorem's units.
import type { ErrorSpread, TrackEnd, TrackSummary } from "../../theory/index.ts";
import { formatNumber, formatTable } from "../format.ts";

/** Two tables: scalars at the start and the end of θ†, and normalised errors (median and largest) by form. */
export function trajectoryText(summary: TrackSummary, end: TrackEnd): string {
  const { start, last, turns } = summary;
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
    `${end.status}: ${end.message}`,
  ].join("\n");
}
