// `brink orbits` for reading: the fixed point, a row a direction, a paragraph an orbit.
import type { OrbitBranch, OrbitStability } from "../../theory/index.ts";
import type { OrbitRecord, OrbitsRecord } from "./record.ts";
import { formatNumber, formatTable } from "../format.ts";

/** Everything a person wants of the search; the rest is in `--json`. */
export function orbitsText(record: OrbitsRecord): string {
  const { fixedPoint, lr, threshold, directions, orbits, fromIterates } = record;
  const moved = fixedPoint.moved > 0 ? `, ${formatNumber(fixedPoint.moved)} away` : "";
  const where = fixedPoint.converged
    ? `fixed point: loss ${formatNumber(fixedPoint.loss, 6)}${moved}`
    : `no fixed point reached: loss ${formatNumber(fixedPoint.loss, 6)}, ‖∇L‖ ${formatNumber(fixedPoint.gradNorm)}`;
  const table = formatTable(
    [
      { title: "λ", align: "right" },
      { title: "2/λ", align: "right" },
      { title: "Q", align: "right" },
      { title: "type" },
      { title: "predicted", align: "right" },
      { title: "outcome" },
    ],
    directions.map((direction) => [
      formatNumber(direction.eigenvalue, 6),
      formatNumber(direction.criticalRate, 6),
      ...(isCertain(direction)
        ? [formatNumber(direction.coefficient, 5), direction.kind]
        : ["–", "uncertain"]),
      direction.predicted === null ? "–" : formatNumber(direction.predicted, 5),
      direction.verdict,
    ]),
  );
  return [
    `η = ${formatNumber(lr, 6)}, 2/η = ${formatNumber(threshold, 6)}`,
    where,
    directions.length > 0 ? `\n${table}` : "no direction of positive curvature\n",
    ...(fromIterates === undefined ? [] : [`from two consecutive iterates: ${fromIterates.verdict}`]),
    ...(orbits.length === 0 ? ["no orbit of period two was found"] : orbits.map(orbitText)),
  ].join("\n");
}

/** Whether Q is known: not where the curvature changes along a valley, or along directions too flat to be solved for. */
function isCertain({ solve }: OrbitsRecord["directions"][number]): boolean {
  return solve.outcome === "converged" || solve.residual <= 0.01;
}

function orbitText(orbit: OrbitRecord, index: number): string {
  const lines = [
    `orbit ${index + 1}: half-amplitude ${formatNumber(orbit.amplitude, 6)}, losses ${orbit.losses
      .map((loss) => formatNumber(loss, 6))
      .join(" and ")}, ${stabilityText(orbit.stability)}`,
  ];
  if (orbit.branch) lines.push(`  ${branchText(orbit.branch)}`);
  return lines.join("\n");
}

function stabilityText({ verdict, along, multipliers, converged }: OrbitStability): string {
  const outer = multipliers[0]!;
  const largest =
    outer.im === 0
      ? formatNumber(outer.re, 5)
      : `${formatNumber(outer.re, 5)} ± ${formatNumber(Math.abs(outer.im), 5)}i`;
  const doubt = converged ? "" : " (not settled)";
  return `${verdict}: multiplier ${formatNumber(along, 5)} along the orbit, outermost ${largest}${doubt}`;
}

const ENDS: Readonly<Record<OrbitBranch["end"], (at: string) => string>> = {
  target: (at) => `exists as far as η = ${at}`,
  collapsed: (at) => `shrinks into the fixed point at η = ${at}`,
  fold: (at) => `ends in a fold near η = ${at}: beyond it there is no such orbit`,
  "period-doubled": (at) => `doubles its period at η = ${at}`,
  lost: (at) => `is lost near η = ${at}: the equations became singular or the solver failed`,
  budget: (at) => `was followed to η = ${at}, all points used`,
};

/** How a branch ends, as the end of a sentence that begins with it. */
export function branchEnd({ end, lr }: Pick<OrbitBranch, "end" | "lr">): string {
  return ENDS[end](formatNumber(lr, 7));
}

function branchText(branch: Pick<OrbitBranch, "end" | "lr" | "points">): string {
  const { points } = branch;
  const last = formatNumber(points.at(-1)!.amplitude, 5);
  return `${branchEnd(branch)} (${points.length} points, last half-amplitude ${last})`;
}
