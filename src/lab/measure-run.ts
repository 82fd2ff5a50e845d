// What is measured at the cadence: loss, accuracy, gradient norm, the sharpness by the injected solver, and what else is asked.
import { type ExampleObjective, SMALL_OPERATOR } from "../curvature/index.ts";
import { dot, norm, type Vector, zeros } from "../math/index.ts";
import type { MeasurementEvent, MeasurementPoint } from "../record/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { type PointInput, PointProbe } from "./point-probe.ts";
import type { EigenState, SharpnessResult, SharpnessSolver } from "./run-types.ts";
import { finiteOrNull } from "./tracker.ts";

/** What is due at an iterate beyond loss and sharpness. */
export interface DueHere {
  readonly test: boolean;
  /** The probes of `PointProbe`. */
  readonly probes: boolean;
  /** Examples of the step about to be taken, null for all; asked only when a probe looks at them. */
  readonly stepBatch: () => Uint32Array | null;
}

type Fields = { -readonly [K in keyof MeasurementEvent]: MeasurementEvent[K] };

/** Residual allowed, relatively, for eigenpairs that nobody asked for. */
const GAP_TOLERANCE = 0.02;

/** The measurements of one run; carries the warm start from solve to solve. */
export class Measurer {
  /** Eigenpairs of the last solve that came out finite. */
  eigen: EigenState | null;
  readonly #config: ExperimentConfig;
  readonly #objective: ExampleObjective;
  readonly #probe: PointProbe;
  readonly #solve: SharpnessSolver;
  readonly #hasTest: boolean;
  #scratch: Vector | null = null;

  constructor(
    config: ExperimentConfig,
    objective: ExampleObjective,
    solve: SharpnessSolver,
    hasTest: boolean,
    eigen: EigenState | null,
  ) {
    this.#config = config;
    this.#objective = objective;
    this.#probe = new PointProbe(config, objective);
    this.#solve = solve;
    this.#hasTest = hasTest;
    this.eigen = eigen;
  }

  /**
   * Everything configured at an iterate.
   *
   * @param gradient overwritten with the full-batch gradient when `needGradient` or the configuration asks for it
   * @returns the event, and whether `gradient` now holds ∇L(θ)
   */
  async atIterate(
    step: number,
    theta: Vector,
    gradient: Vector,
    needGradient: boolean,
    due: DueHere,
  ): Promise<{ event: MeasurementEvent; loss: number | null; gradientReady: boolean }> {
    const { measure } = this.#config;
    const event: Fields = { type: "measurement", step, point: "iterate" };
    let loss: number | null = null;
    const measuresHere = measure.point !== "midpoint" && this.measuresCurvature;
    const gradientReady =
      needGradient || measure.gradNorm || (measuresHere && due.probes && this.#probe.needsGradient);
    if (gradientReady) loss = await this.#objective.lossAndGradient(theta, gradient);
    if (measure.accuracy) {
      const evaluation = await this.#objective.evaluate(theta, "train");
      loss ??= evaluation.loss;
      if (evaluation.accuracy !== null) event.accuracy = finiteOrNull(evaluation.accuracy);
    }
    if (loss !== null) event.loss = finiteOrNull(loss);
    if (measure.gradNorm) event.gradNorm = finiteOrNull(norm(gradient));
    if (due.test && this.#hasTest) {
      const test = await this.#objective.evaluate(theta, "test");
      event.testLoss = finiteOrNull(test.loss);
      if (test.accuracy !== null) event.testAccuracy = finiteOrNull(test.accuracy);
    }
    // A Hessian at a point whose loss is not finite has nothing to say.
    if (measuresHere && (loss === null || Number.isFinite(loss))) {
      const stepBatch = due.probes && measure.stepSharpness ? { stepBatch: due.stepBatch() } : {};
      Object.assign(event, await this.#curvature(step, "iterate", theta, gradient, due.probes, stepBatch));
    }
    return { event, loss, gradientReady };
  }

  /** Whether anything is measured that depends on the point. */
  get measuresCurvature(): boolean {
    return this.#config.measure.sharpness !== false || this.#probe.needsHessian;
  }

  /**
   * The sharpness and what goes with it at w* = (θ₋₁ + 2θ + θ₊₁)/4 of `step` (Cohen et al. 2024, where the
   * oscillation cancels). `gradient` is overwritten when ∇L(w*) is needed.
   */
  async atMidpoint(
    step: number,
    midpoint: Vector,
    gradient: Vector,
    probes: boolean,
  ): Promise<MeasurementEvent> {
    if (probes && this.#probe.needsGradient) await this.#objective.lossAndGradient(midpoint, gradient);
    const fields = await this.#curvature(step, "midpoint", midpoint, gradient, probes);
    return { type: "measurement", step, point: "midpoint", ...fields };
  }

  /** Eigensolve and probes on one linearisation of the Hessian. */
  async #curvature(
    step: number,
    point: MeasurementPoint,
    theta: Vector,
    gradient: Vector,
    probes: boolean,
    stepBatch: Pick<PointInput, "stepBatch"> = {},
  ): Promise<Partial<MeasurementEvent>> {
    const { sharpness } = this.#config.measure;
    const hessian = await this.#objective.hessian(theta);
    const fields: { -readonly [K in keyof MeasurementEvent]?: MeasurementEvent[K] } = {};
    let eigen: SharpnessResult | null = null;
    if (sharpness !== false) {
      const k = probes ? Math.max(sharpness.k, this.#probe.eigenpairs) : sharpness.k;
      // λ₂ beyond the pairs asked for only tells whether u is well defined: two digits do, save to see a double one.
      const rough = hessian.size > SMALL_OPERATOR ? Math.max(sharpness.tol, GAP_TOLERANCE) : sharpness.tol;
      const tol = Array.from({ length: k }, (_, j) => (j < sharpness.k ? sharpness.tol : rough));
      const options = { ...sharpness, k, tol, seed: this.#config.seed, hessian };
      const result = await this.#solve(this.#objective, theta, leading(this.eigen, k), options);
      const { eigenvalues, eigenvectors, residuals, hvps, converged } = result;
      // A solver that met non-finite products may have no vectors to give.
      const finite =
        eigenvectors.length > 0 &&
        eigenvectors.length === eigenvalues.length &&
        eigenvalues.every(Number.isFinite);
      this.eigen = finite ? { eigenvalues, eigenvectors } : null;
      eigen = finite ? result : null;
      fields.sharpness = finiteOrNull(eigenvalues[0] ?? null);
      fields.eigenvalues = eigenvalues.map(finiteOrNull);
      fields.residuals = residuals.map(finiteOrNull);
      fields.hvps = hvps;
      fields.converged = converged;
    }
    const at = { step, point, theta, gradient, hessian, eigen, ...stepBatch };
    return { ...fields, ...(probes ? await this.#probe.measure(at) : {}) };
  }

  /** uᵀHu for the last leading eigenvector u: one product, a lower bound of S. Null before the first solve. */
  async rayleigh(step: number, theta: Vector): Promise<MeasurementEvent | null> {
    const u = this.eigen?.eigenvectors[0];
    if (u === undefined) return null;
    this.#scratch ??= zeros(this.#objective.dtype, this.#objective.size);
    const product = this.#scratch;
    const hessian = await this.#objective.hessian(theta);
    await hessian.apply(u, product);
    const lambda = dot(u, product);
    let squares = 0;
    for (let i = 0; i < u.length; i++) squares += (product[i]! - lambda * u[i]!) ** 2;
    return {
      type: "measurement",
      step,
      point: "iterate",
      sharpness: finiteOrNull(lambda),
      residuals: [finiteOrNull(Math.sqrt(squares))],
      hvps: 1,
      rayleigh: true,
    };
  }
}

/** The first k pairs: a warm start with more would mix directions that are not looked for into the Krylov space. */
function leading(eigen: EigenState | null, k: number): EigenState | null {
  if (eigen === null || eigen.eigenvectors.length <= k) return eigen;
  return { eigenvalues: eigen.eigenvalues.slice(0, k), eigenvectors: eigen.eigenvectors.slice(0, k) };
}
