// The large-step experiments are there at both scales, and ask for what their reports need.
import { describe, expect, it } from "vitest";
import { silentIo } from "../../../test/silent-io.ts";
import { SCALES } from "../reproduce/campaigns.ts";
import { figuresNamed } from "../reproduce/registry.ts";
import { LARGE_STEPS, largeStepsFile } from "./reproduce.ts";
import { stabilityVariants } from "./variants.ts";

const io = silentIo();

describe.each(SCALES)("the experiments of the large-steps paper at %s scale", (scale) => {
  it.each(LARGE_STEPS)(
    "%s: cross-entropy, several learning rates and batch sizes, stable sets measured",
    (name) => {
      const { variants } = stabilityVariants(io, largeStepsFile(name, scale), {});
      const of = (pick: (config: (typeof variants)[number]["config"]) => unknown): number =>
        new Set(variants.map(({ config }) => pick(config))).size;
      expect(of(({ optimizer }) => optimizer.lr)).toBeGreaterThanOrEqual(3);
      expect(of(({ optimizer }) => optimizer.batch)).toBeGreaterThanOrEqual(2);
      for (const { config } of variants) {
        expect(config.loss).toBe("ce");
        expect(config.measure.stability).not.toBe(false);
        expect(config.optimizer.sampling).toBe("with");
        const { every } = config.measure.stability as { every: number };
        // Rates are fitted to twenty evaluations or more.
        expect(config.steps / every).toBeGreaterThanOrEqual(20);
      }
    },
  );
});

it("a misspelt name is told the nearest", () => {
  expect(() => figuresNamed("large-steps-linea")).toThrow(/Did you mean "large-steps-linear"/);
});
