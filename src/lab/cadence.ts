// Which steps are measured, so that the period-two oscillation at the edge is seen at both phases equally often.
import type { MeasureSpec } from "./config-types.ts";

/**
 * At the edge of stability θ oscillates with period two, and so does S(θ_t). Measuring only even steps would
 * see one phase: a bias in the mean sharpness ("parity aliasing", see docs/conventions.md). So with an even `every`, every
 * second measurement is one step later: 0, 51, 100, 151, … An odd `every` alternates by itself.
 */
export interface Cadence {
  /** Step of the k-th measurement, k = 0, 1, … */
  readonly measured: (k: number) => number;
  /** k when `step` is measured, else null. */
  readonly indexOf: (step: number) => number | null;
  /** Whether a Rayleigh quotient is due at `step` (never at a measured one). */
  readonly rayleighAt: (step: number) => boolean;
}

/** The cadence of a configuration; `every: 0` measures nothing. O(1) a query. */
export function cadence(measure: Pick<MeasureSpec, "every" | "alternate" | "rayleigh">): Cadence {
  const { every, rayleigh } = measure;
  const shift = measure.alternate && every > 0 && every % 2 === 0 ? 1 : 0;
  const measured = (k: number): number => k * every + (shift === 1 ? k % 2 : 0);

  /** Largest k with measured(k) ≤ step. */
  const before = (step: number): number => {
    const k = Math.floor(step / every);
    return measured(k) <= step ? k : k - 1;
  };
  return {
    measured,
    indexOf: (step) => {
      if (every === 0 || step < 0) return null;
      const k = before(step);
      return measured(k) === step ? k : null;
    },
    rayleighAt: (step) => {
      if (every === 0 || rayleigh === 0 || step < 0) return false;
      const k = before(step);
      const start = measured(k);
      const end = measured(k + 1);
      // The nearest of the N equally spaced places; each is moved on by one step where that alternates parity.
      const spacing = (end - start) / (rayleigh + 1);
      const j = Math.round((step - start) / spacing);
      for (const i of [j - 1, j]) {
        if (i < 1 || i > rayleigh) continue;
        const place = start + Math.round(i * spacing);
        const due = measure.alternate && (place + i + k) % 2 === 1 ? place + 1 : place;
        if (due === step && due > start && due < end) return true;
      }
      return false;
    },
  };
}
