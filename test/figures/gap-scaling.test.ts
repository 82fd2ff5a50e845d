// Gallery: how the gap scales with the batch size.
import { scalingFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { gapPoints, plateauPoints, powerLaw } from "./gap-data.ts";

figure("gap-scaling", (document) => {
  const points = gapPoints();
  const fit = (x: number): number => 17 * (x / 50) ** -1.27;
  return scalingFigure(
    {
      name: "gap-scaling",
      title: "Sharpness gap against batch size",
      xLabel: "batch size b",
      yLabel: "gap S_GD − S_eq(b)",
      points,
      excluded: [{ x: 2500, mean: -0.35, sd: 0.5, count: 3 }],
      curves: [
        {
          label: "fit: slope −1.27 (95 % CI −1.31 … −1.23), R² = 0.99",
          style: "fit",
          points: powerLaw(50, 1000, fit).map(({ x, y }) => ({ x, y, low: 0.85 * y, high: y / 0.85 })),
        },
        { label: "slope −1", style: "slope", points: powerLaw(50, 2500, (x) => 850 / x, 2) },
        {
          label: "finite population",
          style: "theory",
          points: powerLaw(50, 5000, (x) => (850 * (5000 - x)) / (4950 * x)),
        },
        { label: "paper: slope −1.27", style: "paper", points: powerLaw(50, 1000, (x) => 0.9 * fit(x)) },
      ],
      residuals: points.map(({ x, mean }) => ({ x, value: Math.log(mean / fit(x)) })),
      inset: {
        yLabel: "S_eq",
        points: plateauPoints(),
        references: [
          { value: 207.8, label: "GD" },
          { value: 200, label: "2/η" },
        ],
      },
      notes: ["synthetic data"],
    },
    { document },
  );
});

figure("gap-scaling-one-seed", (document) =>
  scalingFigure(
    {
      name: "eta-scaling",
      title: "Sharpness gap against learning rate",
      xLabel: "learning rate η",
      yLabel: "gap",
      points: [0.005, 0.008, 0.01, 0.015, 0.02].map((x) => ({
        x,
        mean: 4.27 * (x / 0.005) ** -0.47,
        sd: null,
        count: 1,
      })),
      excluded: [],
      curves: [{ label: "η^−0.47", style: "fit", points: powerLaw(0.005, 0.02, (x) => 0.354 * x ** -0.47) }],
      notes: [],
    },
    { document, width: 480, height: 300 },
  ),
);
