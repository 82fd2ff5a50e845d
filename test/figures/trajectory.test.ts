// Gallery: a tracked run beside the theory, from the frozen scalar map with a small mismatch as "real" training.
import { describe, expect, it } from "vitest";
import { headlessDocument } from "../../src/figures/headless.ts";
import {
  couplingFigure,
  cycleFigure,
  type TrajectoryPoint,
  type TrajectoryRun,
  trajectoryFigures,
  trajectoryLossFigure,
  trajectorySharpnessFigure,
} from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";

const lr = 0.05;
const [alpha, beta, kappa] = [1, 4, 0.3];
const delta = Math.sqrt((2 * alpha) / beta);
const epsilon = lr * Math.sqrt(alpha);

/** The map with κ as the real run, without it as the prediction. */
function trackedRun(steps: number, lostAt = Infinity): TrajectoryRun {
  const advance = ({ x, y }: { x: number; y: number }, k: number): { x: number; y: number } => ({
    x: -(1 + lr * y) * x - (lr / 2) * k * x * x,
    y: y + lr * (alpha - (beta * x * x) / 2),
  });
  let real = { x: 0.6 * delta, y: 0 };
  let hat = real;
  const points: TrajectoryPoint[] = [];
  for (let step = 0; step <= steps; step++) {
    const reference = { loss: Math.exp(-step / 400), sharpness: 2 / lr, alpha, delta };
    const values = ({ x, y }: { x: number; y: number }): { loss: number; sharpness: number } => ({
      loss: reference.loss + (x * x) / lr,
      sharpness: 2 / lr + y + kappa * x,
    });
    const [seen, expected] = [values(real), values(hat)];
    const errors = {
      size: Math.abs(real.x) / delta,
      deviation: Math.hypot(real.x - hat.x, (real.y - hat.y) / Math.sqrt(beta)) / (epsilon * delta),
      loss: ((seen.loss - expected.loss) * lr) / (epsilon * delta ** 2),
      sharpness: ((seen.sharpness - expected.sharpness) * lr) / epsilon ** 2,
    };
    points.push({
      step,
      real: { ...real, ...seen },
      reference,
      predicted: step < lostAt ? { generalised: { ...hat, ...expected, errors } } : {},
      flow: { loss: reference.loss / (1 + step / 1000), sharpness: 2 / lr + 0.01 * step },
    });
    real = advance(real, kappa);
    hat = advance(hat, 0);
  }
  return { steps: points, lr };
}

figure("trajectory-cycle", (document) => cycleFigure(trackedRun(250), { document }));
figure("trajectory-loss", (document) => trajectoryLossFigure(trackedRun(250), { document }));
figure("trajectory-sharpness", (document) => trajectorySharpnessFigure(trackedRun(250), { document }));
figure("trajectory-coupling", (document) => couplingFigure(trackedRun(250, 180), { document }));

describe("figures of a tracked run", () => {
  it("carry the data they are drawn from", () => {
    const run = trackedRun(40);
    const [cycle, loss, sharpness, coupling] = trajectoryFigures(run, { document: headlessDocument() });
    const real = cycle!.rows.filter(({ label }) => label === "real");
    expect(real).toHaveLength(41);
    expect(real[0]).toMatchObject({ step: 0, x: 0.6, y: 0 });
    // The closed orbit passes through the start and has Y² + X² − 1 − log X² constant.
    const orbit = cycle!.rows.filter(({ label }) => label.startsWith("closed orbit"));
    const energies = orbit.map(({ x, y }) => y! ** 2 + x * x - 1 - Math.log(x * x));
    for (const energy of energies) expect(energy).toBeCloseTo(0.36 - 1 - Math.log(0.36), 8);
    expect(Math.min(...orbit.map(({ x }) => x))).toBeCloseTo(0.6, 8);
    const mean = (run.steps[6]!.real.loss + run.steps[7]!.real.loss) / 2;
    expect(loss!.rows.filter(({ label, step }) => label === "real" && step === 7).map(({ y }) => y)).toEqual([
      run.steps[7]!.real.loss,
      mean,
    ]);
    expect(sharpness!.svg).toContain("2/η");
    const pair = [run.steps[8]!, run.steps[9]!].map(({ predicted }) =>
      Math.abs(predicted["generalised"]!.errors.loss),
    );
    const drawn = coupling!.rows.find(({ series, step }) => series === "loss" && step === 9);
    expect(drawn!.y).toBe(Math.max(...pair));
  });

  it("draw a run without predictions or flow, and one that ended at once", () => {
    const bare = trackedRun(10).steps.map(({ step, real, reference }) => ({
      step,
      real,
      reference,
      predicted: {},
    }));
    for (const steps of [bare, bare.slice(0, 1)]) {
      const drawn = trajectoryFigures({ steps, lr }, { document: headlessDocument() });
      expect(drawn.map(({ name }) => name)).toEqual([
        "trajectory-cycle",
        "trajectory-loss",
        "trajectory-sharpness",
        "trajectory-coupling",
      ]);
      expect(drawn[0]!.svg).not.toMatch(/NaN|undefined/);
      expect(drawn[3]!.svg).toContain("No finite values");
    }
  });
});
