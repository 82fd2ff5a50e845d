// Gallery: the scalar system over time.
import { describe, expect, it } from "vitest";
import { headlessDocument } from "../../src/figures/headless.ts";
import { type XyColumn, xyDynamicsFigure } from "../../src/figures/index.ts";
import { PAPER_SYSTEM, scalarPredictions, simulateEnsemble } from "../../src/theory/index.ts";
import { figure } from "./gallery.ts";

function column(noise: number, runs: number, steps: number, lr = 0.01): XyColumn {
  const system = { ...PAPER_SYSTEM, lr, noiseU: noise };
  const start = { seed: 0, x0: 1, y0: 0 };
  const { transient } = simulateEnsemble({
    system,
    runs,
    steps,
    burnIn: steps - 1,
    transient: steps,
    ...start,
  });
  return {
    noise,
    runs,
    x2: { values: transient.x2, stderr: transient.x2Stderr, predicted: 0.5 },
    y: {
      values: transient.y,
      stderr: transient.yStderr,
      predicted: scalarPredictions(system).y.refined.value,
    },
  };
}

figure("xy-dynamic", (document) =>
  xyDynamicsFigure(
    { columns: [column(0, 1, 3000), column(10, 30, 3000), column(40, 30, 3000)], notes: ["η = 0.01"] },
    { document },
  ),
);

describe("xyDynamicsFigure", () => {
  const document = headlessDocument();

  it("has every simulated value in its rows, the time average, and theory where there is one", () => {
    const { rows, alt } = xyDynamicsFigure(
      { columns: [column(0, 1, 500), column(20, 5, 500)], notes: [] },
      { document },
    );
    const of = (run: string, series: string): number[] =>
      rows.filter((row) => row.run === run && row.series === series).map((row) => row.y!);
    for (const series of ["x²", "y"]) {
      const values = of("σ_u² = 20", series);
      expect(values).toHaveLength(501);
      const average = values.reduce((sum, value) => sum + value, 0) / 501;
      expect(of("σ_u² = 20", `${series}, time average`)).toEqual([
        expect.closeTo(average, 12),
        expect.closeTo(average, 12),
      ]);
    }
    expect(of("σ_u² = 20", "y, theory")[0]).toBeCloseTo(-0.204, 3);
    expect(of("σ_u² = 0", "y, theory")).toEqual([]);
    expect(rows.find((row) => row.run === "σ_u² = 20" && row.step === 9)!.low).toBeLessThan(
      rows.find((row) => row.run === "σ_u² = 20" && row.step === 9)!.y!,
    );
    expect(rows.find((row) => row.run === "σ_u² = 0")!.low).toBeUndefined();
    expect(alt).toContain("for gradient noise σ_u² = 0, 20");
  });

  it("leaves a column empty when no run is left, and draws nothing from nothing", () => {
    const lost = column(0.1, 10, 3000, 0.8);
    const { svg, rows } = xyDynamicsFigure({ columns: [lost, column(5, 2, 50)], notes: [] }, { document });
    expect(svg.match(/No finite values to draw/g)).toHaveLength(2);
    expect(rows.every((row) => row.run === "σ_u² = 5")).toBe(true);
    expect(xyDynamicsFigure({ columns: [], notes: [] }, { document }).rows).toEqual([]);
  });

  it("says when errors and values do not match", () => {
    const good = column(5, 2, 50);
    const bad = { ...good, y: { ...good.y, stderr: [1] } };
    expect(() => xyDynamicsFigure({ columns: [bad], notes: [] }, { document })).toThrow(
      /y: a quantity has another number of errors than values \(received 1; allowed: 51\)/,
    );
  });
});
