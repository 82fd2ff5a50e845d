// The controls of the orbits page.
import type { ChoiceProperty, NumberProperty, NumbersProperty, Values } from "../kit/properties.ts";

/** Built-in landscapes of one and two variables, with a learning rate at which each has an orbit. */
export const RATES = {
  product: 1.05,
  cosine: 2.1,
  valley: 1.04,
  subcritical: 1.98,
  supercritical: 2.02,
} as const;
export type LandscapeName = keyof typeof RATES;

export type OrbitProperties = Readonly<Record<"lr" | "iterations" | "towards", NumberProperty>> & {
  readonly landscape: ChoiceProperty<LandscapeName>;
  readonly offset: NumbersProperty;
};

export const ORBITS: OrbitProperties = {
  landscape: {
    kind: "choice",
    label: "Landscape",
    fallback: "product",
    choices: ["product", "cosine", "valley", "subcritical", "supercritical"],
    names: {
      product: "½(w₁w₂ − 1)²",
      cosine: "1 − cos x",
      valley: "x² + z²/2 + 0.75 x²z",
      subcritical: "x²/2 + x³/6 + x⁴/4",
      supercritical: "x²/2 + x³/6 + x⁴/24",
    },
  },
  lr: { kind: "number", label: "Learning rate η", fallback: 1.05, above: 0, max: 4, step: 0.005 },
  offset: { kind: "numbers", label: "Start, from the minimum", fallback: [0.3, -0.1], min: -10, max: 10 },
  iterations: {
    kind: "number",
    label: "Steps of gradient descent",
    fallback: 200,
    min: 1,
    max: 5000,
    integer: true,
  },
  towards: { kind: "number", label: "Follow orbits to η", fallback: 1.4, above: 0, max: 10 },
};

export type OrbitValues = Values<OrbitProperties>;
