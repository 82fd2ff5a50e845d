// Gallery: the gap as bars, and how a prediction tracks it.
import { anatomyFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { gapPoints, powerLaw } from "./gap-data.ts";

figure("gap-anatomy", (document) =>
  anatomyFigure(
    {
      name: "gap-anatomy",
      title: "Anatomy of the gap",
      bars: [...gapPoints(), { x: 5000, label: "full", mean: -0.4, sd: 0.6, count: 3 }],
      curve: {
        label: "17·(b/50)^−1.27",
        style: "paper",
        points: powerLaw(50, 1000, (x) => 17 * (x / 50) ** -1.27),
      },
      tracking: {
        title: "Rescaled at b = 50",
        xLabel: "batch size b",
        yLabel: "gap",
        logX: true,
        logY: true,
        series: [
          { label: "measured", kind: "sgd", points: gapPoints() },
          { label: "β·σ_u², rescaled", kind: "theory", points: gapPoints(-1.1, 1) },
        ],
        curves: [],
        references: [],
      },
      notes: ["synthetic data"],
    },
    { document },
  ),
);
