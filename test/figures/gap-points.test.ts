// Gallery: equilibrium sharpness against batch size and learning rate.
import { pointsFigure } from "../../src/figures/index.ts";
import type { SweepPoint } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { plateauPoints, powerLaw } from "./gap-data.ts";

figure("gap-points", (document) => {
  const rates = (scale: number): SweepPoint[] =>
    [0.005, 0.008, 0.01, 0.015, 0.02].map((x) => ({ x, mean: scale / x, sd: 2, count: 3 }));
  return pointsFigure(
    {
      name: "gap-points",
      title: "Equilibrium sharpness",
      panels: [
        {
          title: "A: batch size",
          xLabel: "batch size b",
          yLabel: "S_eq",
          logX: true,
          logY: false,
          series: [{ label: "SGD", kind: "sgd", points: plateauPoints() }],
          curves: [],
          references: [
            { value: 207.8, label: "GD: 207.8" },
            { value: 200, label: "2/η = 200" },
          ],
        },
        {
          title: "B: learning rate",
          xLabel: "learning rate η",
          yLabel: "S_eq",
          logX: true,
          logY: true,
          series: [
            { label: "GD", kind: "gd", points: rates(2.08) },
            { label: "SGD, b = 200", kind: "sgd", points: rates(1.9) },
          ],
          curves: [{ label: "2/η", style: "slope", points: powerLaw(0.005, 0.02, (x) => 2 / x, 2) }],
          references: [],
        },
      ],
      notes: ["synthetic data"],
    },
    { document },
  );
});
