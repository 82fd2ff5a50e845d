// Options of data sets: defaults, refusals with the nearest name, and arbitrary input.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import type { DataConfig } from "./config.ts";
import { DATA_NAMES, DATA_OPTIONS, describeRule, resolveDataConfig } from "./options.ts";

describe("resolveDataConfig", () => {
  it("fills in defaults and keeps what is given", () => {
    const config: DataConfig = { name: "cifar10", n: 100, standardize: "none", seed: undefined };
    expect(resolveDataConfig(config)).toEqual({
      name: "cifar10",
      n: 100,
      testN: 1000,
      subset: "first",
      seed: 0,
      standardize: "none",
      unitBall: false,
      targets: "onehot",
      classes: null,
      dtype: null,
      dir: null,
    });
  });

  it("accepts its own output, for every set", () => {
    for (const name of DATA_NAMES) {
      const settings = resolveDataConfig(name === "arrays" ? { name, file: "a.npz" } : { name });
      expect(Object.keys(settings).sort()).toEqual(["name", ...Object.keys(DATA_OPTIONS[name])].sort());
      expect(resolveDataConfig(settings)).toEqual(settings);
    }
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{}, /data\.name: unknown data set/],
    [{ name: "cifar-10" }, /Did you mean "cifar10"/],
    [{ name: "toString" }, /unknown data set/],
    [{ name: "cifar10", subst: "first" }, /data\.subst: .*no such option.*Did you mean "subset"/],
    [{ name: "chebyshev", standardize: "pixel" }, /no such option/],
    [
      { name: "cifar10", n: 0 },
      /data\.n: bad value \(received 0; allowed: an integer of at least 1, or all\)/,
    ],
    [{ name: "cifar10", n: "5000" }, /received "5000"/],
    [{ name: "cifar10", n: 1.5 }, /bad value/],
    [{ name: "cifar10", standardize: "pixels" }, /pixel \| channel \| none/],
    [{ name: "cifar10", classes: [3, 3] }, /different class numbers/],
    [{ name: "cifar10", classes: [3] }, /bad value/],
    [{ name: "cifar10", classes: [[3, 4], 3] }, /different class numbers/],
    [{ name: "cifar10", classes: [[], 3] }, /bad value/],
    [{ name: "cifar10", classes: 1 }, /bad value/],
    [{ name: "cifar10", seed: -1 }, /bad value/],
    [{ name: "cifar10", dtype: "float16" }, /float32 \| float64/],
    [{ name: "arrays" }, /data\.file: required option is missing/],
    [{ name: "gaussians", unitBall: "yes" }, /true \| false/],
    [{ name: "synthetic-images", channels: 4 }, /an integer from 1 to 3/],
    [{ name: "synthetic-images", signal: Number.NaN }, /a number of at least 0/],
  ])("refuses %j", (config, message) => {
    expect(() => resolveDataConfig(config)).toThrow(InputError);
    expect(() => resolveDataConfig(config)).toThrow(message);
  });

  it("refuses what is no section at all", () => {
    for (const value of [null, undefined, "cifar10", ["cifar10"]]) {
      expect(() => resolveDataConfig(value as unknown as DataConfig)).toThrow(/data: must be a section/);
    }
  });

  it("either resolves or throws InputError, whatever the values", () => {
    const keys = DATA_NAMES.flatMap((name) => Object.keys(DATA_OPTIONS[name]));
    fc.assert(
      fc.property(
        fc.constantFrom(...DATA_NAMES, "other"),
        fc.dictionary(fc.constantFrom(...keys), fc.anything({ withBigInt: true })),
        (name, options) => {
          try {
            expect(resolveDataConfig({ ...options, name }).name).toBe(name);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("describes every rule", () => {
    for (const rules of Object.values(DATA_OPTIONS)) {
      for (const rule of Object.values(rules)) expect(describeRule(rule)).not.toBe("");
    }
  });
});
