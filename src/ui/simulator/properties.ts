// The simulator's controls.
import type { NumberProperty, Values } from "../kit/properties.ts";

export type SimulatorProperties = Readonly<
  Record<
    "eta" | "beta" | "delta2" | "kappa" | "noise" | "noiseY" | "steps" | "x0" | "y0" | "seed",
    NumberProperty
  >
>;

/** Defaults are the settings of arXiv 2604.21016 with σ_u² = 10. */
export const SIMULATOR: SimulatorProperties = {
  eta: { kind: "number", label: "Learning rate η", fallback: 0.01, above: 0, max: 0.5, step: 0.005 },
  beta: { kind: "number", label: "β, stabilisation", fallback: 1, above: 0, max: 5, step: 0.05 },
  delta2: { kind: "number", label: "δ² = 2α/β", fallback: 0.5, above: 0, max: 3, step: 0.05 },
  kappa: { kind: "number", label: "κ, third derivative along u", fallback: 0, min: -5, max: 5, step: 0.1 },
  noise: { kind: "number", label: "σ_u², noise along u", fallback: 10, min: 0, max: 60, step: 0.5 },
  noiseY: { kind: "number", label: "σ_y², noise on y", fallback: 0, min: 0, max: 30, step: 0.5 },
  steps: { kind: "number", label: "Steps drawn", fallback: 4000, min: 10, max: 100_000, integer: true },
  x0: { kind: "number", label: "x at the start", fallback: 1 },
  y0: { kind: "number", label: "y at the start", fallback: 0 },
  seed: { kind: "number", label: "Seed", fallback: 0, min: 0, max: 4294967295, integer: true, always: true },
};

export type SimulatorValues = Values<SimulatorProperties>;
