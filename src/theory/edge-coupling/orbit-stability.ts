// Whether a period-two orbit attracts: multipliers of two steps of gradient descent.
import { arnoldi, type SmoothObjective } from "../../curvature/index.ts";
import { type Complex, type Vector, zeros } from "../../math/index.ts";
import { ends, joined } from "./orbit-equations.ts";

export interface OrbitStability {
  /** Outer eigenvalues of (I − ηH(y))(I − ηH(x)), in descending modulus. */
  readonly multipliers: readonly Complex[];
  /** The real one that belongs to the direction of the orbit: nearest to aᵀJa/‖a‖². 1 at its birth, −1 when its period doubles. */
  readonly along: number;
  /** The most negative real one, null when none is negative. */
  readonly lowest: number | null;
  /** `neutral`: the largest modulus is 1 to rounding, as where minima form a valley. */
  readonly verdict: "stable" | "neutral" | "unstable";
  /** Whether the multiplier of largest modulus settled. */
  readonly converged: boolean;
  /** Applications of the two-step map, two Hessian products each. */
  readonly products: number;
}

export interface OrbitStabilityOptions {
  /** Multipliers reported. Default 6. */
  readonly k?: number;
  readonly tol?: number;
  readonly maxProducts?: number;
}

/** Multipliers of the orbit {m + a, m − a} by Arnoldi's method, started along a. */
export async function orbitStability(
  objective: SmoothObjective,
  lr: number,
  { center, half }: { readonly center: Vector; readonly half: Vector },
  { k = 6, tol = 1e-8, maxProducts = 60 }: OrbitStabilityOptions = {},
): Promise<OrbitStability> {
  const { size, dtype } = objective;
  const [x, y, middle, image] = [
    zeros(dtype, size),
    zeros(dtype, size),
    zeros(dtype, size),
    zeros(dtype, size),
  ];
  ends(joined(center, half), x, y);
  const step = async (point: Vector, v: Vector, out: Vector): Promise<void> => {
    await objective.hessianProduct(point, v, image);
    for (let i = 0; i < size; i++) out[i] = v[i]! - lr * image[i]!;
  };
  const found = await arnoldi(
    {
      size,
      dtype,
      apply: async (v, out) => {
        await step(x, v, middle);
        await step(y, middle, out);
      },
    },
    half,
    { k: 1, tol, maxProducts },
  );
  const real = found.values.filter(({ re, im }) => Math.abs(im) <= 1e-7 * Math.max(1, Math.abs(re)));
  const along = real.reduce(
    (best, { re }) => (Math.abs(re - found.rayleigh) < Math.abs(best - found.rayleigh) ? re : best),
    real[0]?.re ?? found.rayleigh,
  );
  const lowest = Math.min(0, ...real.map(({ re }) => re));
  const largest = Math.hypot(found.values[0]!.re, found.values[0]!.im);
  const rounding = dtype === "float64" ? 1e-8 : 1e-4;
  return {
    multipliers: found.values.slice(0, k),
    along,
    lowest: lowest < 0 ? lowest : null,
    verdict: largest < 1 - rounding ? "stable" : largest <= 1 + rounding ? "neutral" : "unstable",
    converged: found.converged,
    products: found.products,
  };
}
