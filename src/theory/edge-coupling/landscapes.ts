// Landscapes whose period-two orbits are known in closed form: tests of the finder, and examples to look at.
import { entry, expressionObjective, type SmoothObjective } from "../../curvature/index.ts";
import { didYouMean, InputError, type Vector } from "../../math/index.ts";
import { add, matmul, mul, reshape, slice, square, sub, sum, type Node } from "../../tensor/index.ts";

/** A landscape with a minimum to start from. */
export interface OrbitLandscape {
  readonly name: string;
  readonly about: string;
  readonly objective: SmoothObjective;
  /** A fixed point of gradient descent. */
  readonly minimum: Vector;
  /** A learning rate at which there is an orbit near it. */
  readonly lr: number;
}

/** ½(w₁w₂ − m)²: minima on a hyperbola, the balanced one with λ = 2m. Supercritical, half-amplitude² = (m − 1/η)/2 exactly. */
export function scalarProduct(m = 1): SmoothObjective {
  return expressionObjective(2, (w) => mul(0.5, square(sub(mul(entry(w, 0), entry(w, 1)), m))));
}

/** λx²/2 + t·x³/6 + q·x⁴/24: super- or subcritical by the sign of q/6 − t²/(2λ). */
export function quarticLine(lambda: number, t: number, q: number): SmoothObjective {
  return scalarObjective((x) => [
    (lambda * x * x) / 2 + (t * x ** 3) / 6 + (q * x ** 4) / 24,
    lambda * x + (t * x * x) / 2 + (q * x ** 3) / 6,
    lambda + t * x + (q * x * x) / 2,
    t + q * x,
    q,
  ]);
}

/** 1 − cos x: orbits ±a with 2a = η sin a. */
export function cosineLine(): SmoothObjective {
  return scalarObjective((x) => [1 - Math.cos(x), Math.sin(x), Math.cos(x), -Math.sin(x), -Math.cos(x)]);
}

/** λx²/2 + μz²/2 + k·x²z/2: a valley whose curvature changes along its floor, which is what turns the orbit. */
export function bentValley(lambda: number, mu: number, k: number): SmoothObjective {
  return expressionObjective(2, (w) => {
    const [x, z] = [entry(w, 0), entry(w, 1)];
    const wells = add(mul(lambda / 2, square(x)), mul(mu / 2, square(z)));
    return add(wells, mul(k / 2, mul(square(x), z)));
  });
}

/**
 * ½‖W₂W₁ − M‖² for W₁ h×d and W₂ p×h (row-major, W₁ first), M given by rows. At a balanced minimum with singular
 * values σ₁ > σ₂ ≥ … of M the largest eigenvalue is 2σ₁ and the half-amplitude² is (σ₁ − 1/η)/2.
 */
export function twoLayerLinear(target: readonly (readonly number[])[], hidden: number): SmoothObjective {
  const p = target.length;
  const d = target[0]!.length;
  return expressionObjective(hidden * (d + p), (w: Node) => {
    const first = reshape(slice(w, [0], [hidden * d]), [hidden, d]);
    const second = reshape(slice(w, [hidden * d], [hidden * (d + p)]), [p, hidden]);
    const goal = w.graph.constant(target.flat(), [p, d]);
    return mul(0.5, sum(square(sub(matmul(second, first), goal))));
  });
}

/** A balanced minimum of `twoLayerLinear` for the p×d matrix with the given values on its diagonal, and that matrix. */
export function diagonalLinear(
  values: readonly number[],
  p: number,
  d: number,
): { readonly target: number[][]; readonly minimum: Float64Array<ArrayBuffer> } {
  const hidden = values.length;
  const target = Array.from({ length: p }, (_, i) =>
    Array.from({ length: d }, (_unused, j) => (i === j ? (values[i] ?? 0) : 0)),
  );
  const minimum = new Float64Array(hidden * (d + p));
  values.forEach((value, k) => {
    minimum[k * d + k] = Math.sqrt(value);
    minimum[hidden * d + k * hidden + k] = Math.sqrt(value);
  });
  return { target, minimum };
}

/** A function of one variable with its first four derivatives, as an objective. */
export function scalarObjective(
  derivatives: (x: number) => readonly [number, number, number, number, number],
): SmoothObjective {
  const at = (theta: Vector): readonly number[] => derivatives(theta[0]!);
  return {
    size: 1,
    dtype: "float64",
    lossAndGradient: async (theta, gradient) => {
      gradient[0] = at(theta)[1]!;
      return at(theta)[0]!;
    },
    hessianProduct: async (theta, v, out) => {
      out[0] = at(theta)[2]! * v[0]!;
    },
    sharpnessGradient: async (theta, u, out) => {
      out[0] = at(theta)[3]! * u[0]! ** 2;
      return at(theta)[2]! * u[0]! ** 2;
    },
    thirdDerivativeGradient: async (theta, u, out) => {
      out[0] = at(theta)[4]! * u[0]! ** 3;
      return at(theta)[3]! * u[0]! ** 3;
    },
    lineDerivatives: async (theta, u, order) =>
      at(theta)
        .slice(0, order + 1)
        .map((value, k) => value * u[0]! ** k),
  };
}

const LANDSCAPES: Readonly<Record<string, () => Omit<OrbitLandscape, "name">>> = {
  product: () => ({
    about:
      "½(w₁w₂ − 1)² about (1, 1): supercritical, half-amplitude² (1 − 1/η)/2, doubles its period at η = √5 − 1",
    objective: scalarProduct(1),
    minimum: Float64Array.of(1, 1),
    lr: 1.05,
  }),
  cosine: () => ({
    about: "1 − cos x about 0: supercritical, ±a with 2a = η sin a",
    objective: cosineLine(),
    minimum: Float64Array.of(0),
    lr: 2.1,
  }),
  valley: () => ({
    about: "x² + z²/2 + 0.75 x²z about 0: supercritical by the bend of the valley alone",
    objective: bentValley(2, 1, 1.5),
    minimum: Float64Array.of(0, 0),
    lr: 1.04,
  }),
  subcritical: () => ({
    about: "x²/2 + x³/6 + x⁴/4 about 0: subcritical, unstable orbits below η = 2",
    objective: quarticLine(1, 1, 6),
    minimum: Float64Array.of(0),
    lr: 2 / 1.01,
  }),
  supercritical: () => ({
    about: "x²/2 + x³/6 + x⁴/24 about 0: supercritical by its third derivative, against its fourth",
    objective: quarticLine(1, 1, 1),
    minimum: Float64Array.of(0),
    lr: 2 / 0.99,
  }),
  linear: () => {
    const { target, minimum } = diagonalLinear([2, 1.2, 0.7], 5, 10);
    return {
      about: "½‖W₂W₁ − M‖², 5×10 of rank 3 with singular values 2, 1.2, 0.7, at the balanced minimum",
      objective: twoLayerLinear(target, 3),
      minimum,
      lr: 0.52,
    };
  },
};

/** Names `builtinLandscape` takes. */
export const ORBIT_LANDSCAPES: readonly string[] = Object.keys(LANDSCAPES);

/** A built-in landscape. Throws InputError with the nearest name for an unknown one. */
export function builtinLandscape(name: string): OrbitLandscape {
  const make = Object.hasOwn(LANDSCAPES, name) ? LANDSCAPES[name] : undefined;
  if (make) return { name, ...make() };
  const hint = didYouMean(name, ORBIT_LANDSCAPES);
  throw new InputError("unknown landscape", {
    field: "landscape",
    received: name,
    allowed: ORBIT_LANDSCAPES,
    ...(hint === undefined ? {} : { hint }),
  });
}
