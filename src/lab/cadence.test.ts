// The cadence: both parities equally often, consistent look-up, Rayleigh places between solves.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { cadence } from "./cadence.ts";

const everies = fc.integer({ min: 1, max: 120 });

it("measures step 0 and then once in every stretch of `every` steps", () => {
  fc.assert(
    fc.property(everies, fc.boolean(), (every, alternate) => {
      const { measured } = cadence({ every, alternate, rayleigh: 0 });
      for (let k = 0; k < 20; k++) {
        const step = measured(k);
        expect(step - k * every).toBeGreaterThanOrEqual(0);
        expect(step - k * every).toBeLessThanOrEqual(1);
        if (k > 0) expect(step).toBeGreaterThan(measured(k - 1));
      }
      expect(measured(0)).toBe(0);
    }),
  );
});

it("hits even and odd steps equally often, strictly in turn when `every` > 1", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 120 }), (every) => {
      const { measured } = cadence({ every, alternate: true, rayleigh: 0 });
      for (let k = 0; k < 40; k++) expect(measured(k) % 2).toBe(k % 2);
    }),
  );
});

it("keeps to multiples when told not to alternate", () => {
  const { measured } = cadence({ every: 50, alternate: false, rayleigh: 0 });
  expect([0, 1, 2, 3].map(measured)).toEqual([0, 50, 100, 150]);
});

it("looks steps up consistently with the list of measured ones", () => {
  fc.assert(
    fc.property(everies, fc.boolean(), (every, alternate) => {
      const { measured, indexOf } = cadence({ every, alternate, rayleigh: 0 });
      const steps = new Map(Array.from({ length: 30 }, (_, k) => [measured(k), k]));
      for (let step = 0; step < 25 * every; step++) expect(indexOf(step)).toBe(steps.get(step) ?? null);
    }),
  );
});

it("`every: 0` measures nothing", () => {
  const { indexOf, rayleighAt } = cadence({ every: 0, alternate: true, rayleigh: 3 });
  expect([0, 1, 50].map(indexOf)).toEqual([null, null, null]);
  expect([0, 1, 50].some(rayleighAt)).toBe(false);
});

it("puts N Rayleigh quotients strictly between two solves, at alternating parities", () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 120 }), fc.integer({ min: 1, max: 5 }), (every, rayleigh) => {
      const { measured, rayleighAt } = cadence({ every, alternate: true, rayleigh });
      let even = 0;
      let total = 0;
      for (let k = 0; k < 20; k++) {
        const places: number[] = [];
        for (let step = measured(k); step <= measured(k + 1); step++) if (rayleighAt(step)) places.push(step);
        expect(places).toHaveLength(rayleigh);
        expect(places[0]).toBeGreaterThan(measured(k));
        expect(places.at(-1)).toBeLessThan(measured(k + 1));
        even += places.filter((step) => step % 2 === 0).length;
        total += rayleigh;
      }
      expect(even).toBe(total / 2);
    }),
  );
});
