// What came of a search for period-two orbits, each outcome as one sentence.
import type { OrbitDirection } from "./half-amplitude.ts";
import type { OrbitSolve } from "./orbit-newton.ts";

const VALLEY =
  "the curvature changes along a valley of minima, which the oscillation follows, so that no orbit is isolated";

type Origin = Pick<OrbitDirection, "solve" | "flatness" | "eigenvalue">;

/** Whether the equation for the centre's shift was left unsolved, so that Q means little. */
function unresolved({ outcome, residual }: OrbitDirection["solve"]): boolean {
  return outcome !== "converged" && residual > 0.01;
}

function unresolvedText({ solve, flatness, eigenvalue }: Origin): string {
  const flat = flatness === null ? "" : `, of curvature ${(flatness / eigenvalue).toExponential(1)} λ`;
  return `the curvature changes along nearly flat directions${flat}, which leave H⁻¹T unsolved (relative residual ${solve.residual.toPrecision(2)}) and Q uncertain`;
}

/** Why there is nothing to be expected along a direction. */
export function absenceVerdict(direction: OrbitDirection, lr: number): string {
  const { kind, criticalRate, coefficient, solve } = direction;
  if (solve.outcome === "singular") return `no orbit: ${VALLEY}`;
  if (unresolved(solve)) return `no prediction: ${unresolvedText(direction)}`;
  if (kind === "degenerate") return "no prediction: the coefficient Q vanishes, higher orders decide";
  const [side, here] = coefficient < 0 ? ["above", "below"] : ["below", "above"];
  return `no orbit: they appear for η ${side} 2/λ = ${criticalRate!.toPrecision(6)}, η = ${lr.toPrecision(6)} is ${here} it, and the half-amplitude function does not cross 2/η`;
}

const FAILURES: Readonly<Record<Exclude<OrbitSolve["outcome"], "orbit">, string>> = {
  "fixed-point": "it fell into a fixed point",
  singular: "the linearised equations have no solution",
  stalled: "it did not converge",
  "not-finite": "it left the region where the loss is finite",
};

/** How Newton's search from a guess ended, the collapse into a fixed point included. */
export function guessVerdict(solve: OrbitSolve, known: boolean): string {
  const { outcome, collapsed, amplitude, residual } = solve;
  if (outcome === "orbit") {
    if (known) return "an orbit already found from another start";
    const deflated = collapsed ? " (after Newton fell into the fixed point, which was deflated)" : "";
    return `orbit of half-amplitude ${amplitude.toPrecision(4)}${deflated}`;
  }
  const where = outcome === "stalled" ? ` at relative residual ${residual.toExponential(1)}` : "";
  return collapsed
    ? `no orbit: Newton fell into the fixed point; with that deflated, ${FAILURES[outcome]}${where}`
    : `no orbit: in Newton's search, ${FAILURES[outcome]}${where}`;
}

/** What came of a search along a direction, beside what had been predicted there. */
export function searchVerdict(
  solve: OrbitSolve,
  known: boolean,
  predicted: number | null,
  direction: OrbitDirection,
): string {
  const { solve: centre, criticalRate } = direction;
  const found = guessVerdict(solve, known);
  if (solve.outcome === "orbit") {
    return predicted === null || known ? found : `${found}, predicted ${predicted.toPrecision(4)}`;
  }
  if (centre.outcome === "singular") return `${found}; ${VALLEY}`;
  if (unresolved(centre)) return `${found}; ${unresolvedText(direction)}`;
  return predicted === null
    ? found
    : `${found}; the branch born at 2/λ = ${criticalRate!.toPrecision(6)} may end before this η: follow it from nearer its birth`;
}
