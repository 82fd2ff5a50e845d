// What a window makes of iterates that drift and alternate by known amounts.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Vector } from "../../math/index.ts";
import { IterateWindow } from "./iterate-window.ts";

/** θ_t = (drift·t, a·(−1)^t, 1). */
function filled(steps: number, drift: number, a: number, directions: readonly Vector[] = []): IterateWindow {
  const window = new IterateWindow(3, directions);
  const theta = new Float64Array(3);
  for (let t = 0; t <= steps; t++) {
    theta.set([drift * t, t % 2 === 0 ? a : -a, 1]);
    window.add(theta);
  }
  return window;
}

test("mean and midpoint lose the alternation and keep the drift, for any length", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.double({ min: -3, max: 3, noNaN: true }),
      (steps, drift) => {
        const window = filled(steps, drift, 0.7);
        expect(window.count).toBe(steps + 1);
        const [along, across, constant] = window.mean();
        expect(along).toBeCloseTo((drift * steps) / 2, 10);
        expect(across).toBeCloseTo(0, 12);
        expect(constant).toBeCloseTo(1, 12);
        const middle = window.midpoint();
        expect(middle[0]).toBeCloseTo(drift * (steps - 1), 10);
        expect(middle[1]).toBeCloseTo(0, 12);
        expect(window.iterate()[1]).toBe(steps % 2 === 0 ? -0.7 : 0.7);
      },
    ),
  );
});

test("the oscillation is that along each direction, without the drift", () => {
  const window = filled(40, 5, 0.3, [
    Float64Array.of(0, 1, 0),
    Float64Array.of(1, 0, 0),
    Float64Array.of(0.6, 0.8, 0),
  ]);
  const [along, drift, oblique] = window.oscillation();
  expect(along).toBeCloseTo(0.09, 12);
  expect(drift).toBeCloseTo(0, 12);
  expect(oblique).toBeCloseTo(0.64 * 0.09, 12);
});

test("needs three iterates, and copies them", () => {
  const window = new IterateWindow(1);
  const theta = Float32Array.of(1);
  window.add(theta);
  theta[0] = 3;
  window.add(theta);
  expect(() => window.midpoint()).toThrow(/three of them \(received 2/);
  theta[0] = 5;
  window.add(theta);
  expect(window.midpoint()).toEqual(Float32Array.of(3));
});
