// Shortening Newton steps: by the residual, by the correction along curved valleys, and what is said when nothing works.
import { describe, expect, test } from "vitest";
import type { Vector } from "../../math/index.ts";
import { newtonTrial } from "./newton-step.ts";

/** F(x, y) = (x, s·(y − x²)): a stiff, curved floor y = x² to follow to the origin. */
const stiff = 1e4;
const valley = (z: Vector): [number, number] => [z[0]!, stiff * (z[1]! - z[0]! ** 2)];

function stepFrom(z: Vector): { force: Vector; direction: Vector; solve: (f: Vector) => Vector } {
  const solve = (f: Vector): Vector => Float64Array.of(f[0]!, f[1]! / stiff + 2 * z[0]! * f[0]!);
  const force = Float64Array.from(valley(z));
  return { force, direction: solve(force).map((value) => -value), solve };
}

describe("newtonTrial", () => {
  test("leaves the floor of a curved valley, where the residual grows a thousandfold, in a full step", async () => {
    const from = Float64Array.of(1, 1);
    const { force, direction, solve } = stepFrom(from);
    const trialForce = new Float64Array(2);
    const { point } = await newtonTrial({
      from,
      force,
      direction,
      trialForce,
      evaluate: async (trial) => trialForce.set(valley(trial)),
      correct: async () => solve(trialForce),
    });
    // The full step goes to (0, −1), where F = (0, −s): the residual has grown, the correction it needs has not.
    expect(Math.hypot(...force)).toBe(1);
    expect(point![0]).toBe(0);
    expect(Math.hypot(...trialForce)).toBeGreaterThan(1000);
  });

  test("shortens steps that overshoot, and says when none helps or none is finite", async () => {
    const trialForce = new Float64Array(1);
    const along = (f: (x: number) => number, direction: number): ReturnType<typeof newtonTrial> =>
      newtonTrial({
        from: Float64Array.of(2),
        force: Float64Array.of(f(2)),
        direction: Float64Array.of(direction),
        trialForce,
        evaluate: async (trial) => {
          trialForce[0] = f(trial[0]!);
        },
        correct: async () => Float64Array.of(1e9),
      });
    // atan has no Newton convergence from 2; a shorter step does fall.
    const short = await along(Math.atan, -Math.atan(2) * 5);
    expect(Math.abs(short.point![0]!)).toBeLessThan(2);
    expect(await along((x) => x, 1)).toEqual({ point: null, finite: true });
    expect(await along((x) => (x === 2 ? 1 : Number.NaN), -1)).toEqual({ point: null, finite: false });
  });
});
