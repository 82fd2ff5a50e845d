// Labels name what differs between runs and nothing else.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { configLabels, differing } from "./differing.ts";

const base = {
  name: "x",
  data: { name: "cifar10", n: 5000 },
  net: { name: "mlp", widths: [200, 200], activation: "tanh" },
  loss: "mse",
  optimizer: { name: "sgd", lr: 0.01, batch: 50, sampling: "shuffle" },
  steps: 1000,
  seed: 0,
};
const gd = { ...base, optimizer: { name: "gd", lr: 0.01 } };
const sgd = (changes: object): typeof base => ({ ...base, optimizer: { ...base.optimizer, ...changes } });

test("differing lists dotted keys with one value per run, absence included", () => {
  expect(Object.fromEntries(differing([gd, base]))).toEqual({
    "optimizer.name": ["gd", "sgd"],
    "optimizer.batch": [undefined, "50"],
    "optimizer.sampling": [undefined, "shuffle"],
  });
  expect(differing([base]).size).toBe(0);
  expect(differing([base, structuredClone(base)]).size).toBe(0);
});

test.each([
  ["batch sizes", [gd, base, sgd({ batch: 100 })], ["gd", "sgd batch 50", "sgd batch 100"]],
  ["resolved full batch", [sgd({ name: "gd", batch: "full" }), base], ["gd", "sgd batch 50"]],
  ["full batch of SGD", [sgd({ batch: "full" }), base], ["full batch", "batch 50"]],
  ["learning rates", [base, sgd({ lr: 0.02 })], ["lr 0.01", "lr 0.02"]],
  ["widths", [base, { ...base, net: { ...base.net, widths: [100] } }], ["widths 200-200", "widths 100"]],
  ["names", [base, { ...base, net: { ...base.net, name: "cnn" } }], ["mlp", "cnn"]],
  [
    "names only when nothing else does",
    [base, { ...base, name: "y" }],
    ["name x", "name y"].map((s) => s.slice(5)),
  ],
  [
    "not bookkeeping when unneeded",
    [base, { ...sgd({ lr: 0.02 }), name: "y", steps: 5 }],
    ["lr 0.01", "lr 0.02"],
  ],
  ["bookkeeping when needed", [base, { ...base, steps: 5 }], ["steps 1000", "steps 5"]],
  ["ids as a last resort", [base, base], ["id-0", "id-1"]],
  ["one run", [base], [""]],
] as const)("labels: %s", (_, configs, labels) => {
  expect(
    configLabels(
      configs,
      configs.map((_, i) => `id-${i}`),
    ),
  ).toEqual(labels);
});

test("keys that share their last part are written in full", () => {
  const changed = { ...base, seed: 1, data: { ...base.data, seed: 7 } };
  const first = { ...base, data: { ...base.data, seed: 3 } };
  expect(configLabels([first, changed], ["a", "b"])).toEqual(["data.seed 3 seed 0", "data.seed 7 seed 1"]);
});

test("labels are distinct for any configurations", () => {
  const config = fc.dictionary(
    fc.constantFrom("optimizer", "seed", "name", "steps", "net"),
    fc.oneof(
      fc.integer(),
      fc.string(),
      fc.dictionary(fc.constantFrom("lr", "name", "batch"), fc.integer({ max: 3 })),
    ),
  );
  fc.assert(
    fc.property(fc.array(config, { minLength: 2, maxLength: 6 }), (configs) => {
      const labels = configLabels(
        configs,
        configs.map((_, i) => `run${i}`),
      );
      expect(new Set(labels).size).toBe(configs.length);
      expect(labels.every((label) => label.trim() !== "")).toBe(true);
    }),
  );
});
