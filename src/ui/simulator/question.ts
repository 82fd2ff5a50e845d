// The simulator's controls as a question to the theory, and as a command.
import type { SimulationRequest } from "../../web/simulation.ts";
import { shellCommand } from "../kit/shell.ts";
import type { SimulatorValues } from "./properties.ts";

const RUNS = 16;
const STEPS = 24_000;

/** Noise levels of the comparison: from none to beyond the chosen one, which is among them. */
export function levelsAround(noise: number): readonly number[] {
  const top = Math.max(10, 2 * noise);
  const even = Array.from({ length: 7 }, (_, i) => (top * i) / 6);
  return [...new Set([...even, noise])].sort((a, b) => a - b);
}

export function questionOf(values: SimulatorValues): SimulationRequest {
  const { eta: lr, beta, delta2, kappa, noise: noiseU, noiseY, steps, x0, y0, seed } = values;
  return {
    system: { lr, beta, delta2, kappa, noiseU, noiseY },
    drawn: steps,
    steps: STEPS,
    runs: RUNS,
    levels: levelsAround(noiseU),
    seed,
    x0,
    y0,
  };
}

export function commandOf(values: SimulatorValues): string {
  const { eta, beta, delta2, kappa, noise, noiseY, x0, y0, seed } = values;
  const flags = {
    eta,
    beta,
    delta2,
    kappa,
    noise: levelsAround(noise).join(","),
    "noise-y": noiseY,
    runs: RUNS,
    steps: STEPS,
    x0,
    y0,
    seed,
  };
  return shellCommand(
    "brink",
    "simulate",
    ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
  );
}
