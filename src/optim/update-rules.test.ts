// Update rules: θ − η g in both precisions, in place, and the threshold at which a quadratic stops being stable.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { stabilityThreshold, UPDATE_RULES, updateRule, type UpdateRuleConfig } from "./update-rules.ts";

describe.each(UPDATE_RULES)("%s", (name) => {
  it("is θ − η g, rounded once to the precision of θ", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.float({ noNaN: true, noDefaultInfinity: true }),
            fc.float({ noNaN: true, noDefaultInfinity: true }),
          ),
          { maxLength: 20 },
        ),
        fc.double({ min: 1e-6, max: 10, noNaN: true }),
        (pairs, lr) => {
          const rule = updateRule({ name, lr });
          const theta = Float32Array.from(pairs, ([t]) => t);
          const gradient = Float32Array.from(pairs, ([, g]) => g);
          const expected = Float32Array.from(pairs, ([t, g]) => Math.fround(t - lr * g));
          rule.update(theta, gradient, rule.init(theta.length, "float32"));
          expect(theta).toEqual(expected);
          expect(gradient).toEqual(Float32Array.from(pairs, ([, g]) => g));
        },
      ),
    );
  });

  it("is stable on ½λθ² just below its threshold and not just above", () => {
    for (const lr of [0.01, 0.5, 3]) {
      const end = (curvature: number): number => {
        const rule = updateRule({ name, lr });
        const theta = new Float64Array([1]);
        const state = rule.init(1, "float64");
        for (let i = 0; i < 2000; i++) {
          rule.update(theta, new Float64Array([curvature * theta[0]!]), state);
        }
        return Math.abs(theta[0]!);
      };
      const threshold = stabilityThreshold({ name, lr });
      expect(threshold).toBeCloseTo(2 / lr, 12);
      expect(updateRule({ name, lr }).threshold).toBe(threshold);
      expect(end(0.99 * threshold)).toBeLessThan(1e-6);
      expect(end(1.01 * threshold)).toBeGreaterThan(1e6);
    }
  });
});

it("rejects learning rates that are not positive and finite, and unknown names with the nearest", () => {
  for (const lr of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => updateRule({ name: "gd", lr })).toThrow(InputError);
  }
  const misspelt = { name: "sdg", lr: 1 } as unknown as UpdateRuleConfig;
  expect(() => updateRule(misspelt)).toThrow(
    /optimizer\.name.*"sdg".*allowed: gd \| sgd.*Did you mean "(gd|sgd)"/s,
  );
  // A name on Object's prototype is no rule.
  expect(() => updateRule({ name: "constructor", lr: 1 } as unknown as UpdateRuleConfig)).toThrow(InputError);
});
