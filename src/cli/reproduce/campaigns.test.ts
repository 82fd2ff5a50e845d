import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { silentIo } from "../../../test/silent-io.ts";
import { atOneBatch, atOneRate, type Choosable, SCALES, withBatches } from "./campaigns.ts";
import { Campaigns } from "./gather.ts";
import { FIGURE_NAMES, figuresNamed } from "./registry.ts";

const io = silentIo();

function config(batch: number | null, lr = 0.01): Choosable {
  const optimizer =
    batch === null
      ? { name: "gd" as const, lr, batch: "full" as const, sampling: "shuffle" as const }
      : { name: "sgd" as const, lr, batch, sampling: "shuffle" as const };
  return { optimizer, net: { name: "mlp" }, loss: "mse" } as unknown as Choosable;
}

describe("choosing runs", () => {
  const sizes = [50, 100, 200, 500, null].map((batch) => config(batch));

  it("by batch size takes those that exist, gradient descent always, and else what is said", () => {
    const chosen = (wanted: number[]): (string | number)[] =>
      sizes
        .filter(withBatches(wanted, (all) => all.slice(-1))(sizes))
        .map(({ optimizer }) => optimizer.batch);
    expect(chosen([100, 500, 2000])).toEqual([100, 500, "full"]);
    expect(chosen([7])).toEqual([500, "full"]);
  });

  it("takes the batch size with most learning rates, and the rate with most batch sizes", () => {
    const all = [...sizes, config(200, 0.02), config(null, 0.02), config(200, 0.005)];
    const batches = all.filter(atOneBatch(all)).map(({ optimizer }) => [optimizer.batch, optimizer.lr]);
    expect(batches).toEqual([
      [200, 0.01],
      ["full", 0.01],
      [200, 0.02],
      ["full", 0.02],
      [200, 0.005],
    ]);
    expect(all.filter(atOneRate(all))).toEqual(sizes);
  });
});

describe.each(SCALES)("the campaigns at %s scale", (scale) => {
  const campaigns = new Campaigns(io, { scale, set: [] });

  it("give every figure several batch sizes or learning rates, with seeds and gradient descent", () => {
    for (const figure of figuresNamed("all")) {
      for (const [name, set] of Object.entries(figure.sets)) {
        const variants = campaigns.ofSet(set).flatMap((needed) => needed.variants);
        const settings = new Set(
          variants.map(({ config: { optimizer } }) => `${optimizer.batch} ${optimizer.lr}`),
        );
        const label = `${figure.name} ${name}`;
        // Figure 6 is about one batch size.
        expect(settings.size, label).toBeGreaterThanOrEqual(figure.name === "fig6" ? 1 : 3);
        const seeds = new Set(variants.map(({ config: { seed } }) => seed));
        expect(seeds.size, label).toBeGreaterThanOrEqual(2);
        const descends = variants.some(({ config: { optimizer } }) => optimizer.name === "gd");
        expect(descends, label).toBe(figure.name !== "fig6");
      }
    }
  });

  it("train nothing twice for figures that share runs", () => {
    const keys = campaigns
      .ofFigures(figuresNamed("all"))
      .flatMap(({ variants }) => variants.map(({ key }) => key));
    expect(new Set(keys).size).toBe(keys.length);
    const few = campaigns.ofFigures(figuresNamed("fig6")).flatMap(({ variants }) => variants);
    expect(few.length).toBeLessThanOrEqual(3);
  });

  it("take as many seeds as asked for", () => {
    const one = new Campaigns(io, { scale, set: [], seeds: 1 });
    const seeds = one.all("fc-tanh").variants.map(({ config: { seed } }) => seed);
    expect(new Set(seeds)).toEqual(new Set([0]));
  });
});

describe("figure names", () => {
  it("cover the paper's, with the absent figure 8 as an alias", () => {
    for (const name of ["fig1", "fig2", "fig3", "fig4", "fig5", "fig6", "fig7", "fig9", "fc-relu", "all"]) {
      expect(FIGURE_NAMES).toContain(name);
    }
    expect(figuresNamed("fig8")[0]?.name).toBe("eta-scaling");
    expect(() => figuresNamed("figure2")).toThrow(/Did you mean "fig2"/);
    expect(existsSync(new URL("../../../experiments/gap", import.meta.url))).toBe(true);
  });
});
