// What a tracked run amounts to: the theory's scalars at the start and how large the normalised errors became.
import { mean, median } from "../../math/index.ts";
import type { CouplingErrors } from "./coupling.ts";
import type { PredictedForm } from "./forms.ts";
import type { TrackedStep } from "./track-types.ts";

/** Spread of one normalised error over the tracked steps, in absolute value. */
export interface ErrorSpread {
  readonly median: number;
  readonly max: number;
}

/** One form over the whole run. */
export interface FormSummary {
  /** Steps it was followed for, the start included. */
  readonly steps: number;
  /** Largest ‖v − v̂‖/δ. */
  readonly deviation: number;
  readonly errors: Readonly<Record<keyof CouplingErrors, ErrorSpread>>;
}

/** Numbers of a whole tracked run. */
export interface TrackSummary {
  readonly start: TrackedStep["reference"];
  /** Of the real run and of θ† at the last step. */
  readonly last: Pick<TrackedStep, "step" | "real" | "reference">;
  /** Sign changes of y: two a cycle of the four stages. */
  readonly turns: number;
  readonly forms: Readonly<Partial<Record<PredictedForm, FormSummary>>>;
  /** Absent for gradient descent. */
  readonly noise?: NoiseSummary;
}

/** Noise of the tracked steps against what the stochastic theory takes for granted (arXiv:2604.21016). */
export interface NoiseSummary {
  /** E ζ², the measured variance of the noise along u, [L²/w²]. */
  readonly alongU: number;
  /** η²E ζ²/δ² + 3ε²: an equilibrium needs less than 1, and the mean-field formula much less. */
  readonly equilibrium: number;
  /** η²E‖ξ‖²/(εδ²): the coupling theorem takes it to be bounded by a constant. */
  readonly coupling: number;
}

const ERRORS: readonly (keyof CouplingErrors)[] = ["size", "deviation", "loss", "sharpness"];

/**
 * Summarises the steps of a track; null when there are none. O(steps·log steps).
 *
 * @param lr η
 */
export function summariseTrack(steps: readonly TrackedStep[], lr: number): TrackSummary | null {
  const [first] = steps;
  const last = steps.at(-1);
  if (first === undefined || last === undefined) return null;
  const names = Object.keys(first.predicted) as PredictedForm[];
  const forms = names.map((name): [PredictedForm, FormSummary] => {
    const own = steps.flatMap(({ predicted, reference }) => {
      const found = predicted[name];
      return found === undefined ? [] : [{ ...found, delta: reference.delta }];
    });
    const errors = ERRORS.map((error) => [error, spreadOf(own.map((each) => each.errors[error]))] as const);
    return [
      name,
      {
        steps: own.length,
        deviation: Math.max(...own.map(({ deviation, delta }) => deviation / delta)),
        errors: Object.fromEntries(errors) as FormSummary["errors"],
      },
    ];
  });
  // A run kicked along u alone starts at y = 0 up to rounding, which has a sign but no meaning.
  const least = 1e-9 * Math.max(...steps.map(({ real }) => Math.abs(real.y)));
  const signs = steps.flatMap(({ real }) => (Math.abs(real.y) > least ? [Math.sign(real.y)] : []));
  return {
    start: first.reference,
    last: { step: last.step, real: last.real, reference: last.reference },
    turns: signs.filter((sign, i) => i > 0 && sign !== signs[i - 1]).length,
    forms: Object.fromEntries(forms),
    ...noiseSummary(steps, lr),
  };
}

function noiseSummary(steps: readonly TrackedStep[], lr: number): { noise?: NoiseSummary } {
  const noisy = steps.flatMap(({ noise, reference }) =>
    noise === undefined ? [] : [{ ...noise, reference }],
  );
  if (noisy.length === 0) return {};
  const over = (value: (step: (typeof noisy)[number]) => number): number => mean(noisy.map(value));
  const along = over(
    ({ zeta, reference: { delta, epsilon } }) => (lr * zeta) ** 2 / delta ** 2 + 3 * epsilon ** 2,
  );
  return {
    noise: {
      alongU: over(({ zeta }) => zeta ** 2),
      equilibrium: along,
      coupling: over(({ norm, reference: { delta, epsilon } }) => (lr * norm) ** 2 / (epsilon * delta ** 2)),
    },
  };
}

function spreadOf(values: readonly number[]): ErrorSpread {
  const sizes = values.map(Math.abs);
  return { median: median(sizes), max: Math.max(...sizes) };
}
