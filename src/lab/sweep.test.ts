// Sweeps and variants: products in order, names, flags that fix a swept key, readable run labels.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { expandSweep, runLabel } from "./sweep.ts";

function expand(text: string, overrides: string[] = []) {
  return expandSweep(parseExperiment(text, { file: "sweep.yaml", overrides }));
}

it("a file without sweep is one run of its own name", () => {
  const runs = expand("{name: one, seed: 4}");
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ name: "one", config: { name: "one", seed: 4, sweep: {}, runs: [] } });
});

it("a sweep is the product of its values, the last key fastest", () => {
  const runs = expand("{name: gap, optimizer: sgd, sweep: {optimizer.batch: [50, 100, full], seed: [0, 1]}}");
  expect(runs.map(({ name }) => name)).toEqual([
    "gap-b50-s0",
    "gap-b50-s1",
    "gap-b100-s0",
    "gap-b100-s1",
    "gap-bfull-s0",
    "gap-bfull-s1",
  ]);
  expect(runs.map(({ config }) => [config.optimizer.batch, config.seed])).toEqual([
    [50, 0],
    [50, 1],
    [100, 0],
    [100, 1],
    ["full", 0],
    ["full", 1],
  ]);
  expect(runs.every(({ config }) => Object.keys(config.sweep).length === 0)).toBe(true);
});

it("listed variants set what they name, and multiply with the sweep", () => {
  const runs = expand(`
name: headline
optimizer: { name: sgd, lr: 0.05 }
runs:
  - { name: gd, set: { optimizer.name: gd } }
  - { name: b16, set: { optimizer.batch: 16, steps: 7 } }
sweep: { seed: [0, 1] }
`);
  expect(runs.map(({ name }) => name)).toEqual([
    "headline-gd-s0",
    "headline-gd-s1",
    "headline-b16-s0",
    "headline-b16-s1",
  ]);
  expect(runs[0]!.config.optimizer).toMatchObject({ name: "gd", lr: 0.05, batch: "full" });
  expect(runs[2]!.config).toMatchObject({ steps: 7, optimizer: { name: "sgd", batch: 16 } });
});

it("whole sections can be swept, by name", () => {
  const runs = expand("{name: a, sweep: {net: [fc-tanh, {name: mlp, widths: [3]}]}}");
  expect(runs.map(({ name }) => name)).toEqual(["a-net-fc-tanh", "a-net-mlp"]);
  expect(runs[1]!.config.net).toMatchObject({ widths: [3] });
});

it("a flag fixes its key: over variants, and out of the sweep", () => {
  const text =
    "{name: a, optimizer: sgd, runs: [{name: v, set: {steps: 5}}], sweep: {seed: [0, 1], optimizer.batch: [1, 2]}}";
  const runs = expand(text, ["seed=9", "steps=3"]);
  expect(runs.map(({ name }) => name)).toEqual(["a-v-b1", "a-v-b2"]);
  expect(runs.every(({ config }) => config.seed === 9 && config.steps === 3)).toBe(true);
});

it("names stay unique when values look alike", () => {
  const runs = expand("{name: a, sweep: {data.name: [chebyshev, chebyshev]}}");
  expect(runs.map(({ name }) => name)).toEqual(["a-name-chebyshev", "a-name-chebyshev-2"]);
});

it("mistakes in a sweep name it", () => {
  expect(() => expand("sweep: {optimizer.btach: [1]}")).toThrow(/sweep.*unknown key "btach"/s);
  expect(() => expand("{optimizer: sgd, sweep: {optimizer.batch: [0]}}")).toThrow(
    /sweep: optimizer\.batch.*received 0/,
  );
  expect(() => expand("runs: [{name: v, set: {seed: x}}]")).toThrow(/runs: v: seed.*received "x"/);
  expect(() => expand("sweep: {name: [a]}")).toThrow(/cannot vary/);
  expect(() => expand("sweep: {__proto__.x: [1]}")).toThrow(InputError);
  const many = `[${Array.from({ length: 200 }, (_, i) => i).join()}]`;
  expect(() => expand(`sweep: {seed: ${many}, data.seed: ${many}}`)).toThrow(/40000 runs/);
});

it("labels are readable, repeat nothing, and differ whenever the configuration does", () => {
  const label = (text: string): string => runLabel(expand(text)[0]!.config);
  expect(label("{name: gap fc/tanh}".replace("/", "-"))).toMatch(/^gap-fc-tanh-gd-s0-[0-9a-f]{4}$/);
  expect(label("{name: x, optimizer: {name: sgd, batch: 50}, seed: 3}")).toMatch(/^x-b50-s3-[0-9a-f]{4}$/);
  expect(label("{name: x, optimizer: sgd, sweep: {optimizer.batch: [7], seed: [3]}}")).toMatch(
    /^x-b7-s3-[0-9a-f]{4}$/,
  );
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (a, b) => {
      const [first, second] = [label(`steps: ${a % 1e6}`), label(`steps: ${a % 1e6}`)];
      expect(first).toBe(second);
      if (a % 1000 !== b % 1000) expect(label(`data: {name: chebyshev, n: ${2 + (a % 1000)}}`)).not.toBe("");
    }),
    { numRuns: 20 },
  );
});
