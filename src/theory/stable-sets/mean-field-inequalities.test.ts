// Every inequality the theory of the two-layer mean-field network is built of, on random networks and data.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { problemSizes, separableProblem, type SeparableProblem } from "../../../test/separable-data.ts";
import { symmetricEigen } from "../../math/index.ts";
import { activationConstants, type ActivationConstants } from "../../nets/index.ts";
import { bestIterateBound } from "./bounds.ts";
import { effectiveMargin, meanFieldConstants, stableSet } from "./constants.ts";
import { Losses } from "./loss-point.ts";
import type { StabilitySetting } from "./types.ts";

const SLACK = 1 + 1e-9;
/** And where they have lost their digits to underflow, squares of gradients first. */
const UNDERFLOW = 1e-300;

/** s, s′, s″ of the bases. */
const bases = {
  tanh: [
    Math.tanh,
    (z: number) => 1 / Math.cosh(z) ** 2,
    (z: number) => (-2 * Math.tanh(z)) / Math.cosh(z) ** 2,
  ],
  sigmoid: [
    (z: number) => 1 / (1 + Math.exp(-z)),
    (z: number) => 0.25 / Math.cosh(z / 2) ** 2,
    (z: number) => (-0.25 * Math.tanh(z / 2)) / Math.cosh(z / 2) ** 2,
  ],
  softplus: [
    (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    (z: number) => 1 / (1 + Math.exp(-z)),
    (z: number) => 0.25 / Math.cosh(z / 2) ** 2,
  ],
} as const;

/** A network and data it could separate: w is K·m×d, unit (k, j) in row k·m + j. */
class Network {
  readonly problem: SeparableProblem;
  readonly m: number;
  readonly constants: ActivationConstants;
  readonly margin: number;
  readonly w: Float64Array;
  readonly #phi: (z: number) => number;
  readonly #slope: (z: number) => number;
  readonly #bend: (z: number) => number;

  constructor(
    size: Parameters<typeof separableProblem>[0],
    m: number,
    base: keyof typeof bases,
    spread: number,
    share?: number,
  ) {
    this.problem = separableProblem(size, 0.1);
    const { stream, inputs, margin } = this.problem;
    this.m = m;
    // The identity's share (by default a random one): so close to 1 that the effective margin is between 0 and the margin.
    const [s, first, second] = bases[base];
    const needed = 1 - (1 - 1 / (1 + margin)) * (share ?? 0.05 + 0.9 * stream.uniform());
    const leak = base === "sigmoid" ? Math.max(needed, 0) : needed;
    this.constants = activationConstants({ name: `leaky-${base}`, leak });
    this.margin = effectiveMargin(margin, this.constants.lower);
    this.#phi = (z) => leak * z + (1 - leak) * s(z);
    this.#slope = (z) => leak + (1 - leak) * first(z);
    this.#bend = (z) => (1 - leak) * second(z);
    this.w = Float64Array.from({ length: inputs.classes * m * inputs.d }, () => spread * stream.normal());
  }

  /** (a_1 W*, …, a_m W*), of norm √m. */
  get lifted(): Float64Array {
    const { d } = this.problem.inputs;
    return this.w.map((_, at) => {
      const unit = Math.floor(at / d);
      return this.sign(unit) * this.problem.direction[Math.floor(unit / this.m) * d + (at % d)]!;
    });
  }

  sign(unit: number): number {
    return (unit % this.m) % 2 === 0 ? 1 : -1;
  }

  #hidden(w: Float64Array, unit: number, i: number): number {
    const { d, x } = this.problem.inputs;
    let sum = 0;
    for (let c = 0; c < d; c++) sum += w[unit * d + c]! * x[i * d + c]!;
    return sum;
  }

  /** Outputs for example i. */
  outputs(w: Float64Array, i: number): Float64Array {
    const out = new Float64Array(this.problem.inputs.classes);
    for (let unit = 0; unit < out.length * this.m; unit++) {
      out[Math.floor(unit / this.m)]! += (this.sign(unit) * this.#phi(this.#hidden(w, unit, i))) / this.m;
    }
    return out;
  }

  logits(w: Float64Array): Float64Array {
    const { n, classes } = this.problem.inputs;
    const out = new Float64Array(n * classes);
    for (let i = 0; i < n; i++) out.set(this.outputs(w, i), i * classes);
    return out;
  }

  losses(w: Float64Array): Losses {
    const { n, labels, classes } = this.problem.inputs;
    const losses = new Losses(n);
    losses.evaluate(this.logits(w), labels, classes);
    return losses;
  }

  /** p − e_y of example i. */
  residual(w: Float64Array, i: number): Float64Array {
    const z = this.outputs(w, i);
    const label = this.problem.inputs.labels[i]!;
    const own = new Losses(1);
    own.evaluate(z, [label], z.length);
    return z.map((value, k) =>
      k === label ? -own.potentials[0]! : Math.exp(value - z[label]! - own.losses[0]!),
    );
  }

  /** ∂f_k/∂w of example i is (1/m)a_jφ′(w_jkᵀx)x in the units of class k, zero elsewhere: the factors of x. */
  slopes(w: Float64Array, i: number): Float64Array {
    const units = this.problem.inputs.classes * this.m;
    return Float64Array.from(
      { length: units },
      (_, unit) => (this.sign(unit) * this.#slope(this.#hidden(w, unit, i))) / this.m,
    );
  }

  gradient(w: Float64Array, i: number): Float64Array {
    const { d, x } = this.problem.inputs;
    const residual = this.residual(w, i);
    const slopes = this.slopes(w, i);
    return w.map((_, at) => {
      const unit = Math.floor(at / d);
      return residual[Math.floor(unit / this.m)]! * slopes[unit]! * x[i * d + (at % d)]!;
    });
  }

  meanGradient(w: Float64Array): Float64Array {
    const { n } = this.problem.inputs;
    const sum = new Float64Array(w.length);
    for (let i = 0; i < n; i++) this.gradient(w, i).forEach((g, at) => (sum[at]! += g / n));
    return sum;
  }

  /** Hessian of L: Gauss–Newton part plus residual times φ″. */
  hessian(w: Float64Array): Float64Array[] {
    const { n, d, x } = this.problem.inputs;
    const size = w.length;
    const rows = Array.from({ length: size }, () => new Float64Array(size));
    for (let i = 0; i < n; i++) {
      const slopes = this.slopes(w, i);
      const residual = this.residual(w, i);
      const label = this.problem.inputs.labels[i]!;
      const p = residual.map((r, k) => (k === label ? 1 + r : r));
      for (let a = 0; a < size; a++) {
        const unitA = Math.floor(a / d);
        const k = Math.floor(unitA / this.m);
        for (let b = 0; b < size; b++) {
          const unitB = Math.floor(b / d);
          const l = Math.floor(unitB / this.m);
          let value = ((k === l ? p[k]! : 0) - p[k]! * p[l]!) * slopes[unitA]! * slopes[unitB]!;
          if (unitA === unitB) {
            value += (residual[k]! * this.sign(unitA) * this.#bend(this.#hidden(w, unitA, i))) / this.m;
          }
          rows[a]![b]! += (value * x[i * d + (a % d)]! * x[i * d + (b % d)]!) / n;
        }
      }
    }
    return rows;
  }
}

const inner = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, c) => sum + value * b[c]!, 0);
const length = (a: Float64Array): number => Math.hypot(...a);
const networks = fc
  .record({
    size: problemSizes,
    m: fc.integer({ min: 1, max: 4 }),
    base: fc.constantFrom("tanh", "sigmoid", "softplus"),
    spread: fc.double({ min: -2, max: 3, noNaN: true }),
  })
  .map(({ size, m, base, spread }) => new Network(size, m, base, Math.exp(spread)));

test("Jacobians: ‖J_i‖ ≤ 1/√m; gradients: ‖∇ℓ_i‖ ≤ √(2/m)·G_i, (γ_eff/√m)G ≤ ‖∇L‖ ≤ √(2/m)·G", () => {
  fc.assert(
    fc.property(networks, (net) => {
      const { w, m } = net;
      const { n, d, classes, x } = net.problem.inputs;
      const losses = net.losses(w);
      for (let i = 0; i < n; i++) {
        const slopes = net.slopes(w, i);
        const size = length(x.subarray(i * d, (i + 1) * d));
        // Rows of J of different classes are orthogonal: its norm is that of the longest.
        for (let k = 0; k < classes; k++) {
          expect(length(slopes.subarray(k * m, (k + 1) * m)) * size).toBeLessThanOrEqual(
            SLACK / Math.sqrt(m),
          );
        }
        expect(length(net.gradient(w, i))).toBeLessThanOrEqual(
          Math.sqrt(2 / m) * losses.potentials[i]! * SLACK + UNDERFLOW,
        );
      }
      const norm = length(net.meanGradient(w));
      const { potential } = losses.point;
      expect((net.margin / Math.sqrt(m)) * potential).toBeLessThanOrEqual(norm * SLACK + UNDERFLOW);
      expect(norm).toBeLessThanOrEqual(Math.sqrt(2 / m) * potential * SLACK + UNDERFLOW);
    }),
    { numRuns: 1000 },
  );
});

test("perceptron: ⟨−∇L, w̃*⟩ ≥ γ_eff·G", () => {
  fc.assert(
    fc.property(networks, (net) => {
      const { potential } = net.losses(net.w).point;
      const progress = -inner(net.meanGradient(net.w), net.lifted);
      expect(progress * SLACK + UNDERFLOW).toBeGreaterThanOrEqual(net.margin * potential);
    }),
    { numRuns: 1000 },
  );
});

test("curvature: ‖Hess L‖ ≤ (2 + sup|φ″|)/m·G", () => {
  const few = fc.record({
    size: fc.record({
      seed: fc.integer(),
      n: fc.integer({ min: 2, max: 4 }),
      d: fc.constant(2),
      classes: fc.integer({ min: 2, max: 3 }),
    }),
    m: fc.integer({ min: 1, max: 2 }),
    base: fc.constantFrom("tanh", "sigmoid", "softplus"),
    spread: fc.double({ min: -2, max: 2, noNaN: true }),
  });
  fc.assert(
    fc.property(few, ({ size, m, base, spread }) => {
      const net = new Network(size, m, base, Math.exp(spread));
      const { potential } = net.losses(net.w).point;
      if (potential < 1e-6) return;
      const scaled = net.hessian(net.w).map((row) => row.map((value) => value / potential));
      const { values } = symmetricEigen(scaled);
      const largest = Math.max(values[0]!, -values.at(-1)!);
      expect(largest).toBeLessThanOrEqual(((2 + net.constants.smoothness) / m) * (1 + 1e-8));
    }),
    { numRuns: 1000 },
  );
});

test("comparators: linearised margins, and margins of w + θw̃*", () => {
  fc.assert(
    fc.property(networks, fc.double({ min: 0, max: 30, noNaN: true }), (net, reach) => {
      const { n, d, classes, labels } = net.problem.inputs;
      const { w, m, lifted, margin } = net;
      const near = net.constants.nearHomogeneity;
      const moved = w.map((value, at) => value + reach * lifted[at]!);
      const before = net.logits(w);
      const after = net.logits(moved);
      const { x } = net.problem.inputs;
      for (let i = 0; i < n; i++) {
        const slopes = net.slopes(w, i);
        // f(w) + J(w)(θw̃* − w), class by class.
        const linear = Float64Array.from({ length: classes }, (_, k) => {
          let value = before[i * classes + k]!;
          for (let unit = k * m; unit < (k + 1) * m; unit++) {
            for (let c = 0; c < d; c++) {
              const at = unit * d + c;
              value += slopes[unit]! * x[i * d + c]! * (reach * lifted[at]! - w[at]!);
            }
          }
          return value;
        });
        for (let k = 0; k < classes; k++) {
          const label = labels[i]!;
          if (k === label) continue;
          expect(linear[label]! - linear[k]!).toBeGreaterThanOrEqual(reach * margin - 2 * near - 1e-9);
          const gain =
            after[i * classes + label]! -
            after[i * classes + k]! -
            before[i * classes + label]! +
            before[i * classes + k]!;
          expect(gain).toBeGreaterThanOrEqual(reach * margin - 1e-9);
        }
      }
      const mean = net.losses(w).losses.reduce((sum, loss) => sum + Math.expm1(loss) / n, 0);
      expect(net.losses(moved).point.loss).toBeLessThanOrEqual(
        Math.exp(-reach * margin) * mean * SLACK + UNDERFLOW,
      );
    }),
    { numRuns: 1000 },
  );
});

test("noise: mean ‖∇ℓ_i‖² ≤ (2n/γ_eff²)‖∇L‖², variance ≤ (2/m)G", () => {
  fc.assert(
    fc.property(networks, (net) => {
      const { n } = net.problem.inputs;
      let second = 0;
      for (let i = 0; i < n; i++) second += length(net.gradient(net.w, i)) ** 2 / n;
      const first = length(net.meanGradient(net.w)) ** 2;
      expect(second).toBeLessThanOrEqual(((2 * n) / net.margin ** 2) * first * SLACK + UNDERFLOW);
      const { potential } = net.losses(net.w).point;
      expect(second - first).toBeLessThanOrEqual((2 / net.m) * potential * SLACK + UNDERFLOW);
    }),
    { numRuns: 1000 },
  );
});

const settingOf = (net: Network, lr: number, n: number): StabilitySetting => ({
  n,
  classes: net.problem.inputs.classes,
  lr,
  batch: 1,
  sampling: "with",
  model: meanFieldConstants(net.problem.margin, net.m, net.constants),
  initialNorm: length(net.w) / Math.sqrt(net.m),
});

test("inside the stable set E L(w′) ≤ L − (mη/2)‖∇L‖², m included", () => {
  fc.assert(
    fc.property(networks, fc.double({ min: -2, max: 4, noNaN: true }), (net, log) => {
      const { n } = net.problem.inputs;
      const { m } = net;
      const setting = settingOf(net, Math.exp(log), n);
      const { threshold } = stableSet(setting);
      let w = net.w;
      for (let reach = 1; net.losses(w).point.loss > threshold; reach *= 1.3) {
        w = net.w.map((value, at) => value + (reach / net.margin) * net.lifted[at]!);
      }
      const { loss } = net.losses(w).point;
      if (loss < 1e-200) return;
      let after = 0;
      for (let i = 0; i < n; i++) {
        const gradient = net.gradient(w, i);
        after += net.losses(w.map((value, at) => value - m * setting.lr * gradient[at]!)).point.loss / n;
      }
      const descent = ((m * setting.lr) / 2) * length(net.meanGradient(w)) ** 2;
      expect(after - loss).toBeLessThanOrEqual(-descent + 1e-9 * loss);
    }),
    { numRuns: 300 },
  );
});

test("SGD with step m·η: mean losses over seeds stay below theorem 5.3", () => {
  for (const [lr, base] of [
    [1, "tanh"],
    [20, "softplus"],
  ] as const) {
    const net = new Network({ seed: 8, n: 8, d: 3, classes: 3 }, 3, base, 0.3, 0.1);
    const setting = settingOf(net, lr, 8);
    const t = 150;
    const mean = new Float64Array(t);
    for (let seed = 0; seed < 8; seed++) {
      let w = net.w.slice();
      for (let k = 0; k < t; k++) {
        mean[k]! += net.losses(w).point.loss / 8;
        const gradient = net.gradient(w, net.problem.stream.integer(8));
        w = w.map((value, at) => value - net.m * lr * gradient[at]!);
      }
    }
    let least = Infinity;
    let compared = 0;
    for (let k = 1; k <= t; k++) {
      least = Math.min(least, mean[k - 1]!);
      const bound = bestIterateBound(setting, k);
      if (bound === null) continue;
      compared++;
      expect(least).toBeLessThanOrEqual(bound);
    }
    expect(compared).toBeGreaterThan(50);
  }
});
